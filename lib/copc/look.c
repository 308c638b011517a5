/* look.c - bounds, returns, classes and colours of many records. */
#include "copc/look.h"
#include "simd/level.h"

static void look_plain(const struct scree__copc_form *form, const uint8_t *records, uint64_t count,
                       struct scree_las_summary *summary, struct scree__las_map_stats *stats)
{
    scree_las_summary_add(summary, form->format, records, form->bytes, count);
    if (scree__copc_form_waits(form))
        scree__las_map_count_waiting(form->format, records, count, stats);
}

#if SCREE__SIMD_X86

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
/* Fewer are not worth clearing the counters for. */
#define FEW 512u

/* How many records have each value of their bytes 14 and 15. In turns: nearly all have the same, and a counter's next sum waits for the last one to be stored. */
struct tally {
    uint32_t returns[4][256], classes[4][256];
};

static uint64_t sum_of(const uint32_t counts[4][256], unsigned value)
{
    return (uint64_t)counts[0][value] + counts[1][value] + counts[2][value] + counts[3][value];
}

static void add_returns(const struct tally *tally, unsigned mask, struct scree_las_summary *summary)
{
    for (unsigned value = 0; value < 256; value++)
        if ((value & mask) > 0)
            summary->return_counts[(value & mask) - 1] += sum_of(tally->returns, value);
}

static void add_waiting(const struct tally *tally, struct scree__las_map_stats *stats)
{
    for (unsigned value = 0; value < 256; value++) {
        struct scree__las_map_core returns = {0, 0, 0}, classes = {0, 0, 0};
        scree__las_map_count_old(&returns, value, 0);
        scree__las_map_count_old(&classes, 0, value);
        uint64_t count = sum_of(tally->returns, value);
        stats->zero_returns += returns.zero_returns * count;
        stats->excess_returns += returns.excess_returns * count;
        stats->overlap_classes += classes.overlap_classes * sum_of(tally->classes, value);
    }
}

/* What the vectors of the loop hold: X, Y, Z and 4 bytes of other fields; 2 bytes of another field, red, green, blue. */
struct extremes {
    __m128i min, max, color;
};

/* A record into the counters of one turn. format: a constant at every call, so that each is a loop of its own. */
AVX2 static inline __attribute__((always_inline)) void
look_at(const uint8_t *record, unsigned format, struct extremes *extremes, uint32_t returns[256],
        uint32_t classes[256])
{
    const unsigned rgb_at = SCREE__LAS_MAP_OLD_RGB(format);
    __m128i head = _mm_loadu_si128((const __m128i *)record);
    extremes->min = _mm_min_epi32(extremes->min, head);
    extremes->max = _mm_max_epi32(extremes->max, head);
    returns[record[14]]++;
    if (format < 6)
        classes[record[15]]++;
    if (rgb_at != 0)
        extremes->color =
            _mm_max_epu16(extremes->color, _mm_loadl_epi64((const __m128i *)(record + rgb_at - 2)));
}

AVX2 static inline __attribute__((always_inline)) void look_as(const uint8_t *records,
                                                               unsigned format, uint32_t bytes,
                                                               uint64_t count, struct tally *tally,
                                                               struct extremes *out)
{
    struct extremes extremes = *out;
    uint64_t i = 0;
    for (; i + 4 <= count; i += 4, records += (size_t)4 * bytes)
        for (unsigned turn = 0; turn < 4; turn++)
            look_at(records + (size_t)turn * bytes, format, &extremes, tally->returns[turn],
                    tally->classes[turn]);
    for (; i < count; i++, records += bytes)
        look_at(records, format, &extremes, tally->returns[0], tally->classes[0]);
    *out = extremes;
}

AVX2 static void look_avx2(const struct scree__copc_form *form, const uint8_t *records,
                           uint64_t count, struct scree_las_summary *summary,
                           struct scree__las_map_stats *stats)
{
    struct tally tally;
    struct extremes extremes = {_mm_set1_epi32(INT32_MAX), _mm_set1_epi32(INT32_MIN),
                                _mm_setzero_si128()};
    int32_t min[4], max[4];
    uint16_t color[8];
    if (count < FEW) {
        look_plain(form, records, count, summary, stats);
        return;
    }
    memset(&tally, 0, sizeof tally);
    switch (form->format) {
    case 0:
        look_as(records, 0, 20, count, &tally, &extremes);
        break;
    case 1:
        look_as(records, 1, 28, count, &tally, &extremes);
        break;
    case 2:
        look_as(records, 2, 26, count, &tally, &extremes);
        break;
    case 3:
        look_as(records, 3, 34, count, &tally, &extremes);
        break;
    default:
        look_as(records, 6, form->bytes, count, &tally, &extremes);
        break;
    }
    _mm_storeu_si128((__m128i *)min, extremes.min);
    _mm_storeu_si128((__m128i *)max, extremes.max);
    _mm_storeu_si128((__m128i *)color, extremes.color);
    for (int axis = 0; axis < 3; axis++) {
        summary->min[axis] = min[axis] < summary->min[axis] ? min[axis] : summary->min[axis];
        summary->max[axis] = max[axis] > summary->max[axis] ? max[axis] : summary->max[axis];
    }
    summary->point_count += count;
    add_returns(&tally, form->format < 6 ? 7 : 15, summary);
    if (!scree__copc_form_waits(form))
        return;
    add_waiting(&tally, stats);
    for (int c = 1; c < 4; c++)
        stats->color_max = color[c] > stats->color_max ? color[c] : stats->color_max;
}

#endif

scree__copc_look scree__copc_look_choose(void)
{
#if SCREE__SIMD_X86
    if (scree__simd_level() >= SCREE__SIMD_AVX2)
        return look_avx2;
#endif
    return look_plain;
}
