/*
 * quantizer.h - RaBitQ (Gao & Long 2024; with several bits: Gao et al. 2025): from rows and their list's centroid to codes of 1 to 8 bits a dimension, and the
 * numbers that make an unbiased estimate of a distance out of them. How a query is compared with them is scan.h.
 *
 * With R the rotation, m the origin (the mean of all centroids), c the list's centroid, o a row, D the padded dimension, B the bits:
 *     r = R (o - c)                                the residual
 *     u in [0, 2^B): u >= 2^(B-1) where r >= 0     its code, a number a dimension; x = u - (2^B - 1) / 2 points into the direction of r
 *     alpha = <r, r> / <x, r>                      so that alpha <x, v> is an unbiased estimate of <r, v> for any v (RaBitQ, theorem 3.2)
 * For a query q the estimate of what is compared is f_add + g_add + f_rescale <x, R (q - m)>, its standard deviation about f_error |q - c|:
 *              compared        f_add                                       f_rescale  f_error                g_add
 *     l2       |o - q|^2       <r,r> + 2 alpha <x, R (c - m)>              -2 alpha   2 |r| e                |q - c|^2
 *     ip, cos  -<o, q>         -<r, R c> + alpha <x, R (c - m)>            -alpha     |r| e                  -<q, c>
 * e = sqrt((1 - a^2) / (a^2 (D - 1))), a = <x, r> / (|x| |r|). Where r = 0: u = 2^(B-1), f_rescale = f_error = 0. Cosine: rows and queries have length 1 already.
 *
 * Bytes of one list (all numbers little-endian):
 *   packs          rows in packs of 64; the last one holds 32 where no more than 32 are left. w = 64 or 32. A pack:
 *                    codes     [D / 8][w] bytes: byte k of row j at k * w + j; bit i, from the lowest, is 1 where r[8 k + i] >= 0: the first bit of u
 *                    f_add     [w] float, of the 1-bit code
 *                    f_rescale [w] float, of the 1-bit code
 *                    f_error   [w] float. Where B > 1, its lower 16 bits are the upper 16 bits of another float: f_error of the whole code. Both
 *                              are rounded up to 8 bits of mantissa, so the word as a float is still a bound, no more than 2^-7 larger.
 *                  Rows of the last pack beyond the list's count are zero bytes.
 *   extra          B > 1: the other E = B - 1 bits, u mod 2^E, a row after the other: for each 64 dimensions 8 * E bytes, made of
 *                  (where E & 4) 32 bytes: bits 0-3 of dimension i < 32 in the lower half of byte i, of dimension i >= 32 in the upper half of byte i - 32,
 *                  (where E & 2) 16 bytes: the next 2 bits of dimension i at bits 2 * (i / 16) of byte i % 16,
 *                  (where E & 1) 8 bytes: the next bit of dimension i at bit i % 8 of byte i / 8
 *   extra factors  B > 1: f_add, f_rescale of the whole code, float, a row after the other
 *
 * Everything here gives the same bits on every level of lib/simd. Threads: a quantizer is read only once made; working memory is the caller's.
 */
#ifndef SCREE_LIB_VECTORS_QUANTIZER_H
#define SCREE_LIB_VECTORS_QUANTIZER_H

#include "scree/base.h"
#include "vectors/rotation.h"

#define SCREE__VECTORS_PACK_ROWS 64u
#define SCREE__VECTORS_HALF_PACK_ROWS 32u
#define SCREE__VECTORS_BITS_MAX 8u

/* --------------------------------------------------------------------------------------- layout */

static inline uint32_t scree__vectors_pack_count(uint32_t row_count)
{
    return row_count / SCREE__VECTORS_PACK_ROWS + (row_count % SCREE__VECTORS_PACK_ROWS != 0);
}

/* 64 or 32: the width of pack `pack` of a list of row_count rows. */
static inline uint32_t scree__vectors_pack_width(uint32_t row_count, uint32_t pack)
{
    uint32_t left = row_count - pack * SCREE__VECTORS_PACK_ROWS;
    return left > SCREE__VECTORS_HALF_PACK_ROWS ? SCREE__VECTORS_PACK_ROWS
                                                : SCREE__VECTORS_HALF_PACK_ROWS;
}

