/*
 * test_vectors_quantizer.c - the rotation is orthonormal; codes read by the written layout alone give the estimates of the kernels; estimates are unbiased, and bounds
 * hold as often as they say.
 */
#include "vectors/quantizer.h"
#include "vectors/scan.h"
#include "vectors_rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static float *aligned(size_t count)
{
    float *values = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
    assert_non_null(values);
    return values;
}

/* ------------------------------------------------------------------------------------ rotation */

static void check_orthonormal(uint32_t n, uint32_t seed)
{
    uint8_t *state = malloc(scree__vectors_rotation_bytes(n));
    float *unit = aligned((size_t)n * n), *rotated = aligned((size_t)n * n);
    scree__vectors_rotation_make(seed, n, state);
    memset(unit, 0, (size_t)n * n * sizeof *unit);
    for (uint32_t i = 0; i < n; i++)
        unit[(size_t)i * n + i] = 1;
    scree__vectors_rotate(state, n, n, unit, n, n, NULL, rotated);
    double largest = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j <= i; j++) {
            double product = 0;
            for (uint32_t d = 0; d < n; d++)
                product += (double)rotated[(size_t)i * n + d] * rotated[(size_t)j * n + d];
            assert_true(fabs(product - (i == j)) < 2e-6);
            largest = fmax(largest, fabs((double)rotated[(size_t)i * n + j]));
        }
    /* Nothing stays where it was: of 200 000 normal numbers the largest is about 5; 21 is a value that was left alone. */
    assert_true(largest * sqrt(n) < 9);
    free(state);
    free(unit);
    free(rotated);
}

static void test_orthonormal(void **state)
{
    (void)state;
    check_orthonormal(64, 1);
    check_orthonormal(128, 2);
    check_orthonormal(192, 3);
    check_orthonormal(320, 4);
    check_orthonormal(448, 5);
}

static void test_rotation_keeps_lengths(void **state)
{
    (void)state;
    static const uint32_t dims[] = {1, 63, 100, 784, 1000, 1536, 65535};
    for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++) {
        uint32_t dim = dims[i], n = scree__vectors_padded_dim(dim);
        uint64_t seed = i;
        uint8_t *bits = malloc(scree__vectors_rotation_bytes(n));
        float *rows = aligned(2 * (size_t)dim), *minus = aligned(dim),
              *rotated = aligned(2 * (size_t)n);
        scree__vectors_rotation_make(99 + i, n, bits);
        for (uint32_t d = 0; d < 2 * dim; d++)
            rows[d] = vectors_normal(&seed);
        for (uint32_t d = 0; d < dim; d++)
            minus[d] = vectors_normal(&seed);
        scree__vectors_rotate(bits, dim, n, rows, dim, 2, minus, rotated);
        double before[3] = {0}, after[3] = {0};
        for (uint32_t d = 0; d < dim; d++) {
            double a = (double)rows[d] - minus[d], b = (double)rows[dim + d] - minus[d];
            before[0] += a * a;
            before[1] += b * b;
            before[2] += a * b;
        }
        for (uint32_t d = 0; d < n; d++) {
            after[0] += (double)rotated[d] * rotated[d];
            after[1] += (double)rotated[n + d] * rotated[n + d];
            after[2] += (double)rotated[d] * rotated[n + d];
        }
        for (int j = 0; j < 3; j++)
            assert_true(fabs(after[j] - before[j]) < 1e-5 * (before[0] + before[1]));
        free(bits);
        free(rows);
        free(minus);
        free(rotated);
    }
}

/* -------------------------------------------------------------------------------------- one list */

struct list {
    struct scree__vectors_quantizer quantizer;
    uint32_t dim, count;
    uint8_t *rotation, *packs;
    float *rows, *centroid, *origin, *query;
    struct scree__vectors_frame frame;
    struct scree__vectors_codes codes;
    struct scree__vectors_query scan;
};

