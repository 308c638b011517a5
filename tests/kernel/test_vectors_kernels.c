/* test_vectors_kernels.c - each variant of the kernels of lib/vectors against plain C: the same bits on random input of all shapes. */
#include "vectors/half.h"
#include "vectors/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DIM_MAX 4480u

static uint64_t seed;

static uint32_t draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}

static float draw_float(void)
{
    float sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (float)(draw() >> 8) * 0x1p-24f - 0.5f;
    return draw() % 50 == 0 ? 0 : sum;
}

static float *floats(size_t count)
{
    float *values = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = draw_float();
    return values;
}

static const uint32_t dims[] = {64, 128, 192, 256, 320, 768, 832, 1024, 1536, DIM_MAX};
#define DIMS (sizeof dims / sizeof dims[0])

static const struct scree__vectors_kernels *plain = &scree__vectors_kernels_plain;

static void each(void (*check)(const struct scree__vectors_kernels *kernels))
{
    const struct scree__vectors_kernels *all[4];
    unsigned count = scree__vectors_kernels_all(all);
    for (unsigned i = 1; i < count; i++) {
        seed = 20;
        check(all[i]);
    }
    if (count == 1)
        skip();
}

static void check_rotate(const struct scree__vectors_kernels *kernels)
{
    for (size_t i = 0; i < DIMS; i++) {
        uint32_t n = dims[i];
        uint8_t state[SCREE__VECTORS_ROUNDS * DIM_MAX / 8];
        scree__vectors_rotation_make(draw(), n, state);
        const uint32_t dim = n - draw() % 64;
        float *row = floats(dim), *minus = floats(dim), *a = floats(n), *b = floats(n);
        const float *origin = draw() % 2 == 0 ? minus : NULL;
        plain->rotate(state, dim, n, row, origin, a);
        kernels->rotate(state, dim, n, row, origin, b);
        assert_memory_equal(a, b, n * sizeof *a);
        free(a);
        free(row);
        free(minus);
        free(b);
    }
}

static void test_rotate(void **state)
{
    (void)state;
    each(check_rotate);
}

static void check_lists_of(const struct scree__vectors_kernels *kernels, uint32_t count,
                           uint32_t dim, size_t rows)
{
    struct scree__vectors_lists lists;
    float *centroids = floats((size_t)count * dim), *values = floats(rows * (dim + 3));
    assert_int_equal(scree__vectors_lists_init(&lists, NULL, centroids, dim, count, dim, NULL),
                     SCREE_OK);
    size_t stride = lists.panel_count * SCREE__VECTORS_PANEL;
    float *a = floats(rows * stride), *b = floats(rows * stride);
    plain->products(&lists, values, dim + 3, rows, a, stride);
    kernels->products(&lists, values, dim + 3, rows, b, stride);
    assert_memory_equal(a, b, rows * stride * sizeof *a);
    uint32_t *nearest = malloc(2 * rows * sizeof *nearest);
    plain->assign(&lists, values, dim + 3, rows, nearest, a);
    kernels->assign(&lists, values, dim + 3, rows, nearest + rows, b);
    assert_memory_equal(nearest, nearest + rows, rows * sizeof *nearest);
    assert_memory_equal(a, b, rows * sizeof *a);
    free(nearest);
    free(a);
    free(b);
    free(centroids);
    free(values);
    scree__vectors_lists_release(&lists);
}

static void check_lists(const struct scree__vectors_kernels *kernels)
{
    check_lists_of(kernels, 1, 1, 1);
    check_lists_of(kernels, 32, 2, 12);
    check_lists_of(kernels, 33, 255, 49);
    check_lists_of(kernels, 97, 257, 25);
    check_lists_of(kernels, 256, 784, 61);
}

static void test_lists(void **state)
{
    (void)state;
    each(check_lists);
}

