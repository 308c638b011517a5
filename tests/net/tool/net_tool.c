/*
 * net_tool.c - sources and sinks by hand, for the scripts of this folder.
 *
 *   net_tool copy FROM TO [option...]     reads FROM in pieces, writes TO, patches byte 3 to the value it has
 *   net_tool read FROM OFFSET BYTES       those bytes on stdout
 *
 * Options of copy: replace (an existing TO), close (no commit), part=BYTES, late=OFFSET (a patch there, which has to fail).
 * Environment: NET_ENDPOINT, NET_KEY, NET_SECRET, NET_REGION, NET_STYLE (path, virtual), NET_CA. Failures go to stderr, with exit code 1.
 */
#include "scree/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES ((size_t)3 << 20)

static struct scree_http_options http;
static struct scree_s3_options s3;
static char piece[PIECE_BYTES];

static void check(enum scree_status status, const struct scree_error *err)
{
    if (status == SCREE_OK)
        return;
    fprintf(stderr, "net_tool: %s: %s\n", scree_status_name(status), err->message);
}

static void from_environment(void)
{
    const char *style = getenv("NET_STYLE");
    scree_http_options_init(&http);
    scree_s3_options_init(&s3);
    s3.endpoint = getenv("NET_ENDPOINT");
    s3.access_key_id = getenv("NET_KEY");
    s3.secret_access_key = getenv("NET_SECRET");
    s3.region = getenv("NET_REGION");
    s3.style = style != NULL && strcmp(style, "virtual") == 0 ? SCREE_S3_STYLE_VIRTUAL
                                                              : SCREE_S3_STYLE_AUTO;
    http.ca_file = getenv("NET_CA");
}

static enum scree_status open_source(const char *location, struct scree_source **source,
                                     struct scree_error *err)
{
    struct scree_source_options options;
    scree_source_options_init(&options);
    options.http = &http;
    options.s3 = &s3;
    return scree_source_open(location, &options, source, err);
}

static enum scree_status copy_bytes(struct scree_source *source, struct scree_sink *sink,
                                    struct scree_error *err)
{
    uint64_t bytes = scree_source_bytes(source);
    enum scree_status status = SCREE_OK;
    for (uint64_t at = 0; at < bytes && status == SCREE_OK;) {
        size_t now = bytes - at < sizeof piece ? (size_t)(bytes - at) : sizeof piece;
        status = scree_source_read(source, at, piece, now, err);
        if (status == SCREE_OK && at == 0 && now > 3)
            piece[3] = '?'; /* the patch puts it right */
        if (status == SCREE_OK)
            status = scree_sink_write(sink, piece, now, err);
        at += now;
    }
    if (status == SCREE_OK && bytes > 3)
        status = scree_source_read(source, 3, piece, 1, err);
    if (status == SCREE_OK && bytes > 3)
        status = scree_sink_patch(sink, 3, piece, 1, err);
    return status;
}

static int copy(char **words, int count)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source = NULL;
    struct scree_sink *sink = NULL;
    struct scree_sink_options options;
    bool commit = true;
    uint64_t late = 0;
    scree_sink_options_init(&options);
    options.http = &http;
    options.s3 = &s3;
    for (int i = 2; i < count; i++) {
        options.replace = options.replace || strcmp(words[i], "replace") == 0;
        commit = commit && strcmp(words[i], "close") != 0;
        if (strncmp(words[i], "part=", 5) == 0)
            options.part_bytes = strtoull(words[i] + 5, NULL, 10);
        if (strncmp(words[i], "late=", 5) == 0)
            late = strtoull(words[i] + 5, NULL, 10);
    }
    enum scree_status status = open_source(words[0], &source, &err);
    if (status == SCREE_OK)
        status = scree_sink_open(words[1], &options, &sink, &err);
    if (status == SCREE_OK)
        status = copy_bytes(source, sink, &err);
    if (status == SCREE_OK && late > 0)
        status = scree_sink_patch(sink, late, "x", 1, &err);
    if (status == SCREE_OK && commit)
        status = scree_sink_commit(sink, &err);
    scree_sink_close(sink);
    scree_source_close(source);
    check(status, &err);
    return status != SCREE_OK;
}

static int read_range(char **words)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source = NULL;
    uint64_t offset = strtoull(words[1], NULL, 10), bytes = strtoull(words[2], NULL, 10);
    enum scree_status status = open_source(words[0], &source, &err);
    while (status == SCREE_OK && bytes > 0) {
        size_t now = bytes < sizeof piece ? (size_t)bytes : sizeof piece;
        status = scree_source_read(source, offset, piece, now, &err);
        if (status == SCREE_OK)
            fwrite(piece, 1, now, stdout);
        offset += now;
        bytes -= now;
    }
    scree_source_close(source);
    check(status, &err);
    return status != SCREE_OK;
}

int main(int argc, char **argv)
{
    from_environment();
    if (argc >= 4 && strcmp(argv[1], "copy") == 0)
        return copy(argv + 2, argc - 2);
    if (argc == 5 && strcmp(argv[1], "read") == 0)
        return read_range(argv + 2);
    fprintf(stderr, "net_tool: copy FROM TO [option...] | read FROM OFFSET BYTES\n");
    return 2;
}