/* Of a pack of `width` rows. Pack p of a list begins at p * scree__vectors_pack_bytes(padded_dim, 64). */
static inline uint64_t scree__vectors_pack_bytes(uint32_t padded_dim, uint32_t width)
{
    return (uint64_t)width * (padded_dim / 8 + 12);
}

/* Of all packs of a list: a multiple of 64. */
static inline uint64_t scree__vectors_packs_bytes(uint32_t padded_dim, uint32_t row_count)
{
    uint32_t packs = scree__vectors_pack_count(row_count);
    return packs == 0
               ? 0
               : scree__vectors_pack_bytes(padded_dim, SCREE__VECTORS_PACK_ROWS) * (packs - 1) +
                     scree__vectors_pack_bytes(padded_dim,
                                               scree__vectors_pack_width(row_count, packs - 1));
}

/* The extra bits of one row, a multiple of 8 (0 where bits is 1). */
static inline uint32_t scree__vectors_extra_bytes(uint32_t padded_dim, uint32_t bits)
{
    return padded_dim / 8 * (bits - 1);
}

/* Packs, extra and extra factors of a list together. */
static inline uint64_t scree__vectors_codes_bytes(uint32_t bits, uint32_t padded_dim,
                                                  uint32_t row_count)
{
    return scree__vectors_packs_bytes(padded_dim, row_count) +
           (bits == 1 ? 0
                      : (uint64_t)row_count * (scree__vectors_extra_bytes(padded_dim, bits) + 8));
}

/* ------------------------------------------------------------------------------------- encoding */

enum scree__vectors_compared {
    SCREE__VECTORS_L2 = 0,     /* squared distance */
    SCREE__VECTORS_PRODUCT = 1 /* minus the inner product: for inner product and cosine */
};

struct scree__vectors_quantizer {
    uint32_t dim, padded_dim, bits;
    enum scree__vectors_compared compared;
    const uint8_t *rotation; /* the state; the caller's */
};

/*
 * The origin of a column: the mean of its centroids, summed in double from the first list to the last, divided by their number, rounded to float.
 * It is not stored: whoever needs it calls this. origin: [dim].
 */
void scree__vectors_origin(const float *centroids, size_t centroid_stride, uint32_t list_count,
                           uint32_t dim, float *origin);

/* What encoding needs of a list: R (c - m) and R c, padded_dim floats each, 64-byte aligned. */
struct scree__vectors_frame {
    const float *centroid; /* [dim], not rotated */
    float *from_origin;    /* R (c - m) */
    float *rotated;        /* R c */
};

/* Fills frame->from_origin and frame->rotated, which point to room for padded_dim floats each; frame->centroid is set by the caller. */
void scree__vectors_frame_fill(const struct scree__vectors_quantizer *quantizer,
                               const float *origin, struct scree__vectors_frame *frame);

/* Codes of single rows, not in packs yet. Arrays with an element for each row; extra and extra_factors are not used where bits is 1. */
struct scree__vectors_codes {
    uint8_t *signs;       /* [count][padded_dim / 8] */
    float *factors;       /* [count][3]: f_add, f_rescale, f_error (the word of the pack) */
    uint8_t *extra;       /* [count][scree__vectors_extra_bytes()], as in the file */
    float *extra_factors; /* [count][2], as in the file */
};

/* Floats of working memory for _encode(). */
static inline size_t scree__vectors_encode_floats(uint32_t padded_dim)
{
    return 2 * (size_t)padded_dim;
}

/*
 * Encodes `count` rows (dim floats, row_stride floats apart, finite) of one list. work: scree__vectors_encode_floats(), 64-byte aligned. radii:
 * [count], |o - c| of each, or NULL.
 */
void scree__vectors_encode(const struct scree__vectors_quantizer *quantizer,
                           const struct scree__vectors_frame *frame, const float *rows,
                           size_t row_stride, size_t count, float *work,
                           const struct scree__vectors_codes *codes, float *radii);

/*
 * Puts `count` rows, which are those from `first` on of a list of row_count, into its packs: signs and factors as _encode() gave them. packs: of the
 * whole list, scree__vectors_packs_bytes(), zeroed before the first call. Rows in any order; two threads may work on different packs.
 */
void scree__vectors_pack(uint32_t padded_dim, const uint8_t *signs, const float *factors,
                         uint32_t first, uint32_t count, uint32_t row_count, uint8_t *packs);

#endif
