/*
 * source.h - what a source is to its kinds (file, memory, remote). A kind's struct begins with
 * struct scree_source; source.c checks ranges before it calls the kind.
 */
#ifndef SCREE_LIB_IO_SOURCE_H
#define SCREE_LIB_IO_SOURCE_H

#include "io/several.h"
#include "scree/io.h"

struct scree__io_source_kind {
    /* Ranges lie within the source; those without bytes may lie anywhere. */
    enum scree_status (*read_many)(struct scree_source *source, const struct scree_range *ranges,
                                   size_t range_count, struct scree_error *err);
    /* Several sources of this kind at once; NULL: one after the other. Ranges lie within. */
    enum scree_status (*read_several)(const struct scree__io_part *parts, size_t part_count,
                                      struct scree_error *err);
    /* NULL: nothing to prefetch. Ranges lie within the source and have bytes. */
    enum scree_status (*prefetch)(struct scree_source *source, const struct scree_range *ranges,
                                  size_t range_count, struct scree_error *err);
    /* NULL: zeros. */
    void (*statistics)(const struct scree_source *source,
                       struct scree_source_statistics *statistics);
    /* Releases what the kind has added, and not the struct itself. Accepts one that is half made. */
    void (*release)(struct scree_source *source);
    size_t struct_bytes;
};

struct scree_source {
    const struct scree__io_source_kind *kind;
    uint64_t bytes;
    char *name;
};

/* A zeroed struct of the kind, with a name. Free it with scree_source_close(). */
SCREE_MUST_CHECK enum scree_status scree__io_source_new(const struct scree__io_source_kind *kind,
                                                        const char *name,
                                                        struct scree_source **source,
                                                        struct scree_error *err);

/* http, https and s3; net_source.c, or without_net.c where scree is built without curl. reserved:
 * its memory is not taken from the budget. */
SCREE_MUST_CHECK enum scree_status
scree__io_source_open_remote(const char *location, const struct scree_source_options *options,
                             bool reserved, struct scree_source **source, struct scree_error *err);
/* Without a request: `bytes` long, or reads fail. */
SCREE_MUST_CHECK enum scree_status
scree__io_source_open_remote_known(const char *location, uint64_t bytes,
                                   const struct scree_source_options *options,
                                   struct scree_source **source, struct scree_error *err);

/*
 * For jobs that plan their memory before they open their sources: what a remote source takes (but
 * for objects of servers that know no ranges, which are always taken from the budget), and opening
 * one for which that has been reserved. Else as scree_source_open().
 */
#define SCREE__IO_CONNECTION_BYTES ((uint64_t)4 << 20) /* over TLS; see net_http.h */
uint64_t scree__io_source_reserve_bytes(const struct scree_source_options *options);
SCREE_MUST_CHECK enum scree_status
scree__io_source_open_reserved(const char *location, const struct scree_source_options *options,
                               struct scree_source **source, struct scree_error *err);

#endif
