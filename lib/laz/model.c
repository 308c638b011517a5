/* model.c - first state and periodic rebuilding of the adaptive models. */
#include "laz/model.h"

#if defined(__GNUC__) && defined(__SSE2__)
#include <emmintrin.h>
#define MODEL_LANES 8u /* counts and frequencies that a step takes */
#endif

#define TOTAL_MAX 32768u
#define BIT_TOTAL_MAX 8192u

static void model_first(struct laz_head *head, uint16_t *cum, uint16_t *count, unsigned layout,
                        unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        count[k] = 1;
    for (unsigned k = n; k < LAZ_CUM_ENTRIES(n); k++)
        cum[k] = LAZ_CUM_PAD;
    head->total = (uint16_t)n;
    head->period = (uint16_t)((n + 6) >> 1);
    head->last = (uint16_t)(n - 1);
    head->shift = LAZ_SYMBOL_SHIFT;
    /* Detail models have one layout for all sizes, and readers of them look here. */
    head->start_shift = LAZ_START_SHIFT(layout == LAZ_LAYOUT_BY_SIZE ? n : layout);
}

/* Halves all counts, rounding up; returns their sum. */
static uint32_t model_halve(uint16_t *count, unsigned n)
{
    uint32_t total = 0;
    unsigned k = 0;
#ifdef MODEL_LANES
    uint16_t sums[MODEL_LANES]; /* no sum exceeds the sum of all */
    __m128i sum = _mm_setzero_si128();
    for (; k + MODEL_LANES <= n; k += MODEL_LANES) {
        __m128i c = _mm_loadu_si128((const __m128i *)(count + k));
        c = _mm_avg_epu16(c, _mm_setzero_si128());
        _mm_storeu_si128((__m128i *)(count + k), c);
        sum = _mm_add_epi16(sum, c);
    }
    _mm_storeu_si128((__m128i *)sums, sum);
    for (unsigned i = 0; i < MODEL_LANES; i++)
        total += sums[i];
#endif
    for (; k < n; k++) {
        count[k] = (uint16_t)((count[k] + 1u) >> 1);
        total += count[k];
    }
    return total;
}

/* cum[k] = scale * (sum of the counts below k) / 2^16. The sums fit 16 bits, the products 32. */
static void model_sum(uint16_t *cum, const uint16_t *count, unsigned n, uint32_t scale)
{
    uint32_t below = 0;
    unsigned k = 0;
#ifdef MODEL_LANES
    const __m128i low = _mm_set1_epi16((short)scale), high = _mm_set1_epi16((short)(scale >> 16));
    __m128i before = _mm_setzero_si128(); /* the sum of all counts so far, in every lane */
    for (; k + MODEL_LANES <= n; k += MODEL_LANES) {
        __m128i c = _mm_loadu_si128((const __m128i *)(count + k)), sum;
        sum = _mm_add_epi16(c, _mm_slli_si128(c, 2));
        sum = _mm_add_epi16(sum, _mm_slli_si128(sum, 4));
        sum = _mm_add_epi16(sum, _mm_slli_si128(sum, 8));
        sum = _mm_add_epi16(sum, before);
        before = _mm_shufflehi_epi16(sum, 0xFF);
        before = _mm_unpackhi_epi64(before, before);
        sum = _mm_sub_epi16(sum, c);
        sum = _mm_add_epi16(_mm_mullo_epi16(sum, high), _mm_mulhi_epu16(sum, low));
        _mm_storeu_si128((__m128i *)(cum + k), sum);
    }
    below = scale * (uint32_t)_mm_extract_epi16(before, 0);
#endif
    for (; k < n; k++) {
        cum[k] = (uint16_t)(below >> 16);
        below += scale * count[k];
    }
}

static void model_next(struct laz_head *head, uint16_t *count, unsigned n)
{
    uint32_t total = (uint32_t)head->total + head->period;
    if (total > TOTAL_MAX)
        total = model_halve(count, n);
    uint32_t period = (5u * head->period) >> 2;
    uint32_t period_max = 8 * (n + 6);
    head->total = (uint16_t)total;
    head->period = (uint16_t)(period < period_max ? period : period_max);
}

/* Of the symbols that begin in a stretch of 2^shift the last one serves the next stretch; stretches
 * without one go on with what serves the one before. */
