/* choose_here.h - what is nearest: keys of lists, values below a limit, the least upper bounds. */
#ifndef SCREE_LIB_VECTORS_CHOOSE_HERE_H
#define SCREE_LIB_VECTORS_CHOOSE_HERE_H

#include "vectors/kernels.h"
#include "vectors/lanes.h"

#include <math.h>

static void keys(const float *squares, const float *products, uint32_t n, float *out)
{
    const lanes zero = lanes_set(0);
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes product = lanes_load(products + i);
        lanes_store(out + i, squares == NULL
                                 ? lanes_sub(zero, product)
                                 : lanes_sub(lanes_load(squares + i), lanes_add(product, product)));
    }
}

static uint32_t below(const float *values, uint32_t n, float limit, uint32_t *which)
{
    const lanes most = lanes_set(limit);
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i += LANES) {
        uint32_t mask = lanes_negative(lanes_sub(lanes_load(values + i), most));
        if (n - i < LANES)
            mask &= (1u << (n - i)) - 1;
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
        const __m512i each =
            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        if (which != NULL)
            _mm512_storeu_si512(
                which + count,
                _mm512_maskz_compress_epi32((__mmask16)mask,
                                            _mm512_add_epi32(each, _mm512_set1_epi32((int)i))));
        count += (uint32_t)__builtin_popcount(mask);
#else
        if (which == NULL) {
            count += (uint32_t)__builtin_popcount(mask);
            continue;
        }
        for (; mask != 0; mask &= mask - 1)
            which[count++] = i + (uint32_t)__builtin_ctz(mask);
#endif
    }
    return count;
}

#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512

/* Sixteen and their partners: the larger ones to the lanes of `upper`. */
static inline __m512 exchange(__m512 a, __m512 partners, __mmask16 upper)
{
    return _mm512_mask_max_ps(_mm512_min_ps(a, partners), upper, a, partners);
}

static inline __m512 by_one(__m512 a)
{
    return exchange(a, _mm512_permute_ps(a, 0xb1), 0xaaaa);
}
static inline __m512 by_two(__m512 a)
{
    return exchange(a, _mm512_permute_ps(a, 0x4e), 0xcccc);
}
static inline __m512 by_four(__m512 a)
{
    return exchange(a, _mm512_shuffle_f32x4(a, a, 0xb1), 0xf0f0);
}
static inline __m512 by_eight(__m512 a)
{
    return exchange(a, _mm512_shuffle_f32x4(a, a, 0x4e), 0xff00);
}
static inline __m512 turned_around(__m512 a)
{
    return _mm512_permute_ps(_mm512_shuffle_f32x4(a, a, 0x1b), 0x1b);
}

/* Of sixteen, smallest first (Batcher's bitonic sort). */
static inline __m512 in_order(__m512 a)
{
    a = by_one(a);
    a = by_one(exchange(a, _mm512_permute_ps(a, 0x1b), 0xcccc));
    a = exchange(a, _mm512_permute_ps(_mm512_shuffle_f32x4(a, a, 0xb1), 0x1b), 0xf0f0);
    a = by_one(by_two(a));
    a = exchange(a, turned_around(a), 0xff00);
    return by_one(by_two(by_four(a)));
}

/* The smaller half of two that are in order. */
static inline __m512 smaller_half(__m512 a, __m512 b)
{
    return by_one(by_two(by_four(by_eight(_mm512_min_ps(a, turned_around(b))))));
}

