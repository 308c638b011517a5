/* sink.h - sinks that publish nothing: scratch, and streams such as standard output. */
#ifndef SCREE_LIB_IO_SINK_H
#define SCREE_LIB_IO_SINK_H

#include "scree/io.h"

/* A sink over an unlinked file in `folder`; name: for messages. It is gone when the sink is closed. */
SCREE_MUST_CHECK enum scree_status scree__io_sink_open_scratch(const char *folder, const char *name,
                                                               struct scree_sink **sink,
                                                               struct scree_error *err);
/* A sink over a descriptor that is only appended to, and borrowed: scree_sink_patch() is refused. */
SCREE_MUST_CHECK enum scree_status scree__io_sink_open_stream(int descriptor, const char *name,
                                                              struct scree_sink **sink,
                                                              struct scree_error *err);
int scree__io_sink_descriptor(const struct scree_sink *sink);

/* Appends all that is in a scratch sink to another one; `from` is good for nothing but this and closing afterwards. */
SCREE_MUST_CHECK enum scree_status
scree__io_sink_copy(struct scree_sink *from, struct scree_sink *to, struct scree_error *err);

#endif
