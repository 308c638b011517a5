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

#endif
