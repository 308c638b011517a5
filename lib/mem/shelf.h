/*
 * shelf.h - large blocks that one phase of a run has done with, for the next one. The system takes longer to hand out a page than a phase to fill it, and
 * these are there already. What lies on the shelf is not counted as used, but makes way as soon as the budget has no room beside it.
 *
 *     scree__mem_rest()           (or, of a part, scree__mem_rest_tail()) in place of scree__mem_free(), where the next phase has use for such a block
 *     scree__mem_alloc_rested()   in place of scree__mem_alloc(), where the contents do not matter
 *     scree__mem_shelf_clear()    at the end of the run
 */
#ifndef SCREE_LIB_MEM_SHELF_H
#define SCREE_LIB_MEM_SHELF_H

#include "mem/budget.h"

/* Frees what scree__mem_alloc() or scree__mem_alloc_rested() gave for the same `bytes`; its pages stay if it is large and there is room. Any thread. */
void scree__mem_rest(struct scree__mem_budget *budget, void *memory, uint64_t bytes);

/* The same for what lies behind the first `keep` bytes of a block. The length that the block has from then on: as it was, if that would not be large or nothing to speak of would rest. */
uint64_t scree__mem_rest_tail(struct scree__mem_budget *budget, void *memory, uint64_t bytes,
                              uint64_t keep);

/*
 * As scree__mem_alloc(), but what is in the block is not known, however large it is: one from the shelf, cut or made longer, where there is one. Any
 * thread. Free it with scree__mem_free() or scree__mem_rest().
 */
SCREE_MUST_CHECK enum scree_status scree__mem_alloc_rested(struct scree__mem_budget *budget,
                                                           uint64_t bytes, void **memory,
                                                           const char *what,
                                                           struct scree_error *err);

/* Gives everything on the shelf back to the system; its bytes. Any thread. */
uint64_t scree__mem_shelf_clear(struct scree__mem_budget *budget);

#endif