static void list_new(struct list *list, uint32_t dim, unsigned bits, bool product, uint32_t count)
{
    uint32_t n = scree__vectors_padded_dim(dim);
    memset(list, 0, sizeof *list);
    list->dim = dim;
    list->count = count;
    list->rotation = malloc(scree__vectors_rotation_bytes(n));
    list->quantizer = (struct scree__vectors_quantizer){
        dim, n, bits, product ? SCREE__VECTORS_PRODUCT : SCREE__VECTORS_L2, list->rotation};
    list->rows = aligned((size_t)count * dim);
    list->centroid = aligned(dim);
    list->origin = aligned(dim);
    list->query = aligned(dim);
    list->frame = (struct scree__vectors_frame){list->centroid, aligned(n), aligned(n)};
    list->packs = aligned_alloc(64, scree__vectors_packs_bytes(n, count));
    list->codes.signs = malloc((size_t)count * n / 8);
    list->codes.factors = malloc((size_t)count * 12);
    list->codes.extra = malloc((size_t)count * scree__vectors_extra_bytes(n, bits) + 1);
    list->codes.extra_factors = malloc((size_t)count * 8);
    assert_int_equal(scree__vectors_query_init(&list->scan, &list->quantizer, 1.9f, NULL, NULL),
                     SCREE_OK);
}

static void list_free(struct list *list)
{
    scree__vectors_query_release(&list->scan);
    free(list->rotation);
    free(list->rows);
    free(list->centroid);
    free(list->origin);
    free(list->query);
    free(list->frame.from_origin);
    free(list->frame.rotated);
    free(list->packs);
    free(list->codes.signs);
    free(list->codes.factors);
    free(list->codes.extra);
    free(list->codes.extra_factors);
}

static double distance2_of(const struct list *list, const float *a)
{
    double sum = 0;
    for (uint32_t d = 0; d < list->dim; d++)
        sum += ((double)a[d] - list->query[d]) * ((double)a[d] - list->query[d]);
    return sum;
}

static double product_of(const struct list *list, const float *a)
{
    double sum = 0;
    for (uint32_t d = 0; d < list->dim; d++)
        sum += (double)a[d] * list->query[d];
    return sum;
}

static double truth_of(const struct list *list, uint32_t row)
{
    const float *values = list->rows + (size_t)row * list->dim;
    return list->quantizer.compared == SCREE__VECTORS_L2 ? distance2_of(list, values)
                                                         : -product_of(list, values);
}

/* Codes and scans the whole list anew, with another rotation. */
static void list_code(struct list *list, uint64_t seed)
{
    uint32_t n = list->quantizer.padded_dim;
    float *work = aligned(scree__vectors_encode_floats(n));
    scree__vectors_rotation_make(seed, n, list->rotation);
    scree__vectors_frame_fill(&list->quantizer, list->origin, &list->frame);
    scree__vectors_encode(&list->quantizer, &list->frame, list->rows, list->dim, list->count, work,
                          &list->codes, NULL);
    memset(list->packs, 0, scree__vectors_packs_bytes(n, list->count));
    scree__vectors_pack(n, list->codes.signs, list->codes.factors, 0, list->count, list->count,
                        list->packs);
    scree__vectors_query_set(&list->scan, list->query, list->origin);
    scree__vectors_query_list(&list->scan, (float)distance2_of(list, list->centroid),
                              (float)product_of(list, list->centroid));
    free(work);
}

/* From all bits. */
static void row_scan(const struct list *list, uint32_t row, float factor, float *estimate,
                     float *error)
{
    static struct scree__vectors_seen seen;
    const struct scree__vectors_pending it = {0,
                                              0,
                                              list->scan.add,
                                              list->scan.pack_error,
                                              list->scan.whole_error,
                                              list->count,
                                              list->packs,
                                              list->codes.extra,
                                              list->codes.extra_factors};
    seen.count = seen.list_count = seen.end[0] = 1;
    seen.list[0] = &it;
    seen.row[0] = row;
    seen.factor[0] = factor;
    scree__vectors_scan_whole(&list->scan, &seen);
    *estimate = seen.estimate[0];
    *error = seen.error[0];
}

