/*
 * net_cache.h - blocks of a remote source that were read before: the least recently used give way.
 * All its memory is taken when it is made. Safe from several threads; a block that one thread is
 * fetching is waited for by the others, not fetched again.
 *
 * Calling sequence for a block: scree__net_cache_take(); when it says CLAIMED, fetch the block into
 * scree__net_cache_memory() and scree__net_cache_publish() it, or scree__net_cache_abandon() it,
 * and do not wait for another block before; when it says BUSY, give back all claims of one's own,
 * then scree__net_cache_wait() and take again.
 */
#ifndef SCREE_LIB_IO_NET_CACHE_H
#define SCREE_LIB_IO_NET_CACHE_H

#include "mem/budget.h"
#include "par/lock.h"
#include "scree/base.h"

/* The size of the head that is read first; a range below it is rounded out to blocks, which costs little beside a
 * request's latency. Of the tail, whose begin is at no block's, up to a block is lost. */
#define SCREE__NET_BLOCK_BYTES 8192u

enum scree__net_cache_answer {
    SCREE__NET_CACHE_HIT,     /* copied */
    SCREE__NET_CACHE_CLAIMED, /* yours to fetch */
    SCREE__NET_CACHE_BUSY,    /* another is fetching it */
    SCREE__NET_CACHE_FULL     /* others are fetching as much as there is room for */
};

struct scree__net_cache_slot;

struct scree__net_cache {
    struct scree__mem_budget *budget;
    struct scree__par_lock lock;
    struct scree__par_signal changed;
    struct scree__net_cache_slot *slots;
    uint32_t *buckets; /* hash table: first slot of each chain */
    uint8_t *memory;
    uint64_t bytes;
    uint32_t slot_count, bucket_count;
    uint32_t newest, oldest; /* list of the ready slots */
    uint32_t unused;         /* list of the free slots */
    uint64_t hit_count, miss_count;
};

/* What a cache of `bytes` takes, with its tables. */
uint64_t scree__net_cache_bytes(uint64_t bytes);

/* Takes up to `bytes` from the budget, less where it is short of memory, at least 32 blocks. */
SCREE_MUST_CHECK enum scree_status scree__net_cache_init(struct scree__net_cache *cache,
                                                         struct scree__mem_budget *budget,
                                                         uint64_t bytes, const char *name,
                                                         struct scree_error *err);
/* Accepts one that is all zero. */
void scree__net_cache_release(struct scree__net_cache *cache);

/* HIT: bytes [from, from + byte_count) of the block were copied to `out`. */
enum scree__net_cache_answer scree__net_cache_take(struct scree__net_cache *cache, uint64_t block,
                                                   uint32_t from, void *out, size_t byte_count,
                                                   uint32_t *slot);
/* Only what is there: true and copied, or false. */
bool scree__net_cache_look(struct scree__net_cache *cache, uint64_t block, uint32_t from, void *out,
                           size_t byte_count);
uint8_t *scree__net_cache_memory(struct scree__net_cache *cache, uint32_t slot);
void scree__net_cache_publish(struct scree__net_cache *cache, uint32_t slot);
void scree__net_cache_abandon(struct scree__net_cache *cache, uint32_t slot);
/* Until nobody is fetching the block. */
void scree__net_cache_wait(struct scree__net_cache *cache, uint64_t block);

#endif