static void check_encode(const struct scree__vectors_kernels *kernels)
{
    for (size_t i = 0; i < DIMS; i++)
        for (uint32_t top = 1; top < 128; top = 2 * top + 1) {
            uint32_t n = dims[i];
            float *r = floats(n), *a = floats(n), *b = floats(n);
            uint8_t signs[2][DIM_MAX / 8], codes[2][DIM_MAX], levels[2][DIM_MAX];
            float sums[2][12];
            int8_t high[2][DIM_MAX], low[2][DIM_MAX];
            int64_t total[2];
            for (int j = 0; j < 2; j++) {
                const struct scree__vectors_kernels *it = j == 0 ? plain : kernels;
                it->measure(r, n, signs[j], sums[j]);
                it->quantize(r, n, (float)top, top, codes[j], sums[j] + 3);
                it->project(r, n, codes[j], a, b, sums[j] + 5);
                it->levels(r, n, 9, levels[j], sums[j] + 8);
                total[j] = it->split(r, n, 4063, high[j], low[j]);
                sums[j][10] = sums[j][11] = 0;
            }
            assert_memory_equal(sums[0], sums[1], sizeof sums[0]);
            assert_memory_equal(signs[0], signs[1], n / 8);
            assert_memory_equal(codes[0], codes[1], n);
            assert_memory_equal(levels[0], levels[1], n);
            assert_memory_equal(high[0], high[1], n);
            assert_memory_equal(low[0], low[1], n);
            assert_true(total[0] == total[1]);
            for (uint32_t d = 0; d < n; d++) {
                float whole = r[d] * 4063;
                assert_true(fabsf(whole - (float)(high[0][d] * 128 + low[0][d])) < 0.51f);
                assert_in_range(low[0][d] + 64, 0, 127);
                total[0] -= high[0][d] * 128 + low[0][d];
            }
            assert_true(total[0] == 0);
            free(r);
            free(a);
            free(b);
        }
}

static void test_encode(void **state)
{
    (void)state;
    each(check_encode);
}

/* What select() takes and what it leaves, against a definition. */
static void check_select(const struct scree__vectors_kernels *kernels,
                         struct scree__vectors_hits *hits, uint32_t begin, uint32_t end, float near,
                         float limit, struct scree__vectors_seen *seen)
{
    const struct scree__vectors_hits before = *hits;
    const uint32_t had = seen->count;
    uint32_t count = had;
    const uint32_t added = kernels->select(hits, begin, end, near, limit, true, seen);
    assert_int_equal(added, seen->count - had);
    for (uint32_t i = 0; i < hits->count; i++) {
        const bool in = i >= begin && i < end && before.estimate[i] < near && before.low[i] < limit;
        if (in) {
            assert_int_equal(seen->row[count], before.row[i]);
            assert_true(seen->factor[count] == before.factor[i]);
            assert_true(seen->estimate[count] == before.estimate[i]);
            assert_true(hits->low[i] == INFINITY && hits->estimate[i] == INFINITY);
            count++;
        } else {
            assert_true(hits->low[i] == before.low[i] && hits->estimate[i] == before.estimate[i]);
        }
    }
    assert_int_equal(seen->count, count);
}

static void check_keep(const struct scree__vectors_kernels *kernels,
                       const struct scree__vectors_seen *seen)
{
    static struct scree__vectors_candidate to[SCREE__VECTORS_HITS_ROOM + 16];
    float upper[SCREE__VECTORS_HITS_ROOM];
    const float limit =
        draw() % 4 == 0 ? INFINITY : seen->estimate[draw() % seen->count] + draw_float();
    const uint32_t kept = kernels->keep(seen, limit, to, upper);
    uint32_t count = 0;
    for (uint32_t i = 0; i < seen->count; i++) {
        const float low = seen->estimate[i] - seen->error[i];
        assert_true(upper[i] == seen->estimate[i] + seen->error[i]);
        if (!(low < limit))
            continue;
        assert_true(to[count].low == low && to[count].estimate == seen->estimate[i]);
        assert_true(to[count].slot == seen->slot[i] && to[count].at == seen->row[i]);
        count++;
    }
    assert_int_equal(kept, count);
}

