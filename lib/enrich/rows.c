/* rows.c - rows out, in the input's order; from scratch a range at a time, two of them in memory. */
#include "base/error.h"
#include "enrich/job.h"

#include <string.h>

#define SLOTS 2u
#define NO_RANGE UINT64_MAX

struct slot {
    uint64_t range;
    uint8_t *rows;
    uint32_t users;
    uint64_t used; /* when */
    bool loading;
};

struct scree__enrich_rows {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree__enrich_shelf shelf;
    struct scree__spill_scratch *scratch;
    struct scree__enrich_rules rules;
    struct scree__enrich_statistics statistics;
    uint64_t position;

    struct scree__par_lock lock;
    struct scree__par_signal changed;
    struct slot slots[SLOTS];
    uint64_t slot_bytes, clock;
    void *buffer; /* of whoever loads */
    uint64_t buffer_bytes;
};

static enum scree_status make_slots(struct scree__enrich_rows *rows, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    void *memory = NULL;
    if (rows->shelf.settings.in_memory)
        return SCREE_OK;
    rows->slot_bytes = rows->shelf.settings.range_points * rows->shelf.row_bytes;
    rows->buffer_bytes = scree__enrich_shelf_read_bytes(&rows->shelf);
    status =
        scree__mem_alloc(rows->budget, rows->buffer_bytes, &rows->buffer, "rows of features", err);
    for (unsigned s = 0; s < SLOTS && status == SCREE_OK; s++) {
        rows->slots[s].range = NO_RANGE;
        status = scree__mem_alloc(rows->budget, rows->slot_bytes, &memory, "rows of features", err);
        rows->slots[s].rows = status == SCREE_OK ? memory : NULL;
    }
    return status;
}

enum scree_status scree__enrich_rows_new(struct scree_context *context,
                                         struct scree__enrich_shelf *shelf,
                                         struct scree__spill_scratch *scratch,
                                         const struct scree__enrich_rules *rules,
                                         const struct scree__enrich_statistics *statistics,
                                         struct scree__enrich_rows **out, struct scree_error *err)
{
    void *memory = NULL;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(shelf->budget, sizeof **out, &memory, "rows of features", err);
    if (status != SCREE_OK)
        return status;
    struct scree__enrich_rows *rows = memset(memory, 0, sizeof **out);
    rows->context = context;
    rows->budget = shelf->budget;
    rows->shelf = *shelf;
    rows->rules = *rules;
    rows->statistics = *statistics;
    scree__par_lock_init(&rows->lock);
    scree__par_signal_init(&rows->changed);
    memset(shelf, 0, sizeof *shelf);
    status = make_slots(rows, err);
    if (status != SCREE_OK) {
        scree__enrich_rows_close(rows);
        return status;
    }
    rows->scratch = scratch;
    *out = rows;
    return SCREE_OK;
}

void scree__enrich_rows_close(struct scree__enrich_rows *rows)
{
    if (rows == NULL)
        return;
    for (unsigned s = 0; s < SLOTS; s++)
        scree__mem_free(rows->budget, rows->slots[s].rows, rows->slot_bytes);
    scree__mem_free(rows->budget, rows->buffer, rows->buffer_bytes);
    scree__enrich_shelf_release(&rows->shelf);
    scree__spill_scratch_close(rows->scratch);
    scree__par_signal_release(&rows->changed);
    scree__par_lock_release(&rows->lock);
    scree__mem_free(rows->budget, rows, sizeof *rows);
}

uint64_t scree__enrich_rows_count(const struct scree__enrich_rows *rows)
{
    return rows->statistics.point_count;
}

uint32_t scree__enrich_rows_features(const struct scree__enrich_rows *rows,
                                     const enum scree_feature **features)
{
    *features = rows->rules.selected;
    return rows->rules.count;
}

const struct scree__enrich_statistics *
scree__enrich_rows_statistics(const struct scree__enrich_rows *rows)
{
    return &rows->statistics;
}

/* --------------------------------------------------------------------------------------- ranges */

