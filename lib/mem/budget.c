/* budget.c - counted allocation. */
#include "mem/budget.h"
#include "base/bytes.h"
#include "base/error.h"
#include "mem/map.h"
#include "mem/shelf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The usual ones. Where they are larger, scree__mem_touch() asks for what is none, and is refused. */
#define PAGE_BYTES ((uintptr_t)4096)
/* And from here on huge pages of 2 MiB are asked for where the budget's owner wants them: of what is smaller too little would lie in whole ones. */
#define HUGE_FROM_BYTES ((uint64_t)4 << 20)

void scree__mem_budget_init(struct scree__mem_budget *budget, uint64_t limit_bytes)
{
    budget->limit_bytes = limit_bytes;
    budget->huge_pages = false;
    atomic_init(&budget->used_bytes, 0);
    atomic_init(&budget->peak_bytes, 0);
    atomic_flag_clear(&budget->shelf.busy);
    budget->shelf.count = 0;
    atomic_init(&budget->shelf.bytes, 0);
}

uint64_t scree__mem_budget_used(const struct scree__mem_budget *budget)
{
    return atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
}

uint64_t scree__mem_budget_peak(const struct scree__mem_budget *budget)
{
    return atomic_load_explicit(&budget->peak_bytes, memory_order_relaxed);
}

enum scree_status scree__mem_reserve(struct scree__mem_budget *budget, uint64_t bytes,
                                     const char *what, struct scree_error *err)
{
    if (budget == NULL)
        return SCREE_OK;
    uint64_t used = atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
    uint64_t next = UINT64_MAX;
    do {
        if (!scree__base_add64(used, bytes, &next) || next > budget->limit_bytes) {
            if (err != NULL && err->status == SCREE_OK)
                err->need_bytes = next;
            return scree__base_fail(err, SCREE_E_BUDGET,
                                    "%s needs %llu bytes, and %llu of the budget of %llu are taken",
                                    what, (unsigned long long)bytes, (unsigned long long)used,
                                    (unsigned long long)budget->limit_bytes);
        }
        if (next + atomic_load_explicit(&budget->shelf.bytes, memory_order_relaxed) >
            budget->limit_bytes)
            (void)scree__mem_shelf_clear(budget);
    } while (!atomic_compare_exchange_weak_explicit(&budget->used_bytes, &used, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    uint64_t peak = atomic_load_explicit(&budget->peak_bytes, memory_order_relaxed);
    while (peak < next &&
           !atomic_compare_exchange_weak_explicit(&budget->peak_bytes, &peak, next,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
    return SCREE_OK;
}

void scree__mem_release(struct scree__mem_budget *budget, uint64_t bytes)
{
    if (budget != NULL)
        atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
}

void scree__mem_trial_begin(struct scree__mem_budget *budget, uint64_t more,
                            struct scree__mem_trial *trial)
{
    trial->limit_bytes = budget->limit_bytes;
    trial->peak_bytes = scree__mem_budget_peak(budget);
    if (!scree__base_add64(budget->limit_bytes, more, &budget->limit_bytes))
        budget->limit_bytes = UINT64_MAX;
    atomic_store(&budget->peak_bytes, scree__mem_budget_used(budget));
}

uint64_t scree__mem_trial_end(struct scree__mem_budget *budget,
                              const struct scree__mem_trial *trial)
{
    uint64_t peak = scree__mem_budget_peak(budget);
    budget->limit_bytes = trial->limit_bytes;
    atomic_store(&budget->peak_bytes, trial->peak_bytes);
    return peak;
}

enum scree_status scree__mem_alloc(struct scree__mem_budget *budget, uint64_t bytes, void **memory,
                                   const char *what, struct scree_error *err)
{
    *memory = NULL;
    if (bytes == 0)
        return SCREE_OK;
    if (bytes > SIZE_MAX / 2)
        return scree__base_fail(err, SCREE_E_MEMORY,
                                "%s: %llu bytes are more than can be addressed", what,
                                (unsigned long long)bytes);
    enum scree_status status = scree__mem_reserve(budget, bytes, what, err);
    if (status != SCREE_OK)
        return status;
    void *block = NULL;
    if (bytes >= SCREE__MEM_MAP_FROM_BYTES) {
        block =
            mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED)
            block = NULL;
#ifdef MADV_HUGEPAGE
        else if (budget != NULL && budget->huge_pages && bytes >= HUGE_FROM_BYTES)
            (void)madvise(block, (size_t)bytes, MADV_HUGEPAGE); /* a wish: a kernel may say no */
#endif
    } else {
        block = aligned_alloc(64, ((size_t)bytes + 63) & ~(size_t)63);
    }
    if (block == NULL) {
        scree__mem_release(budget, bytes);
        return scree__base_fail(err, SCREE_E_MEMORY, "%s: the system has no %llu bytes left", what,
                                (unsigned long long)bytes);
    }
    *memory = block;
    return SCREE_OK;
}

void scree__mem_free(struct scree__mem_budget *budget, void *memory, uint64_t bytes)
{
    if (memory == NULL)
        return;
    if (bytes >= SCREE__MEM_MAP_FROM_BYTES)
        munmap(memory, (size_t)bytes);
    else
        free(memory);
    scree__mem_release(budget, bytes);
}

void scree__mem_touch(void *memory, uint64_t bytes)
{
#ifdef MADV_POPULATE_WRITE
    const uintptr_t first = (uintptr_t)memory, rest = PAGE_BYTES - 1;
    uintptr_t begin = (first + rest) & ~rest, end = (first + (uintptr_t)bytes + rest) & ~rest;
    if (end > begin)
        (void)madvise((void *)begin, end - begin, MADV_POPULATE_WRITE); /* a wish, too */
#else
    (void)memory;
    (void)bytes;
#endif
}

enum scree_status scree__mem_grow(struct scree__mem_budget *budget, void **array,
                                  uint64_t *capacity, uint64_t need, uint64_t element_bytes,
                                  const char *what, struct scree_error *err)
{
    if (need <= *capacity)
        return SCREE_OK;
    uint64_t next = *capacity < 8 ? 8 : *capacity;
    uint64_t bytes;
    while (next < need && next <= UINT64_MAX / 2)
        next *= 2;
    if (next < need || !scree__base_mul64(next, element_bytes, &bytes))
        return scree__base_fail(err, SCREE_E_MEMORY, "%s: too many elements", what);
    void *block;
    enum scree_status status = scree__mem_alloc(budget, bytes, &block, what, err);
    if (status != SCREE_OK)
        return status;
    if (*array != NULL) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): scree__mem_alloc() has set it */
        memcpy(block, *array, (size_t)(*capacity * element_bytes));
        scree__mem_free(budget, *array, *capacity * element_bytes);
    }
    *array = block;
    *capacity = next;
    return SCREE_OK;
}

char *scree__mem_string_copy(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

void scree__mem_string_free(char *text)
{
    free(text);
}
