/* shelf.c - rows from windows to the writer. */
#include "enrich/shelf.h"
#include "base/error.h"

#include <stddef.h>
#include <string.h>

/* On scratch: a row is preceded by the point's place in its range. */
#define PLACE_BYTES 4u

struct head {
    struct scree__spill_block before;
    uint32_t count, unused;
};

/* Of a row: all before the count. */
#define SHAPE_BYTES ((uint32_t)offsetof(struct features_row, count))

/* No point has more than k + 1 neighbours. */
static uint32_t count_bytes(const struct scree__enrich_shelf_settings *settings)
{
    return settings->k == 0 || settings->k >= UINT16_MAX ? 4 : settings->k >= UINT8_MAX ? 2 : 1;
}

uint32_t scree__enrich_shelf_row_bytes(const struct scree__enrich_shelf_settings *settings)
{
    return (settings->shapes ? SHAPE_BYTES + count_bytes(settings) : 0) +
           (settings->counts ? 4 : 0) + (settings->heights ? 4 : 0);
}

static uint64_t range_count(const struct scree__enrich_shelf_settings *settings)
{
    return (settings->point_count + settings->range_points - 1) / settings->range_points;
}

enum scree_status scree__enrich_shelf_init(struct scree__enrich_shelf *shelf,
                                           struct scree_context *context,
                                           const struct scree__enrich_shelf_settings *settings,
                                           struct scree_error *err)
{
    void *memory = NULL;
    memset(shelf, 0, sizeof *shelf);
    shelf->context = context;
    shelf->budget = scree__par_budget(context);
    shelf->settings = *settings;
    shelf->row_bytes = scree__enrich_shelf_row_bytes(settings);
    for (unsigned i = 0; i < ENRICH_SHELF_STRIPES; i++)
        scree__par_lock_init(&shelf->locks[i]);
    shelf->locks_made = true;
    if (settings->in_memory) {
        enum scree_status status =
            scree__mem_alloc(shelf->budget, settings->point_count * shelf->row_bytes, &memory,
                             "rows of features", err);
        shelf->rows = memory;
        return status;
    }
    shelf->range_count = range_count(settings);
    uint64_t bytes = shelf->range_count * sizeof *shelf->ranges;
    enum scree_status status =
        scree__mem_alloc(shelf->budget, bytes, &memory, "rows of features", err);
    if (status != SCREE_OK)
        return status;
    shelf->ranges = bytes > 0 ? memset(memory, 0, bytes) : NULL;
    shelf->blocks_bytes = shelf->range_count * settings->block_bytes;
    status = scree__mem_alloc(shelf->budget, shelf->blocks_bytes, &memory, "rows of features", err);
    shelf->blocks = memory;
    return status;
}

static void free_blocks(struct scree__enrich_shelf *shelf)
{
    scree__mem_free(shelf->budget, shelf->blocks, shelf->blocks_bytes);
    shelf->blocks = NULL;
}

void scree__enrich_shelf_release(struct scree__enrich_shelf *shelf)
{
    if (!shelf->locks_made)
        return;
    free_blocks(shelf);
    scree__mem_free(shelf->budget, shelf->rows, shelf->settings.point_count * shelf->row_bytes);
    scree__mem_free(shelf->budget, shelf->ranges, shelf->range_count * sizeof *shelf->ranges);
    for (unsigned i = 0; i < ENRICH_SHELF_STRIPES; i++)
        scree__par_lock_release(&shelf->locks[i]);
    memset(shelf, 0, sizeof *shelf);
}

/* ---------------------------------------------------------------------------------------- putting */

static void pack(const struct scree__enrich_shelf_settings *settings,
                 const struct scree__enrich_values *values, uint8_t *row)
{
    if (settings->shapes) {
        memcpy(row, &values->row, SHAPE_BYTES);
        row += SHAPE_BYTES;
        for (uint32_t b = 0; b < count_bytes(settings); b++)
            *row++ = (uint8_t)(values->row.count >> 8 * b);
    }
    if (settings->counts) {
        memcpy(row, &values->count, 4);
        row += 4;
    }
    if (settings->heights)
        memcpy(row, &values->height, 4);
}

void scree__enrich_shelf_unpack(const struct scree__enrich_shelf_settings *settings,
                                const uint8_t *row, struct scree__enrich_values *values)
{
    memset(values, 0, sizeof *values);
    values->height = -9999.0F;
    if (settings->shapes) {
        memcpy(&values->row, row, SHAPE_BYTES);
        row += SHAPE_BYTES;
        for (uint32_t b = 0; b < count_bytes(settings); b++)
            values->row.count |= (uint32_t)*row++ << 8 * b;
    }
    if (settings->counts) {
        memcpy(&values->count, row, 4);
        row += 4;
    }
    if (settings->heights)
        memcpy(&values->height, row, 4);
}

uint64_t scree__enrich_shelf_work_bytes(const struct scree__enrich_shelf *shelf)
{
    return shelf->settings.in_memory
               ? 0
               : scree__spill_work_bytes(shelf->settings.scratch, shelf->settings.block_bytes);
}

