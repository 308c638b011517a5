/* scan.c - a query, rounded, and what its estimates with a list have in common. */
#include "vectors/scan.h"
#include "base/bytes.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

enum scree_status scree__vectors_query_init(struct scree__vectors_query *query,
                                            const struct scree__vectors_quantizer *quantizer,
                                            float deviations, struct scree__mem_budget *budget,
                                            struct scree_error *err)
{
    const uint32_t n = quantizer->padded_dim;
    memset(query, 0, sizeof *query);
    query->quantizer = quantizer;
    query->kernels = scree__vectors_kernels();
    query->budget = budget;
    query->deviations = deviations;
    query->memory_bytes = n * (uint64_t)sizeof(float) + scree__vectors_table_bytes(n) + 3u * n;
    enum scree_status status =
        scree__mem_alloc(budget, query->memory_bytes, &query->memory, "a query", err);
    if (status != SCREE_OK)
        return status;
    query->rotated = query->memory;
    query->tables = (uint8_t *)(query->rotated + n);
    query->levels = query->tables + scree__vectors_table_bytes(n);
    query->high = (int8_t *)(query->levels + n);
    query->low = query->high + n;
    return SCREE_OK;
}

void scree__vectors_query_release(struct scree__vectors_query *query)
{
    scree__mem_free(query->budget, query->memory, query->memory_bytes);
    memset(query, 0, sizeof *query);
}

#define SUMS 8 /* partial ones, so that they need not wait for each other */

static double sum_of(const double sums[SUMS])
{
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
           ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

static double square_of(const float *v, uint32_t n)
{
    double sums[SUMS] = {0};
    for (uint32_t i = 0; i < n; i += SUMS)
        for (uint32_t j = 0; j < SUMS; j++)
            sums[j] += (double)v[i + j] * v[i + j];
    return sum_of(sums);
}

/*
 * The step in standard deviations with which 16 levels lose least of a normal distribution (Max, 1960), and what of an error at right angles counts in
 * a bound: f_error covers |q - c| sqrt(1 - a^2) / a, the rounding of the query adds |e| / a; a^2 of 1-bit codes is 2 / pi, nearly.
 */
#define LEVEL_STEP 0.3352
#define LEVEL_WEIGHT 2.75

static void round_to_levels(struct scree__vectors_query *query, double square)
{
    const uint32_t n = query->quantizer->padded_dim;
    const double step = LEVEL_STEP * sqrt(square / n);
    const float per_step = step > 0 ? (float)(1 / step) : 0;
    int32_t along_parts[SUMS] = {0};
    double along[SUMS] = {0};
    for (uint32_t i = 0; i < n; i += SUMS)
        for (uint32_t j = 0; j < SUMS; j++) {
            float level = query->rotated[i + j] * per_step + 8;
            level = level < 0 ? 0 : level < 15.5f ? level : 15.5f;
            int32_t u = (int32_t)level;
            query->levels[i + j] = (uint8_t)u;
            u = 2 * u - 15;
            along_parts[j] += u * u;
            along[j] += (double)query->rotated[i + j] * u;
        }
    /* In halves of steps: <v^, v> and <v^, v^>. */
    double product = sum_of(along), length = 0;
    for (uint32_t j = 0; j < SUMS; j++)
        length += along_parts[j];
    double half_step = product > 0 ? square / product : 0;
    query->pack_scale = (float)half_step;
    query->pack_offset = (float)(-half_step * 7.5 * n);
    double left = half_step * half_step * length - square;
    query->pack_spread2 = (float)(LEVEL_WEIGHT * (left > 0 ? left : 0));
    query->kernels->tables(query->levels, n, query->tables);
}

/* 1 - a^2 of codes of so many bits, typically: the mean squared error of the quantizer of a normal distribution (Max, 1960). */
static const float lost[SCREE__VECTORS_BITS_MAX + 1] = {
    1, 0.3634f, 0.1188f, 0.03744f, 0.01154f, 0.003495f, 0.00104f, 0.000304f, 0.0000873f};

static void round_to_whole(struct scree__vectors_query *query)
{
    enum { MOST = 63 * 128 + 63 };
    const uint32_t n = query->quantizer->padded_dim;
    float most = 0;
    for (uint32_t i = 0; i < n; i++) {
        float size = fabsf(query->rotated[i]);
        most = size > most ? size : most;
    }
    const float per_unit = most > 0 ? (float)MOST / most : 0;
    int32_t sums[SUMS] = {0};
    for (uint32_t i = 0; i < n; i += SUMS)
        for (uint32_t j = 0; j < SUMS; j++) {
            float value = query->rotated[i + j] * per_unit + (float)(MOST + 64) + 0.5f;
            int32_t shifted = (int32_t)value; /* not negative: the value + MOST + 64 */
            int32_t whole = shifted - MOST - 64, high = ((shifted + 65) >> 7) - 64;
            query->high[i + j] = (int8_t)high;
            query->low[i + j] = (int8_t)(whole - high * 128);
            sums[j] += whole;
        }
    query->whole_sum = 0;
    for (uint32_t j = 0; j < SUMS; j++)
        query->whole_sum += sums[j];
    query->whole_scale = most / (float)MOST;
    query->whole_spread2 =
        query->whole_scale * query->whole_scale * (float)n / 12 / lost[query->quantizer->bits];
}

void scree__vectors_query_set(struct scree__vectors_query *query, const float *values,
                              const float *origin)
{
    const struct scree__vectors_quantizer *quantizer = query->quantizer;
    scree__vectors_rotate(quantizer->rotation, quantizer->dim, quantizer->padded_dim, values, 0, 1,
                          origin, query->rotated);
    round_to_levels(query, square_of(query->rotated, quantizer->padded_dim));
    if (quantizer->bits > 1)
        round_to_whole(query);
}

void scree__vectors_query_list(struct scree__vectors_query *query, float distance2, float product)
{
    query->add = query->quantizer->compared == SCREE__VECTORS_L2 ? distance2 : -product;
    query->pack_error = query->deviations * sqrtf(distance2 + query->pack_spread2);
    query->whole_error = query->deviations * sqrtf(distance2 + query->whole_spread2);
}

void scree__vectors_scan_pack(const struct scree__vectors_query *query, const uint8_t *pack,
                              uint32_t width, uint32_t rows, float limit,
                              struct scree__vectors_hits *hits)
{
    query->kernels->scan(query, pack, width, rows, limit, hits);
}

static float error_of_whole(const uint8_t *word)
{
    uint32_t bits = scree__base_load32(word) << 16;
    float error;
    memcpy(&error, &bits, sizeof error);
    return error;
}

void scree__vectors_scan_extra(const struct scree__vectors_query *query, const uint8_t *pack,
                               uint32_t width, uint32_t row, const uint8_t *extra,
                               const float *extra_factors, float *estimate, float *error)
{
    const struct scree__vectors_quantizer *quantizer = query->quantizer;
    int64_t sum = query->kernels->whole(query, pack, width, row, extra);
    int64_t twice = 2 * sum - ((1 << quantizer->bits) - 1) * query->whole_sum;
    float along = (float)twice * (query->whole_scale * 0.5f);
    const uint8_t *words = pack + (size_t)(quantizer->padded_dim / 8) * width + 8 * (size_t)width;
    *estimate = extra_factors[0] + query->add + extra_factors[1] * along;
    *error = error_of_whole(words + 4 * (size_t)row) * query->whole_error;
}
