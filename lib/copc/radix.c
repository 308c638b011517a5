/* radix.c - least significant digit first, digits that do not vary left out. */
#include "copc/radix.h"

#include <stdbool.h>
#include <string.h>

/* Below this a plain insertion sort is faster than clearing counters. */
#define INSERTION_MAX 48u

static void insertion_sort(uint64_t *keys, uint32_t *ids, uint64_t count)
{
    for (uint64_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        uint32_t id = ids[i];
        uint64_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--) {
            keys[at] = keys[at - 1];
            ids[at] = ids[at - 1];
        }
        keys[at] = key;
        ids[at] = id;
    }
}

static void sort_by_digit(struct scree__copc_radix *radix, uint64_t count, unsigned shift)
{
    uint64_t start[256];
    memset(start, 0, sizeof start);
    for (uint64_t i = 0; i < count; i++)
        start[radix->keys[i] >> shift & 255]++;
    uint64_t sum = 0;
    for (unsigned d = 0; d < 256; d++) {
        uint64_t here = start[d];
        start[d] = sum;
        sum += here;
    }
    for (uint64_t i = 0; i < count; i++) {
        uint64_t to = start[radix->keys[i] >> shift & 255]++;
        radix->other_keys[to] = radix->keys[i];
        radix->other_ids[to] = radix->ids[i];
    }
    uint64_t *keys = radix->keys;
    uint32_t *ids = radix->ids;
    radix->keys = radix->other_keys;
    radix->ids = radix->other_ids;
    radix->other_keys = keys;
    radix->other_ids = ids;
}

void scree__copc_radix_sort(struct scree__copc_radix *radix, uint64_t count)
{
    if (count <= INSERTION_MAX) {
        insertion_sort(radix->keys, radix->ids, count);
        return;
    }
    uint64_t varying = 0;
    bool sorted = true;
    for (uint64_t i = 1; i < count; i++) {
        varying |= radix->keys[i] ^ radix->keys[0];
        sorted &= radix->keys[i - 1] <= radix->keys[i];
    }
    if (sorted)
        return;
    /* Digits begin at the lowest bit that varies, and at each lowest varying bit above the last
     * digit. */
    unsigned shift = 0;
    while (varying >> shift != 0) {
        shift += (unsigned)__builtin_ctzll(varying >> shift);
        sort_by_digit(radix, count, shift);
        if (shift + 8 > 63)
            break;
        shift += 8;
    }
}
