/*
 * scree/io.h - where bytes come from and where they go.
 *
 * A source is a length and a positional read; every reader in scree works on any source: a local
 * file, memory, an object behind http:// or https://, or in an S3 store. A sink is a file or an
 * object that appears under its name only when it is complete. Paths are as the operating system
 * takes them. Since 0.1.
 *
 * The library reads neither environment nor configuration files: whoever calls it passes
 * credentials, proxies and the like in the options.
 */
#ifndef SCREE_IO_H
#define SCREE_IO_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------ locations */

/*
 * A location is a path, or one of
 *   http://host[:port]/path   https://host[:port]/path   user:password@ before the host is allowed
 *   s3://bucket/key           the key is taken as it is, byte for byte: nothing is percent-decoded
 * True for these three kinds, whether or not the rest makes sense.
 */
SCREE_API bool scree_location_is_remote(const char *location);

/* How to talk HTTP, for sources and sinks. Set `size` and defaults with scree_http_options_init();
 * fields are only ever added at the end. Strings are copied by whoever takes them. */
struct scree_http_options {
    size_t size;
    uint32_t connect_timeout_ms;  /* 10 s */
    uint32_t stall_timeout_ms;    /* a request that receives nothing for this long: 30 s */
    uint32_t deadline_ms;         /* for one request, with all its retries: 300 s */
    uint32_t retries;             /* of one request, after its first attempt: 5 */
    uint32_t retry_first_ms;      /* pause before the first retry, doubled for each further: 200 */
    uint32_t retry_most_ms;       /* ... up to this: 10 s; a random half of it is taken off */
    uint32_t retry_after_most_ms; /* a server's Retry-After is obeyed up to this: 60 s */
    uint32_t redirects;           /* followed for one request: 5; never with credentials to another
                                     host, never from https to http */
    uint32_t parallel_requests;   /* at once for one call: 16, at most 32 */
    const char *ca_file;          /* certificates to trust, PEM; NULL: the system's */
    const char *proxy, *no_proxy; /* as curl takes them; NULL: no proxy */
};

/* All defaults, and `size`. */
SCREE_API void scree_http_options_init(struct scree_http_options *options);

enum scree_s3_style { SCREE_S3_STYLE_AUTO, SCREE_S3_STYLE_PATH, SCREE_S3_STYLE_VIRTUAL };

/* An S3 store and who asks. Strings are copied. Set `size` with scree_s3_options_init(). */
struct scree_s3_options {
    size_t size;
    const char *endpoint; /* "https://host[:port]"; NULL: Amazon's for the region */
    const char *region;   /* NULL: us-east-1 */
    const char *access_key_id, *secret_access_key;
    const char *session_token; /* NULL: none */
    bool anonymous;            /* do not sign */
    /* bucket in the path or in the host's name; AUTO: host for Amazon where the bucket's name
     * allows it, else path */
    enum scree_s3_style style;
};

/* All defaults, and `size`: no credentials, requests are signed unless `anonymous` is set. */
SCREE_API void scree_s3_options_init(struct scree_s3_options *options);

/* What the text of an AWS configuration or credentials file says of one profile; "" where it says
 * nothing. */
struct scree_s3_profile {
    bool found;
    char access_key_id[256], secret_access_key[256], session_token[8192];
    char region[64], endpoint[512];
};

/*
 * Adds to *profile (all zero at first) what `text` says of the profile `name`: sections [name] and
 * [profile name]. Values that *profile holds already stay. Lines with other keys are ignored.
 * SCREE_E_DATA: a line that is no section, no key = value and no comment, or a value too long; the
 * message has its number and never its text. file_name: for messages.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_s3_profile_parse(const char *text, size_t byte_count, const char *name, const char *file_name,
                       struct scree_s3_profile *profile, struct scree_error *err);

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

struct scree_range {
    uint64_t offset;
    size_t byte_count;
    void *bytes; /* where they go */
};

