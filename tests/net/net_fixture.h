/* net_fixture.h - a server, options that make its troubles take milliseconds, and checks of what was read. */
#ifndef TESTS_NET_FIXTURE_H
#define TESTS_NET_FIXTURE_H

#include "scree/io.h"
#include "server.h"

struct net {
    struct server server;
    struct scree_http_options http;
    struct scree_source_options options;
    struct scree_source *source;
    struct scree_error err;
    char url[200];
};

/* Starts the server. Options may be changed before net_open(). */
void net_begin(struct net *net, const struct plan *plan);
/* Closes the source, stops the server. */
void net_end(struct net *net);

enum scree_status net_open(struct net *net);
/* Opens, and fails the test if that fails. */
void net_must_open(struct net *net);
/* Reads; on success the bytes are compared with the server's object. */
enum scree_status net_read(struct net *net, uint64_t offset, size_t byte_count);
void net_must_read(struct net *net, uint64_t offset, size_t byte_count);
/* The message must hold this text. */
void net_says(const struct net *net, const char *text);
/* Changes what the server does from now on. */
#define NET_PLAN(net, member, value)         \
    do {                                     \
        server_lock(&(net)->server);         \
        (net)->server.plan.member = (value); \
        server_unlock(&(net)->server);       \
    } while (0)
/* A counter of the server. */
#define NET_SEEN(net, member) server_counter(&(net)->server, &(net)->server.member)
const struct request *net_request(struct net *net, unsigned number);
struct scree_source_statistics net_statistics(const struct net *net);
bool net_bytes_are_right(const unsigned char *bytes, uint64_t offset, size_t byte_count);
double net_seconds(void);

#endif
