/* net_fixture.c - see net_fixture.h */
#include "net_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

void net_begin(struct net *net, const struct plan *plan)
{
    memset(net, 0, sizeof *net);
    server_start(&net->server, plan);
    scree_http_options_init(&net->http);
    scree_source_options_init(&net->options);
    net->options.head_bytes = 65536;
    net->options.tail_bytes = 262144;
    net->http.parallel_requests = 8;
    net->http.retry_first_ms = 1;
    net->http.retry_most_ms = 4;
    net->http.retries = 3;
    net->options.http = &net->http;
    snprintf(net->url, sizeof net->url, "http://127.0.0.1:%d/x.laz", net->server.port);
}

void net_end(struct net *net)
{
    scree_source_close(net->source);
    server_stop(&net->server);
}

enum scree_status net_open(struct net *net)
{
    net->err = (struct scree_error)SCREE_ERROR_INIT;
    return scree_source_open(net->url, &net->options, &net->source, &net->err);
}

void net_must_open(struct net *net)
{
    if (net_open(net) != SCREE_OK)
        fail_msg("open: %s", net->err.message);
    assert_int_equal(scree_source_bytes(net->source), net->server.plan.size);
}

bool net_bytes_are_right(const unsigned char *bytes, uint64_t offset, size_t byte_count)
{
    for (size_t i = 0; i < byte_count; i++) {
        if (bytes[i] != server_byte(offset + i))
            return false;
    }
    return true;
}

enum scree_status net_read(struct net *net, uint64_t offset, size_t byte_count)
{
    unsigned char *bytes = calloc(1, byte_count + 1);
    net->err = (struct scree_error)SCREE_ERROR_INIT;
    enum scree_status status = scree_source_read(net->source, offset, bytes, byte_count, &net->err);
    if (status == SCREE_OK)
        assert_true(net_bytes_are_right(bytes, offset, byte_count));
    assert_int_equal(bytes[byte_count], 0);
    free(bytes);
    return status;
}

void net_must_read(struct net *net, uint64_t offset, size_t byte_count)
{
    if (net_read(net, offset, byte_count) != SCREE_OK)
        fail_msg("read: %s", net->err.message);
}

void net_says(const struct net *net, const char *text)
{
    if (strstr(net->err.message, text) == NULL)
        fail_msg("the message '%s' does not hold '%s'", net->err.message, text);
}

const struct request *net_request(struct net *net, unsigned number)
{
    server_lock(&net->server);
    const struct request *request = number < SERVER_LOG ? net->server.log[number] : NULL;
    server_unlock(&net->server);
    if (request == NULL)
        fail_msg("there was no request %u", number);
    return request;
}

struct scree_source_statistics net_statistics(const struct net *net)
{
    struct scree_source_statistics statistics;
    scree_source_statistics(net->source, &statistics);
    return statistics;
}

double net_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}