/* Hits of two lists that are the same but for what their estimates have in common: their whole codes as plain C has them. */
static void check_seen(const struct scree__vectors_kernels *kernels,
                       const struct scree__vectors_query *query,
                       const struct scree__vectors_pending *list)
{
    static struct scree__vectors_hits hits;
    static struct scree__vectors_seen a, b;
    struct scree__vectors_pending lists[2] = {*list, *list};
    lists[1].add = draw_float();
    lists[1].whole_error = draw_float();
    hits.count = a.count = b.count = 0;
    for (uint32_t p = 0; p < 2; p++) {
        const uint32_t first = hits.count;
        for (uint32_t row = 0; row < list->row_count; row++) {
            hits.row[hits.count] = row;
            hits.estimate[hits.count] = draw_float();
            hits.factor[hits.count] = draw_float();
            hits.low[hits.count] = draw_float();
            hits.count += draw() % 4 != 0;
        }
        lists[p].first_hit = first;
        check_select(kernels, &hits, first, hits.count, draw() % 2 == 0 ? INFINITY : draw_float(),
                     draw() % 2 == 0 ? INFINITY : draw_float(), &a);
        a.list[p] = &lists[p];
        a.end[p] = a.count;
    }
    a.list_count = 2;
    for (uint32_t i = 0; i < a.count; i++) {
        a.slot[i] = draw();
        a.error[i] = fabsf(draw_float());
    }
    if (a.count == 0)
        return;
    check_keep(kernels, &a);
    if (query->quantizer->bits == 1)
        return;
    b = a;
    plain->whole(query, &a);
    kernels->whole(query, &b);
    assert_memory_equal(a.estimate, b.estimate, a.count * sizeof(float));
    assert_memory_equal(a.error, b.error, a.count * sizeof(float));
}

static void check_scan_of(const struct scree__vectors_kernels *kernels, uint32_t n, unsigned bits,
                          uint32_t width)
{
    struct scree__vectors_quantizer quantizer = {n, n, bits, SCREE__VECTORS_L2, NULL};
    struct scree__vectors_query query;
    assert_int_equal(scree__vectors_query_init(&query, &quantizer, 1.9f, NULL, NULL), SCREE_OK);
    bool most = draw() % 4 == 0; /* the largest sums that there can be */
    for (uint32_t i = 0; i < n; i++) {
        query.levels[i] = most ? 15 : draw() % 16;
        query.high[i] = most ? -63 : (int8_t)((int)(draw() % 127) - 63);
        query.low[i] = most ? -64 : (int8_t)((int)(draw() % 128) - 64);
    }
    query.pack_scale = 0.01f;
    query.pack_offset = -0.075f * (float)n;
    query.add = 3;
    query.pack_error = 2;
    query.whole_scale = 0.01f; /* sums show in estimates */
    query.whole_sum = 77;
    const uint32_t all_rows = width == 64 && draw() % 2 == 0 ? 128 : width; /* of two packs */
    size_t pack_bytes = (size_t)scree__vectors_pack_bytes(n, width);
    /* Nothing behind the pack is read: the sanitizer watches. */
    uint8_t *pack = aligned_alloc(64, all_rows / width * pack_bytes);
    size_t extra_bytes = (size_t)scree__vectors_extra_bytes(n, bits) * all_rows;
    uint8_t *extra = malloc(extra_bytes + 1);
    for (size_t i = 0; i < all_rows / width * pack_bytes; i++)
        pack[i] = most ? 255 : (uint8_t)draw();
    for (size_t i = 0; i < extra_bytes; i++)
        extra[i] = most ? 255 : (uint8_t)draw();
    for (uint32_t p = 0; p < all_rows / width; p++) {
        float *factors = (float *)(void *)(pack + p * pack_bytes + (size_t)width * n / 8);
        for (uint32_t i = 0; i < 3 * width; i++)
            factors[i] = draw_float();
    }
    for (uint32_t rows = 1; rows <= all_rows; rows += 1 + draw() % 20)
        for (int limit = 0; limit < 3; limit++) {
            struct scree__vectors_hits a, b;
            float below = limit == 0 ? INFINITY : 3 + draw_float();
            kernels->tables(&query);
            a.count = b.count = draw() % SCREE__VECTORS_HITS_KEPT; /* those that are there stay */
            for (uint32_t i = 0; i < a.count; i++) {
                a.row[i] = b.row[i] = draw();
                a.estimate[i] = b.estimate[i] = a.factor[i] = b.factor[i] = a.low[i] = b.low[i] =
                    draw_float();
            }
            const uint32_t before = a.count;
            kernels->scan(&query, pack, width, rows, 7, below, &b);
            plain->tables(&query);
            plain->scan(&query, pack, width, rows, 7, below, &a);
            assert_int_equal(a.count, b.count);
            assert_true(limit != 0 || a.count == before + rows);
            assert_memory_equal(a.row, b.row, a.count * sizeof a.row[0]);
            assert_memory_equal(a.estimate, b.estimate, a.count * sizeof(float));
            assert_memory_equal(a.factor, b.factor, a.count * sizeof(float));
            assert_memory_equal(a.low, b.low, a.count * sizeof(float));
        }
    float *extra_factors = floats(2 * all_rows);
    const struct scree__vectors_pending list = {
        0, 0, 3, 2, 0.5f, all_rows, pack, extra, extra_factors};
    check_seen(kernels, &query, &list);
    free(extra_factors);
    free(extra);
    free(pack);
    scree__vectors_query_release(&query);
}

