/* pool.c - a fixed set of threads, one job at a time. */
#include "par/pool.h"
#include "base/error.h"
#include "mem/budget.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define THREADS_MAX 1024u

struct job {
    uint64_t count;
    scree__par_item item;
    void *item_arg;
    const struct scree__par_lane_job *lane; /* NULL: a plain loop */

    atomic_uint_least64_t next; /* plain loop: next index to begin */
    atomic_bool failed;         /* no further item begins */
    uint64_t failed_index;      /* under the pool's lock, as is all that follows */
    enum scree_status status;
    struct scree_error error;
    uint64_t begun, taken; /* lane: [taken, begun) are in flight */
    bool taking;           /* lane: some thread is in take() */
    bool *made;            /* lane: per slot */
};

struct worker {
    struct scree__par_pool *pool;
    unsigned index;
    pthread_t thread;
};

struct scree__par_pool {
    unsigned threads;
    unsigned started; /* threads that run; worker 0 is the caller */
    struct worker *workers;
    atomic_bool cancelled;

    pthread_mutex_t lock;
    pthread_cond_t work; /* a job has come, or the pool ends */
    pthread_cond_t done; /* a worker has left the job */
    pthread_cond_t room; /* lane: an item was made or taken */
    struct job *job;
    uint64_t job_number;
    unsigned busy;
    bool ending;
};

static void job_fail(struct job *job, uint64_t index, enum scree_status status,
                     const struct scree_error *error)
{
    if (job->status == SCREE_OK || index < job->failed_index) {
        job->status = status;
        job->failed_index = index;
        job->error = *error;
    }
    atomic_store(&job->failed, true);
}

