/*
 * kernels.h - the inner loops of the room, compiled once for each level of lib/simd: kernels_plain.c, kernels_avx2.c, kernels_avx512.c,
 * kernels_vbmi.c. All give the same bits: sums of floats go in the order that is written here, other sums are whole numbers.
 *
 * Sum in lanes: of a product or square at index i in lane i % 64, each lane from the first to the last, then lanes by halves (64 -> 32 -> ... -> 1).
 */
#ifndef SCREE_LIB_VECTORS_KERNELS_H
#define SCREE_LIB_VECTORS_KERNELS_H

#include "vectors/lists.h"
#include "vectors/nearest.h"
#include "vectors/rough.h"
#include "vectors/scan.h"
#include "simd/level.h"

/* Dimensions whose products are summed before they are added to the rest: lists.h. */
#define SCREE__VECTORS_SUM_DIMS 256u

/* Rerank rows that are compared in one call, at most. */
#define SCREE__VECTORS_ROWS_TOGETHER 16u

struct scree__vectors_kernels {
    const char *name;

    /* As scree__vectors_rotate(), of one row. It may be in place. */
    void (*rotate)(const uint8_t *state, uint32_t dim, uint32_t padded_dim, const float *row,
                   const float *minus, float *values);

    /* As scree__vectors_products() and scree__vectors_assign(). */
    void (*products)(const struct scree__vectors_lists *lists, const float *rows, size_t row_stride,
                     size_t count, float *products, size_t product_stride);
    void (*assign)(const struct scree__vectors_lists *lists, const float *rows, size_t row_stride,
                   size_t count, uint32_t *nearest, float *distances2);

    /* Sums in lanes i % 16 of r^2 and |r|, and the largest |r|; n a multiple of 64, r aligned. Signs: bit i is 1 where r[i] >= 0. */
    void (*measure)(const float *r, uint32_t n, uint8_t *signs, float sums[3]);
    /* codes[i] = k = min(|r[i]| * scale rounded down, top); sums in lanes i % 16 of (k + 0.5) |r| and (k + 0.5)^2. */
    void (*quantize)(const float *r, uint32_t n, float scale, uint32_t top, uint8_t *codes,
                     float sums[2]);
    /* Sums in lanes i % 16 of s(r) a, s(r) (k + 0.5) a and r b, s(r) the sign of r, k = codes[i]; codes NULL: no second one; b NULL: no third. */
    void (*project)(const float *r, uint32_t n, const uint8_t *codes, const float *a,
                    const float *b, float sums[3]);

    /*
     * A query v, rounded. levels: out[i] = u = v[i] * per_step + 8 rounded down, within 0 and 15; sums in lanes i % 16 of (2 u - 15)^2 and
     * v (2 u - 15). split: high * 128 + low = v * per_unit, |v * per_unit| <= 8127, rounded; their sum. n a multiple of 64.
     */
    void (*levels)(const float *v, uint32_t n, float per_step, uint8_t *out, float sums[2]);
    int64_t (*split)(const float *v, uint32_t n, float per_unit, int8_t *high, int8_t *low);
    /* Tables of query->levels for scan: query->tables, scree__vectors_table_bytes(), table_base, table_roomy. */
    void (*tables)(struct scree__vectors_query *query);
    /* As scree__vectors_scan_packs(). */
    void (*scan)(const struct scree__vectors_query *query, const uint8_t *pack, uint32_t width,
                 uint32_t rows, uint32_t first, float limit, struct scree__vectors_hits *hits);
    /* Half way from the least to the mean: about an eighth of many estimates are below. Of values that fill sixteens; one at least does. */
    float (*middling)(const float *values, uint32_t count, float *least);
    /*
     * Hits [begin, end) whose estimates are below one limit, whose lower bounds below another: their rows, factors and, where they are wanted, estimates are added to
     * those of `seen`; they themselves become infinite. How many.
     */
    uint32_t (*select)(struct scree__vectors_hits *hits, uint32_t begin, uint32_t end, float limit,
                       float low_limit, bool with_estimates, struct scree__vectors_seen *seen);
    /* As scree__vectors_scan_whole(): from sums of u * (high * 128 + low) over the dimensions. */
    void (*whole)(const struct scree__vectors_query *query, struct scree__vectors_seen *seen);

    /*
     * Keys of lists, by which they are chosen: squares - 2 products or, where squares are NULL, -products; n a multiple of 16. below: which of n values
     * are below a limit: how many, and their numbers, if `which` (room for 16 more) is not NULL; values has room for a multiple of 16.
     */
    void (*keys)(const float *squares, const float *products, uint32_t n, float *keys);
    uint32_t (*below)(const float *keys, uint32_t n, float limit, uint32_t *which);

    /* As scree__vectors_rough_keys(): square - sum * scale -+ (length * lost + left * size + slack). */
    void (*rough)(const struct scree__vectors_rough *rough,
                  const struct scree__vectors_query *query, float *lower, float *upper);

    /* The 16 smallest of best[16], which are in order, and of upper[count]: to best. */
    void (*uppers)(float *best, const float *upper, uint32_t count);
    /* Not less than the `most` smallest of n values, most up to 16, and hardly more than these: of i % 16 the two smallest are looked at. n: a multiple of 16. */
    float (*limit)(const float *values, uint32_t n, uint32_t most);
    /* Of what is seen those whose estimate - error is below the limit become candidates, in order; to[] has room for 16 more. How many. upper[], of the size of HITS_ROOM: estimate + error of all. */
    uint32_t (*keep)(const struct scree__vectors_seen *seen, float limit,
                     struct scree__vectors_candidate *to, float *upper);

    /* Rerank rows against a query, summed in lanes: |a - b|^2 and <a, b>. fp16: IEEE 754 binary16. */
    float (*distance2_fp32)(const float *a, const float *b, uint32_t dim);
    float (*product_fp32)(const float *a, const float *b, uint32_t dim);
    float (*distance2_fp16)(const uint16_t *a, const float *b, uint32_t dim);
    float (*product_fp16)(const uint16_t *a, const float *b, uint32_t dim);
    /* The same of up to ROWS_TOGETHER rows: to out[], which has room for as many. */
    void (*rows)(const uint8_t *const *rows, uint32_t count, const float *values, uint32_t dim,
                 bool fp16, bool distance2, float *out);
    /* How many of `count` pairs are before each, by (distance, id, number). No distance is NaN; distances has room for a multiple of 16. */
    void (*ranks)(const float *distances, const uint64_t *ids, uint32_t count, uint32_t *ranks);
};

/* For 16 dimensions 192 bytes at most. */
static inline uint32_t scree__vectors_table_bytes(uint32_t padded_dim)
{
    return padded_dim * 12;
}

extern const struct scree__vectors_kernels scree__vectors_kernels_plain;
#if SCREE__SIMD_X86
extern const struct scree__vectors_kernels scree__vectors_kernels_avx2,
    scree__vectors_kernels_avx512;
/* AVX-512 with VBMI and VNNI: Ice Lake, Zen 4 and later. */
extern const struct scree__vectors_kernels scree__vectors_kernels_vbmi;
#endif

/* Those of the level in force. */
const struct scree__vectors_kernels *scree__vectors_kernels(void);

/* All that this machine can run, whatever is forced: for tests and benchmarks. Returns how many, at most 4. */
unsigned scree__vectors_kernels_all(const struct scree__vectors_kernels *kernels[4]);

#endif