static void check_scan(const struct scree__vectors_kernels *kernels)
{
    for (size_t i = 0; i < DIMS; i++)
        for (unsigned bits = 1; bits <= 8; bits++)
            for (uint32_t width = 32; width <= 64; width += 32)
                for (int repeat = 0; repeat < 4; repeat++)
                    check_scan_of(kernels, dims[i], bits, width);
}

static void test_scan(void **state)
{
    (void)state;
    each(check_scan);
}

/* As many as are wanted are not above it, and not many more. */
static void check_limit(const struct scree__vectors_kernels *kernels, const float *values,
                        uint32_t n)
{
    for (uint32_t most = 1; most <= 16; most++) {
        const float limit = kernels->limit(values, n, most);
        uint32_t found = 0;
        for (uint32_t i = 0; i < n; i++)
            found += values[i] <= limit;
        assert_true(limit == plain->limit(values, n, most));
        assert_in_range(found, most, 3 * most + 8);
    }
}

static void check_choose(const struct scree__vectors_kernels *kernels)
{
    for (uint32_t n = 32; n < 400; n += 32) {
        float *squares = floats(n), *products = floats(n), *a = floats(n), *b = floats(n);
        uint32_t *first = malloc((n + 16) * sizeof *first);
        uint32_t *second = malloc((n + 16) * sizeof *second);
        for (int round = 0; round < 4; round++) {
            float least[2], limit = draw_float();
            plain->keys(round % 2 == 0 ? squares : NULL, products, n, a);
            kernels->keys(round % 2 == 0 ? squares : NULL, products, n, b);
            assert_memory_equal(a, b, n * sizeof *a);
            a[n - 1] = INFINITY;
            limit = round == 3 ? INFINITY : limit;
            uint32_t some = n - draw() % 16;
            uint32_t found = plain->below(a, some, limit, first);
            assert_int_equal(kernels->below(a, some, limit, NULL), found);
            assert_int_equal(kernels->below(a, some, limit, second), found);
            assert_memory_equal(first, second, found * sizeof *first);
            assert_true(round < 3 || found == (some < n ? some : n - 1));
            float best[2][16];
            for (int j = 0; j < 16; j++)
                best[0][j] = best[1][j] = INFINITY;
            plain->uppers(best[0], squares, n);
            for (uint32_t j = 0, some_more; j < n; j += some_more) { /* sorted, or one by one */
                some_more = 1 + draw() % 40;
                some_more = some_more < n - j ? some_more : n - j;
                kernels->uppers(best[1], squares + j, some_more);
            }
            assert_memory_equal(best[0], best[1], sizeof best[0]);
            for (int j = 1; j < 16; j++)
                assert_true(best[0][j - 1] <= best[0][j] && best[0][j] < INFINITY);
            check_limit(kernels, squares, n);
            float middling = plain->middling(b, n - 5, &least[0]);
            assert_true(kernels->middling(b, n - 5, &least[1]) == middling);
            assert_true(least[0] == least[1] && least[0] <= middling);
        }
        free(squares);
        free(products);
        free(a);
        free(b);
        free(first);
        free(second);
    }
}

static void test_choose(void **state)
{
    (void)state;
    each(check_choose);
}

static void check_rerank(const struct scree__vectors_kernels *kernels)
{
    for (uint32_t dim = 1; dim < 300; dim++) {
        float *a = floats(dim), *b = floats(dim);
        uint16_t *halves = malloc(dim * sizeof *halves);
        for (uint32_t i = 0; i < dim; i++)
            halves[i] = (uint16_t)(draw() & 0xbbff); /* every exponent but those of infinity */
        float results[2][4];
        for (int j = 0; j < 2; j++) {
            const struct scree__vectors_kernels *it = j == 0 ? plain : kernels;
            results[j][0] = it->distance2_fp32(a, b, dim);
            results[j][1] = it->product_fp32(a, b, dim);
            results[j][2] = it->distance2_fp16(halves, b, dim);
            results[j][3] = it->product_fp16(halves, b, dim);
        }
        assert_memory_equal(results[0], results[1], sizeof results[0]);
        free(a);
        free(b);
        free(halves);
    }
}

