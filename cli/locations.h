/*
 * locations.h - sources and sinks by what the command line names: local files, http(s)://, s3://.
 * The only part of the program that looks for credentials: in the environment (AWS_...), in
 * ~/.aws/credentials and ~/.aws/config; and for proxies (https_proxy, http_proxy, no_proxy).
 */
#ifndef CLI_LOCATIONS_H
#define CLI_LOCATIONS_H

#include "cli/options.h"
#include "scree/io.h"

struct locations {
    /* For the library: sources and sinks of this run. Valid until locations_end(). */
    struct scree_source_options source;
    struct scree_sink_options sink;
    /* Behind them. */
    struct scree_http_options http;
    struct scree_s3_options s3;
    struct scree_s3_profile profile;
    const struct common_options *common;
    bool s3_known; /* the credentials were looked for */
};

void locations_begin(struct locations *locations, const struct common_options *common,
                     struct scree_context *context);
void locations_end(struct locations *locations);

/* Before a location goes to the library: looks for credentials where it is of a store, once. */
enum scree_status locations_prepare(struct locations *locations, const char *location,
                                    struct scree_error *err);

/* The folder for scratch: what was asked for; for a remote output $TMPDIR, else /tmp; NULL: beside the output. */
const char *locations_scratch(const char *output, const char *wanted);

/* scree_source_open() with all of that. */
enum scree_status locations_open(struct locations *locations, const char *location,
                                 struct scree_source **source, struct scree_error *err);

/* A location without the secrets that a URL may hold: password, query. */
struct shown_location {
    char text[4096];
};
struct shown_location locations_shown(const char *location);

/* With --verbose, on stderr: what a remote source took. Nothing for local ones. */
void locations_say_statistics(const struct locations *locations, const struct scree_source *source);

#endif