static void run_loop(struct scree__par_pool *pool, struct job *job, unsigned worker)
{
    for (;;) {
        if (atomic_load(&job->failed) || scree__par_pool_cancelled(pool))
            return;
        uint64_t index = atomic_fetch_add(&job->next, 1);
        if (index >= job->count)
            return;
        struct scree_error error = SCREE_ERROR_INIT;
        enum scree_status status = job->item(job->item_arg, index, worker, &error);
        if (status != SCREE_OK) {
            pthread_mutex_lock(&pool->lock);
            job_fail(job, index, status, &error);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

/* Takes every item that is ready at the head of the lane. Called and left with the lock held; lets
 * go of it in take(). */
static void take_ready(struct scree__par_pool *pool, struct job *job)
{
    const struct scree__par_lane_job *lane = job->lane;
    while (!job->taking && job->taken < job->begun && job->made[job->taken % lane->window] &&
           !atomic_load(&job->failed)) {
        uint64_t index = job->taken;
        unsigned slot = (unsigned)(index % lane->window);
        job->taking = true;
        pthread_mutex_unlock(&pool->lock);
        struct scree_error error = SCREE_ERROR_INIT;
        enum scree_status status = lane->take(lane->arg, index, slot, &error);
        pthread_mutex_lock(&pool->lock);
        job->taking = false;
        job->made[slot] = false;
        job->taken++;
        if (status != SCREE_OK)
            job_fail(job, index, status, &error);
        pthread_cond_broadcast(&pool->room);
    }
}

static void run_lane(struct scree__par_pool *pool, struct job *job, unsigned worker)
{
    const struct scree__par_lane_job *lane = job->lane;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        take_ready(pool, job);
        if (atomic_load(&job->failed) || scree__par_pool_cancelled(pool))
            break;
        if (job->begun >= lane->count) {
            if (job->taken >= lane->count || job->made[job->taken % lane->window] == false ||
                job->taking)
                break; /* whoever makes or takes the head goes on */
            continue;
        }
        if (job->begun - job->taken >= lane->window) {
            pthread_cond_wait(&pool->room, &pool->lock);
            continue;
        }
        uint64_t index = job->begun++;
        unsigned slot = (unsigned)(index % lane->window);
        pthread_mutex_unlock(&pool->lock);
        struct scree_error error = SCREE_ERROR_INIT;
        enum scree_status status = lane->make(lane->arg, index, slot, worker, &error);
        pthread_mutex_lock(&pool->lock);
        if (status != SCREE_OK) {
            job_fail(job, index, status, &error);
            pthread_cond_broadcast(&pool->room);
        } else {
            job->made[slot] = true;
        }
    }
    pthread_cond_broadcast(&pool->room);
    pthread_mutex_unlock(&pool->lock);
}

static void run_job(struct scree__par_pool *pool, struct job *job, unsigned worker)
{
    if (job->lane != NULL)
        run_lane(pool, job, worker);
    else
        run_loop(pool, job, worker);
}

static void *worker_main(void *arg)
{
    struct worker *self = arg;
    struct scree__par_pool *pool = self->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->ending && (pool->job == NULL || pool->job_number == seen))
            pthread_cond_wait(&pool->work, &pool->lock);
        if (pool->ending)
            break;
        struct job *job = pool->job;
        seen = pool->job_number;
        pool->busy++;
        pthread_mutex_unlock(&pool->lock);
        run_job(pool, job, self->index);
        pthread_mutex_lock(&pool->lock);
        pool->busy--;
        pthread_cond_broadcast(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static enum scree_status run(struct scree__par_pool *pool, struct job *job, struct scree_error *err)
{
    if (scree__par_pool_cancelled(pool))
        return scree__base_fail(err, SCREE_E_CANCELLED, "cancelled");
    pthread_mutex_lock(&pool->lock);
    pool->job = job;
    pool->job_number++;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);

    run_job(pool, job, 0);

    pthread_mutex_lock(&pool->lock);
    while (pool->busy > 0)
        pthread_cond_wait(&pool->done, &pool->lock);
    pool->job = NULL;
    pthread_mutex_unlock(&pool->lock);

    if (job->status != SCREE_OK) {
        if (err != NULL && err->status == SCREE_OK) {
            *err = job->error;
            if (err->status == SCREE_OK)
                scree__base_fail(err, job->status, "%s", scree_status_name(job->status));
        }
        return job->status;
    }
    if (scree__par_pool_cancelled(pool))
        return scree__base_fail(err, SCREE_E_CANCELLED, "cancelled");
    return SCREE_OK;
}

enum scree_status scree__par_for(struct scree__par_pool *pool, uint64_t count, scree__par_item item,
                                 void *arg, struct scree_error *err)
{
    struct job job;
    memset(&job, 0, sizeof job);
    job.count = count;
    job.item = item;
    job.item_arg = arg;
    return run(pool, &job, err);
}

enum scree_status scree__par_lane(struct scree__par_pool *pool,
                                  const struct scree__par_lane_job *lane, struct scree_error *err)
{
    struct job job;
    void *made;
    uint64_t made_bytes = lane->window * sizeof(bool);
    memset(&job, 0, sizeof job);
    enum scree_status status = scree__mem_alloc(NULL, made_bytes, &made, "lane", err);
    if (status != SCREE_OK)
        return status;
    memset(made, 0, made_bytes);
    job.lane = lane;
    job.made = made;
    status = run(pool, &job, err);
    scree__mem_free(NULL, made, made_bytes);
    return status;
}

enum scree_status scree__par_pool_new(unsigned threads, struct scree__par_pool **out,
                                      struct scree_error *err)
{
    *out = NULL;
    if (threads == 0 || threads > THREADS_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%u threads: expected 1 to %u", threads,
                                THREADS_MAX);
    void *memory;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree__par_pool), &memory, "thread pool", err);
    if (status != SCREE_OK)
        return status;
    struct scree__par_pool *pool = memory;
    memset(pool, 0, sizeof *pool);
    pool->threads = threads;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    pthread_cond_init(&pool->room, NULL);
    status = scree__mem_alloc(NULL, threads * sizeof(struct worker), &memory, "thread pool", err);
    if (status != SCREE_OK) {
        scree__par_pool_free(pool);
        return status;
    }
    pool->workers = memory;
    pool->started = 1;
    for (unsigned i = 1; i < threads; i++) {
        pool->workers[i].pool = pool;
        pool->workers[i].index = i;
        int code = pthread_create(&pool->workers[i].thread, NULL, worker_main, &pool->workers[i]);
        if (code != 0) {
            scree__par_pool_free(pool);
            return scree__base_fail_errno(err, SCREE_E_MEMORY, code, "cannot start thread %u of %u",
                                          i + 1, threads);
        }
        pool->started++;
    }
    *out = pool;
    return SCREE_OK;
}

void scree__par_pool_free(struct scree__par_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 1; i < pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->room);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    scree__mem_free(NULL, pool->workers, pool->threads * sizeof(struct worker));
    scree__mem_free(NULL, pool, sizeof *pool);
}

unsigned scree__par_pool_threads(const struct scree__par_pool *pool)
{
    return pool->threads;
}

void scree__par_pool_cancel(struct scree__par_pool *pool)
{
    atomic_store(&pool->cancelled, true);
}

bool scree__par_pool_cancelled(const struct scree__par_pool *pool)
{
    return atomic_load(&pool->cancelled);
}
