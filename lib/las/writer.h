/* writer.h - the inside of a LAS writer, shared by writer.c (begin, end) and writer_points.c. */
#ifndef SCREE_LIB_LAS_WRITER_H
#define SCREE_LIB_LAS_WRITER_H

#include "scree/las.h"

struct scree_las_writer {
    struct scree_sink *sink;
    struct scree_las_header header; /* as it will be written */
    struct scree_laz_layout layout; /* compressor SCREE_LAZ_NONE: LAS */
    uint64_t point_count;           /* added so far */
    bool points_ended;
    struct scree_laz_chunk *chunks;
    uint64_t chunk_count, chunk_capacity;
    uint8_t *piece; /* EVLR payloads pass through it */
};

#define SCREE__LAS_WRITER_PIECE_BYTES ((size_t)1 << 20)

/* LAS: `count` records stand in the sink already, put there by somebody else (lib/io/sink.h). */
void scree__las_writer_count_records(struct scree_las_writer *writer, uint64_t count);

/*
 * The header of an EVLR whose payload is made on the way: the caller writes evlr->payload_bytes to
 * the sink right afterwards. *offset (may be NULL): of the payload.
 */
SCREE_MUST_CHECK enum scree_status scree__las_writer_begin_evlr(struct scree_las_writer *writer,
                                                                const struct scree_las_vlr *evlr,
                                                                uint64_t *offset,
                                                                struct scree_error *err);

#endif
