/* radix.h - sorting point numbers by 64-bit keys. Stable. */
#ifndef SCREE_LIB_COPC_RADIX_H
#define SCREE_LIB_COPC_RADIX_H

#include <stdint.h>

/* Arrays of one capacity: keys and the numbers that go with them, and as much again to work in. */
struct scree__copc_radix {
    uint64_t *keys, *other_keys;
    uint32_t *ids, *other_ids;
};

#define SCREE__COPC_RADIX_BYTES 24u /* an element, over the four arrays */

/* Sorts ids[0, count) by keys[0, count). The result is in keys and ids (the pairs of arrays may
 * have changed places). */
void scree__copc_radix_sort(struct scree__copc_radix *radix, uint64_t count);

/* Sortable form of a GPS time: by value, -0.0 before 0.0, every NaN after all numbers. */
static inline uint64_t scree__copc_gps_key(uint64_t bits)
{
    if ((bits & 0x7FFFFFFFFFFFFFFFu) > 0x7FF0000000000000u)
        return UINT64_MAX;
    return bits >> 63 ? ~bits : bits | 0x8000000000000000u;
}

#endif
