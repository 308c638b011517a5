/*
 * bench/features - how fast the core features of all points of a file are found, in one thread, in memory: the index built, neighbours, shapes,
 * and all formulas but the height.
 *
 *   bench_features [--repeat N] [--level plain,avx2,avx512] [--k K] [--radius UNITS] FILE...
 *
 * Prints million points a CPU second, the least of all repeats, the memory that the index takes, and a hash of all rows, which is
 * the same on every level.
 */
#include "features/search.h"
#include "features/values.h"
#include "scree/scree.h"
#include "simd/level.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = {"plain", "avx2", "avx512"};

struct cloud {
    int32_t *x, *y, *z;
    uint8_t *roles;
    uint32_t count;
};

static void check(enum scree_status status, const struct scree_error *err)
{
    if (status == SCREE_OK)
        return;
    fprintf(stderr, "bench_features: %s\n", err->message);
    exit(1);
}

static void *room(size_t bytes)
{
    void *memory = malloc(bytes > 0 ? bytes : 1);
    if (memory == NULL)
        exit(1);
    return memory;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void add_records(struct cloud *cloud, const uint8_t *records, size_t stride, size_t count,
                        const int32_t middle[3])
{
    for (size_t i = 0; i < count; i++) {
        int32_t p[3];
        memcpy(p, records + i * stride, sizeof p);
        cloud->x[cloud->count] = p[0] - middle[0];
        cloud->y[cloud->count] = p[1] - middle[1];
        cloud->z[cloud->count] = p[2] - middle[2];
        cloud->roles[cloud->count++] = FEATURES_NEIGHBOUR | FEATURES_WANTED;
    }
}

static struct cloud read_cloud(const char *path)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_las_cursor *cursor;
    check(scree_source_open_file(path, &source, &err), &err);
    check(scree_las_open(source, NULL, &reader, &err), &err);
    check(scree_las_cursor_new(reader, SCREE_LAZ_FIELD_XY | SCREE_LAZ_FIELD_Z, &cursor, &err),
          &err);
    const struct scree_las_header *header = scree_las_header(reader);
    size_t points = header->point_count, stride = header->record_bytes;
    struct cloud cloud = {room(points * 4), room(points * 4), room(points * 4), room(points), 0};
    uint8_t *records = room(65536 * stride);
    int32_t middle[3];
    for (int a = 0; a < 3; a++)
        middle[a] = (int32_t)(((header->min[a] + header->max[a]) / 2 - header->offset[a]) /
                              header->scale[a]);
    for (uint64_t unit = 0; unit < scree_las_unit_count(reader); unit++) {
        size_t count;
        check(scree_las_cursor_open(cursor, unit, &err), &err);
        do {
            check(scree_las_cursor_next(cursor, records, 65536, &count, &err), &err);
            add_records(&cloud, records, stride, count, middle);
        } while (count > 0);
    }
    free(records);
    scree_las_cursor_free(cursor);
    scree_las_close(reader);
    scree_source_close(source);
    return cloud;
}

static uint64_t hash_of(const void *bytes, size_t count)
{
    const uint8_t *b = bytes;
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ b[i]) * 1099511628211u;
    return hash;
}

#define BLOCK 256u

static void measure(const char *name, const struct cloud *cloud, enum scree__simd_level level,
                    unsigned repeat, const struct features_request *request)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree__features_points points = {cloud->x, cloud->y, cloud->z, cloud->roles,
                                            cloud->count};
    struct features_row *rows = room(cloud->count * sizeof *rows);
    struct features_rules rules = {.square_roots = false};
    double build_best = 1e9, best = 1e9, values_best = 1e9;
    uint32_t bits = 0; /* of all values, so that they are used */
    uint64_t undecided = 0, index_bytes = 0;
    scree__simd_force(level);
    for (unsigned i = 0; i < repeat; i++) {
        struct scree__mem_budget budget;
        struct scree__features_index index;
        scree__mem_budget_init(&budget, UINT64_MAX);
        double begin = seconds();
        check(scree__features_index_build(&budget, &points, &index, &err), &err);
        double built = seconds();
        index_bytes = scree__mem_budget_used(&budget);
        check(scree__features_search(&budget, &index, &points, request, rows, &undecided, &err),
              &err);
        double found = seconds();
        bits = 0;
        for (uint32_t p = 0; p < cloud->count; p += BLOCK) {
            float values[BLOCK][FEATURES_VALUES];
            const uint32_t block = cloud->count - p < BLOCK ? cloud->count - p : BLOCK;
            scree__features_values(rows + p, block, &rules, values);
            for (unsigned v = 0; v < block * FEATURES_VALUES; v++) {
                uint32_t one;
                memcpy(&one, &values[0][0] + v, sizeof one);
                bits ^= one;
            }
        }
        double end = seconds();
        values_best = end - found < values_best ? end - found : values_best;
        build_best = built - begin < build_best ? built - begin : build_best;
        best = end - begin < best ? end - begin : best; /* formulas, too */
        scree__features_index_release(&index);
    }
    double millions = cloud->count / 1e6;
    printf("%-40s %9u points  %-6s  %.2f M/s (index %.1f M/s, %.1f B a point; formulas %.1f M/s)  "
           "hash %016llx, values %08x%s\n",
           name, cloud->count, level_names[level], millions / best, millions / build_best,
           (double)index_bytes / cloud->count, millions / values_best,
           (unsigned long long)hash_of(rows, cloud->count * sizeof *rows), bits,
           undecided != 0 ? "  UNDECIDED" : "");
    free(rows);
}

int main(int argc, char **argv)
{
    unsigned repeat = 3;
    const char *levels = "plain,avx2,avx512";
    struct features_request request = {.k = 20, .limit2 = UINT64_MAX, .unit = 0.01};
    int i = 1;
    for (int a = 0; a < 3; a++) {
        request.min[a] = -FEATURES_OPEN;
        request.max[a] = FEATURES_OPEN;
    }
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--repeat") == 0)
            repeat = (unsigned)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--level") == 0)
            levels = argv[i + 1];
        else if (strcmp(argv[i], "--k") == 0)
            request.k = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--radius") == 0) {
            uint64_t radius = strtoull(argv[i + 1], NULL, 10);
            request.limit2 = radius * radius;
        }
    }
    for (; i < argc; i++) {
        struct cloud cloud = read_cloud(argv[i]);
        for (int level = SCREE__SIMD_PLAIN; level <= SCREE__SIMD_AVX512; level++)
            if (strstr(levels, level_names[level]) != NULL)
                measure(strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i], &cloud,
                        (enum scree__simd_level)level, repeat, &request);
        free(cloud.x);
        free(cloud.y);
        free(cloud.z);
        free(cloud.roles);
    }
    return 0;
}
