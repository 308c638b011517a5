/* quantizer.c - rows into codes: quantizer.h has the formulas. */
#include "vectors/quantizer.h"
#include "base/bytes.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

void scree__vectors_origin(const float *centroids, size_t centroid_stride, uint32_t list_count,
                           uint32_t dim, float *origin)
{
    enum { BLOCK = 64 };
    for (uint32_t begin = 0; begin < dim; begin += BLOCK) {
        uint32_t n = dim - begin < BLOCK ? dim - begin : BLOCK;
        double sums[BLOCK] = {0};
        for (uint32_t list = 0; list < list_count; list++)
            for (uint32_t i = 0; i < n; i++)
                sums[i] += centroids[list * centroid_stride + begin + i];
        for (uint32_t i = 0; i < n; i++)
            origin[begin + i] = (float)(sums[i] / list_count);
    }
}

void scree__vectors_frame_fill(const struct scree__vectors_quantizer *quantizer,
                               const float *origin, struct scree__vectors_frame *frame)
{
    scree__vectors_rotate(quantizer->rotation, quantizer->dim, quantizer->padded_dim,
                          frame->centroid, 0, 1, origin, frame->from_origin);
    scree__vectors_rotate(quantizer->rotation, quantizer->dim, quantizer->padded_dim,
                          frame->centroid, 0, 1, NULL, frame->rotated);
}

/* ---------------------------------------------------------------------------- the best codes */

/* Steps of the uniform quantizer with 2^bits levels that loses least of a normal distribution, in standard deviations (Max, 1960). */
static const float normal_steps[SCREE__VECTORS_BITS_MAX + 1] = {
    0, 0, 0.9957f, 0.5860f, 0.3352f, 0.1881f, 0.1041f, 0.0569f, 0.0308f};

/*
 * k for each dimension so that x = +-(k + 0.5) points into the direction of r as well as can be found: from a step that suits a normal distribution,
 * then thrice the step that x itself suggests (<x, |r|> / <x, x>), the best of these four. sums: of the codes that are left in `codes`.
 */
static void choose_codes(const struct scree__vectors_kernels *kernels, const float *r, uint32_t n,
                         unsigned bits, float square, uint8_t *codes, float sums[2])
{
    enum { TRIES = 4 };
    const uint32_t top = (1u << (bits - 1)) - 1;
    float step = normal_steps[bits] * sqrtf(square / (float)n);
    float best_step = step, best = -1;
    for (int i = 0; i < TRIES; i++) {
        kernels->quantize(r, n, 1 / step, top, codes, sums);
        float cosine2 = sums[0] * (sums[0] / sums[1]);
        if (cosine2 <= best)
            break;
        best = cosine2;
        best_step = step;
        step = sums[0] / sums[1];
        if (i == TRIES - 1)
            return;
    }
    kernels->quantize(r, n, 1 / best_step, top, codes, sums);
}

/* --------------------------------------------------------------------------------- extra bits */

/* Bit 0 of eight bytes, gathered into one. */
static uint8_t gather_bits(uint64_t bytes)
{
    return (uint8_t)((bytes * 0x0102040810204080u) >> 56);
}

#define EACH_BYTE(v) (0x0101010101010101u * (uint64_t)(v))

/* 64 dimensions of u mod 2^bits. */
static void pack_extra(const uint8_t *u, unsigned bits, uint8_t *extra)
{
    uint64_t words[8];
    for (unsigned i = 0; i < 8; i++)
        words[i] = scree__base_load64(u + 8 * i);
    unsigned at = 0;
    if ((bits & 4) != 0) {
        for (unsigned i = 0; i < 4; i++, extra += 8)
            scree__base_store64(extra, (words[i] & EACH_BYTE(15)) | (words[i + 4] & EACH_BYTE(15))
                                                                        << 4);
        at += 4;
    }
    if ((bits & 2) != 0) {
        for (unsigned i = 0; i < 2; i++, extra += 8) {
            uint64_t word = 0;
            for (unsigned j = 0; j < 4; j++)
                word |= (words[i + 2 * j] >> at & EACH_BYTE(3)) << (2 * j);
            scree__base_store64(extra, word);
        }
        at += 2;
    }
    if ((bits & 1) != 0)
        for (unsigned i = 0; i < 8; i++)
            *extra++ = gather_bits(words[i] >> at & EACH_BYTE(1));
}

/* Codes k of sizes, and signs, become u mod 2^bits: k where r >= 0, else 2^bits - 1 - k. */
static void pack_row(uint8_t *codes, const uint8_t *signs, uint32_t n, unsigned bits,
                     uint8_t *extra)
{
    for (uint32_t i = 0; i < n; i += 8) {
        uint64_t negative = (uint8_t)~signs[i / 8], spread;
        spread = (negative * EACH_BYTE(1) & 0x8040201008040201u); /* bit i of byte i */
        spread = ((spread + EACH_BYTE(0x7f)) >> 7 & EACH_BYTE(1)) * ((1u << bits) - 1);
        scree__base_store64(codes + i, scree__base_load64(codes + i) ^ spread);
    }
    for (uint32_t i = 0; i < n; i += 64, extra += 8 * bits)
        pack_extra(codes + i, bits, extra);
}

