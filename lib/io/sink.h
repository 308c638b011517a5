/* sink.h - sinks that publish nothing: scratch, and streams such as standard output. */
#ifndef SCREE_LIB_IO_SINK_H
#define SCREE_LIB_IO_SINK_H

#include "scree/io.h"

/* A sink over an unlinked file in `folder`; name: for messages. It is gone when the sink is closed. */
SCREE_MUST_CHECK enum scree_status scree__io_sink_open_scratch(const char *folder, const char *name,
                                                               struct scree_sink **sink,
                                                               struct scree_error *err);
/* A sink of a local file as scree_sink_open_file(), but OUTPUT.part keeps what a killed run has left in it. */
SCREE_MUST_CHECK enum scree_status scree__io_sink_open_kept(const char *path, bool replace,
                                                            struct scree_sink **sink,
                                                            struct scree_error *err);
/* A sink over a descriptor that is only appended to, and borrowed: scree_sink_patch() is refused. */
SCREE_MUST_CHECK enum scree_status scree__io_sink_open_stream(int descriptor, const char *name,
                                                              struct scree_sink **sink,
                                                              struct scree_error *err);
int scree__io_sink_descriptor(const struct scree_sink *sink);

/*
 * Writing out of order, where places are known ahead: into files and scratch, neither into streams nor into objects.
 *
 *     scree__io_sink_place_begin(sink, end) what was written so far goes to the file, and room is made up to `end` where that is cheap
 *     scree__io_sink_place(sink, ...)     behind that, anywhere, by any number of threads at once, no byte twice
 *     scree__io_sink_place_end(sink, end) the sink goes on at `end`; every byte before it was written
 */
bool scree__io_sink_can_place(const struct scree_sink *sink);
SCREE_MUST_CHECK enum scree_status scree__io_sink_place_begin(struct scree_sink *sink, uint64_t end,
                                                              struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__io_sink_place(struct scree_sink *sink, uint64_t offset,
                                                        const void *bytes, size_t byte_count,
                                                        struct scree_error *err);
void scree__io_sink_place_end(struct scree_sink *sink, uint64_t end);

/* Appends all that is in a scratch sink to another one; `from` is good for nothing but this and closing afterwards. */
SCREE_MUST_CHECK enum scree_status
scree__io_sink_copy(struct scree_sink *from, struct scree_sink *to, struct scree_error *err);

#endif
