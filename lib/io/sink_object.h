/*
 * sink_object.h - a sink that is an object of an S3 store: what sink.c hands the calls of such a sink to.
 * Contracts as in scree/io.h.
 */
#ifndef SCREE_LIB_IO_SINK_OBJECT_H
#define SCREE_LIB_IO_SINK_OBJECT_H

#include "scree/io.h"

struct scree__io_s3_sink;

SCREE_MUST_CHECK enum scree_status
scree__io_s3_sink_open(const char *location, const struct scree_sink_options *options,
                       bool reserved, struct scree__io_s3_sink **sink, struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__io_s3_sink_write(struct scree__io_s3_sink *sink,
                                                           const void *bytes, size_t byte_count,
                                                           struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__io_s3_sink_patch(struct scree__io_s3_sink *sink,
                                                           uint64_t offset, const void *bytes,
                                                           size_t byte_count,
                                                           struct scree_error *err);
uint64_t scree__io_s3_sink_position(const struct scree__io_s3_sink *sink);
SCREE_MUST_CHECK enum scree_status scree__io_s3_sink_commit(struct scree__io_s3_sink *sink,
                                                            struct scree_error *err);
void scree__io_s3_sink_close(struct scree__io_s3_sink *sink);

/* As for sources, see source.h; such a sink's parts do not grow. */
uint64_t scree__io_sink_reserve_bytes(const struct scree_sink_options *options);
SCREE_MUST_CHECK enum scree_status
scree__io_sink_open_reserved(const char *location, const struct scree_sink_options *options,
                             struct scree_sink **sink, struct scree_error *err);

#endif
