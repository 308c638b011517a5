/*
 * net_http.h - HTTP requests with retries, many at once, over libcurl. Knows nothing of ranges,
 * objects and parts: a job says what to ask and what to make of the answer.
 *
 * Calling sequence: scree__net_settings_init() once per source or sink; scree__net_engine_new();
 * scree__net_engine_start() while there is work and a slot; scree__net_engine_pump() until the jobs
 * have ended; scree__net_engine_free(). An engine belongs to one thread at a time and keeps its
 * connections. Several engines share the settings.
 */
#ifndef SCREE_LIB_IO_NET_HTTP_H
#define SCREE_LIB_IO_NET_HTTP_H

#include "io/http_response.h"
#include "io/location.h"
#include "scree/io.h"

#include <stdatomic.h>

#define SCREE__NET_PARALLEL_MAX 32u
#define SCREE__NET_URL_BYTES (SCREE__IO_URL_BYTES + 2048u) /* with the query of an upload */
#define SCREE__NET_TEXT_BYTES 4096u
/* What a connection takes over TLS: GnuTLS keeps the 144 certificates of Debian for each (3.8 MB measured). */
#define SCREE__NET_CONNECTION_BYTES ((uint64_t)4 << 20)

/* What all engines of a source or sink share. */
struct scree__net_settings {
    struct scree_http_options http; /* its strings are copies */
    struct scree_context *context;
    atomic_uint_least64_t request_count, retry_count, received_bytes;
};

enum scree__net_method {
    SCREE__NET_GET,
    SCREE__NET_HEAD,
    SCREE__NET_PUT,
    SCREE__NET_POST,
    SCREE__NET_DELETE
};

struct curl_slist;

/* One attempt at a request, and what came back. */
struct scree__net_request {
    /* Set by the job's prepare(); all zero before. */
    enum scree__net_method method;
    char url[SCREE__NET_URL_BYTES];
    char user[512]; /* user:password for the URL's host; "" none */
    struct curl_slist *headers;
    const uint8_t *body; /* PUT, POST; the job keeps it */
    uint64_t body_bytes;
    bool follow;      /* redirects */
    bool fresh;       /* not over a kept connection: libcurl repeats what is lost on those itself */
    bool is_unsigned; /* to a store that would take a signature: for messages */
    bool collect_text; /* the body of any answer goes to `text`, not to body() */

    /* Set by the engine. */
    struct scree__io_response response;
    char
        text[SCREE__NET_TEXT_BYTES]; /* the body of an answer that is not 2xx, cut off; ends in 0 */
    size_t text_bytes;
    uint64_t body_sent;
    int curl_code;      /* CURLcode */
    bool stopped;       /* the job did not want the rest */
    bool stalled;       /* nothing came for stall_timeout_ms */
    bool headers_told;  /* headers() was called */
    unsigned redirects; /* followed so far */
    char problem[256];  /* libcurl's words */
};

enum scree__net_verdict { SCREE__NET_DONE, SCREE__NET_RETRY, SCREE__NET_FAILED };

enum scree__net_state {
    SCREE__NET_IDLE,
    SCREE__NET_RUNNING,
    SCREE__NET_ENDED,  /* done */
    SCREE__NET_BROKEN, /* failed: `err` says why */
};

/* The caller's; stays where it is while it runs. Set `arg` and the functions, the rest zero. */
struct scree__net_job {
    void *arg;
    const char *name; /* of the source or sink, for messages */
    /* Fills the request: method, url, headers. Called for each attempt. */
    enum scree_status (*prepare)(void *arg, struct scree__net_request *request,
                                 struct scree_error *err);
    /* The header of a 2xx answer is there; false: the rest is not wanted. May be NULL. */
    bool (*headers)(void *arg, struct scree__net_request *request);
    /* A piece of the body of a 2xx answer; false: the rest is not wanted. May be NULL. */
    bool (*body)(void *arg, struct scree__net_request *request, const uint8_t *bytes,
                 size_t byte_count);
    /* The attempt has ended, whichever way. For RETRY and FAILED it fills *err. */
    enum scree__net_verdict (*judge)(void *arg, struct scree__net_request *request,
                                     struct scree_error *err);
    bool progressed; /* set by the job: this attempt brought it on, so retries count anew */
    bool hasty;      /* nothing has ever been heard of this server: give up sooner */

    /* The engine's. */
    enum scree__net_state state;
    unsigned attempts; /* that failed, in a row */
    struct scree_error err;
};

/* Copies what the options hold; NULL: defaults. */
SCREE_MUST_CHECK enum scree_status
scree__net_settings_init(struct scree__net_settings *settings,
                         const struct scree_http_options *options, struct scree_context *context,
                         struct scree_error *err);
void scree__net_settings_release(struct scree__net_settings *settings);

struct scree__net_engine;

SCREE_MUST_CHECK enum scree_status scree__net_engine_new(struct scree__net_settings *settings,
                                                         struct scree__net_engine **engine,
                                                         struct scree_error *err);
void scree__net_engine_free(struct scree__net_engine *engine);
/* The pause after so many failed attempts: doubling, bounded, with up to a half taken off at random: so that many clients do not come
 * back together. */
uint64_t scree__net_pause_ns(struct scree__net_engine *engine, unsigned attempts);
/* From here on for a source with these settings, of the same context; no job may run. */
void scree__net_engine_use(struct scree__net_engine *engine, struct scree__net_settings *settings);

/* False: parallel_requests are running already, or the budget has no memory for more connections. */
bool scree__net_engine_start(struct scree__net_engine *engine, struct scree__net_job *job);

/* Works for up to wait_ms; returns earlier when a job ends. SCREE_E_CANCELLED when the run is. */
SCREE_MUST_CHECK enum scree_status
scree__net_engine_pump(struct scree__net_engine *engine, unsigned wait_ms, struct scree_error *err);

/* Ends all jobs at once; their state is IDLE then. */
void scree__net_engine_drop(struct scree__net_engine *engine);

/* Runs one job to its end. */
SCREE_MUST_CHECK enum scree_status scree__net_engine_run(struct scree__net_engine *engine,
                                                         struct scree__net_job *job,
                                                         struct scree_error *err);

/* For prepare(): adds a header line. */
SCREE_MUST_CHECK enum scree_status scree__net_header(struct scree__net_request *request,
                                                     struct scree_error *err, const char *format,
                                                     ...) SCREE_PRINTF(3, 4);

/* --------------------------------------------------------------------- net_judge.c: for judge() */

/*
 * What transport and status say of an attempt: DONE for a 2xx answer that came to its end or was
 * stopped by the job; else *err has "NAME: WHAT: ..." with what: "bytes 0-99", "upload of part 3".
 */
enum scree__net_verdict scree__net_judge(const struct scree__net_request *request, const char *name,
                                         const char *what, struct scree_error *err);

/*
 * The URL of a redirect, checked: http(s) only, none from https to http, not more than
 * http.redirects. The password stays with the host that it was for.
 */
SCREE_MUST_CHECK enum scree_status scree__net_redirect(struct scree__net_request *request,
                                                       const struct scree_http_options *options,
                                                       const char *name, struct scree_error *err);
bool scree__net_is_redirect(const struct scree__net_request *request);

/* The text of <tag>...</tag> in the answer of a store; false where there is none that fits. */
bool scree__net_xml_text(const char *text, const char *tag, char *out, size_t out_bytes);

#endif