/* Bounds of rounded centroids: the same bits, and they hold, also of centroids and queries that are zero or far away. */
static void check_rough_of(const struct scree__vectors_kernels *kernels, uint32_t dim,
                           uint32_t lists, float spread, float away)
{
    const uint32_t n = scree__vectors_padded_dim(dim);
    uint8_t state[SCREE__VECTORS_ROUNDS * DIM_MAX / 8];
    struct scree__vectors_rough rough;
    struct scree__vectors_query queries[2];
    float *centroids = floats((size_t)dim * lists), *origin = floats(dim), *values = floats(dim);
    float *bounds[4];
    scree__vectors_rotation_make(draw(), n, state);
    const struct scree__vectors_quantizer quantizer = {dim, n, 1, SCREE__VECTORS_L2, state};
    for (size_t i = 0; i < (size_t)dim * lists; i++)
        centroids[i] = i < dim ? away : away + spread * centroids[i]; /* the first one alike */
    scree__vectors_origin(centroids, dim, lists, dim, origin);
    assert_int_equal(
        scree__vectors_rough_init(&rough, NULL, &quantizer, centroids, dim, lists, origin, NULL),
        SCREE_OK);
    for (int i = 0; i < 4; i++)
        bounds[i] = floats(rough.padded_count);
    for (int round = 0; round < 4; round++) {
        for (uint32_t d = 0; d < dim; d++)
            values[d] = round == 0 ? origin[d] : away + spread * draw_float();
        for (int j = 0; j < 2; j++) {
            assert_int_equal(scree__vectors_query_init(&queries[j], &quantizer, 1.9f, NULL, NULL),
                             SCREE_OK);
            queries[j].kernels = j == 0 ? plain : kernels;
            queries[j].rough = true;
            scree__vectors_query_set(&queries[j], values, origin);
            scree__vectors_rough_keys(&rough, &queries[j], bounds[2 * j], bounds[2 * j + 1]);
        }
        assert_memory_equal(bounds[0], bounds[2], rough.padded_count * sizeof(float));
        assert_memory_equal(bounds[1], bounds[3], rough.padded_count * sizeof(float));
        for (uint32_t list = 0; list < lists; list++) {
            double key = 0, scale = 1e-30;
            for (uint32_t d = 0; d < dim; d++) {
                double from = (double)values[d] - origin[d];
                double apart = (double)values[d] - centroids[(size_t)list * dim + d];
                key += apart * apart - from * from;
                scale += apart * apart + from * from;
            }
            assert_true((double)bounds[0][list] <= key && key <= (double)bounds[1][list]);
            /* They are worth something. */
            assert_true((double)bounds[1][list] - (double)bounds[0][list] <= 0.2 * scale);
        }
        scree__vectors_query_release(&queries[0]);
        scree__vectors_query_release(&queries[1]);
    }
    scree__vectors_rough_release(&rough);
    for (int i = 0; i < 4; i++)
        free(bounds[i]);
    free(centroids);
    free(origin);
    free(values);
}

static void check_rough(const struct scree__vectors_kernels *kernels)
{
    const uint32_t some[] = {1, 63, 100, 128, 300, 784, 1536};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        check_rough_of(kernels, some[i], 1 + draw() % 150, 1, 0);
        check_rough_of(kernels, some[i], 64, 1e-3f, 3);
        check_rough_of(kernels, some[i], 70, 0, 2);
        check_rough_of(kernels, some[i], 128, 1e8f, -1e7f);
    }
}

static void test_rough(void **state)
{
    (void)state;
    check_rough(plain);
    each(check_rough);
}

