/* kmeans_order.c - centroids in halves of halves. */
#include "vectors/kmeans_order.h"

struct item {
    float key;
    uint32_t row;
};

struct run {
    uint32_t begin, end;
};

uint64_t scree__vectors_order_bytes(uint32_t count)
{
    return (uint64_t)count * sizeof(struct item);
}

static bool less(struct item a, struct item b)
{
    return a.key < b.key || (a.key == b.key && a.row < b.row);
}

static void sift(struct item *items, uint32_t at, uint32_t count)
{
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && less(items[child], items[child + 1]))
            child++;
        if (!less(items[at], items[child]))
            return;
        struct item moved = items[at];
        items[at] = items[child];
        items[child] = moved;
    }
}

static void sort_items(struct item *items, uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;)
        sift(items, i, count);
    for (uint32_t end = count; end-- > 1;) {
        struct item moved = items[0];
        items[0] = items[end];
        items[end] = moved;
        sift(items, 0, end);
    }
}

static double spread_of(const float *rows, uint32_t dim, uint32_t at, const struct item *items,
                        uint32_t count)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < count; i++) {
        double value = rows[(size_t)items[i].row * dim + at];
        sum += value;
        squares += value * value;
    }
    return squares - sum * sum / count;
}

static void halve(const float *rows, uint32_t dim, struct item *items, uint32_t count)
{
    uint32_t widest = 0;
    double most = -1;
    for (uint32_t d = 0; d < dim; d++) {
        double spread = spread_of(rows, dim, d, items, count);
        if (spread > most) {
            most = spread;
            widest = d;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        items[i].key = rows[(size_t)items[i].row * dim + widest];
    sort_items(items, count);
}

enum scree_status scree__vectors_order(struct scree__mem_budget *budget, const float *rows,
                                       uint32_t count, uint32_t dim, uint32_t *order,
                                       struct scree_error *err)
{
    void *memory = NULL;
    enum scree_status status =
        scree__mem_alloc(budget, scree__vectors_order_bytes(count), &memory, "k-means", err);
    if (status != SCREE_OK)
        return status;
    struct item *items = memory;
    for (uint32_t i = 0; i < count; i++)
        items[i] = (struct item){0, i};
    struct run open[64] = {
        {0, count}}; /* halves of halves: no more than twice their depth are open */
    for (unsigned n = 1; n > 0;) {
        struct run run = open[--n];
        uint32_t size = run.end - run.begin;
        if (size < 3)
            continue;
        halve(rows, dim, items + run.begin, size);
        open[n++] = (struct run){run.begin, run.begin + size / 2};
        open[n++] = (struct run){run.begin + size / 2, run.end};
    }
    for (uint32_t i = 0; i < count; i++)
        order[i] = items[i].row;
    scree__mem_free(budget, memory, scree__vectors_order_bytes(count));
    return SCREE_OK;
}