/* Estimate and error of every row, from one bit or all. */
static void list_scan(struct list *list, bool whole, float *estimates, float *errors)
{
    const uint32_t n = list->quantizer.padded_dim;
    for (uint32_t p = 0; p < scree__vectors_pack_count(list->count); p++) {
        const uint8_t *pack = list->packs + p * scree__vectors_pack_bytes(n, 64);
        uint32_t width = scree__vectors_pack_width(list->count, p), first = 64 * p;
        uint32_t rows = list->count - first < width ? list->count - first : width;
        struct scree__vectors_hits hits;
        hits.count = 0;
        scree__vectors_scan_packs(&list->scan, pack, width, rows, first, INFINITY, &hits);
        assert_int_equal(hits.count, rows);
        for (uint32_t i = 0; i < rows; i++) {
            estimates[first + i] = hits.estimate[i];
            errors[first + i] = hits.factor[i] * list->scan.pack_error;
            assert_int_equal(hits.row[i], first + i);
            if (whole)
                row_scan(list, first + i, hits.factor[i], &estimates[first + i],
                         &errors[first + i]);
        }
    }
}

static void list_fill(struct list *list, uint64_t seed)
{
    for (uint32_t d = 0; d < list->dim; d++) {
        float shift = 2 * vectors_normal(&seed);
        list->origin[d] = shift + 0.5f * vectors_normal(&seed);
        list->centroid[d] = shift + vectors_normal(&seed);
        list->query[d] = list->centroid[d] + vectors_normal(&seed);
        for (uint32_t i = 0; i < list->count; i++)
            list->rows[(size_t)i * list->dim + d] =
                list->centroid[d] + vectors_normal(&seed) * (0.5f + (float)(i % 7) / 4);
    }
}

/* -------------------------------------------------------------------------------------- layout */

static double float_at(const uint8_t *at)
{
    float value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* x of dimension d of a row, from the bytes, as the header describes them. */
static double code_at(const struct list *list, uint32_t row, uint32_t d, bool whole)
{
    uint32_t n = list->quantizer.padded_dim, left = list->count - row / 64 * 64;
    uint32_t width = left > 32 ? 64 : 32;
    const uint8_t *pack = list->packs + (size_t)(row / 64) * 64 * (n / 8 + 12);
    unsigned bits = list->quantizer.bits, extra_bits = bits - 1;
    unsigned sign = pack[d / 8 * width + row % 64] >> (d % 8) & 1;
    if (!whole)
        return sign - 0.5;
    const uint8_t *extra = list->codes.extra + ((size_t)row * (n / 64) + d / 64) * 8 * extra_bits;
    unsigned i = d % 64, code = 0, at = 0;
    if (extra_bits & 4) {
        code = i < 32 ? extra[i] & 15 : extra[i - 32] >> 4;
        at = 4;
        extra += 32;
    }
    if (extra_bits & 2) {
        code |= (unsigned)(extra[i % 16] >> (2 * (i / 16)) & 3) << at;
        at += 2;
        extra += 16;
    }
    if (extra_bits & 1) {
        code |= (unsigned)(extra[i / 8] >> (i % 8) & 1) << at;
        at += 1;
    }
    return (double)(code | sign << at) - ((1 << bits) - 1) / 2.0;
}

static void check_layout(uint32_t dim, unsigned bits, bool product, uint32_t count)
{
    struct list list;
    list_new(&list, dim, bits, product, count);
    list_fill(&list, 7 + bits);
    list_code(&list, 5);
    float *estimates = aligned(count), *errors = aligned(count);
    uint32_t n = list.quantizer.padded_dim;
    double base = product ? -product_of(&list, list.centroid) : distance2_of(&list, list.centroid);
    double reach = sqrt(distance2_of(&list, list.centroid));
    for (int whole = 0; whole <= (bits > 1); whole++) {
        list_scan(&list, whole, estimates, errors);
        for (uint32_t row = 0; row < count; row++) {
            uint32_t left = count - row / 64 * 64, width = left > 32 ? 64 : 32;
            const uint8_t *factors = list.packs + (size_t)(row / 64) * 64 * (n / 8 + 12) +
                                     (size_t)width * n / 8 + row % 64 * 4;
            double add = float_at(factors), rescale = float_at(factors + 4 * width);
            double spread = float_at(factors + 8 * width), along = 0;
            if (whole) {
                uint8_t half[4] = {0, 0, factors[8 * width], factors[8 * width + 1]};
                add = list.codes.extra_factors[2 * row];
                rescale = list.codes.extra_factors[2 * row + 1];
                spread = float_at(half);
            }
            for (uint32_t d = 0; d < n; d++)
                along += code_at(&list, row, d, whole) * list.scan.rotated[d];
            double estimate = add + base + rescale * along;
            /* The kernels see a rounded query: for whole codes hardly, for one bit as far as its share of the error goes. */
            double allowed = whole ? 2e-3 * reach * (1 + fabs(rescale)) : 0.5 * errors[row];
            assert_true(fabs(estimate - estimates[row]) <= allowed + 1e-4 * fabs(estimate));
            /* The written error is the kernel's, which adds what the rounding of the query costs. */
            assert_true(errors[row] >= 0.999 * 1.9 * spread * reach);
            assert_true(errors[row] <= 1.3 * 1.9 * spread * reach);
        }
    }
    free(estimates);
    free(errors);
    list_free(&list);
}

static void test_layout(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits <= 8; bits++) {
        check_layout(100, bits, false, 97);
        check_layout(130, bits, true, 33);
    }
}

