/*
 * bench/enrich_nanoflann - the same neighbourhoods by nanoflann (a k-d tree, leaves of 16, float) and eigenvalues in closed form, for comparison. Not
 * part of the build:
 *
 *   c++ -O3 -march=native -I include -I FOLDER_OF_NANOFLANN bench/enrich_nanoflann.cpp build/release/libscree.a ... -o bench_nanoflann
 *
 *   bench_nanoflann FILE...    million points a CPU second, k = 20, tree and queries
 */
#include "scree/scree.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <nanoflann.hpp>
#include <vector>

struct Cloud {
    std::vector<float> p;
    size_t kdtree_get_point_count() const
    {
        return p.size() / 3;
    }
    float kdtree_get_pt(size_t i, size_t a) const
    {
        return p[3 * i + a];
    }
    template <class Box> bool kdtree_get_bbox(Box &) const
    {
        return false;
    }
};

using Distance = nanoflann::L2_Simple_Adaptor<float, Cloud>;
using Tree = nanoflann::KDTreeSingleIndexAdaptor<Distance, Cloud, 3, uint32_t>;

static void check(scree_status status, const scree_error &err)
{
    if (status == SCREE_OK)
        return;
    std::fprintf(stderr, "%s\n", err.message);
    std::exit(1);
}

static Cloud read(const char *path)
{
    scree_error err = SCREE_ERROR_INIT;
    scree_source *source;
    scree_las_reader *reader;
    scree_las_cursor *cursor;
    Cloud cloud;
    check(scree_source_open_file(path, &source, &err), err);
    check(scree_las_open(source, nullptr, &reader, &err), err);
    check(scree_las_cursor_new(reader, SCREE_LAZ_FIELD_XY | SCREE_LAZ_FIELD_Z, &cursor, &err), err);
    const struct scree_las_header *h = scree_las_header(reader);
    std::vector<uint8_t> records(65536 * size_t(h->record_bytes));
    for (uint64_t u = 0; u < scree_las_unit_count(reader); u++) {
        size_t count = 1;
        check(scree_las_cursor_open(cursor, u, &err), err);
        while (count > 0) {
            check(scree_las_cursor_next(cursor, records.data(), 65536, &count, &err), err);
            for (size_t i = 0; i < count; i++) {
                int32_t r[3];
                std::memcpy(r, &records[i * h->record_bytes], sizeof r);
                for (int a = 0; a < 3; a++)
                    cloud.p.push_back(float(r[a] * h->scale[a] + h->offset[a] - h->min[a]));
            }
        }
    }
    scree_las_cursor_free(cursor);
    scree_las_close(reader);
    scree_source_close(source);
    return cloud;
}

static double cpu()
{
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

/* Eigenvalues in closed form, the normal as a cross product, nine features. */
static void features(const double c[6], float *out)
{
    double q = (c[0] + c[3] + c[5]) / 3, p1 = c[1] * c[1] + c[2] * c[2] + c[4] * c[4];
    double a = c[0] - q, b = c[3] - q, d = c[5] - q;
    double p = std::sqrt((a * a + b * b + d * d + 2 * p1) / 6), r = 0;
    if (p > 0)
        r = (a * (b * d - c[4] * c[4]) - c[1] * (c[1] * d - c[4] * c[2]) +
             c[2] * (c[1] * c[4] - b * c[2])) /
            (2 * p * p * p);
    double phi = std::acos(r < -1 ? -1 : r > 1 ? 1 : r) / 3;
    double l1 = q + 2 * p * std::cos(phi), l3 = q + 2 * p * std::cos(phi + 2.0943951023931953);
    double l2 = 3 * q - l1 - l3;
    double x0[3] = {c[0] - l3, c[1], c[2]}, x1[3] = {c[1], c[3] - l3, c[4]};
    double n[3] = {x0[1] * x1[2] - x0[2] * x1[1], x0[2] * x1[0] - x0[0] * x1[2],
                   x0[0] * x1[1] - x0[1] * x1[0]};
    double length = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    for (int i = 0; i < 3; i++)
        out[i] = float(n[i] / length);
    out[3] = float((l1 - l2) / l1);
    out[4] = float((l2 - l3) / l1);
    out[5] = float(l3 / l1);
    out[6] = float(l3 / (l1 + l2 + l3));
    out[7] = float(std::cbrt(l1 * l2 * l3));
    out[8] = float(l1 + l2 + l3);
}

int main(int argc, char **argv)
{
    const size_t k = 20;
    for (int f = 1; f < argc; f++) {
        Cloud cloud = read(argv[f]);
        size_t n = cloud.kdtree_get_point_count();
        std::vector<float> rows(n * 9);
        double begin = cpu();
        Tree tree(3, cloud, nanoflann::KDTreeSingleIndexAdaptorParams(16));
        tree.buildIndex();
        uint32_t at[k];
        float d2[k];
        for (size_t i = 0; i < n; i++) {
            size_t found = tree.knnSearch(&cloud.p[3 * i], k, at, d2);
            double sum[3] = {0, 0, 0}, c[6] = {0, 0, 0, 0, 0, 0};
            for (size_t j = 0; j < found; j++) {
                double v[3];
                for (int a = 0; a < 3; a++)
                    sum[a] += v[a] = double(cloud.p[3 * at[j] + a]) - cloud.p[3 * i + a];
                for (int a = 0, m = 0; a < 3; a++)
                    for (int b = a; b < 3; b++)
                        c[m++] += v[a] * v[b];
            }
            for (int a = 0, m = 0; a < 3; a++)
                for (int b = a; b < 3; b++, m++)
                    c[m] = (c[m] - sum[a] * sum[b] / double(found)) / double(found - 1);
            features(c, &rows[i * 9]);
        }
        double spent = cpu() - begin;
        double check_sum = 0;
        for (float v : rows)
            check_sum += std::isfinite(v) ? v : 0;
        std::printf("%-40s %9zu points  %.2f M/s  (sum %.6g)\n", argv[f], n,
                    double(n) / 1e6 / spent, check_sum);
    }
    return 0;
}
