/* shelf.c - large blocks between two phases. */
#include "mem/shelf.h"
#include "mem/map.h"

#include <sys/mman.h>

#ifdef MREMAP_MAYMOVE

/* Blocks are cut where pages of any size begin. */
#define CUT_BYTES ((uint64_t)64 << 10)

/* Held for a look at a few blocks, never while the system is asked for something. */
static void take_shelf(struct scree__mem_shelf *shelf)
{
    while (atomic_flag_test_and_set_explicit(&shelf->busy, memory_order_acquire)) {
    }
}

static void give_shelf(struct scree__mem_shelf *shelf)
{
    atomic_flag_clear_explicit(&shelf->busy, memory_order_release);
}

/* The smallest block that is long enough, or else the largest one. 0 bytes: there is none. */
static uint64_t take_block(struct scree__mem_shelf *shelf, uint64_t wanted, void **memory)
{
    uint64_t bytes = 0;
    take_shelf(shelf);
    unsigned best = 0;
    for (unsigned i = 1; i < shelf->count; i++) {
        uint64_t here = shelf->blocks[i].bytes, there = shelf->blocks[best].bytes;
        if (here >= wanted ? there < wanted || here < there : here > there)
            best = i;
    }
    if (shelf->count > 0) {
        *memory = shelf->blocks[best].memory;
        bytes = shelf->blocks[best].bytes;
        shelf->blocks[best] = shelf->blocks[--shelf->count];
        atomic_fetch_sub_explicit(&shelf->bytes, bytes, memory_order_relaxed);
    }
    give_shelf(shelf);
    return bytes;
}

static bool put_block(struct scree__mem_shelf *shelf, void *memory, uint64_t bytes)
{
    take_shelf(shelf);
    bool put = shelf->count < SCREE__MEM_SHELF_BLOCKS;
    if (put) {
        shelf->blocks[shelf->count].memory = memory;
        shelf->blocks[shelf->count++].bytes = bytes;
        atomic_fetch_add_explicit(&shelf->bytes, bytes, memory_order_relaxed);
    }
    give_shelf(shelf);
    return put;
}

void scree__mem_rest(struct scree__mem_budget *budget, void *memory, uint64_t bytes)
{
    if (memory == NULL || budget == NULL || bytes < SCREE__MEM_MAP_FROM_BYTES ||
        !put_block(&budget->shelf, memory, bytes)) {
        scree__mem_free(budget, memory, bytes);
        return;
    }
    scree__mem_release(budget, bytes);
}

/* Puts what is behind the first `keep` bytes on the shelf, if it is enough to be worth a block. What is left. */
static uint64_t cut_block(struct scree__mem_shelf *shelf, void *memory, uint64_t bytes,
                          uint64_t keep)
{
    uint64_t kept = (keep + CUT_BYTES - 1) / CUT_BYTES * CUT_BYTES;
    if (kept >= bytes || bytes - kept < SCREE__MEM_MAP_FROM_BYTES ||
        !put_block(shelf, (uint8_t *)memory + kept, bytes - kept))
        return bytes;
    return kept;
}

uint64_t scree__mem_rest_tail(struct scree__mem_budget *budget, void *memory, uint64_t bytes,
                              uint64_t keep)
{
    if (budget == NULL || keep < SCREE__MEM_MAP_FROM_BYTES || keep > bytes)
        return bytes;
    uint64_t kept = cut_block(&budget->shelf, memory, bytes, keep);
    scree__mem_release(budget, bytes - kept);
    return kept;
}

enum scree_status scree__mem_alloc_rested(struct scree__mem_budget *budget, uint64_t bytes,
                                          void **memory, const char *what, struct scree_error *err)
{
    void *block;
    *memory = NULL;
    if (budget == NULL || bytes < SCREE__MEM_MAP_FROM_BYTES || bytes > SIZE_MAX / 2)
        return scree__mem_alloc(budget, bytes, memory, what, err);
    uint64_t there = take_block(&budget->shelf, bytes, &block);
    if (there == 0)
        return scree__mem_alloc(budget, bytes, memory, what, err);
    enum scree_status status = scree__mem_reserve(budget, bytes, what, err);
    if (status == SCREE_OK) {
        there = cut_block(&budget->shelf, block, there, bytes);
        *memory =
            there == bytes ? block : mremap(block, (size_t)there, (size_t)bytes, MREMAP_MAYMOVE);
        if (*memory != MAP_FAILED)
            return SCREE_OK;
        scree__mem_release(budget, bytes);
    }
    (void)munmap(block, (size_t)there);
    return status == SCREE_OK ? scree__mem_alloc(budget, bytes, memory, what, err) : status;
}

uint64_t scree__mem_shelf_clear(struct scree__mem_budget *budget)
{
    uint64_t sum = 0, bytes;
    void *block;
    while ((bytes = take_block(&budget->shelf, 0, &block)) > 0) {
        (void)munmap(block, (size_t)bytes);
        sum += bytes;
    }
    return sum;
}

#else

uint64_t scree__mem_rest_tail(struct scree__mem_budget *budget, void *memory, uint64_t bytes,
                              uint64_t keep)
{
    (void)budget;
    (void)memory;
    (void)keep;
    return bytes;
}

void scree__mem_rest(struct scree__mem_budget *budget, void *memory, uint64_t bytes)
{
    scree__mem_free(budget, memory, bytes);
}

enum scree_status scree__mem_alloc_rested(struct scree__mem_budget *budget, uint64_t bytes,
                                          void **memory, const char *what, struct scree_error *err)
{
    return scree__mem_alloc(budget, bytes, memory, what, err);
}

uint64_t scree__mem_shelf_clear(struct scree__mem_budget *budget)
{
    (void)budget;
    return 0;
}

#endif
