/* preorder.c - keys in the order of a depth-first walk. */
#include "copc/preorder.h"

/* Is the highest bit of b above that of a? */
static bool lower_top_bit(uint32_t a, uint32_t b)
{
    return a < b && a < (a ^ b);
}

static uint32_t at_level(int32_t coordinate, int up)
{
    return up > 31 ? 0 : (uint32_t)coordinate >> up;
}

/* Below, equal to or above 0. Siblings are in Morton order, z first. */
static int compare_keys(struct scree_copc_key a, struct scree_copc_key b)
{
    int level = a.level < b.level ? a.level : b.level;
    const int32_t from_a[3] = {a.z, a.y, a.x}, from_b[3] = {b.z, b.y, b.x};
    uint32_t largest = 0;
    int order = 0;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t x = at_level(from_a[i], a.level - level), y = at_level(from_b[i], b.level - level);
        if (lower_top_bit(largest, x ^ y)) {
            largest = x ^ y;
            order = x < y ? -1 : 1;
        }
    }
    return order != 0 ? order : a.level - b.level;
}

static struct scree_copc_key key_at(const void *items, size_t item_bytes, uint32_t item)
{
    return *(const struct scree_copc_key *)((const char *)items + item * item_bytes);
}

static void sift(uint32_t *order, uint64_t at, uint64_t count, const void *items, size_t item_bytes)
{
    const uint32_t moved = order[at];
    const struct scree_copc_key key = key_at(items, item_bytes, moved);
    for (uint64_t child; (child = 2 * at + 1) < count; at = child) {
        struct scree_copc_key larger = key_at(items, item_bytes, order[child]);
        if (child + 1 < count) {
            struct scree_copc_key other = key_at(items, item_bytes, order[child + 1]);
            if (compare_keys(larger, other) < 0) {
                larger = other;
                child++;
            }
        }
        if (compare_keys(larger, key) <= 0)
            break;
        order[at] = order[child];
    }
    order[at] = moved;
}

void scree__copc_preorder_sort(uint32_t *order, uint64_t count, const void *items,
                               size_t item_bytes)
{
    for (uint64_t i = count / 2; i > 0; i--)
        sift(order, i - 1, count, items, item_bytes);
    for (uint64_t last = count; last > 1; last--) {
        uint32_t largest = order[0];
        order[0] = order[last - 1];
        order[last - 1] = largest;
        sift(order, 0, last - 1, items, item_bytes);
    }
}

uint64_t scree__copc_preorder_find(const uint32_t *order, uint64_t count, const void *items,
                                   size_t item_bytes, struct scree_copc_key key)
{
    uint64_t begin = 0, end = count;
    while (begin < end) {
        uint64_t middle = begin + (end - begin) / 2;
        if (compare_keys(key_at(items, item_bytes, order[middle]), key) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}
