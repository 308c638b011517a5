/* several.h - ranges of several sources at once: those of remote ones share a round trip. */
#ifndef SCREE_LIB_IO_SEVERAL_H
#define SCREE_LIB_IO_SEVERAL_H

#include "scree/io.h"

struct scree__io_part {
    struct scree_source *source;
    const struct scree_range *ranges;
    size_t count;
};

/* All ranges of all parts, whose sources are different ones, or the first failure. As scree_source_read_many(). */
SCREE_MUST_CHECK enum scree_status scree__io_read_several(const struct scree__io_part *parts,
                                                          size_t part_count,
                                                          struct scree_error *err);

/*
 * Opens a location whose length is known, from something that names it: a remote one without a request. Its first answer has to have that length,
 * and pins it. A local file has to be at least so long. options as for scree_source_open().
 */
SCREE_MUST_CHECK enum scree_status
scree__io_source_open_known(const char *location, uint64_t bytes,
                            const struct scree_source_options *options,
                            struct scree_source **source, struct scree_error *err);

#endif