/* Bytes that the caller reads itself. All zero but what is used. */
struct scree_source_callbacks {
    void *user;
    uint64_t byte_count; /* the source's length */
    /*
     * Fills all ranges, which lie within the source, or fails; *err is the callback's to fill. From any thread, several at once.
     */
    enum scree_status (*read_many)(void *user, const struct scree_range *ranges, size_t range_count,
                                   struct scree_error *err);
    void (*close)(void *user); /* when the source is closed; NULL: nothing */
};

/* A source over callbacks, which are copied. name: for messages; copied. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_source_open_callbacks(const struct scree_source_callbacks *callbacks, const char *name,
                            struct scree_source **source, struct scree_error *err);

/* Set `size` and defaults with scree_source_options_init(). */
struct scree_source_options {
    size_t size;
    struct scree_context *context;         /* budget and cancellation; NULL: neither */
    const struct scree_http_options *http; /* NULL: defaults */
    const struct scree_s3_options *s3;     /* NULL: unsigned requests to Amazon */
    /* For remote sources: what is read when it is opened, from its begin and its end at once: where
     * a COPC file has its header, and its hierarchy. */
    uint32_t head_bytes, tail_bytes; /* 8 KiB, 64 KiB; tail 0: head only */
    uint64_t cache_bytes;            /* taken from the budget while it is open: 4 MiB */
    uint64_t gap_bytes;              /* ranges this close are fetched in one request: 64 KiB */
    uint64_t overread_bytes;         /* what gaps may add up to in one request: 256 KiB */
    uint64_t request_bytes;          /* longer requests are split: 8 MiB */
    /* A server that ignores ranges sends everything: an object this small is read as a whole, of a
     * larger one so much is thrown away before a range; what lies further is refused. */
    uint64_t whole_bytes; /* 4 MiB */
};

/* All defaults, and `size`. */
SCREE_API void scree_source_options_init(struct scree_source_options *options);

/*
 * Opens a location for reading: a local file, http://, https:// or s3://. options: NULL for
 * defaults. The caller owns *source; the context must outlive it. A remote source is pinned to what
 * the first answer said of it (length, ETag, date): when it is another later, reads give SCREE_E_IO
 * ("changed while it was read"). Opening one costs the two requests for head and tail, at once, and
 * what they bring is kept.
 * Errors: SCREE_E_IO (not there, no access, server or network failed), SCREE_E_ARGUMENT (not a
 * location), SCREE_E_UNSUPPORTED (another scheme; scree was built without curl), SCREE_E_BUDGET,
 * SCREE_E_CANCELLED. Messages hold no secrets: passwords and queries of URLs are left out.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_source_open(const char *location, const struct scree_source_options *options,
                  struct scree_source **source, struct scree_error *err);

/* Accepts NULL. */
SCREE_API void scree_source_close(struct scree_source *source);

/* Its length, as it was when it was opened. */
SCREE_API uint64_t scree_source_bytes(const struct scree_source *source);
/* The path or name that it was opened with; of a URL without password and query. Valid until it is
 * closed. */
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

/*
 * Reads many ranges, in whatever order and grouping is fastest for the source: all of them, or the
 * first failure. Ranges may be in any order, touch and overlap. Safe from several threads at once.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_source_read_many(struct scree_source *source, const struct scree_range *ranges,
                       size_t range_count, struct scree_error *err);

/*
 * Brings ranges into the cache, if the source has one, as far as they fit into it; `bytes` of the
 * ranges is not used. What goes beyond the end is left out. Files: a hint to the system.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_source_prefetch(struct scree_source *source,
                                                                   const struct scree_range *ranges,
                                                                   size_t range_count,
                                                                   struct scree_error *err);

/* What a source has done since it was opened; zeros for files and memory. */
struct scree_source_statistics {
    uint64_t request_count;   /* sent, with retries and redirects */
    uint64_t retry_count;     /* of these, because an earlier one had failed */
    uint64_t received_bytes;  /* of bodies */
    uint64_t cache_hit_count; /* blocks found in the cache ... */
    uint64_t cache_miss_count;
};

