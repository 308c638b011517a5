/* radix.c - least significant digit first, over the bits that vary. */
#include "copc/radix.h"

#include <stdbool.h>
#include <string.h>

/*
 * Digits of 11 bits make three passes of 32 bits, and their counters (8 KiB a digit) stay in the first-level cache; for fewer points clearing and
 * adding up so many would take longer than a fourth pass.
 */
#define DIGIT_BITS_MAX 11u
#define DIGIT_BITS_FEW 8u
#define FEW_POINTS 2048u
#define DIGITS_MAX 4u

struct digits {
    unsigned shift, bits, count; /* the lowest one's shift in a place, and the width of each */
    uint32_t starts[DIGITS_MAX][1u << DIGIT_BITS_MAX];
};

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

static void choose_digits(struct digits *digits, uint64_t varying, uint64_t count)
{
    unsigned most = count < FEW_POINTS ? DIGIT_BITS_FEW : DIGIT_BITS_MAX;
    unsigned low = (unsigned)__builtin_ctzll(varying);
    unsigned width = 64u - (unsigned)__builtin_clzll(varying) - low;
    digits->shift = low;
    digits->count = (width + most - 1) / most;
    digits->bits = (width + digits->count - 1) / digits->count;
}

/* How many places have each digit; all digits in one go. */
static void count_digits(struct digits *digits, const uint64_t *places, uint64_t count)
{
    unsigned bits = digits->bits;
    uint64_t mask = (1u << bits) - 1;
    for (unsigned d = 0; d < digits->count; d++)
        memset(digits->starts[d], 0, sizeof(uint32_t) << bits);
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

uint64_t *scree__copc_radix_sort(uint64_t *places, uint64_t *other, uint64_t count)
{
    if (count <= SCREE__COPC_RADIX_IN_PLACE) {
        insertion_sort(places, count);
        return places;
    }
    struct digits digits;
    uint64_t varying = varying_bits(places, count);
    if (varying == 0)
        return places;
    choose_digits(&digits, varying, count);
    count_digits(&digits, places, count);
    uint64_t mask = (1u << digits.bits) - 1;
    for (unsigned d = 0; d < digits.count; d++) {
        uint32_t *starts = digits.starts[d];
        unsigned shift = digits.shift + d * digits.bits;
        if (!add_up(starts, digits.bits, count))
            continue;
        for (uint64_t i = 0; i < count; i++)
            other[starts[places[i] >> shift & mask]++] = places[i];
        uint64_t *swap = places;
        places = other;
        other = swap;
    }
    return places;
}