/* Few move those above them up by one, more are put in order first. */
static void uppers(float *best, const float *upper, uint32_t count)
{
    enum { FEW_UPPERS = 4 };
    const __m512i least = _mm512_castps_si512(_mm512_set1_ps(-INFINITY));
    __m512 all = _mm512_loadu_ps(best);
    for (uint32_t i = 0; i < count; i += 16) {
        const __mmask16 there = (__mmask16)(count - i < 16 ? (1u << (count - i)) - 1 : 0xffff);
        const __m512 limit = _mm512_permutexvar_ps(_mm512_set1_epi32(15), all);
        const __m512 some = _mm512_mask_loadu_ps(_mm512_set1_ps(INFINITY), there, upper + i);
        uint32_t in = _mm512_cmp_ps_mask(some, limit, _CMP_LT_OQ);
        if (__builtin_popcount(in) > FEW_UPPERS) {
            all = smaller_half(all, in_order(some));
            continue;
        }
        for (; in != 0; in &= in - 1) {
            __m512 value = _mm512_set1_ps(upper[i + (uint32_t)__builtin_ctz(in)]);
            __m512i moved = _mm512_alignr_epi32(_mm512_castps_si512(all), least, 15);
            all = _mm512_min_ps(all, _mm512_max_ps(_mm512_castsi512_ps(moved), value));
        }
    }
    _mm512_storeu_ps(best, all);
}

/* Compressed, then sixteen by four turned around. */
static uint32_t keep(const struct scree__vectors_seen *seen, float limit,
                     struct scree__vectors_candidate *to, float *upper)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < seen->count; i += 16) {
        const __mmask16 there =
            (__mmask16)(seen->count - i < 16 ? (1u << (seen->count - i)) - 1 : 0xffff);
        const __m512 estimate = _mm512_loadu_ps(seen->estimate + i);
        const __m512 error = _mm512_loadu_ps(seen->error + i);
        const __m512 low = _mm512_sub_ps(estimate, error);
        const __mmask16 in = _mm512_mask_cmp_ps_mask(there, low, _mm512_set1_ps(limit), _CMP_LT_OQ);
        _mm512_storeu_ps(upper + i, _mm512_add_ps(estimate, error));
        __m512i a = _mm512_maskz_compress_epi32(in, _mm512_castps_si512(low));
        __m512i b = _mm512_maskz_compress_epi32(in, _mm512_castps_si512(estimate));
        __m512i c = _mm512_maskz_compress_epi32(in, _mm512_loadu_si512(seen->slot + i));
        __m512i d = _mm512_maskz_compress_epi32(in, _mm512_loadu_si512(seen->row + i));
        __m512i ab[2] = {_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b)};
        __m512i cd[2] = {_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d)};
        /* Rows 0, 4, 8, 12; then 1, 5, 9, 13 and so on. */
        __m512i r[4] = {_mm512_unpacklo_epi64(ab[0], cd[0]), _mm512_unpackhi_epi64(ab[0], cd[0]),
                        _mm512_unpacklo_epi64(ab[1], cd[1]), _mm512_unpackhi_epi64(ab[1], cd[1])};
        __m512i s[4] = {
            _mm512_shuffle_i32x4(r[0], r[1], 0x44), _mm512_shuffle_i32x4(r[2], r[3], 0x44),
            _mm512_shuffle_i32x4(r[0], r[1], 0xee), _mm512_shuffle_i32x4(r[2], r[3], 0xee)};
        for (int half = 0; half < 2; half++) {
            _mm512_storeu_si512(to + count + 8 * half,
                                _mm512_shuffle_i32x4(s[2 * half], s[2 * half + 1], 0x88));
            _mm512_storeu_si512(to + count + 8 * half + 4,
                                _mm512_shuffle_i32x4(s[2 * half], s[2 * half + 1], 0xdd));
        }
        count += (uint32_t)__builtin_popcount(in);
    }
    return count;
}

#else

/* Each value moves those above it up by one. */
static void uppers(float *best, const float *upper, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        float value = upper[i];
        if (!(value < best[LANES - 1]))
            continue;
        uint32_t at = LANES - 1;
        for (; at > 0 && best[at - 1] > value; at--)
            best[at] = best[at - 1];
        best[at] = value;
    }
}

