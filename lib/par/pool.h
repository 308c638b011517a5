/*
 * pool.h - threads. A pool runs one job at a time: either independent items (scree__par_for) or an
 * ordered lane (scree__par_lane), where items are made in parallel and taken in order, a bounded
 * number in flight. The calling thread works too, so a pool of one thread starts none.
 *
 * The first error ends the job: items that have begun are finished, no further ones begin. When
 * several items fail, the error of the smallest index is reported, so that a message does not
 * depend on timing more than it must.
 */
#ifndef SCREE_LIB_PAR_POOL_H
#define SCREE_LIB_PAR_POOL_H

#include "scree/base.h"

struct scree__par_pool;

SCREE_MUST_CHECK enum scree_status
scree__par_pool_new(unsigned threads, struct scree__par_pool **pool, struct scree_error *err);
void scree__par_pool_free(struct scree__par_pool *pool);

unsigned scree__par_pool_threads(const struct scree__par_pool *pool);

/* Async-signal-safe. Jobs that run end with SCREE_E_CANCELLED; later ones fail at once. */
void scree__par_pool_cancel(struct scree__par_pool *pool);
bool scree__par_pool_cancelled(const struct scree__par_pool *pool);

/* One item. worker in [0, threads): for per-worker state. */
typedef enum scree_status (*scree__par_item)(void *arg, uint64_t index, unsigned worker,
                                             struct scree_error *err);

/* Runs item(arg, i) for all i in [0, count), each once, in any order on any thread. */
SCREE_MUST_CHECK enum scree_status scree__par_for(struct scree__par_pool *pool, uint64_t count,
                                                  scree__par_item item, void *arg,
                                                  struct scree_error *err);

/* A lane's two halves. slot in [0, window): index % window; belongs to the item from make to take.
 */
struct scree__par_lane_job {
    uint64_t count;
    unsigned window; /* items in flight at most; at least 1 */
    void *arg;
    enum scree_status (*make)(void *arg, uint64_t index, unsigned slot, unsigned worker,
                              struct scree_error *err);
    enum scree_status (*take)(void *arg, uint64_t index, unsigned slot, struct scree_error *err);
};

/* Runs make in parallel and take strictly in order of index, one at a time. */
SCREE_MUST_CHECK enum scree_status scree__par_lane(struct scree__par_pool *pool,
                                                   const struct scree__par_lane_job *job,
                                                   struct scree_error *err);

#endif
