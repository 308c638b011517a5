/* searcher_probe.c - which lists a query is compared with. */
#include "vectors/searcher_parts.h"
#include "vectors/kernels.h"

#include <math.h>
#include <string.h>

/* What lists are chosen by: small is near. */
static float probe_key(const struct scree__vectors_target *target, const float *products,
                       uint32_t list)
{
    return target->column->shape.metric == SCREE_VECTORS_IP
               ? -products[list]
               : target->lists.squares[list] - 2 * products[list];
}

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

/* The `most` best lists, in order; their keys are in distance2. */
static uint32_t choose(const struct scree__vectors_target *target, const float *products,
                       uint32_t most, struct scree__vectors_probe *probes)
{
    const uint32_t lists = target->column->list_count;
    uint32_t count = most < lists ? most : lists;
    for (uint32_t list = 0; list < count; list++)
        probes[list] =
            (struct scree__vectors_probe){probe_key(target, products, list), products[list], list};
    for (uint32_t i = count / 2; i-- > 0;)
        probe_sift(probes, i, count, probes[i]);
    for (uint32_t list = count; list < lists; list++) {
        float key = probe_key(target, products, list);
        if (key < probes[0].distance2)
            probe_sift(probes, 0, count, (struct scree__vectors_probe){key, products[list], list});
    }
    for (uint32_t end = count; end-- > 1;) {
        struct scree__vectors_probe last = probes[end];
        probes[end] = probes[0];
        probe_sift(probes, 0, end, last);
    }
    return count;
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
    const uint32_t dim = column->shape.dim, segments = column->segment_count;
    const float within = scree__vectors_compared(target, want->within);
    uint32_t count = choose(target, products, want->nprobe, searcher->probes), kept = 0;
    searcher->length = sqrtf(kernels->product_fp32(values, values, dim));
    /* Centroids go to the end, so that their lists have room in front of those that are still to come. */
    struct scree__vectors_probe *from = searcher->probes + (size_t)count * (segments - 1);
    if (segments > 1)
        memmove(from, searcher->probes, count * sizeof *from);
    for (uint32_t i = 0; i < count; i++) {
        struct scree__vectors_probe it = from[i];
        it.distance2 = kernels->distance2_fp32(
            column->centroids + (size_t)it.list * column->centroid_stride, values, dim);
        for (uint32_t s = 0; s < segments; s++, it.list += column->list_count) {
            if (column->lists[it.list].count > 0 &&
                !scree__vectors_beyond(target, it, searcher->length, within))
                searcher->probes[kept++] = it;
        }
    }
    return kept;
}
