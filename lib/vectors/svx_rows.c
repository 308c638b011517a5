/*
 * svx_rows.c - rerank rows: a table of slots, as many as the column's share of the cache holds; a hand goes round for one to reuse. Rows that find no slot,
 * because all are in use, get memory of their own for as long as they are taken.
 */
#include "vectors/svx_inside.h"
#include "base/bytes.h"
#include "base/error.h"
#include "simd/crc32c.h"

#include <string.h>

#define NONE UINT32_MAX

static uint32_t hash_of(uint64_t key, uint32_t heads)
{
    key = (key ^ key >> 29) * 0xbf58476d1ce4e5b9u;
    return (uint32_t)(key >> 32) & (heads - 1);
}

static uint64_t key_of(struct scree__vectors_row_ref ref)
{
    return (uint64_t)ref.list << 32 | ref.at;
}

static enum scree_status alloc(struct scree__vectors_svx *svx, uint64_t bytes, void *to,
                               struct scree_error *err)
{
    void *memory = NULL;
    enum scree_status status =
        scree__mem_alloc(svx->budget, bytes, &memory, "rows of the index", err);
    memcpy(to, &memory, sizeof memory);
    return status;
}

/* With the lock, once. Where there is no room for a table, rows are taken one by one. */
static void make_table(struct scree__vectors_svx *svx, struct scree__vectors_svx_column *column)
{
    struct scree__vectors_row_cache *cache = &column->rows;
    if (cache->slot_bytes != 0)
        return;
    cache->slot_bytes = scree__vectors_align(column->head.row_stride, 64);
    uint64_t slots = column->rows_share_bytes / cache->slot_bytes;
    slots = slots > (1u << 30) ? 1u << 30 : slots;
    if (slots == 0)
        return;
    cache->head_count = 64;
    while (cache->head_count < slots)
        cache->head_count *= 2;
    cache->slots_bytes = slots * sizeof *cache->slots;
    cache->heads_bytes = cache->head_count * sizeof *cache->heads;
    cache->memory_bytes = slots * cache->slot_bytes;
    enum scree_status status = alloc(svx, cache->slots_bytes, &cache->slots, NULL);
    if (status == SCREE_OK)
        status = alloc(svx, cache->heads_bytes, &cache->heads, NULL);
    if (status == SCREE_OK)
        status = alloc(svx, cache->memory_bytes, &cache->memory, NULL);
    if (status != SCREE_OK)
        return;
    memset(cache->slots, 0, cache->slots_bytes);
    memset(cache->heads, 0xff, cache->heads_bytes);
    for (uint32_t i = 0; i < slots; i++)
        cache->slots[i].bytes = cache->memory + i * cache->slot_bytes;
    cache->slot_count = (uint32_t)slots;
}

void scree__vectors_svx_release_rows(struct scree__vectors_svx *svx)
{
    for (uint32_t i = 0; svx->columns != NULL && i < svx->super.column_count; i++) {
        struct scree__vectors_row_cache *cache = &svx->columns[i].rows;
        if (cache->slots != NULL)
            scree__mem_free(svx->budget, cache->slots, cache->slots_bytes);
        if (cache->heads != NULL)
            scree__mem_free(svx->budget, cache->heads, cache->heads_bytes);
        if (cache->memory != NULL)
            scree__mem_free(svx->budget, cache->memory, cache->memory_bytes);
        memset(cache, 0, sizeof *cache);
    }
}

static void prefetch_row(const struct scree__vectors_row_cache *cache, const uint8_t *row)
{
    for (uint32_t line = 0; line < cache->slot_bytes && line < SCREE__VECTORS_ROW_PREFETCHED;
         line += 64)
        __builtin_prefetch(row + line);
}

/* Where the row is said to be, and its slot, come from memory while others are looked for. */
static void prefetch_slots(const struct scree__vectors_row_cache *cache,
                           const struct scree__vectors_row_ref *refs, uint32_t count)
{
    if (cache->slot_count == 0)
        return;
    for (uint32_t i = 0; i < count; i++)
        __builtin_prefetch(&cache->heads[hash_of(key_of(refs[i]), cache->head_count)]);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = cache->heads[hash_of(key_of(refs[i]), cache->head_count)];
        if (at == NONE)
            continue;
        __builtin_prefetch(&cache->slots[at]);
        prefetch_row(cache, cache->memory + at * cache->slot_bytes);
    }
}

static struct scree__vectors_row_slot *find(struct scree__vectors_row_cache *cache, uint64_t key)
{
    if (cache->slot_count == 0)
        return NULL;
    uint32_t at = cache->heads[hash_of(key, cache->head_count)];
    if (at != NONE && cache->slots[at].key == key)
        return &cache->slots[at];
    while (at != NONE && cache->slots[at].key != key)
        at = cache->slots[at].next;
    if (at == NONE)
        return NULL;
    prefetch_row(cache, cache->slots[at].bytes); /* another one was */
    return &cache->slots[at];
}

