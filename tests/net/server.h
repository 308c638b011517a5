/*
 * server.h - an HTTP server in the test's own process that misbehaves on request. Each connection has a thread. It serves one object
 * of any size, whose bytes are a function of their offset or the test's, under every path; or calls a function of the test.
 */
#ifndef TESTS_NET_SERVER_H
#define TESTS_NET_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVER_LOG 512

struct request {
    char method[16], path[2048], head[16384]; /* head: all header lines */
    uint64_t first, last;                     /* of a range bytes=first-last */
    uint64_t suffix;                          /* of a range bytes=-suffix */
    bool has_range;
    unsigned char *body; /* of PUT and POST; the server frees it */
    uint64_t body_bytes;
    unsigned number; /* of the request, from 0 */
};

/* The value of a header line, "" if there is none. */
const char *request_header(const struct request *request, const char *name, char *out,
                           size_t out_bytes);

struct server;
/* Answers by hand: true when it did, with *keep telling whether the connection goes on. */
typedef bool (*server_handler)(struct server *server, int connection, const struct request *request,
                               bool *keep);

/* What the object is and what goes wrong. Change it between requests only with server_lock(). */
struct plan {
    uint64_t size;
    const unsigned char *object; /* its bytes; NULL: server_byte() */
    const char *etag, *last_modified, *content_encoding, *retry_after, *location;
    int fail_status; /* answered to the first fail_count requests that are no tail requests */
    unsigned fail_count;
    unsigned latency_ms;
    bool ignore_range, no_length, star_total, no_tail, no_head, no_content_range, check_if_match;
    uint64_t lie_begin, lie_total; /* added to what Content-Range says */
    uint64_t reset_after;          /* body bytes after which the connection is reset ... */
    unsigned reset_count;          /* ... in the first so many answers longer than that */
    unsigned stall_count;          /* so many answers stop after the header until the test ends */
    unsigned
        short_count; /* so many bodies end a byte early, in a chunked body: no length gives it away */
    uint64_t extra;           /* bytes too many, likewise */
    unsigned etag_changes_at; /* request number; 0: never */
    server_handler handler;
    void *user;
};

struct server {
    int listener, port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct plan plan;
    bool stopping;
    unsigned connection_count, request_count, thread_count, tail_count;
    unsigned sent_kib; /* of bodies */
    pthread_t threads[SERVER_LOG];
    int connections[SERVER_LOG];
    struct request *log[SERVER_LOG];
};

void server_start(struct server *server, const struct plan *plan);
void server_stop(struct server *server);
void server_lock(struct server *server);
void server_unlock(struct server *server);

unsigned server_counter(struct server *server, const unsigned *counter);

unsigned char server_byte(uint64_t offset);
void server_send(struct server *server, int connection, const void *bytes, size_t byte_count);
/* A whole answer with a short body. extra: further header lines, each with \r\n. */
void server_answer(struct server *server, int connection, int status, const char *extra,
                   const char *body);

#endif