/* From any thread, also while others read. */
SCREE_API void scree_source_statistics(const struct scree_source *source,
                                       struct scree_source_statistics *statistics);

/* ---------------------------------------------------------------------------------------- sinks */

struct scree_sink;

/* Set `size` and defaults with scree_sink_options_init(). */
struct scree_sink_options {
    size_t size;
    struct scree_context *context; /* budget and cancellation; NULL: neither */
    const struct scree_http_options *http;
    const struct scree_s3_options *s3;
    bool replace; /* an existing output is replaced; else it is SCREE_E_EXISTS */
    /* s3: parts are uploaded while the next is filled. Both are memory, taken while it is open. */
    uint64_t part_bytes; /* of the first 1000 parts, twice as much for the next 1000, and so on: 8
                            MiB, at least 5 MiB */
    uint64_t head_bytes; /* held back until the end, for scree_sink_patch(): 5 MiB at least */
    uint32_t part_count; /* in memory at once: 2 */
};

/* All defaults, and `size`. */
SCREE_API void scree_sink_options_init(struct scree_sink_options *options);

/*
 * Begins a local file, as scree_sink_open_file(), or an object s3://bucket/key. options: NULL for
 * defaults. An object appears when it is committed, and not before; a sink that is closed without a
 * commit takes its parts back. What a killed run has uploaded stays on the server, unseen, until
 * the bucket's rule for incomplete uploads removes it. Errors: as scree_source_open(),
 * SCREE_E_EXISTS.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_sink_open(const char *location, const struct scree_sink_options *options,
                struct scree_sink **sink, struct scree_error *err);

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

/* Overwrites bytes that were appended before: headers that are known only at the end. In an object
 * only within its first head_bytes: SCREE_E_UNSUPPORTED beyond. */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_sink_patch(struct scree_sink *sink,
                                                              uint64_t offset, const void *bytes,
                                                              size_t byte_count,
                                                              struct scree_error *err);

/* Bytes appended so far. */
SCREE_API uint64_t scree_sink_position(const struct scree_sink *sink);
/* The path or location that it was opened with; of a URL without password and query. Valid until it is
 * closed. */
SCREE_API const char *scree_sink_name(const struct scree_sink *sink);

/* Flushes to disk and publishes under the name. After a failure nothing is published. The sink is
 * to be closed either way. */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_sink_commit(struct scree_sink *sink,
                                                               struct scree_error *err);

/* Frees the sink; without a commit before, what was written is removed. Accepts NULL. */
SCREE_API void scree_sink_close(struct scree_sink *sink);

/* ---------------------------------------------------------------------------------------- paths */

/* A list of paths, all zero at first; what one argument stands for is sorted. The strings are the list's. */
struct scree_path_list {
    char **paths;
    uint64_t count, capacity; /* capacity is the list's own business */
};

/*
 * Appends what `argument` stands for: a remote location (as it is); a file; a folder (recursive, files whose name ends in one of
 * the NULL-terminated `endings`, case ignored; links to folders are followed once, cycles and
 * special files left out); a glob pattern where no such file exists;
 * "@list.txt" (a path a line, blank lines and lines that begin with # left out, relative to the
 * working folder). A folder or pattern that yields nothing, or a file that is not there, is
 * SCREE_E_IO; a line of a list that is too long or names a list, SCREE_E_DATA. After a failure the list
 * holds what came before, and is to be released as ever.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_paths_expand(const char *argument,
                                                                const char *const *endings,
                                                                struct scree_path_list *list,
                                                                struct scree_error *err);
/* Frees the paths, and makes the list empty. */
SCREE_API void scree_path_list_release(struct scree_path_list *list);

#ifdef __cplusplus
}
#endif

#endif
