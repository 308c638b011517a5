/* svx_format.h - the head of an index file: its numbers in memory and in bytes. docs/formats/svx.md has the meaning of each. */
#ifndef SCREE_LIB_VECTORS_SVX_FORMAT_H
#define SCREE_LIB_VECTORS_SVX_FORMAT_H

#include "vectors/svx.h"

#define SCREE__VECTORS_SUPER_BYTES 256u
#define SCREE__VECTORS_COLUMN_BYTES 256u
#define SCREE__VECTORS_LIST_BYTES 40u
#define SCREE__VECTORS_RECALL_BYTES 24u
#define SCREE__VECTORS_ALIGNMENT 64u
#define SCREE__VECTORS_LISTS_MAX (1u << 24)
#define SCREE__VECTORS_LIST_COUNT_MAX 0x7fffffffu
#define SCREE__VECTORS_TAGS_BYTES_MAX (16u << 20)
#define SCREE__VECTORS_RECALLS_MAX 4096u

#define SCREE__VECTORS_FEATURE_DELETIONS 1u
#define SCREE__VECTORS_FEATURES_KNOWN SCREE__VECTORS_FEATURE_DELETIONS

struct scree__vectors_super {
    uint32_t features;
    uint64_t file_bytes, head_bytes;
    uint32_t column_count, columns_crc;
    uint64_t id_base;
    uint32_t id_bytes, tag_bytes;
    uint64_t tags_offset, tags_bytes;
    uint32_t tags_crc, tag_set_count;
    uint64_t recalls_offset;
    uint32_t recalls_bytes, recalls_crc;
    uint64_t row_count;
    char writer[32];
};

struct scree__vectors_column_head {
    char name[SCREE_VECTORS_NAME_BYTES + 1];
    struct scree__vectors_shape shape; /* id_bytes and tag_bytes are the superblock's */
    uint32_t list_count;
    uint64_t vector_count, seed, skipped_count;
    uint64_t rotation_offset;
    uint32_t rotation_bytes, rotation_crc;
    uint64_t directory_offset;
    uint32_t directory_crc;
    uint32_t centroids_crc;
    uint64_t centroids_offset;
    uint64_t codes_offset, codes_bytes, rows_offset, rows_bytes;
    uint32_t row_stride;
};

void scree__vectors_super_store(const struct scree__vectors_super *super, uint8_t *bytes);
/* Checks magic, CRC, version, features and each field by itself; `name` for messages. */
SCREE_MUST_CHECK enum scree_status scree__vectors_super_load(const uint8_t *bytes, const char *name,
                                                             struct scree__vectors_super *super,
                                                             struct scree_error *err);

void scree__vectors_column_store(const struct scree__vectors_column_head *column, uint8_t *bytes);
/* Checks each field by itself and against the superblock. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_column_load(const uint8_t *bytes, const struct scree__vectors_super *super,
                           const char *name, uint32_t index,
                           struct scree__vectors_column_head *column, struct scree_error *err);

void scree__vectors_list_store(const struct scree__vectors_list *list, uint8_t *bytes);
void scree__vectors_list_load(const uint8_t *bytes, struct scree__vectors_list *list);

/* What is wrong with a column's name; NULL: nothing. */
const char *scree__vectors_name_fault(const char *name);

/* ---------------------------------------------------------------------------------------- sizes */

static inline uint64_t scree__vectors_align(uint64_t bytes, uint64_t to)
{
    return (bytes + to - 1) / to * to;
}

/* As in the file: the last pack has as many rows as are left. */
static inline uint64_t scree__vectors_scan_bytes(const struct scree__vectors_shape *shape,
                                                 uint64_t count)
{
    return count * (shape->padded_dim / 8 + 12 + shape->id_bytes + shape->tag_bytes);
}

static inline uint64_t scree__vectors_extra_part_bytes(const struct scree__vectors_shape *shape,
                                                       uint64_t count)
{
    uint64_t one =
        shape->bits > 1 ? scree__vectors_extra_bytes(shape->padded_dim, shape->bits) + 8 : 0;
    return count * (one + (shape->metric == SCREE_VECTORS_COSINE ? 4 : 0));
}

/* Where the extra part begins in a block. */
static inline uint64_t scree__vectors_extra_at(const struct scree__vectors_shape *shape,
                                               uint64_t count)
{
    return scree__vectors_align(scree__vectors_scan_bytes(shape, count), 4);
}

static inline uint64_t scree__vectors_block_bytes(const struct scree__vectors_shape *shape,
                                                  uint64_t count)
{
    return scree__vectors_align(scree__vectors_extra_at(shape, count) +
                                    scree__vectors_extra_part_bytes(shape, count),
                                SCREE__VECTORS_ALIGNMENT);
}

/* Of a rerank row with its CRC; 0 for none. */
static inline uint32_t scree__vectors_row_stride(const struct scree__vectors_shape *shape)
{
    uint32_t bytes = scree__vectors_row_bytes(shape);
    return bytes == 0 ? 0 : (bytes + 4 + 15) / 16 * 16;
}

static inline uint64_t scree__vectors_centroids_bytes(uint32_t list_count, uint32_t dim)
{
    return 8 * (uint64_t)dim + 2 * (uint64_t)list_count * dim;
}

#endif
