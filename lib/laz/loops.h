/*
 * loops.h - the loops over points, compiled once for each level of lib/simd: loops_plain.c,
 * loops_avx2.c, loops_avx512.c. All give the same bytes and points.
 */
#ifndef SCREE_LIB_LAZ_LOOPS_H
#define SCREE_LIB_LAZ_LOOPS_H

#include "laz/layered.h"
#include "laz/pointwise.h"

/* One of two layered chunks that are decoded at once. */
struct laz_side {
    struct laz_layered *state;
    struct laz_layer_stream *streams;
    uint8_t *records;
    size_t stride;
};

struct laz_loops {
    /* Layer 0 of a chunk's first points, or the first of a call: `count` <= LAZ_BLOCK_POINTS. */
    void (*layered_start)(struct laz_layered *state, struct laz_layer_stream *streams,
                          uint8_t *records, size_t stride, size_t count);
    /*
     * All other active layers of the `count` points whose layer 0 was decoded last, and layer 0 of
     * the `next` <= count points behind them.
     */
    void (*layered_read)(struct laz_layered *state, struct laz_layer_stream *streams,
                         uint8_t *records, size_t stride, size_t count, size_t next);

    /* The same for two chunks with the same layers, not all of which need be active in both. */
    void (*layered_start_two)(const struct laz_side sides[2], size_t count);
    void (*layered_read_two)(const struct laz_side sides[2], size_t count, size_t next);

    /*
     * Encodes a block of one layer, layer 0 first. last: for layer 0, the last record of each
     * channel, updated. Returns whether the attribute differed anywhere from its reference, that
     * is, whether the layer is needed.
     */
    bool (*layered_write)(struct laz_layered *state, uint32_t layer, struct laz_writer *writer,
                          const uint8_t *last[4], const uint8_t *records, size_t stride,
                          size_t count);

    /* Decodes up to count points; returns how many came out sound. */
    size_t (*pointwise_read)(struct laz_pointwise *state, struct laz_reader *reader,
                             uint8_t *records, size_t stride, size_t count);

    /*
     * Decodes `count` points of each of two chunks with the same usual items; returns how many came
     * out before one of the streams was found unsound. The next one's records are written too, and
     * sound where the stream is.
     */
    size_t (*pointwise_read_two)(struct laz_pointwise *const states[2],
                                 struct laz_reader *const readers[2], uint8_t *const records[2],
                                 const size_t strides[2], size_t count);

    void (*pointwise_write)(struct laz_pointwise *state, struct laz_writer *writer,
                            const uint8_t *records, size_t stride, uint64_t count);
};

extern const struct laz_loops scree__laz_loops_plain;
#if SCREE__SIMD_X86
extern const struct laz_loops scree__laz_loops_avx2, scree__laz_loops_avx512;
#endif

/* Those of the level in force. */
const struct laz_loops *scree__laz_loops(void);

#endif
