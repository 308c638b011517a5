/*
 * place.h - a local file that is written at any offset, in any order, from any thread, and read back while it is written. It is a sink that nothing is
 * appended to: of a file (scree_sink_open_file()), or of scratch (scree__io_sink_open_scratch()).
 */
#ifndef SCREE_LIB_IO_PLACE_H
#define SCREE_LIB_IO_PLACE_H

#include "io/sink.h"

/* Makes the file so long; what is not written is zero. */
SCREE_MUST_CHECK enum scree_status scree__io_place_size(struct scree_sink *sink, uint64_t bytes,
                                                        struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__io_place_write(struct scree_sink *sink, uint64_t offset,
                                                         const void *bytes, size_t count,
                                                         struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__io_place_read(struct scree_sink *sink, uint64_t offset,
                                                        void *bytes, size_t count,
                                                        struct scree_error *err);

/* What was written is on the disk when this succeeds. */
SCREE_MUST_CHECK enum scree_status scree__io_place_flush(struct scree_sink *sink,
                                                         struct scree_error *err);

#endif