/* ------------------------------------------------------------------------------------ factors */

struct factors {
    float add, rescale, error;
};

/* along: <x, r>; x2: <x, x>; centroid: <x, R (c - m)>; straight: <r, R c>. */
static struct factors factors_of(const struct scree__vectors_quantizer *quantizer, float square,
                                 float along, float x2, float centroid, float straight)
{
    struct factors factors = {0, 0, 0};
    if (!(along > 0))
        return factors;
    double alpha = (double)square / along;
    double cosine2 = (double)along * along / ((double)x2 * square);
    double left = cosine2 < 1 ? (1 - cosine2) / cosine2 : 0;
    double error = sqrt(square * left / (quantizer->padded_dim - 1));
    if (quantizer->compared == SCREE__VECTORS_L2) {
        factors.add = (float)(square + 2 * alpha * centroid);
        factors.rescale = (float)(-2 * alpha);
        factors.error = (float)(2 * error);
    } else {
        factors.add = (float)(alpha * centroid - straight);
        factors.rescale = (float)-alpha;
        factors.error = (float)error;
    }
    return factors;
}

/* The upper 16 bits of a float that is not smaller. */
static uint32_t round_up_half_word(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits + 0xffff) >> 16;
}

static float two_errors(float first, float whole)
{
    uint32_t word = round_up_half_word(first) << 16 | round_up_half_word(whole);
    float both;
    memcpy(&both, &word, sizeof both);
    return both;
}

static void encode_row(const struct scree__vectors_kernels *kernels,
                       const struct scree__vectors_quantizer *quantizer,
                       const struct scree__vectors_frame *frame, float *r, uint8_t *k,
                       const struct scree__vectors_codes *codes, size_t row, float *radius)
{
    const uint32_t n = quantizer->padded_dim;
    const unsigned bits = quantizer->bits;
    uint8_t *signs = codes->signs + row * (n / 8);
    float sizes[3], sums[2] = {0, 0}, projected[3];
    kernels->measure(r, n, signs, sizes);
    bool zero = !(sizes[0] > 0);
    if (bits > 1) {
        if (zero)
            memset(k, 0, n);
        else
            choose_codes(kernels, r, n, bits, sizes[0], k, sums);
    }
    kernels->project(r, n, bits > 1 ? k : NULL, frame->from_origin,
                     quantizer->compared == SCREE__VECTORS_PRODUCT ? frame->rotated : NULL,
                     projected);
    struct factors first = factors_of(quantizer, sizes[0], 0.5f * sizes[1], 0.25f * (float)n,
                                      0.5f * projected[0], projected[2]);
    float *factors = codes->factors + row * 3;
    factors[0] = first.add;
    factors[1] = first.rescale;
    factors[2] = first.error;
    if (bits > 1) {
        struct factors whole =
            factors_of(quantizer, sizes[0], sums[0], sums[1], projected[1], projected[2]);
        factors[2] = two_errors(first.error, whole.error);
        codes->extra_factors[row * 2] = whole.add;
        codes->extra_factors[row * 2 + 1] = whole.rescale;
        uint32_t extra_bytes = scree__vectors_extra_bytes(n, bits);
        pack_row(k, signs, n, bits - 1, codes->extra + row * extra_bytes);
    }
    if (radius != NULL)
        *radius = sqrtf(sizes[0]);
}

void scree__vectors_encode(const struct scree__vectors_quantizer *quantizer,
                           const struct scree__vectors_frame *frame, const float *rows,
                           size_t row_stride, size_t count, float *work,
                           const struct scree__vectors_codes *codes, float *radii)
{
    const struct scree__vectors_kernels *kernels = scree__vectors_kernels();
    float *r = work;
    uint8_t *k = (uint8_t *)(work + quantizer->padded_dim);
    for (size_t i = 0; i < count; i++) {
        scree__vectors_rotate(quantizer->rotation, quantizer->dim, quantizer->padded_dim,
                              rows + i * row_stride, 0, 1, frame->centroid, r);
        encode_row(kernels, quantizer, frame, r, k, codes, i, radii == NULL ? NULL : radii + i);
    }
}

void scree__vectors_pack(uint32_t padded_dim, const uint8_t *signs, const float *factors,
                         uint32_t first, uint32_t count, uint32_t row_count, uint8_t *packs)
{
    const uint32_t planes = padded_dim / 8;
    for (uint32_t i = 0; i < count; i++, signs += planes, factors += 3) {
        uint32_t pack = (first + i) / SCREE__VECTORS_PACK_ROWS;
        uint32_t at = (first + i) % SCREE__VECTORS_PACK_ROWS;
        uint32_t width = scree__vectors_pack_width(row_count, pack);
        uint8_t *to =
            packs + pack * scree__vectors_pack_bytes(padded_dim, SCREE__VECTORS_PACK_ROWS);
        for (uint32_t k = 0; k < planes; k++)
            to[(size_t)k * width + at] = signs[k];
        to += (size_t)planes * width;
        for (unsigned j = 0; j < 3; j++) {
            uint32_t word;
            memcpy(&word, factors + j, sizeof word);
            scree__base_store32(to + 4 * ((size_t)j * width + at), word);
        }
    }
}
