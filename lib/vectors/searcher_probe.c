/* searcher_probe.c - which lists a query is compared with. */
#include "vectors/searcher_parts.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

static bool probe_before(struct scree__vectors_probe a, struct scree__vectors_probe b)
{
    return a.distance2 < b.distance2 || (a.distance2 == b.distance2 && a.list < b.list);
}

/* Puts `item` into the place that is free at `at` of a heap with the furthest on top. */
static void probe_sift(struct scree__vectors_probe *heap, uint32_t at, uint32_t count,
                       struct scree__vectors_probe item)
{
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && probe_before(heap[child], heap[child + 1]))
            child++;
        if (!probe_before(item, heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = item;
}

/* Into the `most` best so far, probes[*count], which are in order. */
static void insert(struct scree__vectors_probe *probes, uint32_t *count, uint32_t most,
                   struct scree__vectors_probe item)
{
    uint32_t at = *count;
    if (at == most && !probe_before(item, probes[--at]))
        return;
    for (; at > 0 && probe_before(item, probes[at - 1]); at--)
        probes[at] = probes[at - 1];
    probes[at] = item;
    *count += *count < most;
}

static void sort_heap(struct scree__vectors_probe *probes, uint32_t count)
{
    for (uint32_t end = count; end-- > 1;) {
        struct scree__vectors_probe last = probes[end];
        probes[end] = probes[0];
        probe_sift(probes, 0, end, last);
    }
}

float scree__vectors_limit_for(const struct scree__vectors_kernels *kernels, const float *values,
                               uint32_t count, uint32_t most)
{
    enum { TRIES = 12, FEW_VALUES = 32 };
    float low, high = INFINITY;
    if (count < FEW_VALUES || most >= count)
        return high;
    float middling = kernels->middling(values, count, &low);
    const float least = low;
    /* They are spread as if they came from a normal distribution, roughly. */
    float at = least + 2.6f * (middling - least) * sqrtf((float)most / (float)count);
    for (int i = 0; i < TRIES; i++) {
        uint32_t found = kernels->below(values, count, at, NULL);
        *(found < most ? &low : &high) = at;
        if (found >= most && found <= most + most / 4 + 4)
            break;
        at = high == INFINITY ? at + 0.4f * (at - least) : low + 0.5f * (high - low);
    }
    return high;
}

/* The best so far of up to `most` lists. */
struct best {
    struct scree__vectors_probe *probes;
    uint32_t count, most;
};

/* Few are kept in order, more are a heap once there are `most`. */
#define FEW 24u

static void offer(struct best *best, struct scree__vectors_probe it)
{
    if (best->most <= FEW) {
        insert(best->probes, &best->count, best->most, it);
    } else if (best->count < best->most) {
        best->probes[best->count++] = it;
        for (uint32_t top = best->count == best->most ? best->count / 2 : 0; top-- > 0;)
            probe_sift(best->probes, top, best->count, best->probes[top]);
    } else if (probe_before(it, best->probes[0])) {
        probe_sift(best->probes, 0, best->count, it);
    }
}

static void put_in_order(struct best *best)
{
    if (best->most > FEW)
        sort_heap(best->probes, best->count);
}

/* distance2 is a key until they are in order. */
static void choose_by_products(struct scree__vectors_searcher *searcher, const float *values,
                               const float *products, struct best *best)
{
    const struct scree__vectors_target *target = searcher->target;
    const struct scree__vectors_column *column = target->column;
    const struct scree__vectors_kernels *kernels = searcher->query.kernels;
    const uint32_t lists = column->list_count;
    const uint32_t padded = (uint32_t)searcher->product_stride;
    const uint32_t *near = searcher->near_lists;
    kernels->keys(column->shape.metric == SCREE_VECTORS_IP ? NULL : target->lists.squares, products,
                  padded, searcher->keys);
    for (uint32_t list = lists; list < padded; list++)
        searcher->keys[list] = INFINITY;
    uint32_t found = kernels->below(
        searcher->keys, padded,
        scree__vectors_limit_for(kernels, searcher->keys, lists, best->most), searcher->near_lists);
    for (uint32_t i = 0; i < found; i++)
        offer(best,
              (struct scree__vectors_probe){searcher->keys[near[i]], products[near[i]], near[i]});
    put_in_order(best);
    for (uint32_t i = 0; i < best->count; i++)
        best->probes[i].distance2 = kernels->distance2_fp32(
            column->centroids + (size_t)best->probes[i].list * column->centroid_stride, values,
            column->shape.dim);
}

/* `most` lists at least are not further than this, by the upper bounds that are in searcher->keys. */
static float certain_limit(struct scree__vectors_searcher *searcher, uint32_t padded, uint32_t most)
{
    const struct scree__vectors_kernels *kernels = searcher->query.kernels;
    if (most <= SCREE__VECTORS_UPPERS_IN_ORDER)
        return kernels->limit(searcher->keys, padded, most);
    return scree__vectors_limit_for(kernels, searcher->keys, searcher->target->column->list_count,
                                    most);
}

/* Up to ROWS_TOGETHER centroids of so many lists with a query, as kernels->rows(). */
static void compare_centroids(const struct scree__vectors_searcher *searcher, const uint32_t *lists,
                              uint32_t count, const float *values, bool distance2, float *out)
{
    const struct scree__vectors_column *column = searcher->target->column;
    const uint8_t *rows[SCREE__VECTORS_ROWS_TOGETHER];
    for (uint32_t i = 0; i < count; i++)
        rows[i] = (const uint8_t *)(column->centroids + (size_t)lists[i] * column->centroid_stride);
    searcher->query.kernels->rows(rows, count, values, column->shape.dim, false, distance2, out);
}

static void find_products(const struct scree__vectors_searcher *searcher, const float *values,
                          const struct best *best)
{
    uint32_t lists[SCREE__VECTORS_ROWS_TOGETHER] = {0}, count;
    float products[SCREE__VECTORS_ROWS_TOGETHER];
    for (uint32_t first = 0; first < best->count; first += count) {
        for (count = 0; count < SCREE__VECTORS_ROWS_TOGETHER && first + count < best->count;
             count++)
            lists[count] = best->probes[first + count].list;
        compare_centroids(searcher, lists, count, values, false, products);
        for (uint32_t i = 0; i < count; i++)
            best->probes[first + i].product = products[i];
    }
}

/* Those whose lower bounds are below that are compared exactly: hardly more than are wanted. */
static void choose_roughly(struct scree__vectors_searcher *searcher, const float *values,
                           struct best *best)
{
    const struct scree__vectors_target *target = searcher->target;
    const struct scree__vectors_column *column = target->column;
    const struct scree__vectors_kernels *kernels = searcher->query.kernels;
    const uint32_t padded = target->rough.padded_count;
    const uint32_t *near = searcher->near_lists;
    scree__vectors_rough_keys(&target->rough, &searcher->query, searcher->lower, searcher->keys);
    for (uint32_t list = column->list_count; list < padded; list++)
        searcher->keys[list] = searcher->lower[list] = INFINITY;
    const float limit = certain_limit(searcher, padded, best->most);
    const uint32_t found = kernels->below(searcher->lower, padded, limit, searcher->near_lists);
    for (uint32_t i = 0; i < found; i++)
        __builtin_prefetch(column->centroids + (size_t)near[i] * column->centroid_stride);
    for (uint32_t first = 0, count; first < found; first += count) {
        float distances2[SCREE__VECTORS_ROWS_TOGETHER];
        count = found - first < SCREE__VECTORS_ROWS_TOGETHER ? found - first
                                                             : SCREE__VECTORS_ROWS_TOGETHER;
        compare_centroids(searcher, near + first, count, values, true, distances2);
        for (uint32_t i = 0; i < count; i++)
            offer(best, (struct scree__vectors_probe){distances2[i], 0, near[first + i]});
    }
    put_in_order(best);
    if (column->shape.metric == SCREE_VECTORS_COSINE)
        find_products(searcher, values, best);
}

/* Is everything in the list further than limit, by its radius alone? As compared: |o - q|^2, or -<o, q>. */
bool scree__vectors_beyond(const struct scree__vectors_target *target,
                           struct scree__vectors_probe probe, float query_length, float limit)
{
    const struct scree__vectors_list *list = &target->column->lists[probe.list];
    if (limit == INFINITY)
        return false;
    /* A hundred thousandth is more than rounding can have moved any of these. */
    const float slack = 1e-5f;
    if (target->column->shape.metric == SCREE_VECTORS_IP) {
        float reach = query_length * list->radius;
        return -probe.product - reach > limit + slack * (fabsf(probe.product) + reach);
    }
    if (target->column->shape.metric == SCREE_VECTORS_COSINE)
        limit = 2 + 2 * limit + slack; /* both have length 1: |o - q|^2 = 2 - 2 <o, q> */
    float distance = sqrtf(probe.distance2);
    float gap = distance > list->radius       ? distance - list->radius
                : distance < list->min_radius ? list->min_radius - distance
                                              : 0;
    gap -= slack * (distance + list->radius);
    return gap > 0 && gap * gap > limit;
}

/* Lists of one query, of all segments: exact distances of their centroids, without those beyond `within`. */
uint32_t scree__vectors_probe(struct scree__vectors_searcher *searcher,
                              const struct scree__vectors_want *want, const float *values,
                              const float *products)
{
    const struct scree__vectors_target *target = searcher->target;
    const struct scree__vectors_column *column = target->column;
    const struct scree__vectors_kernels *kernels = searcher->query.kernels;
    const uint32_t segments = column->segment_count;
    const float within = scree__vectors_compared(target, want->within);
    const uint32_t lists = column->list_count;
    struct best best = {searcher->probes, 0, want->nprobe < lists ? want->nprobe : lists};
    if (scree__vectors_probes_roughly(target, want))
        choose_roughly(searcher, values, &best);
    else
        choose_by_products(searcher, values, products, &best);
    const uint32_t count = best.count;
    uint32_t kept = 0;
    if (column->shape.metric == SCREE_VECTORS_IP)
        searcher->length = sqrtf(kernels->product_fp32(values, values, column->shape.dim));
    /* Centroids go to the end, so that their lists have room in front of those that are still to come. */
    struct scree__vectors_probe *from = searcher->probes + (size_t)count * (segments - 1);
    if (segments > 1)
        memmove(from, searcher->probes, count * sizeof *from);
    for (uint32_t i = 0; i < count; i++) {
        struct scree__vectors_probe it = from[i];
        for (uint32_t s = 0; s < segments; s++, it.list += column->list_count) {
            if (column->lists[it.list].count > 0 &&
                !scree__vectors_beyond(target, it, searcher->length, within))
                searcher->probes[kept++] = it;
        }
    }
    return kept;
}