static void model_starts(uint8_t *start, const uint16_t *cum, unsigned n, unsigned shift)
{
    unsigned end = 0x8000u >> shift, s = 0, t = 0;
    memset(start, 0, end);
    for (unsigned k = 1; k < n; k++)
        start[(cum[k] + (1u << shift) - 1) >> shift] = (uint8_t)k;
    start[end] = (uint8_t)(n - 1);
#ifdef MODEL_LANES
    __m128i before = _mm_setzero_si128(); /* the largest so far, in every lane */
    for (; t + 16 <= end; t += 16) {
        __m128i most = _mm_loadu_si128((const __m128i *)(start + t));
        most = _mm_max_epu8(most, _mm_slli_si128(most, 1));
        most = _mm_max_epu8(most, _mm_slli_si128(most, 2));
        most = _mm_max_epu8(most, _mm_slli_si128(most, 4));
        most = _mm_max_epu8(most, _mm_slli_si128(most, 8));
        most = _mm_max_epu8(most, before);
        _mm_storeu_si128((__m128i *)(start + t), most);
        before = _mm_unpackhi_epi8(most, most);
        before = _mm_shufflehi_epi16(before, 0xFF);
        before = _mm_unpackhi_epi64(before, before);
    }
    s = t > 0 ? start[t - 1] : 0;
#endif
    for (; t < end; t++) {
        s = start[t] > s ? start[t] : s;
        start[t] = (uint8_t)s;
    }
}

/* The same of more than 256 symbols. */
static void model_wide_starts(uint16_t *start, const uint16_t *cum, unsigned n, unsigned shift)
{
    unsigned end = 0x8000u >> shift, s = 0;
    for (unsigned t = 0; t < end; t++) {
        while (s + 1 < n && cum[s + 1] <= t << shift)
            s++;
        start[t] = (uint16_t)s;
    }
    start[end] = (uint16_t)(n - 1);
}

static void bit_first(struct laz_head *head, uint8_t *start, uint16_t *cum, uint16_t *count)
{
    if (start)
        start[0] = 0;
    cum[0] = 0;
    cum[1] = 4096;
    for (unsigned k = 2; k < LAZ_CUM_ENTRIES(2); k++)
        cum[k] = LAZ_CUM_PAD;
    count[0] = 1;
    head->last = 1;
    head->shift = LAZ_BIT_SHIFT;
    head->start_shift = LAZ_START_SHIFT(2);
    head->total = 2;
    head->period = 4;
}

/* The layout is that of 256 symbols; count[1] is counted up, but means nothing. */
static void bit_rebuild(struct laz_head *head, uint8_t *start, uint16_t *cum, uint16_t *count)
{
    if (head->total == 0) {
        bit_first(head, start, cum, count);
    } else {
        uint32_t total = (uint32_t)head->total + head->period, zeros = count[0];
        if (total > BIT_TOTAL_MAX) {
            total = (total + 1) >> 1;
            zeros = (zeros + 1) >> 1;
            if (zeros == total)
                total++;
        }
        uint32_t period = (5u * head->period) >> 2;
        count[0] = (uint16_t)zeros;
        cum[1] = (uint16_t)((zeros * (0x80000000u / total)) >> 18);
        head->total = (uint16_t)total;
        head->period = (uint16_t)(period < 64 ? period : 64);
    }
    head->left = (int16_t)(head->period - 1);
}

void scree__laz_rebuild(struct laz_head *head, void *start, uint16_t *cum, uint16_t *count,
                        unsigned layout, unsigned last, unsigned shift)
{
    unsigned n = last + 1;
    if (shift == LAZ_BIT_SHIFT) {
        bit_rebuild(head, start, cum, count);
        return;
    }
    if (head->total == 0)
        model_first(head, cum, count, layout, n);
    else
        model_next(head, count, n);
    head->left = (int16_t)(head->period - 1);
    model_sum(cum, count, n, 0x80000000u / head->total);
    if (start && layout > 256)
        model_wide_starts(start, cum, n, head->start_shift);
    else if (start)
        model_starts(start, cum, n, head->start_shift);
}

/* One symbol that has all of the width, so that every search ends at once. */
static void model_idle(struct laz_model_256 *model)
{
    memset(model, 0, sizeof *model);
    for (unsigned k = 1; k < LAZ_CUM_ENTRIES(256); k++)
        model->cum[k] = LAZ_CUM_PAD;
    model->head.left = INT16_MAX;
}

void scree__laz_rebuild_detail(struct laz_model_256 *model, unsigned k, bool search)
{
    unsigned last = k == 0 ? 1 : (1u << (k < 8 ? k : 8)) - 1;
    if (k == 32)
        model_idle(model);
    else
        scree__laz_rebuild(&model->head, search ? model->start : NULL, model->cum, model->count,
                           LAZ_LAYOUT_BY_SIZE, last, k == 0 ? LAZ_BIT_SHIFT : LAZ_SYMBOL_SHIFT);
}

void scree__laz_rebuild_optional(struct laz_model_256 *model, unsigned idle)
{
    if (idle)
        model_idle(model);
    else
        scree__laz_rebuild(&model->head, model->start, model->cum, model->count, 256, 255,
                           LAZ_SYMBOL_SHIFT);
}