/* A query as it is rounded: <v^, v> = <v, v>, and the rounding is no more than a tenth of it; whole codes see it to 14 bits. */
static void test_rounded_query(void **state)
{
    (void)state;
    struct list list;
    list_new(&list, 300, 5, false, 1);
    list_fill(&list, 6);
    for (uint64_t seed = 1; seed < 20; seed++) {
        double square = 0, along = 0, left = 0, fine = 0;
        list_code(&list, seed);
        for (uint32_t i = 0; i < list.quantizer.padded_dim; i++) {
            double v = list.scan.rotated[i];
            double rounded = (2.0 * list.scan.levels[i] - 15) * list.scan.pack_scale;
            double whole =
                (list.scan.high[i] * 128 + list.scan.low[i]) * (double)list.scan.whole_scale;
            square += v * v;
            along += v * rounded;
            left += (v - rounded) * (v - rounded);
            fine = fmax(fine, fabs(v - whole));
        }
        assert_true(fabs(along - square) < 1e-5 * square);
        assert_true(left > 0.003 * square && left < 0.03 * square);
        assert_true(fabs(list.scan.pack_spread2 / left - 2.75) < 0.02);
        assert_true(fine <= 0.51 * (double)list.scan.whole_scale);
    }
    list_free(&list);
}

/* ---------------------------------------------------------------------------------- statistics */

/* Of a few rows, over many rotations: the mean error is 0 within its own uncertainty, and bounds hold. */
static void check_statistics(uint32_t dim, unsigned bits, bool whole, bool product)
{
    enum { ROWS = 40, ROTATIONS = 250 };
    struct list list;
    list_new(&list, dim, bits, product, ROWS);
    list_fill(&list, 1000 + bits);
    float estimates[ROWS], errors[ROWS];
    double sum[ROWS] = {0}, squares[ROWS] = {0};
    unsigned held = 0, below = 0;
    for (unsigned i = 0; i < ROTATIONS; i++) {
        list_code(&list, 1 + i);
        list_scan(&list, whole, estimates, errors);
        for (uint32_t row = 0; row < ROWS; row++) {
            double error = estimates[row] - truth_of(&list, row);
            sum[row] += error;
            squares[row] += error * error;
            held += fabs(error) <= errors[row];
            below += -error <= errors[row];
        }
    }
    /* Each row's mean in units of its standard error: their squares have mean 1; of 40, 2 is out of reach for an unbiased estimate. */
    double chi2 = 0;
    for (uint32_t row = 0; row < ROWS; row++) {
        double mean = sum[row] / ROTATIONS, variance = squares[row] / ROTATIONS - mean * mean;
        chi2 += mean * mean / (variance / ROTATIONS) / ROWS;
    }
    double coverage = (double)held / (ROWS * ROTATIONS), lower = (double)below / (ROWS * ROTATIONS);
    if (chi2 > 2 || coverage < 0.92 || coverage > 0.975 || lower < 0.95)
        fail_msg("dim %u, %u bits%s: chi2 %.2f, held %.4f, below %.4f", dim, bits,
                 product ? ", product" : "", chi2, coverage, lower);
    list_free(&list);
}

