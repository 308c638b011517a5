/* filter.h - which vectors a search may find: by id and by tag, without those that were deleted. */
#ifndef SCREE_LIB_VECTORS_FILTER_H
#define SCREE_LIB_VECTORS_FILTER_H

#include "vectors/svx.h"

struct scree__vectors_filter {
    struct scree__mem_budget *budget;
    const struct scree_vectors_id_range *ranges; /* sorted, apart; NULL: all ids */
    struct scree_vectors_id_range *sorted;       /* own */
    uint32_t range_count, given_count;
    const uint8_t *bits; /* NULL: all ids */
    uint64_t bit_count;
    uint8_t *tags; /* [tag_set_count]: allowed sets; NULL: all */
    uint32_t tag_set_count;
    const struct scree__vectors_svx *deletions; /* NULL: none */
    bool all;                                   /* nothing is filtered */
};

/* Checks and copies. Errors: SCREE_E_ARGUMENT (no such tag, a range whose end is before its begin), SCREE_E_BUDGET. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_filter_init(struct scree__vectors_filter *filter,
                           const struct scree_vectors_search_options *options,
                           const struct scree__vectors_svx *svx, struct scree__mem_budget *budget,
                           struct scree_error *err);
void scree__vectors_filter_release(struct scree__vectors_filter *filter);

bool scree__vectors_filter_allows(const struct scree__vectors_filter *filter,
                                  const struct scree__vectors_svx *svx,
                                  const struct scree__vectors_column *column,
                                  const struct scree__vectors_block *block, uint32_t at);

#endif
