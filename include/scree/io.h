/*
 * scree/io.h - where bytes come from and where they go.
 *
 * A source is a length and a positional read; every reader in scree works on any source. A sink is
 * a file that appears under its name only when it is complete. Paths are as the operating system
 * takes them. Since 0.1.
 */
#ifndef SCREE_IO_H
#define SCREE_IO_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------------------------------- sources */

struct scree_source;

/*
 * Opens a local file for reading. The caller owns *source. Errors: SCREE_E_IO. A file whose length
 * changes afterwards gives SCREE_E_IO on the reads that miss bytes.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_source_open_file(const char *path, struct scree_source **source, struct scree_error *err);

/* A source over bytes that the caller keeps alive until the source is closed. name: for messages;
 * copied. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_source_open_memory(const void *bytes, uint64_t byte_count, const char *name,
                         struct scree_source **source, struct scree_error *err);

/* Accepts NULL. */
SCREE_API void scree_source_close(struct scree_source *source);

SCREE_API uint64_t scree_source_bytes(const struct scree_source *source);
/* The path or name that it was opened with. Valid until it is closed. */
SCREE_API const char *scree_source_name(const struct scree_source *source);

/*
 * Reads exactly byte_count bytes at offset. Safe from several threads at once. A range that goes
 * beyond the end is SCREE_E_DATA
 * ("truncated": file, offset, how many bytes are missing) and reads nothing.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_source_read(struct scree_source *source,
                                                               uint64_t offset, void *bytes,
                                                               size_t byte_count,
                                                               struct scree_error *err);

struct scree_range {
    uint64_t offset;
    size_t byte_count;
    void *bytes; /* where they go */
};

/*
 * Reads many ranges, in whatever order and grouping is fastest for the source: all of them, or the
 * first failure. Ranges may be in any order, touch and overlap. Safe from several threads at once.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_source_read_many(struct scree_source *source, const struct scree_range *ranges,
                       size_t range_count, struct scree_error *err);

/* ---------------------------------------------------------------------------------------- sinks */

struct scree_sink;

/*
 * Begins the file `path`. Bytes go to `path`.part beside it, which is locked: a second run on the
 * same output is refused, the leftover of a killed run is replaced. Unless replace is set, an
 * existing `path` is SCREE_E_EXISTS, now and again at the end.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_sink_open_file(const char *path, bool replace,
                                                                  struct scree_sink **sink,
                                                                  struct scree_error *err);

/* Appends. One thread at a time. Buffered. */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_sink_write(struct scree_sink *sink,
                                                              const void *bytes, size_t byte_count,
                                                              struct scree_error *err);

/* Overwrites bytes that were appended before: headers that are known only at the end. */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_sink_patch(struct scree_sink *sink,
                                                              uint64_t offset, const void *bytes,
                                                              size_t byte_count,
                                                              struct scree_error *err);

/* Bytes appended so far. */
SCREE_API uint64_t scree_sink_position(const struct scree_sink *sink);
SCREE_API const char *scree_sink_name(const struct scree_sink *sink);

/* Flushes to disk and publishes under the name. After a failure nothing is published. The sink is
 * to be closed either way. */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_sink_commit(struct scree_sink *sink,
                                                               struct scree_error *err);

/* Frees the sink; without a commit before, what was written is removed. Accepts NULL. */
SCREE_API void scree_sink_close(struct scree_sink *sink);

/* ---------------------------------------------------------------------------------------- paths */

/* A list of paths; what one argument stands for is sorted. */
struct scree_path_list {
    char **paths;
    uint64_t count, capacity; /* capacity is the list's own business */
};

/*
 * Appends what `argument` stands for: a file; a folder (recursive, files whose name ends in one of
 * the NULL-terminated `endings`, case ignored; links to folders are followed once, cycles and
 * special files left out); a glob pattern where no such file exists;
 * "@list.txt" (a path a line, blank lines and lines that begin with # left out, relative to the
 * working folder). A folder or pattern that yields nothing, or a file that is not there, is
 * SCREE_E_IO.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_paths_expand(const char *argument,
                                                                const char *const *endings,
                                                                struct scree_path_list *list,
                                                                struct scree_error *err);
SCREE_API void scree_path_list_release(struct scree_path_list *list);

#ifdef __cplusplus
}
#endif

#endif
