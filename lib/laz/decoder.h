/* decoder.h - what decode.c and decode_parts.c share: a decoder, and steps of its work. */
#ifndef SCREE_LIB_LAZ_DECODER_H
#define SCREE_LIB_LAZ_DECODER_H

#include "laz/loops.h"

struct scree_laz_decoder {
    struct scree_laz_layout layout;
    const struct laz_loops *loops;
    uint32_t fields;
    const uint8_t *chunk;
    size_t chunk_bytes;
    size_t layers_end; /* layered: the chunk's true size */
    uint64_t point_count, done;
    bool leaves;  /* fields that are left out stay as they are in the caller's memory */
    bool broken;  /* no chunk begun, or it failed */
    bool ran_out; /* it failed because its bytes ended */
    struct laz_pointwise pointwise;
    struct laz_reader reader;
    struct laz_layered layered;
    struct laz_layer_stream *streams; /* one per layer */
    struct fill *fills;               /* as many at most; those of this chunk */
    uint32_t fill_count;
};

/* Bytes of every record that are the first record's, because no layer of theirs is decoded. */
struct fill {
    uint32_t offset, bytes;
};

LAZ_INLINE size_t laz_block_points(size_t count)
{
    return count < LAZ_BLOCK_POINTS ? count : LAZ_BLOCK_POINTS;
}

/* May this call be made? */
enum scree_status scree__laz_next_allowed(const struct scree_laz_decoder *decoder,
                                          size_t stride_bytes, size_t count,
                                          struct scree_error *err);
/* The chunk's first record is stored as it is. Returns how many of count > 0 points that gave. */
size_t scree__laz_next_first(struct scree_laz_decoder *decoder, uint8_t *records);
/* What a pointwise chunk says whose stream is unsound. */
enum scree_status scree__laz_point_damaged(struct scree_laz_decoder *decoder,
                                           struct scree_error *err);
/* Layered chunks: refuses a block whose layer 0 is not sound. */
enum scree_status scree__laz_begin_block(struct scree_laz_decoder *decoder, size_t count,
                                         struct scree_error *err);
/* After a block is decoded: the attributes that are not, and what the streams say. */
enum scree_status scree__laz_end_block(struct scree_laz_decoder *decoder, uint8_t *records,
                                       size_t stride, size_t count, struct scree_error *err);
/* `count` points, of the first block of which layer 0 is decoded. */
enum scree_status scree__laz_next_blocks(struct scree_laz_decoder *decoder, uint8_t *records,
                                         size_t stride, size_t count, struct scree_error *err);

#endif
