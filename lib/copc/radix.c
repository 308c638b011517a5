/* radix.c - least significant digit first, over the bits that vary. */
#include "copc/radix.h"

#include <stdbool.h>
#include <string.h>

/*
 * Digits of 11 bits make three passes of 32 bits, and their counters (8 KiB a digit) stay in the first-level cache; for fewer points clearing and
 * adding up so many would take longer than a fourth pass.
 */
#define DIGIT_BITS_MAX SCREE__COPC_DIGIT_BITS_MAX
#define DIGIT_BITS_FEW 8u
#define FEW_POINTS 2048u

static void insertion_sort(uint64_t *places, uint64_t count)
{
    for (uint64_t i = 1; i < count; i++) {
        uint64_t place = places[i];
        uint64_t at = i;
        for (; at > 0 && places[at - 1] >> 32 > place >> 32; at--)
            places[at] = places[at - 1];
        places[at] = place;
    }
}

/* Bits in which keys differ; 0 when the places are in order. */
static uint64_t varying_bits(const uint64_t *places, uint64_t count)
{
    uint64_t varying = 0, back = 0;
    for (uint64_t i = 1; i < count; i++) {
        varying |= places[i] ^ places[0];
        back |= places[i - 1] >> 32 > places[i] >> 32;
    }
    return back != 0 ? varying & ~(uint64_t)UINT32_MAX : 0;
}

/* Of the upper `most_bits` of the varying ones. */
static void choose_digits(struct scree__copc_digits *digits, uint64_t varying, unsigned most_bits,
                          unsigned most)
{
    unsigned low = (unsigned)__builtin_ctzll(varying);
    unsigned width = 64u - (unsigned)__builtin_clzll(varying) - low;
    if (width > most_bits) {
        low += width - most_bits;
        width = most_bits;
    }
    digits->shift = low;
    digits->count = (width + most - 1) / most;
    digits->bits = (width + digits->count - 1) / digits->count;
}

static void clear_digits(struct scree__copc_digits *digits)
{
    for (unsigned d = 0; d < digits->count; d++)
        memset(digits->starts[d], 0, sizeof(uint32_t) << digits->bits);
}

/* How many places have each digit; all digits in one go. */
static void count_digits(struct scree__copc_digits *digits, const uint64_t *places, uint64_t count)
{
    unsigned bits = digits->bits;
    uint64_t mask = (1u << bits) - 1;
    clear_digits(digits);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t rest = places[i] >> digits->shift;
        for (unsigned d = 0; d < digits->count; d++, rest >>= bits)
            digits->starts[d][rest & mask]++;
    }
}

/* Counts into places where the first of each digit goes; false where all have the same one. */
static bool add_up(uint32_t *starts, unsigned bits, uint64_t count)
{
    uint32_t sum = 0;
    for (uint32_t value = 0; value < 1u << bits; value++) {
        uint32_t here = starts[value];
        if (here == count)
            return false;
        starts[value] = sum;
        sum += here;
    }
    return true;
}

uint64_t *scree__copc_digits_sort(struct scree__copc_digits *digits, uint64_t *places,
                                  uint64_t *other, uint64_t count)
{
    uint64_t mask = (1u << digits->bits) - 1;
    for (unsigned d = 0; d < digits->count; d++) {
        uint32_t *starts = digits->starts[d];
        unsigned shift = digits->shift + d * digits->bits;
        if (!add_up(starts, digits->bits, count))
            continue;
        for (uint64_t i = 0; i < count; i++)
            other[starts[places[i] >> shift & mask]++] = places[i];
        uint64_t *swap = places;
        places = other;
        other = swap;
    }
    return places;
}

void scree__copc_digits_init(struct scree__copc_digits *digits, unsigned width, uint64_t count)
{
    choose_digits(digits, (((uint64_t)1 << width) - 1) << 32, 32,
                  count < FEW_POINTS ? DIGIT_BITS_FEW : DIGIT_BITS_MAX);
    clear_digits(digits);
}

static uint64_t *sort_digits(struct scree__copc_digits *digits, uint64_t *places, uint64_t *other,
                             uint64_t count)
{
    count_digits(digits, places, count);
    return scree__copc_digits_sort(digits, places, other, count);
}

/* By all digits that differ. */
static uint64_t *sort_alike(uint64_t *places, uint64_t *other, uint64_t count)
{
    if (count <= SCREE__COPC_RADIX_IN_PLACE) {
        insertion_sort(places, count);
        return places;
    }
    struct scree__copc_digits digits;
    uint64_t varying = varying_bits(places, count);
    if (varying == 0)
        return places;
    choose_digits(&digits, varying, 32, count < FEW_POINTS ? DIGIT_BITS_FEW : DIGIT_BITS_MAX);
    return sort_digits(&digits, places, other, count);
}

/* ------------------------------------------------------------------------------------------- spread keys */

/* So few places take two digits at most. */
#define SPREAD_FEW 32768u

/* Three bits for every two that are needed to number the places, and 3 more: few are alike then. */
static unsigned spread_bits(uint64_t count)
{
    unsigned bits = 64u - (unsigned)__builtin_clzll(count);
    bits += bits / 2 + 3;
    return count < SPREAD_FEW && bits > 2 * DIGIT_BITS_MAX ? 2 * DIGIT_BITS_MAX : bits;
}

/* The run of places that are alike from bit `shift` on, around one of them. */
static void find_alike(const uint64_t *places, uint64_t count, unsigned shift, uint64_t *begin,
                       uint64_t *end)
{
    uint64_t alike = places[*begin] >> shift;
    *end = *begin + 1;
    while (*begin > 0 && places[*begin - 1] >> shift == alike)
        --*begin;
    while (*end < count && places[*end] >> shift == alike)
        ++*end;
}

/* Places that are in order from bit `shift` on. */
static void finish(uint64_t *places, uint64_t *other, uint64_t count, unsigned shift)
{
    for (uint64_t i = 1; i < count; i++) {
        uint64_t place = places[i];
        if (places[i - 1] >> 32 <= place >> 32)
            continue;
        uint64_t at = i, far = i > SCREE__COPC_RADIX_IN_PLACE ? i - SCREE__COPC_RADIX_IN_PLACE : 0;
        while (at > far && places[at - 1] >> 32 > place >> 32)
            at--;
        if (at > 0 && places[at - 1] >> 32 > place >> 32) {
            uint64_t begin = i, end;
            find_alike(places, count, shift, &begin, &end);
            const uint64_t *sorted = sort_alike(places + begin, other + begin, end - begin);
            if (sorted != places + begin)
                memcpy(places + begin, sorted, (end - begin) * sizeof *places);
            i = end - 1;
            continue;
        }
        memmove(places + at + 1, places + at, (i - at) * sizeof *places);
        places[at] = place;
    }
}

uint64_t *scree__copc_radix_sort_spread(uint64_t *places, uint64_t *other, uint64_t count)
{
    if (count <= SCREE__COPC_RADIX_IN_PLACE) {
        insertion_sort(places, count);
        return places;
    }
    struct scree__copc_digits digits;
    uint64_t used = 0;
    for (uint64_t i = 0; i < count; i++)
        used |= places[i];
    if (used >> 32 == 0)
        return places;
    choose_digits(&digits, used & ~(uint64_t)UINT32_MAX, spread_bits(count), DIGIT_BITS_MAX);
    uint64_t *sorted = sort_digits(&digits, places, other, count);
    finish(sorted, sorted == places ? other : places, count, digits.shift);
    return sorted;
}
