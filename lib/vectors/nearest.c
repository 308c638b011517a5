/* nearest.c - the heap of results. */
#include "vectors/nearest.h"
#include "vectors/kernels.h"

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

void scree__vectors_nearest_few(struct scree__vectors_nearest *nearest,
                                const struct scree__vectors_kernels *kernels,
                                const float *distances, const uint64_t *ids, uint32_t count)
{
    uint32_t ranks[SCREE__VECTORS_NEAREST_FEW];
    kernels->ranks(distances, ids, count, ranks);
    for (uint32_t i = 0; i < count; i++)
        if (ranks[i] < nearest->k)
            nearest->items[ranks[i]] = (struct scree__vectors_near){ids[i], distances[i]};
    nearest->count = count < nearest->k ? count : nearest->k;
    nearest->in_order = true;
}

void scree__vectors_nearest_sort(struct scree__vectors_nearest *nearest)
{
    if (nearest->in_order)
        return;
    nearest->in_order = true;
    for (uint32_t end = nearest->count; end-- > 1;) {
        struct scree__vectors_near last = nearest->items[end];
        nearest->items[end] = nearest->items[0];
        sift(nearest->items, end, last);
    }
}
