/*
 * lock.h - a lock and a signal, for rooms that are used from several threads but start none.
 */
#ifndef SCREE_LIB_PAR_LOCK_H
#define SCREE_LIB_PAR_LOCK_H

#include <pthread.h>

struct scree__par_lock {
    pthread_mutex_t mutex;
};

struct scree__par_signal {
    pthread_cond_t condition;
};

/* For one with static storage. */
#define SCREE__PAR_LOCK_INIT      \
    {                             \
        PTHREAD_MUTEX_INITIALIZER \
    }

static inline void scree__par_lock_init(struct scree__par_lock *lock)
{
    pthread_mutex_init(&lock->mutex, NULL);
}

static inline void scree__par_lock_release(struct scree__par_lock *lock)
{
    pthread_mutex_destroy(&lock->mutex);
}

static inline void scree__par_lock_take(struct scree__par_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
}

static inline void scree__par_lock_give(struct scree__par_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

static inline void scree__par_signal_init(struct scree__par_signal *signal)
{
    pthread_cond_init(&signal->condition, NULL);
}

static inline void scree__par_signal_release(struct scree__par_signal *signal)
{
    pthread_cond_destroy(&signal->condition);
}

/* Gives the lock away, waits, and takes it again; may come back for no reason. */
static inline void scree__par_signal_wait(struct scree__par_signal *signal,
                                          struct scree__par_lock *lock)
{
    pthread_cond_wait(&signal->condition, &lock->mutex);
}

static inline void scree__par_signal_all(struct scree__par_signal *signal)
{
    pthread_cond_broadcast(&signal->condition);
}

#endif