/* Rows together are what they are one by one. */
static void check_rows(const struct scree__vectors_kernels *kernels)
{
    const uint8_t *at[SCREE__VECTORS_ROWS_TOGETHER];
    for (uint32_t dim = 1; dim < 300; dim += 1 + draw() % 9) {
        float *rows = floats((size_t)dim * SCREE__VECTORS_ROWS_TOGETHER), *values = floats(dim);
        uint16_t *halves = malloc(dim * SCREE__VECTORS_ROWS_TOGETHER * sizeof *halves);
        for (uint32_t i = 0; i < dim * SCREE__VECTORS_ROWS_TOGETHER; i++)
            halves[i] = (uint16_t)(draw() & 0xbbff);
        for (int kind = 0; kind < 4; kind++) {
            const bool half = kind >= 2, distance = kind % 2 == 0;
            const uint32_t count = 1 + draw() % SCREE__VECTORS_ROWS_TOGETHER;
            float out[SCREE__VECTORS_ROWS_TOGETHER], one;
            for (uint32_t i = 0; i < count; i++) {
                const size_t first = (size_t)(draw() % SCREE__VECTORS_ROWS_TOGETHER) * dim;
                at[i] = half ? (const uint8_t *)(halves + first) : (const uint8_t *)(rows + first);
            }
            kernels->rows(at, count, values, dim, half, distance, out);
            for (uint32_t i = 0; i < count; i++) {
                const float *whole = (const float *)(const void *)at[i];
                const uint16_t *some = (const uint16_t *)(const void *)at[i];
                if (half)
                    one = distance ? plain->distance2_fp16(some, values, dim)
                                   : plain->product_fp16(some, values, dim);
                else
                    one = distance ? plain->distance2_fp32(whole, values, dim)
                                   : plain->product_fp32(whole, values, dim);
                assert_memory_equal(&out[i], &one, sizeof one);
            }
        }
        free(rows);
        free(values);
        free(halves);
    }
}

static void test_rerank(void **state)
{
    (void)state;
    each(check_rerank);
    each(check_rows);
}

/* Against a definition: every pair has a rank of its own, also where distances or ids are equal. */
static void check_ranks_of(const struct scree__vectors_kernels *kernels)
{
    for (uint32_t count = 0; count <= 64; count++) {
        float distances[64];
        uint64_t ids[64];
        uint32_t ranks[64], seen = 0;
        const uint32_t values = 1 + draw() % 40;
        for (uint32_t i = 0; i < 64; i++) {
            distances[i] = draw() % 9 == 0 ? INFINITY : (float)(draw() % values) - 3;
            ids[i] = draw() % 20;
        }
        kernels->ranks(distances, ids, count, ranks);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t before = 0;
            for (uint32_t j = 0; j < count; j++)
                before += distances[j] != distances[i] ? distances[j] < distances[i]
                          : ids[j] != ids[i]           ? ids[j] < ids[i]
                                                       : j < i;
            assert_int_equal(ranks[i], before);
            seen += ranks[i];
        }
        assert_int_equal(seen, count * (count - (count > 0)) / 2);
    }
}

static void test_ranks(void **state)
{
    (void)state;
    check_ranks_of(plain);
    each(check_ranks_of);
}

/* Every half to float and back is itself; floats between two halves go to the nearer one. */
static void test_halves(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        float value = scree__vectors_half_to_float((uint16_t)h);
        if (value != value)
            continue;
        assert_int_equal(scree__vectors_float_to_half(value), h);
        assert_true((isinf(value) != 0) == ((h & 0x7fff) == 0x7c00));
        if ((h & 0x7fff) >= 0x7bff)
            continue;
        float next = scree__vectors_half_to_float((uint16_t)(h + 1));
        float middle = value + (next - value) / 2;
        assert_int_equal(scree__vectors_float_to_half(middle), h + (h & 1)); /* ties to even */
        assert_int_equal(scree__vectors_float_to_half(nextafterf(middle, value)), h);
        assert_int_equal(scree__vectors_float_to_half(nextafterf(middle, next)), h + 1);
    }
    assert_int_equal(scree__vectors_half_to_float(0x3c00), 1);
    assert_int_equal(scree__vectors_float_to_half(70000.f), 0x7c00);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotate), cmocka_unit_test(test_lists),  cmocka_unit_test(test_encode),
        cmocka_unit_test(test_scan),   cmocka_unit_test(test_choose), cmocka_unit_test(test_rerank),
        cmocka_unit_test(test_halves), cmocka_unit_test(test_ranks),  cmocka_unit_test(test_rough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