static uint32_t keep(const struct scree__vectors_seen *seen, float limit,
                     struct scree__vectors_candidate *to, float *upper)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < seen->count; i++) {
        const float low = seen->estimate[i] - seen->error[i];
        upper[i] = seen->estimate[i] + seen->error[i];
        to[count] =
            (struct scree__vectors_candidate){low, seen->estimate[i], seen->slot[i], seen->row[i]};
        count += low < limit;
    }
    return count;
}

#endif

/* Two of few are seldom in one lane. */
static float limit_of(const float *values, uint32_t n, uint32_t most)
{
    enum { FEW_WANTED = 8 };
    lanes least = lanes_set(INFINITY), next = least;
    float best[LANES];
    for (uint32_t i = 0; i < n; i += LANES) {
        lanes some = lanes_load(values + i);
        next = lanes_min(next, lanes_max(least, some));
        least = lanes_min(least, some);
    }
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    least = in_order(least);
    if (most > FEW_WANTED)
        least = smaller_half(least, in_order(next));
    lanes_store(best, least);
#else
    float two[2 * LANES];
    lanes_store(two, least);
    lanes_store(two + LANES, next);
    lanes_store(best, lanes_set(INFINITY));
    uppers(best, two, most > FEW_WANTED ? 2 * LANES : LANES);
#endif
    return best[most - 1];
}

/* How many of the same distance are before one: by their ids, then by their numbers. */
static uint32_t equal_before(const float *distances, const uint64_t *ids, uint32_t count,
                             uint32_t at)
{
    uint32_t before = 0;
    for (uint32_t j = 0; j < count; j++)
        before +=
            distances[j] == distances[at] && (ids[j] < ids[at] || (j < at && ids[j] == ids[at]));
    return before;
}

/* Distances are seldom equal: ids are looked at only then. Sixteen of them are compared with each one. */
static void ranks(const float *distances, const uint64_t *ids, uint32_t count, uint32_t *out)
{
#if VECTORS_LEVEL == VECTORS_LEVEL_AVX512
    const __m512i one = _mm512_set1_epi32(1);
    for (uint32_t i = 0; i < count; i += 16) {
        const __mmask16 there = (__mmask16)(count - i < 16 ? (1u << (count - i)) - 1 : 0xffff);
        const __m512 own = _mm512_loadu_ps(distances + i);
        __m512i before = _mm512_setzero_si512(), equal = before;
        for (uint32_t j = 0; j < count; j++) {
            const __m512 other = _mm512_set1_ps(distances[j]);
            before = _mm512_mask_add_epi32(before, _mm512_cmp_ps_mask(other, own, _CMP_LT_OQ),
                                           before, one);
            equal = _mm512_mask_add_epi32(equal, _mm512_cmp_ps_mask(other, own, _CMP_EQ_OQ), equal,
                                          one);
        }
        _mm512_mask_storeu_epi32(out + i, there, before);
        uint32_t several = _mm512_mask_cmp_epi32_mask(there, equal, one, _MM_CMPINT_GT);
        for (; several != 0; several &= several - 1) {
            const uint32_t at = i + (uint32_t)__builtin_ctz(several);
            out[at] += equal_before(distances, ids, count, at);
        }
    }
#else
    for (uint32_t i = 0; i < count; i++) {
        const lanes own = lanes_set(distances[i]);
        uint32_t before = 0, equal = 0;
        for (uint32_t j = 0; j < count; j += LANES) {
            const lanes others = lanes_load(distances + j);
            uint32_t less = lanes_less(others, own), more = lanes_less(own, others);
            uint32_t there = count - j < LANES ? (1u << (count - j)) - 1 : 0xffff;
            before += (uint32_t)__builtin_popcount(less & there);
            equal += (uint32_t)__builtin_popcount(~(less | more) & there);
        }
        out[i] = before + (equal > 1 ? equal_before(distances, ids, count, i) : 0);
    }
#endif
}

#endif
