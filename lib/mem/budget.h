/*
 * budget.h - who may take how much memory. Every buffer that grows with the data is taken here and
 * given back here, with its size, so that the sum is known at all times. The only caller of malloc
 * and mmap in the library.
 *
 * Calling sequence: scree__mem_budget_init() once; scree__mem_alloc() / scree__mem_free() in pairs
 * with equal sizes; scree__mem_budget_used() is 0 at the end.
 */
#ifndef SCREE_LIB_MEM_BUDGET_H
#define SCREE_LIB_MEM_BUDGET_H

#include "scree/base.h"

#include <stdatomic.h>

/* Large blocks that nobody has at present; see shelf.h. */
#define SCREE__MEM_SHELF_BLOCKS 32u
struct scree__mem_shelf {
    atomic_flag busy;
    unsigned count;
    struct {
        void *memory;
        uint64_t bytes;
    } blocks[SCREE__MEM_SHELF_BLOCKS];
    atomic_uint_least64_t bytes; /* of all of them */
};

struct scree__mem_budget {
    uint64_t limit_bytes;
    bool huge_pages; /* of large blocks; false after scree__mem_budget_init() */
    atomic_uint_least64_t used_bytes;
    atomic_uint_least64_t peak_bytes;
    struct scree__mem_shelf shelf;
};

void scree__mem_budget_init(struct scree__mem_budget *budget, uint64_t limit_bytes);

uint64_t scree__mem_budget_used(const struct scree__mem_budget *budget);
uint64_t scree__mem_budget_peak(const struct scree__mem_budget *budget);

/*
 * Takes `bytes` for `what` ("chunk 12 of tile.laz"). A NULL budget has no limit and counts nothing.
 * SCREE_E_BUDGET: the message and err->need_bytes name the budget that would have let this request
 * through.
 */
SCREE_MUST_CHECK enum scree_status scree__mem_reserve(struct scree__mem_budget *budget,
                                                      uint64_t bytes, const char *what,
                                                      struct scree_error *err);
void scree__mem_release(struct scree__mem_budget *budget, uint64_t bytes);

/*
 * Reserves and allocates; *memory is aligned to 64 bytes and zeroed only where it is large (1 MiB
 * and up: fresh pages). bytes 0 gives NULL. Large blocks are mapped one by one, so that freeing
 * them gives the pages back to the system at once.
 */
SCREE_MUST_CHECK enum scree_status scree__mem_alloc(struct scree__mem_budget *budget,
                                                    uint64_t bytes, void **memory, const char *what,
                                                    struct scree_error *err);
/* Frees what scree__mem_alloc() gave for the same `bytes`. NULL is accepted. */
void scree__mem_free(struct scree__mem_budget *budget, void *memory, uint64_t bytes);

/*
 * Part of a large block, about to be written for the first time: the pages that begin in it are fetched from the system by one call, which takes less than one
 * by one as they are touched. By pieces that a cache holds. Nothing else changes, nor does anything happen where the system cannot do it.
 */
void scree__mem_touch(void *memory, uint64_t bytes);

/*
 * Grows an array so that it holds at least `need` elements: doubles, copies, frees the old one.
 * *capacity counts elements. NULL array with capacity 0 to start. Free it with
 * scree__mem_free(budget, array, capacity * element_bytes).
 */
SCREE_MUST_CHECK enum scree_status scree__mem_grow(struct scree__mem_budget *budget, void **array,
                                                   uint64_t *capacity, uint64_t need,
                                                   uint64_t element_bytes, const char *what,
                                                   struct scree_error *err);

/*
 * After a refusal: what would have been enough? The limit is raised by `more` bytes for a second attempt, whose peak tells. By the thread that the
 * run belongs to, while no other works for it. SCREE__MEM_TRIAL_BYTES is less than what a process may take beside its budget.
 */
#define SCREE__MEM_TRIAL_BYTES ((uint64_t)24 << 20)
struct scree__mem_trial {
    uint64_t limit_bytes, peak_bytes; /* as they were */
};
void scree__mem_trial_begin(struct scree__mem_budget *budget, uint64_t more,
                            struct scree__mem_trial *trial);
/* The trial's peak; limit and peak are as before it. */
uint64_t scree__mem_trial_end(struct scree__mem_budget *budget,
                              const struct scree__mem_trial *trial);

/* A copy of a string; free with scree__mem_string_free(). Not counted: for names and messages, not
 * for data. */
char *scree__mem_string_copy(const char *text);
void scree__mem_string_free(char *text);

#endif
