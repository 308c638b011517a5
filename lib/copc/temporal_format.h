/*
 * temporal_format.h - the bytes of a temporal index (EVLR copc_temporal/1000, draft 2), and which
 * points its samples are. docs/formats/copc_temporal.md describes both.
 */
#ifndef SCREE_LIB_COPC_TEMPORAL_FORMAT_H
#define SCREE_LIB_COPC_TEMPORAL_FORMAT_H

#include "base/bytes.h"
#include "scree/copc.h"

#include <math.h>

#define SCREE__TEMPORAL_USER_ID "copc_temporal"
#define SCREE__TEMPORAL_RECORD 1000u
#define SCREE__TEMPORAL_VERSION 1u
#define SCREE__TEMPORAL_HEADER_BYTES 32u
#define SCREE__TEMPORAL_NODE_BYTES 20u /* and 8 a sample */
#define SCREE__TEMPORAL_POINTER_BYTES 48u

struct scree__temporal_header {
    uint32_t version, stride, node_count, page_count;
    uint64_t root_page_offset; /* absolute, as all offsets */
    uint32_t root_page_bytes;  /* at byte 24: the draft's table says 20, which would overlap */
    uint32_t reserved;
};

/* A node's entry, or a page pointer (sample_count 0). */
struct scree__temporal_entry {
    struct scree_copc_key key;
    uint32_t sample_count;
    uint64_t page_offset; /* of a pointer: all below */
    uint32_t page_bytes;
    double time_min, time_max; /* of the whole subtree; both NaN where it has no number */
};

static inline void scree__temporal_header_load(const uint8_t *p, struct scree__temporal_header *h)
{
    h->version = scree__base_load32(p);
    h->stride = scree__base_load32(p + 4);
    h->node_count = scree__base_load32(p + 8);
    h->page_count = scree__base_load32(p + 12);
    h->root_page_offset = scree__base_load64(p + 16);
    h->root_page_bytes = scree__base_load32(p + 24);
    h->reserved = scree__base_load32(p + 28);
}

static inline void scree__temporal_header_store(uint8_t *p, const struct scree__temporal_header *h)
{
    scree__base_store32(p, h->version);
    scree__base_store32(p + 4, h->stride);
    scree__base_store32(p + 8, h->node_count);
    scree__base_store32(p + 12, h->page_count);
    scree__base_store64(p + 16, h->root_page_offset);
    scree__base_store32(p + 24, h->root_page_bytes);
    scree__base_store32(p + 28, h->reserved);
}

/* Key and sample count: the first 20 bytes. */
static inline void scree__temporal_entry_load(const uint8_t *p, struct scree__temporal_entry *entry)
{
    entry->key.level = scree__base_load_i32(p);
    entry->key.x = scree__base_load_i32(p + 4);
    entry->key.y = scree__base_load_i32(p + 8);
    entry->key.z = scree__base_load_i32(p + 12);
    entry->sample_count = scree__base_load32(p + 16);
}

/* The rest of a pointer: needs all 48 bytes. */
static inline void scree__temporal_pointer_load(const uint8_t *p,
                                                struct scree__temporal_entry *entry)
{
    entry->page_offset = scree__base_load64(p + 20);
    entry->page_bytes = scree__base_load32(p + 28);
    entry->time_min = scree__base_load_f64(p + 32);
    entry->time_max = scree__base_load_f64(p + 40);
}

static inline void scree__temporal_entry_store(uint8_t *p,
                                               const struct scree__temporal_entry *entry)
{
    scree__base_store32(p, (uint32_t)entry->key.level);
    scree__base_store32(p + 4, (uint32_t)entry->key.x);
    scree__base_store32(p + 8, (uint32_t)entry->key.y);
    scree__base_store32(p + 12, (uint32_t)entry->key.z);
    scree__base_store32(p + 16, entry->sample_count);
}

static inline void scree__temporal_pointer_store(uint8_t *p,
                                                 const struct scree__temporal_entry *entry)
{
    scree__temporal_entry_store(p, entry);
    scree__base_store64(p + 20, entry->page_offset);
    scree__base_store32(p + 28, entry->page_bytes);
    scree__base_store_f64(p + 32, entry->time_min);
    scree__base_store_f64(p + 40, entry->time_max);
}

/* Samples of a node of point_count >= 1 points: every stride-th from the first, and the last. */
static inline uint64_t scree__temporal_sample_count(uint64_t point_count, uint32_t stride)
{
    uint64_t last = point_count - 1;
    return last / stride + 1 + (last % stride != 0);
}

/* The point that sample `sample` is the time of. */
static inline uint64_t scree__temporal_sample_point(uint64_t sample, uint64_t point_count,
                                                    uint32_t stride)
{
    uint64_t point = sample * stride;
    return point < point_count ? point : point_count - 1;
}

/* Does b follow a in the order of a node: numbers by value, then NaN? Equal times do. */
static inline bool scree__temporal_in_order(double a, double b)
{
    return a <= b || isnan(b);
}

#endif
