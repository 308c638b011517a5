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

/*
 * The step in standard deviations with which 16 levels lose least of a normal distribution (Max, 1960), and what of an error at right angles counts in
 * a bound: f_error covers |q - c| sqrt(1 - a^2) / a, the rounding of the query adds |e| / a; a^2 of 1-bit codes is 2 / pi, nearly.
 */
#define LEVEL_STEP 0.3352f
#define LEVEL_WEIGHT 2.75

static void round_to_levels(struct scree__vectors_query *query, float square)
{
    const uint32_t n = query->quantizer->padded_dim;
    const float step = LEVEL_STEP * sqrtf(square / (float)n);
    float sums[2];
    query->kernels->levels(query->rotated, n, step > 0 ? 1 / step : 0, query->levels, sums);
    /* In halves of steps: <v^, v^> and <v^, v>. */
    double half_step = sums[1] > 0 ? (double)square / sums[1] : 0;
    double left = half_step * half_step * sums[0] - square;
    query->pack_scale = (float)half_step;
    query->pack_offset = (float)(-half_step * 7.5 * n);
    query->pack_spread2 = (float)(LEVEL_WEIGHT * (left > 0 ? left : 0));
    query->kernels->tables(query);
}

/* 1 - a^2 of codes of so many bits, typically: the mean squared error of the quantizer of a normal distribution (Max, 1960). */
static const float lost[SCREE__VECTORS_BITS_MAX + 1] = {
    1, 0.3634f, 0.1188f, 0.03744f, 0.01154f, 0.003495f, 0.00104f, 0.000304f, 0.0000873f};

static void round_to_whole(struct scree__vectors_query *query, float most)
{
    const float units = 63 * 128 + 63;
    const uint32_t n = query->quantizer->padded_dim;
    query->whole_sum = query->kernels->split(query->rotated, n, most > 0 ? units / most : 0,
                                             query->high, query->low);
    query->whole_scale = most / units;
    query->whole_spread2 =
        query->whole_scale * query->whole_scale * (float)n / 12 / lost[query->quantizer->bits];
}

void scree__vectors_query_set(struct scree__vectors_query *query, const float *values,
                              const float *origin)
{
    const struct scree__vectors_quantizer *quantizer = query->quantizer;
    scree__vectors_rotate(quantizer->rotation, quantizer->dim, quantizer->padded_dim, values, 0, 1,
                          origin, query->rotated);
    float sums[3];
    query->kernels->measure(query->rotated, quantizer->padded_dim, query->levels, sums);
    round_to_levels(query, sums[0]);
    query->square = sums[0];
    if (quantizer->bits > 1 || query->rough)
        round_to_whole(query, sums[2]);
}

void scree__vectors_query_list(struct scree__vectors_query *query, float distance2, float product)
{
    query->add = query->quantizer->compared == SCREE__VECTORS_L2 ? distance2 : -product;
    query->pack_error = query->deviations * sqrtf(distance2 + query->pack_spread2);
    query->whole_error = query->deviations * sqrtf(distance2 + query->whole_spread2);
}

void scree__vectors_scan_packs(const struct scree__vectors_query *query, const uint8_t *pack,
                               uint32_t width, uint32_t rows, uint32_t first, float limit,
                               struct scree__vectors_hits *hits)
{
    query->kernels->scan(query, pack, width, rows, first, limit, hits);
}

void scree__vectors_scan_whole(const struct scree__vectors_query *query,
                               struct scree__vectors_seen *seen)
{
    query->kernels->whole(query, seen);
}
