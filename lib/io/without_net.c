/* without_net.c - what stands in for the network where scree is built without curl. */
#include "base/error.h"
#include "io/sink_object.h"
#include "io/source.h"

static enum scree_status refuse(const char *location, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                            "%.8s...: this scree was built without curl (SCREE_WITH_CURL): local "
                            "files only",
                            location);
}

enum scree_status scree__io_source_open_remote(const char *location,
                                               const struct scree_source_options *options,
                                               bool reserved, struct scree_source **source,
                                               struct scree_error *err)
{
    (void)options, (void)reserved;
    *source = NULL;
    return refuse(location, err);
}

enum scree_status scree__io_source_open_remote_known(const char *location, uint64_t bytes,
                                                     const struct scree_source_options *options,
                                                     struct scree_source **source,
                                                     struct scree_error *err)
{
    (void)bytes, (void)options;
    *source = NULL;
    return refuse(location, err);
}

uint64_t scree__io_source_reserve_bytes(const struct scree_source_options *options)
{
    (void)options;
    return 0;
}

uint64_t scree__io_sink_reserve_bytes(const struct scree_sink_options *options)
{
    (void)options;
    return 0;
}

enum scree_status scree__io_s3_sink_open(const char *location,
                                         const struct scree_sink_options *options, bool reserved,
                                         struct scree__io_s3_sink **sink, struct scree_error *err)
{
    (void)options, (void)reserved;
    *sink = NULL;
    return refuse(location, err);
}

enum scree_status scree__io_s3_sink_write(struct scree__io_s3_sink *sink, const void *bytes,
                                          size_t byte_count, struct scree_error *err)
{
    (void)sink, (void)bytes, (void)byte_count;
    return refuse("s3://", err);
}

enum scree_status scree__io_s3_sink_patch(struct scree__io_s3_sink *sink, uint64_t offset,
                                          const void *bytes, size_t byte_count,
                                          struct scree_error *err)
{
    (void)sink, (void)offset, (void)bytes, (void)byte_count;
    return refuse("s3://", err);
}

uint64_t scree__io_s3_sink_position(const struct scree__io_s3_sink *sink)
{
    (void)sink;
    return 0;
}

enum scree_status scree__io_s3_sink_commit(struct scree__io_s3_sink *sink, struct scree_error *err)
{
    (void)sink;
    return refuse("s3://", err);
}

void scree__io_s3_sink_close(struct scree__io_s3_sink *sink)
{
    (void)sink;
}