static void unhook(struct scree__vectors_row_cache *cache, struct scree__vectors_row_slot *slot)
{
    uint32_t index = (uint32_t)(slot - cache->slots);
    uint32_t *at = &cache->heads[hash_of(slot->key, cache->head_count)];
    while (*at != index)
        at = &cache->slots[*at].next;
    *at = slot->next;
    slot->used = false;
}

/* A slot that nobody uses, not asked for since the hand came by last; NULL: there is none. */
static struct scree__vectors_row_slot *reuse(struct scree__vectors_row_cache *cache)
{
    for (uint64_t step = 0; step < 2 * (uint64_t)cache->slot_count; step++) {
        struct scree__vectors_row_slot *slot = &cache->slots[cache->hand];
        cache->hand = cache->hand + 1 < cache->slot_count ? cache->hand + 1 : 0;
        if (slot->pins > 0)
            continue;
        if (slot->recent) {
            slot->recent = false;
            continue;
        }
        if (slot->used)
            unhook(cache, slot);
        return slot;
    }
    return NULL;
}

static enum scree_status new_alone(struct scree__vectors_svx *svx,
                                   struct scree__vectors_row_cache *cache,
                                   struct scree__vectors_row_slot **out, struct scree_error *err)
{
    void *memory = NULL;
    enum scree_status status = alloc(svx, sizeof **out + 64 + cache->slot_bytes, &memory, err);
    if (status != SCREE_OK)
        return status;
    struct scree__vectors_row_slot *slot = memory;
    memset(slot, 0, sizeof *slot);
    slot->bytes = (uint8_t *)memory + scree__vectors_align(sizeof *slot, 64);
    slot->alone = true;
    *out = slot;
    return SCREE_OK;
}

/* With the lock: pins the row's slot; *claimed: this call reads it. */
static enum scree_status pin(struct scree__vectors_svx *svx,
                             struct scree__vectors_svx_column *column, uint64_t key,
                             struct scree__vectors_row_slot **out, bool *claimed,
                             struct scree_error *err)
{
    struct scree__vectors_row_cache *cache = &column->rows;
    struct scree__vectors_row_slot *slot = find(cache, key);
    *claimed = slot == NULL || slot->state == SCREE__VECTORS_ABSENT;
    if (slot == NULL) {
        slot = cache->slot_count > 0 ? reuse(cache) : NULL;
        if (slot == NULL) {
            enum scree_status status = new_alone(svx, cache, &slot, err);
            if (status != SCREE_OK)
                return status;
        } else {
            uint32_t *head = &cache->heads[hash_of(key, cache->head_count)];
            slot->next = *head;
            *head = (uint32_t)(slot - cache->slots);
            slot->used = true;
        }
        slot->key = key;
    }
    if (*claimed)
        slot->state = SCREE__VECTORS_LOADING;
    slot->recent = true;
    slot->pins++;
    *out = slot;
    return SCREE_OK;
}

static enum scree_status check_row(struct scree__vectors_svx *svx,
                                   const struct scree__vectors_svx_column *column, uint32_t list,
                                   const struct scree_range *range, struct scree_error *err)
{
    const struct scree__vectors_segment *segment = &svx->segments[list / column->head.list_count];
    uint32_t stride = column->head.row_stride;
    const uint8_t *bytes = range->bytes;
    uint32_t expected = scree__base_load32(bytes + stride - 4);
    uint32_t found = scree__simd_crc32c(0, bytes, stride - 4);
    if (found == expected)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_DATA,
                            "%s: column '%s': a row at byte %llu has the CRC %08x, expected %08x",
                            scree_source_name(segment->source), column->head.name,
                            (unsigned long long)range->offset, found, expected);
}

struct taking {
    struct scree__vectors_svx *svx;
    struct scree__vectors_svx_column *column;
    struct scree__vectors_row_slot **slots;
    struct scree_range *ranges;
    uint32_t *claimed; /* which of the slots this call reads ... */
    uint32_t *lists;   /* ... of which lists */
    uint32_t claimed_count;
};

static enum scree_status read_claimed(struct taking *t, struct scree_error *err)
{
    enum scree_status status = scree__vectors_svx_read_rows(
        t->svx, t->column->head.list_count, t->ranges, t->lists, t->claimed_count, err);
    for (uint32_t i = 0; i < t->claimed_count && status == SCREE_OK; i++)
        status = check_row(t->svx, t->column, t->lists[i], &t->ranges[i], err);
    scree__par_lock_take(&t->svx->lock);
    for (uint32_t i = 0; i < t->claimed_count; i++)
        t->slots[t->claimed[i]]->state =
            status == SCREE_OK ? SCREE__VECTORS_PRESENT : SCREE__VECTORS_ABSENT;
    scree__par_signal_all(&t->svx->changed);
    scree__par_lock_give(&t->svx->lock);
    t->claimed_count = 0;
    return status;
}