/* A slot with the range, or the one that was left alone the longest; NULL: all are in use. */
static struct slot *pick_slot(struct scree__enrich_rows *rows, uint64_t range)
{
    struct slot *oldest = NULL;
    for (unsigned s = 0; s < SLOTS; s++) {
        struct slot *slot = &rows->slots[s];
        if (slot->range == range)
            return slot->loading ? NULL : slot;
        if (slot->users == 0 && !slot->loading && (oldest == NULL || slot->used < oldest->used))
            oldest = slot;
    }
    for (unsigned s = 0; s < SLOTS; s++)
        if (rows->slots[s].loading) /* one loads at a time */
            return NULL;
    return oldest;
}

static enum scree_status hold_range(struct scree__enrich_rows *rows, uint64_t range,
                                    struct slot **out, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    struct slot *slot;
    scree__par_lock_take(&rows->lock);
    while ((slot = pick_slot(rows, range)) == NULL)
        scree__par_signal_wait(&rows->changed, &rows->lock);
    if (slot->range != range) {
        slot->range = range;
        slot->loading = true;
        scree__par_lock_give(&rows->lock);
        status = scree__enrich_shelf_read(&rows->shelf, range, slot->rows, rows->buffer, err);
        scree__par_lock_take(&rows->lock);
        slot->loading = false;
        if (status != SCREE_OK)
            slot->range = NO_RANGE;
        scree__par_signal_all(&rows->changed);
    }
    if (status == SCREE_OK) {
        slot->users++;
        slot->used = ++rows->clock;
    }
    scree__par_lock_give(&rows->lock);
    *out = slot;
    return status;
}

static void let_range(struct scree__enrich_rows *rows, struct slot *slot)
{
    scree__par_lock_take(&rows->lock);
    slot->users--;
    scree__par_signal_all(&rows->changed);
    scree__par_lock_give(&rows->lock);
}

static void derive_rows(const struct scree__enrich_rows *rows, const uint8_t *from, uint64_t count,
                        float *out)
{
    const uint32_t row_bytes = rows->shelf.row_bytes;
    while (count > 0) {
        struct scree__enrich_values values[ENRICH_DERIVED_AT_ONCE];
        const uint32_t some =
            count < ENRICH_DERIVED_AT_ONCE ? (uint32_t)count : ENRICH_DERIVED_AT_ONCE;
        for (uint32_t i = 0; i < some; i++, from += row_bytes)
            scree__enrich_shelf_unpack(&rows->shelf.settings, from, &values[i]);
        scree__enrich_derive(&rows->rules, values, some, out);
        out += (size_t)some * rows->rules.count;
        count -= some;
    }
}

enum scree_status scree__enrich_rows_read(struct scree__enrich_rows *rows, uint64_t first,
                                          uint64_t count, float *out, struct scree_error *err)
{
    uint64_t total = rows->statistics.point_count;
    if (first > total || count > total - first)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "rows %llu to %llu of %llu",
                                (unsigned long long)first, (unsigned long long)(first + count),
                                (unsigned long long)total);
    if (rows->shelf.settings.in_memory) {
        derive_rows(rows, rows->shelf.rows + first * rows->shelf.row_bytes, count, out);
        return SCREE_OK;
    }
    while (count > 0) {
        uint64_t range = first / rows->shelf.settings.range_points;
        uint64_t at = first % rows->shelf.settings.range_points;
        uint64_t here = rows->shelf.settings.range_points - at;
        struct slot *slot;
        here = count < here ? count : here;
        enum scree_status status = hold_range(rows, range, &slot, err);
        if (status != SCREE_OK)
            return status;
        derive_rows(rows, slot->rows + at * rows->shelf.row_bytes, here, out);
        let_range(rows, slot);
        first += here;
        count -= here;
        out += here * rows->rules.count;
    }
    return SCREE_OK;
}

enum scree_status scree__enrich_rows_next(struct scree__enrich_rows *rows, uint64_t count,
                                          float *out, struct scree_error *err)
{
    enum scree_status status = scree__enrich_rows_read(rows, rows->position, count, out, err);
    if (status == SCREE_OK)
        rows->position += count;
    return status;
}
