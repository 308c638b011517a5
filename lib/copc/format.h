/*
 * format.h - where the bytes of a COPC file lie: the info payload (160 bytes), a hierarchy entry
 * (32 bytes), and the box of a node as readers compute it. COPC 1.0, "info VLR" and "hierarchy
 * VLR".
 */
#ifndef SCREE_LIB_COPC_FORMAT_H
#define SCREE_LIB_COPC_FORMAT_H

#include "base/bytes.h"
#include "scree/copc.h"

#define SCREE__COPC_USER_ID "copc"
#define SCREE__COPC_INFO_RECORD 1u
#define SCREE__COPC_HIERARCHY_RECORD 1000u

#define SCREE__COPC_INFO_BYTES 160u
#define SCREE__COPC_INFO_VLR_OFFSET 375u     /* of the VLR's header: right after the LAS header */
#define SCREE__COPC_INFO_PAYLOAD_OFFSET 429u /* 375 + the 54 bytes of a VLR header */
#define SCREE__COPC_INFO_RESERVED_COUNT 11u
#define SCREE__COPC_ENTRY_BYTES 32u
#define SCREE__COPC_GPS_TIME_AT 22u   /* in a record of formats 6 to 8 */
#define SCREE__COPC_PAGE_POINTER (-1) /* point_count of an entry that names another page */

/* The last level whose coordinates an entry can write in full is 31; one more is let through. */
#define SCREE__COPC_LEVEL_LIMIT 32

static inline void scree__copc_info_load(const uint8_t *p, struct scree_copc_info *info)
{
    for (unsigned i = 0; i < 3; i++)
        info->center[i] = scree__base_load_f64(p + 8 * i);
    info->halfsize = scree__base_load_f64(p + 24);
    info->spacing = scree__base_load_f64(p + 32);
    info->root_page_offset = scree__base_load64(p + 40);
    info->root_page_bytes = scree__base_load64(p + 48);
    info->gps_time_min = scree__base_load_f64(p + 56);
    info->gps_time_max = scree__base_load_f64(p + 64);
    for (unsigned i = 0; i < SCREE__COPC_INFO_RESERVED_COUNT; i++)
        info->reserved[i] = scree__base_load64(p + 72 + 8 * i);
}

static inline void scree__copc_info_store(uint8_t *p, const struct scree_copc_info *info)
{
    for (unsigned i = 0; i < 3; i++)
        scree__base_store_f64(p + 8 * i, info->center[i]);
    scree__base_store_f64(p + 24, info->halfsize);
    scree__base_store_f64(p + 32, info->spacing);
    scree__base_store64(p + 40, info->root_page_offset);
    scree__base_store64(p + 48, info->root_page_bytes);
    scree__base_store_f64(p + 56, info->gps_time_min);
    scree__base_store_f64(p + 64, info->gps_time_max);
    for (unsigned i = 0; i < SCREE__COPC_INFO_RESERVED_COUNT; i++)
        scree__base_store64(p + 72 + 8 * i, info->reserved[i]);
}

/* A page pointer has point_count SCREE__COPC_PAGE_POINTER; offset and byte_count are the page's. */
static inline void scree__copc_entry_load(const uint8_t *p, struct scree_copc_entry *entry)
{
    entry->key.level = scree__base_load_i32(p);
    entry->key.x = scree__base_load_i32(p + 4);
    entry->key.y = scree__base_load_i32(p + 8);
    entry->key.z = scree__base_load_i32(p + 12);
    entry->offset = scree__base_load64(p + 16);
    entry->byte_count = scree__base_load_i32(p + 24);
    entry->point_count = scree__base_load_i32(p + 28);
}

static inline void scree__copc_entry_store(uint8_t *p, const struct scree_copc_entry *entry)
{
    scree__base_store32(p, (uint32_t)entry->key.level);
    scree__base_store32(p + 4, (uint32_t)entry->key.x);
    scree__base_store32(p + 8, (uint32_t)entry->key.y);
    scree__base_store32(p + 12, (uint32_t)entry->key.z);
    scree__base_store64(p + 16, entry->offset);
    scree__base_store32(p + 24, (uint32_t)entry->byte_count);
    scree__base_store32(p + 28, (uint32_t)entry->point_count);
}

/* Level 0 to 32 and every coordinate inside the level's grid. */
static inline bool scree__copc_key_valid(struct scree_copc_key key)
{
    if (key.level < 0 || key.level > SCREE__COPC_LEVEL_LIMIT || key.x < 0 || key.y < 0 || key.z < 0)
        return false;
    int64_t cells = INT64_C(1) << key.level;
    return key.x < cells && key.y < cells && key.z < cells;
}

static inline struct scree_copc_key scree__copc_key_parent(struct scree_copc_key key)
{
    return (struct scree_copc_key){key.level - 1, key.x >> 1, key.y >> 1, key.z >> 1};
}

/* By level, then x, y, z. */
static inline int scree__copc_key_compare(struct scree_copc_key a, struct scree_copc_key b)
{
    if (a.level != b.level)
        return a.level < b.level ? -1 : 1;
    if (a.x != b.x)
        return a.x < b.x ? -1 : 1;
    if (a.y != b.y)
        return a.y < b.y ? -1 : 1;
    return a.z == b.z ? 0 : a.z < b.z ? -1 : 1;
}

/*
 * The node's box as copc.js computes it (Bounds.stepTo, 0.0.8): from the cube [center - halfsize,
 * center + halfsize] down, each step's middle being min + (max - min) / 2 in f64. The closed form
 * differs in the last bits, which is enough to put a point into the wrong box.
 */
static inline void scree__copc_node_box(const struct scree_copc_info *info,
                                        struct scree_copc_key key, double min[3], double max[3])
{
    const int32_t at[3] = {key.x, key.y, key.z};
    for (unsigned i = 0; i < 3; i++) {
        min[i] = info->center[i] - info->halfsize;
        max[i] = info->center[i] + info->halfsize;
        for (int bit = key.level - 1; bit >= 0; bit--) {
            double middle = min[i] + (max[i] - min[i]) / 2;
            if (bit < 31 && (at[i] >> bit & 1) != 0)
                min[i] = middle;
            else
                max[i] = middle;
        }
    }
}

#endif
