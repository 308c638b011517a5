/*
 * radix.h - sorting places: 64-bit numbers with a key of 32 bits in the high half, and the number of a record in the low one. A sort moves 8 bytes
 * a point and touches no record.
 */
#ifndef SCREE_LIB_COPC_RADIX_H
#define SCREE_LIB_COPC_RADIX_H

#include <stdbool.h>
#include <stdint.h>

static inline uint32_t scree__copc_place_id(uint64_t place)
{
    return (uint32_t)place;
}

static inline uint64_t scree__copc_place(uint32_t key, uint32_t id)
{
    return (uint64_t)key << 32 | id;
}

/* Up to so many are sorted where they are: `other` may be NULL. */
#define SCREE__COPC_RADIX_IN_PLACE 32u

/*
 * Both sorts put places[0, count) in the order of their keys; stable; count below 2^32. other: room for as many. The result is in the array that is returned,
 * one of the two.
 *
 * For a loop that makes the keys and can count their digits as it goes: count every place once, then sort. Which digits there are: of the
 * keys' lowest `width` bits, 1 to 32; the others are equal.
 */
#define SCREE__COPC_DIGIT_BITS_MAX 11u
#define SCREE__COPC_DIGITS_MAX 4u
struct scree__copc_digits {
    unsigned shift, bits, count; /* the lowest one's shift in a place, and the width of each */
    uint32_t starts[SCREE__COPC_DIGITS_MAX][1u << SCREE__COPC_DIGIT_BITS_MAX];
};
void scree__copc_digits_init(struct scree__copc_digits *digits, unsigned width, uint64_t count);
/* Wide digits of a key, so many that the compiler knows it: two counters are found in no time beside a record that comes from memory. */
static inline bool scree__copc_digits_are(const struct scree__copc_digits *digits, unsigned count)
{
    return digits->count == count && digits->bits == SCREE__COPC_DIGIT_BITS_MAX;
}
static inline void scree__copc_digits_add(struct scree__copc_digits *digits, uint32_t key,
                                          unsigned count, unsigned bits)
{
    for (unsigned d = 0; d < count; d++, key >>= bits)
        digits->starts[d][key & ((1u << bits) - 1)]++;
}
uint64_t *scree__copc_digits_sort(struct scree__copc_digits *digits, uint64_t *places,
                                  uint64_t *other, uint64_t count);

/*
 * For keys that are spread: by as many of their upper bits as tell most of so few places apart on a surface, where two of three bits of a Morton code do;
 * the rest by insertion, and by another such sort where there are more. Others take longer, not much.
 */
uint64_t *scree__copc_radix_sort_spread(uint64_t *places, uint64_t *other, uint64_t count);

/* Sortable form of a GPS time: by value, -0.0 before 0.0, every NaN after all numbers. */
static inline uint64_t scree__copc_gps_key(uint64_t bits)
{
    if ((bits & 0x7FFFFFFFFFFFFFFFu) > 0x7FF0000000000000u)
        return UINT64_MAX;
    return bits >> 63 ? ~bits : bits | 0x8000000000000000u;
}

#endif
