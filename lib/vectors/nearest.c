/* nearest.c - the heap of results. */
#include "vectors/nearest.h"

static void sift(struct scree__vectors_near *items, uint32_t count, struct scree__vectors_near item)
{
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && scree__vectors_nearer(items[child], items[child + 1]))
            child++;
        if (!scree__vectors_nearer(item, items[child]))
            break;
        items[at] = items[child];
    }
    items[at] = item;
}

void scree__vectors_nearest_add(struct scree__vectors_nearest *nearest,
                                struct scree__vectors_near item)
{
    struct scree__vectors_near *items = nearest->items;
    if (nearest->count == nearest->k) {
        if (scree__vectors_nearer(item, items[0]))
            sift(items, nearest->k, item);
        return;
    }
    uint32_t at = nearest->count++;
    for (; at > 0 && scree__vectors_nearer(items[(at - 1) / 2], item); at = (at - 1) / 2)
        items[at] = items[(at - 1) / 2];
    items[at] = item;
}

void scree__vectors_nearest_sort(struct scree__vectors_nearest *nearest)
{
    for (uint32_t end = nearest->count; end-- > 1;) {
        struct scree__vectors_near last = nearest->items[end];
        nearest->items[end] = nearest->items[0];
        sift(nearest->items, end, last);
    }
}
