/*
 * shelf.h - where rows wait for the writer: an array in memory, or ranges of points on scratch, each a chain of blocks.
 */
#ifndef SCREE_LIB_ENRICH_SHELF_H
#define SCREE_LIB_ENRICH_SHELF_H

#include "features/search.h"
#include "par/context.h"
#include "par/lock.h"
#include "spill/scratch.h"

#include <stdatomic.h>

/* What is kept of a point. */
struct scree__enrich_values {
    struct features_row row;
    uint32_t
        count; /* others within the count radius, up to 2^24 - 1; high 8 bits: share of early returns, in 255ths */
    float height; /* FEATURES_NO_DATA: none */
};

/* Which parts of it. */
struct scree__enrich_shelf_settings {
    bool shapes, counts, heights;
    uint32_t k; /* neighbours at most: how wide their number has to be; 0: any number */
    bool in_memory;
    uint64_t point_count;
    uint64_t
        range_points; /* on scratch: so many points are in memory at a time when they are read */
    uint32_t block_bytes;
    struct scree__spill_scratch *scratch;
};

#define ENRICH_SHELF_STRIPES 64u

struct scree__enrich_shelf_range {
    struct scree__spill_block chain;
    uint32_t used;
};

struct scree__enrich_shelf {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    struct scree__enrich_shelf_settings settings;
    uint32_t row_bytes;
    uint8_t *rows; /* in memory */
    struct scree__enrich_shelf_range *ranges;
    uint64_t range_count;
    uint8_t *blocks; /* one a range, while rows are put */
    uint64_t blocks_bytes;
    struct scree__par_lock locks[ENRICH_SHELF_STRIPES];
    bool locks_made;
};

uint32_t scree__enrich_shelf_row_bytes(const struct scree__enrich_shelf_settings *settings);
SCREE_MUST_CHECK enum scree_status
scree__enrich_shelf_init(struct scree__enrich_shelf *shelf, struct scree_context *context,
                         const struct scree__enrich_shelf_settings *settings,
                         struct scree_error *err);
/* Memory that a thread brings to put rows. */
uint64_t scree__enrich_shelf_work_bytes(const struct scree__enrich_shelf *shelf);
/* From all threads; each point once. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_shelf_put(struct scree__enrich_shelf *shelf, uint64_t point,
                        const struct scree__enrich_values *values, void *work,
                        struct scree_error *err);
/* All are there: what was in memory on its way to scratch goes there. */
SCREE_MUST_CHECK enum scree_status scree__enrich_shelf_close(struct scree__enrich_shelf *shelf,
                                                             struct scree_error *err);
void scree__enrich_shelf_release(struct scree__enrich_shelf *shelf);

/* Reads a range's rows, row_bytes each, into rows: room for range_points. SCREE_E_DATA: a point has no row. */
SCREE_MUST_CHECK enum scree_status scree__enrich_shelf_read(struct scree__enrich_shelf *shelf,
                                                            uint64_t range, uint8_t *rows,
                                                            void *buffer, struct scree_error *err);
uint64_t scree__enrich_shelf_read_bytes(const struct scree__enrich_shelf *shelf);
void scree__enrich_shelf_unpack(const struct scree__enrich_shelf_settings *settings,
                                const uint8_t *row, struct scree__enrich_values *values);

#endif