static void test_statistics_of_one_bit(void **state)
{
    (void)state;
    check_statistics(50, 1, false, false);
    check_statistics(200, 1, false, false);
    check_statistics(128, 1, false, true);
    check_statistics(128, 4, false, false); /* the first bit of more */
}

static void test_statistics_of_whole_codes(void **state)
{
    (void)state;
    for (unsigned bits = 2; bits <= 8; bits++)
        check_statistics(100, bits, true, bits % 2 == 1);
}

/* How far codes are from what they stand for: 1 - a^2 as published (reference: a = .9384, .9942, .9983 for 2, 4, 5 bits). */
static void test_codes_are_good(void **state)
{
    (void)state;
    static const double lost[9] = {1, 0.37, 0.122, 0.039, 0.0122, 0.0037, 0.00112, 0.00033, 0.0001};
    for (unsigned bits = 1; bits <= 8; bits++) {
        struct list list;
        list_new(&list, 256, bits, false, 64);
        list_fill(&list, 77);
        list_code(&list, 3);
        double mean = 0;
        for (uint32_t row = 0; row < list.count; row++) {
            double along = 0, x2 = 0, r2 = 0;
            float *r = aligned(256);
            scree__vectors_rotate(list.rotation, 256, 256, list.rows + (size_t)row * 256, 256, 1,
                                  list.centroid, r);
            for (uint32_t d = 0; d < 256; d++) {
                double x = code_at(&list, row, d, bits > 1);
                along += x * r[d];
                x2 += x * x;
                r2 += (double)r[d] * r[d];
            }
            mean += (1 - along * along / (x2 * r2)) / list.count;
            free(r);
        }
        if (mean > lost[bits])
            fail_msg("%u bits lose %.5f", bits, mean);
        list_free(&list);
    }
}

/* A row that is its list's centroid: nothing to estimate, and no error. */
static void test_row_on_centroid(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits <= 5; bits += 4) {
        struct list list;
        float estimates[2], errors[2];
        list_new(&list, 96, bits, false, 2);
        list_fill(&list, 8);
        memcpy(list.rows, list.centroid, 96 * sizeof(float));
        list_code(&list, 9);
        list_scan(&list, bits > 1, estimates, errors);
        assert_true(fabs(estimates[0] - truth_of(&list, 0)) < 1e-3);
        assert_true(errors[0] == 0);
        assert_true(errors[1] > 0);
        list_free(&list);
    }
}

/* Rows that come one by one in any order lie where they lie when they come together. */
static void test_pack_piecewise(void **state)
{
    (void)state;
    enum { COUNT = 150, N = 128 };
    struct list list;
    list_new(&list, N, 1, false, COUNT);
    list_fill(&list, 3);
    list_code(&list, 2);
    size_t bytes = scree__vectors_packs_bytes(N, COUNT);
    assert_int_equal(bytes, (64 + 64 + 32) * (N / 8 + 12));
    uint8_t *packs = calloc(bytes, 1);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t row = i * 7 % COUNT;
        scree__vectors_pack(N, list.codes.signs + row * N / 8, list.codes.factors + row * 3, row, 1,
                            COUNT, packs);
    }
    assert_memory_equal(packs, list.packs, bytes);
    free(packs);
    list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orthonormal),
        cmocka_unit_test(test_rotation_keeps_lengths),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_rounded_query),
        cmocka_unit_test(test_statistics_of_one_bit),
        cmocka_unit_test(test_statistics_of_whole_codes),
        cmocka_unit_test(test_codes_are_good),
        cmocka_unit_test(test_row_on_centroid),
        cmocka_unit_test(test_pack_piecewise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
