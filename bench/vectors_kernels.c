/*
 * vectors_kernels.c - the kernels of lib/vectors, one after the other, on every level that this machine has: nanoseconds of CPU time, the median of many turns (where a hypervisor
 * takes time away, single ones come out too short).
 *
 *     bench_vectors_kernels [DIM]      768
 */
#include "vectors/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CODES 8192u /* of 768 bits: 884 KiB with their factors, which a second-level cache holds */
#define LISTS 256u
#define ROWS 960u
#define SEEN 16u /* rows whose whole codes are looked at together */
#define TURNS 7  /* at least, and */
#define TURNS_MOST 4096
#define TIME_NS 1e8 /* so much time */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static float *floats(size_t count)
{
    float *values = aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64);
    if (values == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        values[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return values;
}

struct bench {
    uint32_t dim, padded_dim;
    struct scree__vectors_lists lists;
    float *rows, *products, *work, *centroids;
    uint8_t *rotation, *packs, *extra, *signs;
    float *factors, *extra_factors;
    uint32_t *nearest;
    struct scree__vectors_frame frame;
    struct scree__vectors_quantizer quantizer;
    struct scree__vectors_query query;
    float sink;
};

static void run_rotate(struct bench *bench, const struct scree__vectors_kernels *kernels)
{
    for (size_t i = 0; i < ROWS; i++)
        kernels->rotate(bench->rotation, bench->padded_dim, bench->padded_dim, bench->work, NULL,
                        bench->work);
}

static void run_assign(struct bench *bench, const struct scree__vectors_kernels *kernels)
{
    kernels->assign(&bench->lists, bench->rows, bench->dim, ROWS, bench->nearest, NULL);
}

static void run_one(struct bench *bench, const struct scree__vectors_kernels *kernels)
{
    for (size_t i = 0; i < ROWS; i++)
        kernels->products(&bench->lists, bench->rows + i * bench->dim, bench->dim, 1,
                          bench->products, LISTS);
}

static void run_scan(struct bench *bench, const struct scree__vectors_kernels *kernels)
{
    struct scree__vectors_hits hits;
    size_t pack_bytes = scree__vectors_pack_bytes(bench->padded_dim, 64);
    for (uint32_t i = 0; i < CODES / 64; i += 2) {
        hits.count = 0;
        kernels->scan(&bench->query, bench->packs + i * pack_bytes, 64, 128, 0, -1e9f, &hits);
        bench->sink += (float)hits.count;
    }
}

static void run_whole(struct bench *bench, const struct scree__vectors_kernels *kernels)
{
    static struct scree__vectors_seen seen;
    const struct scree__vectors_pending list = {
        0, 0, 3, 3, 3, ROWS, bench->packs, bench->extra, bench->extra_factors};
    seen.count = seen.end[0] = SEEN;
    seen.list_count = 1;
    seen.list[0] = &list;
    for (uint32_t i = 0; i < ROWS; i += SEEN) {
        for (uint32_t j = 0; j < SEEN; j++)
            seen.row[j] = i + j;
        kernels->whole(&bench->query, &seen);
        bench->sink += seen.estimate[0];
    }
}

static void run_rerank(struct bench *bench, const struct scree__vectors_kernels *kernels)
{
    for (uint32_t i = 0; i < ROWS; i++)
        bench->sink +=
            kernels->distance2_fp32(bench->rows + (size_t)i * bench->dim, bench->rows, bench->dim);
}

static void run_encode(struct bench *bench, const struct scree__vectors_kernels *kernels)
{
    struct scree__vectors_codes codes = {bench->signs, bench->factors, bench->extra,
                                         bench->extra_factors};
    (void)kernels;
    scree__vectors_encode(&bench->quantizer, &bench->frame, bench->rows, bench->dim, ROWS,
                          bench->work, &codes, NULL);
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double time_of(struct bench *bench, const struct scree__vectors_kernels *kernels,
                      void (*run)(struct bench *, const struct scree__vectors_kernels *))
{
    static double times[TURNS_MOST];
    double all = 0;
    int turns = 0;
    for (; turns < TURNS_MOST && (turns < TURNS || all < TIME_NS); turns++) {
        double begin = now();
        run(bench, kernels);
        times[turns] = now() - begin;
        all += times[turns];
    }
    qsort(times, (size_t)turns, sizeof times[0], by_size);
    return times[turns / 2];
}

static void set_up(struct bench *bench, uint32_t dim)
{
    uint32_t n = scree__vectors_padded_dim(dim);
    memset(bench, 0, sizeof *bench);
    bench->dim = dim;
    bench->padded_dim = n;
    bench->rows = floats((size_t)ROWS * dim);
    bench->products = floats(LISTS);
    bench->work = floats(scree__vectors_encode_floats(n));
    bench->centroids = floats((size_t)LISTS * dim);
    bench->rotation = malloc(scree__vectors_rotation_bytes(n));
    bench->packs = aligned_alloc(64, scree__vectors_packs_bytes(n, CODES));
    bench->extra = malloc((size_t)ROWS * scree__vectors_extra_bytes(n, 8));
    bench->signs = malloc((size_t)ROWS * n / 8);
    bench->factors = floats((size_t)ROWS * 3);
    bench->extra_factors = floats((size_t)ROWS * 2);
    bench->nearest = malloc(ROWS * sizeof *bench->nearest);
    bench->frame = (struct scree__vectors_frame){bench->centroids, floats(n), floats(n)};
    bench->quantizer =
        (struct scree__vectors_quantizer){dim, n, 5, SCREE__VECTORS_L2, bench->rotation};
    scree__vectors_rotation_make(1, n, bench->rotation);
    for (size_t i = 0; i < scree__vectors_packs_bytes(n, CODES); i++)
        bench->packs[i] = (uint8_t)(rand() >> 8);
    for (size_t i = 0; i < (size_t)ROWS * scree__vectors_extra_bytes(n, 8); i++)
        bench->extra[i] = (uint8_t)(rand() >> 8);
    for (uint32_t i = 0; i < CODES; i++)
        for (uint32_t j = 0; j < 3; j++) {
            float *factors =
                (float *)(void *)(bench->packs + i / 64 * scree__vectors_pack_bytes(n, 64) +
                                  64 * (size_t)n / 8);
            factors[64 * j + i % 64] = (float)j;
        }
    if (scree__vectors_lists_init(&bench->lists, NULL, bench->centroids, dim, LISTS, dim, NULL) ||
        scree__vectors_query_init(&bench->query, &bench->quantizer, 1.9f, NULL, NULL))
        abort();
}

int main(int argc, char **argv)
{
    struct bench bench;
    const struct scree__vectors_kernels *all[4];
    unsigned count = scree__vectors_kernels_all(all);
    uint32_t dim = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 768;
    set_up(&bench, dim);
    printf("dim %u, ns:        scan/code whole/row rotate/row assign/row one/query rerank/row "
           "GMAC/s\n",
           dim);
    for (unsigned i = 0; i < count; i++) {
        bench.query.kernels = all[i];
        scree__vectors_query_set(&bench.query, bench.rows, bench.centroids);
        scree__vectors_query_list(&bench.query, 3, 3);
        double assign = time_of(&bench, all[i], run_assign) / ROWS;
        printf("%-16s %10.2f %9.1f %10.0f %10.0f %9.0f %10.1f %6.1f\n", all[i]->name,
               time_of(&bench, all[i], run_scan) / CODES, time_of(&bench, all[i], run_whole) / ROWS,
               time_of(&bench, all[i], run_rotate) / ROWS, assign,
               time_of(&bench, all[i], run_one) / ROWS, time_of(&bench, all[i], run_rerank) / ROWS,
               (double)dim * LISTS / assign);
    }
    scree__vectors_frame_fill(&bench.quantizer, bench.centroids + dim, &bench.frame);
    for (bench.quantizer.bits = 1; bench.quantizer.bits <= 8; bench.quantizer.bits += 4)
        printf("encode, %u bits: %.0f ns a row\n", bench.quantizer.bits,
               time_of(&bench, NULL, run_encode) / ROWS);
    double begin = now();
    for (uint32_t i = 0; i < ROWS; i++)
        scree__vectors_query_set(&bench.query, bench.rows + (size_t)i * dim, bench.centroids);
    printf("query set: %.0f ns (%g)\n", (now() - begin) / ROWS, (double)bench.sink);
    return 0;
}