static void add_range(struct taking *t, uint32_t index, struct scree__vectors_row_ref ref)
{
    struct scree_range range = scree__vectors_svx_row_range(&t->column->public_, ref);
    range.bytes = t->slots[index]->bytes;
    t->ranges[t->claimed_count] = range;
    t->lists[t->claimed_count] = ref.list;
    t->claimed[t->claimed_count++] = index;
}

/* Those that others were reading when this call came: waits, and reads what they gave up. */
static enum scree_status wait_for_others(struct taking *t,
                                         const struct scree__vectors_row_ref *refs, uint32_t count,
                                         struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    bool waits = true;
    while (waits && status == SCREE_OK) {
        waits = false;
        scree__par_lock_take(&t->svx->lock);
        for (uint32_t i = 0; i < count; i++) {
            while (t->slots[i]->state == SCREE__VECTORS_LOADING)
                scree__par_signal_wait(&t->svx->changed, &t->svx->lock);
            if (t->slots[i]->state != SCREE__VECTORS_ABSENT)
                continue;
            t->slots[i]->state = SCREE__VECTORS_LOADING;
            add_range(t, i, refs[i]);
            waits = true;
            break;
        }
        scree__par_lock_give(&t->svx->lock);
        if (waits)
            status = read_claimed(t, err);
    }
    return status;
}

static enum scree_status take(struct taking *t, const struct scree__vectors_row_ref *refs,
                              uint32_t count, uint32_t *pinned, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    scree__par_lock_take(&t->svx->lock);
    make_table(t->svx, t->column);
    prefetch_slots(&t->column->rows, refs, count);
    for (*pinned = 0; *pinned < count && status == SCREE_OK;) {
        bool claimed;
        const struct scree__vectors_row_ref *ref = &refs[*pinned];
        status = pin(t->svx, t->column, key_of(*ref), &t->slots[*pinned], &claimed, err);
        if (status == SCREE_OK && claimed)
            add_range(t, *pinned, *ref);
        *pinned += status == SCREE_OK;
    }
    scree__par_lock_give(&t->svx->lock);
    if (status != SCREE_OK) { /* what was claimed is given up */
        scree__par_lock_take(&t->svx->lock);
        for (uint32_t i = 0; i < t->claimed_count; i++)
            t->slots[t->claimed[i]]->state = SCREE__VECTORS_ABSENT;
        scree__par_signal_all(&t->svx->changed);
        scree__par_lock_give(&t->svx->lock);
        return status;
    }
    if (t->claimed_count > 0)
        status = read_claimed(t, err);
    return status == SCREE_OK ? wait_for_others(t, refs, count, err) : status;
}

enum scree_status scree__vectors_svx_rows_take(struct scree__vectors_svx *svx, uint32_t column,
                                               const struct scree__vectors_row_ref *refs,
                                               uint32_t count, const uint8_t **rows, void **pins,
                                               struct scree_error *err)
{
    struct taking t = {.svx = svx, .column = &svx->columns[column]};
    void *memory = NULL;
    uint32_t pinned = 0;
    if (count == 0)
        return SCREE_OK;
    if (t.column->head.row_stride == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: column '%s' has no rerank rows",
                                scree_source_name(svx->source), t.column->head.name);
    uint64_t bytes = count * (sizeof *t.ranges + sizeof *t.slots + 2 * sizeof *t.claimed);
    uint64_t few[SCREE__VECTORS_FEW_WORDS];
    enum scree_status status = SCREE_OK;
    if (bytes > sizeof few && (status = alloc(svx, bytes, &memory, err)) != SCREE_OK)
        return status;
    t.ranges = memory != NULL ? memory : (void *)few;
    t.slots = (struct scree__vectors_row_slot **)(void *)(t.ranges + count);
    t.claimed = (uint32_t *)(void *)(t.slots + count);
    t.lists = t.claimed + count;
    status = take(&t, refs, count, &pinned, err);
    for (uint32_t i = 0; i < pinned; i++) {
        pins[i] = t.slots[i];
        rows[i] = t.slots[i]->bytes;
    }
    if (memory != NULL)
        scree__mem_free(svx->budget, memory, bytes);
    if (status != SCREE_OK)
        scree__vectors_svx_rows_give(svx, column, pins, pinned);
    return status;
}

void scree__vectors_svx_rows_give(struct scree__vectors_svx *svx, uint32_t column,
                                  void *const *pins, uint32_t count)
{
    uint64_t alone_bytes =
        sizeof(struct scree__vectors_row_slot) + 64 + svx->columns[column].rows.slot_bytes;
    scree__par_lock_take(&svx->lock);
    for (uint32_t i = 0; i < count; i++) {
        struct scree__vectors_row_slot *slot = pins[i];
        if (--slot->pins == 0 && slot->alone)
            scree__mem_free(svx->budget, slot, alone_bytes);
    }
    scree__par_lock_give(&svx->lock);
}