static enum scree_status flush(struct scree__enrich_shelf *shelf, uint64_t range, void *work,
                               struct scree_error *err)
{
    struct scree__enrich_shelf_range *r = &shelf->ranges[range];
    uint8_t *block = shelf->blocks + range * shelf->settings.block_bytes;
    struct head head;
    if (r->used == 0)
        return SCREE_OK;
    memset(&head, 0, sizeof head);
    head.before = r->chain;
    head.count = r->used;
    memcpy(block, &head, sizeof head);
    uint32_t bytes = (uint32_t)sizeof head + r->used * (PLACE_BYTES + shelf->row_bytes);
    r->used = 0;
    scree__par_scratch_add(shelf->context, bytes);
    return scree__spill_scratch_write(shelf->settings.scratch, block, bytes, work, &r->chain, err);
}

enum scree_status scree__enrich_shelf_put(struct scree__enrich_shelf *shelf, uint64_t point,
                                          const struct scree__enrich_values *values, void *work,
                                          struct scree_error *err)
{
    const struct scree__enrich_shelf_settings *settings = &shelf->settings;
    if (point >= settings->point_count)
        return scree__base_fail(err, SCREE_E_DATA, "point %llu of %llu has a row",
                                (unsigned long long)point,
                                (unsigned long long)settings->point_count);
    if (settings->in_memory) {
        pack(settings, values, shelf->rows + point * shelf->row_bytes);
        return SCREE_OK;
    }
    uint64_t range = point / settings->range_points;
    uint32_t place = (uint32_t)(point % settings->range_points);
    uint32_t entry = PLACE_BYTES + shelf->row_bytes;
    uint32_t room = (settings->block_bytes - (uint32_t)sizeof(struct head)) / entry;
    enum scree_status status = SCREE_OK;
    struct scree__par_lock *lock = &shelf->locks[range % ENRICH_SHELF_STRIPES];
    scree__par_lock_take(lock);
    if (shelf->ranges[range].used == room)
        status = flush(shelf, range, work, err);
    if (status == SCREE_OK) {
        uint8_t *at = shelf->blocks + range * settings->block_bytes + sizeof(struct head) +
                      (size_t)shelf->ranges[range].used++ * entry;
        memcpy(at, &place, PLACE_BYTES);
        pack(settings, values, at + PLACE_BYTES);
    }
    scree__par_lock_give(lock);
    return status;
}

enum scree_status scree__enrich_shelf_close(struct scree__enrich_shelf *shelf,
                                            struct scree_error *err)
{
    void *work = NULL;
    uint64_t bytes = scree__enrich_shelf_work_bytes(shelf);
    enum scree_status status = SCREE_OK;
    if (shelf->settings.in_memory)
        return SCREE_OK;
    if (bytes > 0)
        status = scree__mem_alloc(shelf->budget, bytes, &work, "rows of features", err);
    for (uint64_t r = 0; r < shelf->range_count && status == SCREE_OK; r++)
        status = flush(shelf, r, work, err);
    scree__mem_free(shelf->budget, work, bytes);
    free_blocks(shelf);
    return status;
}

/* ---------------------------------------------------------------------------------------- reading */

uint64_t scree__enrich_shelf_read_bytes(const struct scree__enrich_shelf *shelf)
{
    return shelf->settings.block_bytes +
           scree__spill_work_bytes(shelf->settings.scratch, shelf->settings.block_bytes);
}

enum scree_status scree__enrich_shelf_read(struct scree__enrich_shelf *shelf, uint64_t range,
                                           uint8_t *rows, void *buffer, struct scree_error *err)
{
    const struct scree__enrich_shelf_settings *settings = &shelf->settings;
    struct scree__spill_block next = shelf->ranges[range].chain;
    uint64_t first = range * settings->range_points, found = 0;
    uint64_t left = settings->point_count - first;
    uint64_t expected = left < settings->range_points ? left : settings->range_points;
    uint8_t *block = buffer;
    while (next.bytes != 0) {
        struct head head;
        enum scree_status status = scree__spill_scratch_read(settings->scratch, &next, block,
                                                             block + settings->block_bytes, err);
        if (status != SCREE_OK)
            return status;
        memcpy(&head, block, sizeof head);
        const uint8_t *at = block + sizeof head;
        for (uint32_t i = 0; i < head.count; i++, at += PLACE_BYTES + shelf->row_bytes) {
            uint32_t place;
            memcpy(&place, at, PLACE_BYTES);
            memcpy(rows + (size_t)place * shelf->row_bytes, at + PLACE_BYTES, shelf->row_bytes);
        }
        found += head.count;
        next = head.before;
    }
    if (found != expected)
        return scree__base_fail(err, SCREE_E_DATA, "points %llu to %llu have %llu rows",
                                (unsigned long long)first, (unsigned long long)(first + expected),
                                (unsigned long long)found);
    return SCREE_OK;
}
