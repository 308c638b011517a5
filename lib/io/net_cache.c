/* net_cache.c - blocks of a remote source that were read before. */
#include "io/net_cache.h"
#include "base/error.h"

#include <string.h>

#define NONE UINT32_MAX
#define SLOTS_MIN 32u
#define SLOTS_MAX (1u << 22) /* 32 GiB */

enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_READY };

struct scree__net_cache_slot {
    uint64_t block;
    enum slot_state state;
    uint32_t chain;        /* next in its hash bucket */
    uint32_t newer, older; /* ready: by use; free: older is the next free one */
};

static uint64_t whole_bytes(uint32_t slot_count, uint64_t *slots_at, uint64_t *buckets_at)
{
    *slots_at = (uint64_t)slot_count * SCREE__NET_BLOCK_BYTES;
    *buckets_at = *slots_at + slot_count * sizeof(struct scree__net_cache_slot);
    return *buckets_at + 2 * (uint64_t)slot_count * sizeof(uint32_t);
}

static uint32_t slots_for(uint64_t bytes)
{
    uint64_t count = bytes / SCREE__NET_BLOCK_BYTES;
    return (uint32_t)(count < SLOTS_MIN ? SLOTS_MIN : count > SLOTS_MAX ? SLOTS_MAX : count);
}

uint64_t scree__net_cache_bytes(uint64_t bytes)
{
    uint64_t slots_at, buckets_at;
    return whole_bytes(slots_for(bytes), &slots_at, &buckets_at);
}

static void lay_out(struct scree__net_cache *cache, uint32_t slot_count)
{
    uint64_t slots_at, buckets_at;
    whole_bytes(slot_count, &slots_at, &buckets_at);
    cache->slots = (struct scree__net_cache_slot *)(void *)(cache->memory + slots_at);
    cache->buckets = (uint32_t *)(void *)(cache->memory + buckets_at);
    cache->slot_count = slot_count;
    cache->bucket_count = 2 * slot_count;
    cache->newest = cache->oldest = NONE;
    for (uint32_t i = 0; i < cache->bucket_count; i++)
        cache->buckets[i] = NONE;
    for (uint32_t i = 0; i < slot_count; i++)
        cache->slots[i] = (struct scree__net_cache_slot){0, SLOT_FREE, NONE, NONE,
                                                         i + 1 < slot_count ? i + 1 : NONE};
    cache->unused = 0;
}

enum scree_status scree__net_cache_init(struct scree__net_cache *cache,
                                        struct scree__mem_budget *budget, uint64_t bytes,
                                        const char *name, struct scree_error *err)
{
    uint64_t slots_at, buckets_at;
    uint32_t count = slots_for(bytes);
    void *memory = NULL;
    memset(cache, 0, sizeof *cache);
    cache->budget = budget;
    for (;; count = count / 2 < SLOTS_MIN ? SLOTS_MIN : count / 2) {
        cache->bytes = whole_bytes(count, &slots_at, &buckets_at);
        bool last = count == SLOTS_MIN;
        enum scree_status status =
            scree__mem_alloc(budget, cache->bytes, &memory, name, last ? err : NULL);
        if (status == SCREE_OK)
            break;
        if (last) {
            cache->bytes = 0;
            return status;
        }
    }
    cache->memory = memory;
    scree__par_lock_init(&cache->lock);
    scree__par_signal_init(&cache->changed);
    lay_out(cache, count);
    return SCREE_OK;
}

void scree__net_cache_release(struct scree__net_cache *cache)
{
    if (cache->memory == NULL)
        return;
    scree__mem_free(cache->budget, cache->memory, cache->bytes);
    scree__par_signal_release(&cache->changed);
    scree__par_lock_release(&cache->lock);
    cache->memory = NULL;
}

/* ----------------------------------------------------------------- all below: with the lock taken */

static uint32_t *bucket_of(struct scree__net_cache *cache, uint64_t block)
{
    /* Fibonacci hashing: neighbouring blocks go to distant buckets. */
    return &cache->buckets[((block * 0x9E3779B97F4A7C15u) >> 32) % cache->bucket_count];
}

static uint32_t find(struct scree__net_cache *cache, uint64_t block)
{
    uint32_t at = *bucket_of(cache, block);
    while (at != NONE && cache->slots[at].block != block)
        at = cache->slots[at].chain;
    return at;
}

static void leave_chain(struct scree__net_cache *cache, uint32_t slot)
{
    uint32_t *link = bucket_of(cache, cache->slots[slot].block);
    while (*link != slot)
        link = &cache->slots[*link].chain;
    *link = cache->slots[slot].chain;
}

