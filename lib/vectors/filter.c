/* filter.c - which vectors a search may find. */
#include "vectors/filter.h"
#include "base/error.h"
#include "mem/budget.h"

#include <string.h>

/* By begin; touching and overlapping ones become one. Insertion: there are few. */
static void sort_ranges(struct scree__vectors_filter *filter)
{
    struct scree_vectors_id_range *ranges = filter->sorted;
    uint32_t count = filter->given_count, kept = 0;
    for (uint32_t i = 1; i < count; i++) {
        struct scree_vectors_id_range range = ranges[i];
        uint32_t at = i;
        for (; at > 0 && ranges[at - 1].begin > range.begin; at--)
            ranges[at] = ranges[at - 1];
        ranges[at] = range;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (ranges[i].begin == ranges[i].end)
            continue;
        if (kept > 0 && ranges[i].begin <= ranges[kept - 1].end) {
            if (ranges[i].end > ranges[kept - 1].end)
                ranges[kept - 1].end = ranges[i].end;
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    filter->range_count = kept;
    filter->ranges = ranges;
}

static enum scree_status take_ranges(struct scree__vectors_filter *filter,
                                     const struct scree_vectors_search_options *options,
                                     struct scree_error *err)
{
    void *memory = NULL;
    uint64_t bytes = options->id_range_count * (uint64_t)sizeof *filter->sorted;
    for (uint32_t i = 0; i < options->id_range_count; i++)
        if (options->id_ranges[i].begin > options->id_ranges[i].end)
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "a range of ids begins at %llu and ends before it, at %llu",
                                    (unsigned long long)options->id_ranges[i].begin,
                                    (unsigned long long)options->id_ranges[i].end);
    enum scree_status status =
        scree__mem_alloc(filter->budget, bytes, &memory, "ranges of ids", err);
    if (status != SCREE_OK)
        return status;
    filter->sorted = memory;
    filter->given_count = options->id_range_count;
    memcpy(filter->sorted, options->id_ranges, bytes);
    sort_ranges(filter);
    return SCREE_OK;
}

enum scree_status scree__vectors_filter_init(struct scree__vectors_filter *filter,
                                             const struct scree_vectors_search_options *options,
                                             const struct scree__vectors_svx *svx,
                                             struct scree__mem_budget *budget,
                                             struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    memset(filter, 0, sizeof *filter);
    filter->budget = budget;
    filter->bits = options->id_bits;
    filter->bit_count = options->id_bit_count;
    filter->deletions = scree__vectors_svx_has_deletions(svx) ? svx : NULL;
    if (options->id_range_count > 0)
        status = take_ranges(filter, options, err);
    if (status == SCREE_OK && options->tag != NULL) {
        void *memory = NULL;
        filter->tag_set_count = scree__vectors_svx_tag_set_count(svx);
        status = scree__mem_alloc(budget, filter->tag_set_count + 1u, &memory, "tags", err);
        filter->tags = memory;
        if (status == SCREE_OK)
            status = scree__vectors_svx_tag_sets(svx, options->tag, filter->tags, err);
    }
    filter->all = filter->sorted == NULL && filter->bits == NULL && filter->tags == NULL &&
                  filter->deletions == NULL;
    if (status != SCREE_OK)
        scree__vectors_filter_release(filter);
    return status;
}

void scree__vectors_filter_release(struct scree__vectors_filter *filter)
{
    scree__mem_free(filter->budget, filter->sorted,
                    filter->given_count * (uint64_t)sizeof *filter->sorted);
    scree__mem_free(filter->budget, filter->tags, filter->tag_set_count + 1u);
    memset(filter, 0, sizeof *filter);
}

static bool in_ranges(const struct scree__vectors_filter *filter, uint64_t id)
{
    uint32_t low = 0, high = filter->range_count; /* the first that ends behind id */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (filter->ranges[middle].end > id)
            high = middle;
        else
            low = middle + 1;
    }
    return low < filter->range_count && filter->ranges[low].begin <= id;
}

bool scree__vectors_filter_allows(const struct scree__vectors_filter *filter,
                                  const struct scree__vectors_svx *svx,
                                  const struct scree__vectors_column *column,
                                  const struct scree__vectors_block *block, uint32_t at)
{
    if (filter->tags != NULL) {
        uint32_t set = scree__vectors_svx_tag(svx, column, block, at);
        if (set >= filter->tag_set_count || filter->tags[set] == 0)
            return false;
    }
    if (filter->sorted == NULL && filter->bits == NULL && filter->deletions == NULL)
        return true;
    uint64_t id = scree__vectors_svx_id(svx, column, block, at);
    if (filter->sorted != NULL && !in_ranges(filter, id))
        return false;
    if (filter->bits != NULL &&
        (id >= filter->bit_count || (filter->bits[id / 8] >> (id % 8) & 1) == 0))
        return false;
    return filter->deletions == NULL ||
           !scree__vectors_svx_deleted(filter->deletions, block->segment, id);
}