static void leave_list(struct scree__net_cache *cache, uint32_t slot)
{
    struct scree__net_cache_slot *s = &cache->slots[slot];
    *(s->newer != NONE ? &cache->slots[s->newer].older : &cache->newest) = s->older;
    *(s->older != NONE ? &cache->slots[s->older].newer : &cache->oldest) = s->newer;
}

static void become_newest(struct scree__net_cache *cache, uint32_t slot)
{
    struct scree__net_cache_slot *s = &cache->slots[slot];
    s->newer = NONE;
    s->older = cache->newest;
    *(s->older != NONE ? &cache->slots[s->older].newer : &cache->oldest) = slot;
    cache->newest = slot;
}

static void make_free(struct scree__net_cache *cache, uint32_t slot)
{
    leave_chain(cache, slot);
    cache->slots[slot].state = SLOT_FREE;
    cache->slots[slot].older = cache->unused;
    cache->unused = slot;
}

/* A slot for a block that has none; NONE when all are being filled. */
static uint32_t claim(struct scree__net_cache *cache, uint64_t block)
{
    if (cache->unused == NONE) {
        uint32_t oldest = cache->oldest;
        if (oldest == NONE)
            return NONE;
        leave_list(cache, oldest);
        make_free(cache, oldest);
    }
    uint32_t slot = cache->unused;
    uint32_t *bucket = bucket_of(cache, block);
    cache->unused = cache->slots[slot].older;
    cache->slots[slot].block = block;
    cache->slots[slot].state = SLOT_FILLING;
    cache->slots[slot].chain = *bucket;
    *bucket = slot;
    return slot;
}

static void copy_out(struct scree__net_cache *cache, uint32_t slot, uint32_t from, void *out,
                     size_t byte_count)
{
    if (byte_count > 0)
        memcpy(out, scree__net_cache_memory(cache, slot) + from, byte_count);
    leave_list(cache, slot);
    become_newest(cache, slot);
    cache->hit_count++;
}

/* --------------------------------------------------------------------------------- what others see */

enum scree__net_cache_answer scree__net_cache_take(struct scree__net_cache *cache, uint64_t block,
                                                   uint32_t from, void *out, size_t byte_count,
                                                   uint32_t *slot)
{
    enum scree__net_cache_answer answer = SCREE__NET_CACHE_BUSY;
    scree__par_lock_take(&cache->lock);
    uint32_t at = find(cache, block);
    if (at == NONE) {
        at = claim(cache, block);
        answer = at != NONE ? SCREE__NET_CACHE_CLAIMED : SCREE__NET_CACHE_FULL;
        cache->miss_count++;
    } else if (cache->slots[at].state == SLOT_READY) {
        copy_out(cache, at, from, out, byte_count);
        answer = SCREE__NET_CACHE_HIT;
    }
    scree__par_lock_give(&cache->lock);
    *slot = at;
    return answer;
}

bool scree__net_cache_look(struct scree__net_cache *cache, uint64_t block, uint32_t from, void *out,
                           size_t byte_count)
{
    scree__par_lock_take(&cache->lock);
    uint32_t at = find(cache, block);
    bool ready = at != NONE && cache->slots[at].state == SLOT_READY;
    if (ready)
        copy_out(cache, at, from, out, byte_count);
    scree__par_lock_give(&cache->lock);
    return ready;
}

uint8_t *scree__net_cache_memory(struct scree__net_cache *cache, uint32_t slot)
{
    return cache->memory + (uint64_t)slot * SCREE__NET_BLOCK_BYTES;
}

void scree__net_cache_publish(struct scree__net_cache *cache, uint32_t slot)
{
    scree__par_lock_take(&cache->lock);
    cache->slots[slot].state = SLOT_READY;
    become_newest(cache, slot);
    scree__par_signal_all(&cache->changed);
    scree__par_lock_give(&cache->lock);
}

void scree__net_cache_abandon(struct scree__net_cache *cache, uint32_t slot)
{
    scree__par_lock_take(&cache->lock);
    make_free(cache, slot);
    scree__par_signal_all(&cache->changed);
    scree__par_lock_give(&cache->lock);
}

void scree__net_cache_wait(struct scree__net_cache *cache, uint64_t block)
{
    scree__par_lock_take(&cache->lock);
    for (;;) {
        uint32_t at = find(cache, block);
        if (at == NONE || cache->slots[at].state == SLOT_READY)
            break;
        scree__par_signal_wait(&cache->changed, &cache->lock);
    }
    scree__par_lock_give(&cache->lock);
}
