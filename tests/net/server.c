/* server.c - an HTTP server that misbehaves on request. */
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void server_lock(struct server *server)
{
    pthread_mutex_lock(&server->lock);
}

void server_unlock(struct server *server)
{
    pthread_mutex_unlock(&server->lock);
}

unsigned server_counter(struct server *server, const unsigned *counter)
{
    server_lock(server);
    unsigned value = *counter;
    server_unlock(server);
    return value;
}

unsigned char server_byte(uint64_t offset)
{
    uint64_t mixed = (offset + 1) * 0x9E3779B97F4A7C15u;
    return (unsigned char)(mixed >> 56 ^ offset);
}

const char *request_header(const struct request *request, const char *name, char *out,
                           size_t out_bytes)
{
    size_t name_bytes = strlen(name);
    out[0] = '\0';
    for (const char *line = request->head; line != NULL && *line != '\0';) {
        const char *end = strstr(line, "\r\n");
        size_t bytes = end != NULL ? (size_t)(end - line) : strlen(line);
        if (bytes > name_bytes && strncasecmp(line, name, name_bytes) == 0 &&
            line[name_bytes] == ':') {
            const char *value = line + name_bytes + 1;
            while (*value == ' ')
                value++;
            snprintf(out, out_bytes, "%.*s", (int)(line + bytes - value), value);
            return out;
        }
        line = end != NULL ? end + 2 : NULL;
    }
    return out;
}

static void wait_ms(unsigned ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

void server_send(struct server *server, int connection, const void *bytes, size_t byte_count)
{
    const char *from = bytes;
    (void)server;
    while (byte_count > 0) {
        ssize_t sent = send(connection, from, byte_count, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        from += sent;
        byte_count -= (size_t)sent;
    }
}

void server_answer(struct server *server, int connection, int status, const char *extra,
                   const char *body)
{
    char head[4096];
    int count = snprintf(head, sizeof head, "HTTP/1.1 %d Thus\r\nContent-Length: %zu\r\n%s\r\n%s",
                         status, strlen(body), extra, body);
    server_send(server, connection, head, (size_t)count);
}

/* ------------------------------------------------------------------------------------ the object */

/* What one answer does wrong, taken from the plan's counters. */
struct answer {
    uint64_t begin, end, reset_after;
    bool partial, reset, stall, is_short, chunked;
};

static unsigned char object_byte(const struct plan *plan, uint64_t offset)
{
    return plan->object != NULL && offset < plan->size ? plan->object[offset] : server_byte(offset);
}

static bool send_piece(struct server *server, int connection, const struct plan *plan, uint64_t *at,
                       uint64_t end, bool chunked)
{
    unsigned char piece[16384];
    char head[32];
    size_t bytes = end - *at < sizeof piece ? (size_t)(end - *at) : sizeof piece;
    for (size_t i = 0; i < bytes; i++)
        piece[i] = object_byte(plan, *at + i);
    if (chunked)
        server_send(server, connection, head,
                    (size_t)snprintf(head, sizeof head, "%zx\r\n", bytes));
    for (size_t done = 0; done < bytes;) {
        ssize_t sent = send(connection, piece + done, bytes - done, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        done += (size_t)sent;
    }
    if (chunked)
        server_send(server, connection, "\r\n", 2);
    server_lock(server);
    server->sent_kib += (unsigned)(bytes / 1024);
    server_unlock(server);
    *at += bytes;
    return true;
}

static void hang(struct server *server)
{
    for (bool stop = false; !stop; wait_ms(2)) {
        server_lock(server);
        stop = server->stopping;
        server_unlock(server);
    }
}

/* True: the connection goes on. */
static bool send_object(struct server *server, int connection, const struct plan *plan,
                        const struct answer *answer, const struct request *request)
{
    char head[4096], total[32] = "*";
    uint64_t end = answer->end + plan->extra - (answer->is_short ? 1 : 0);
    const char *etag = plan->etag;
    size_t used = 0;
    if (plan->etag_changes_at > 0 && request->number >= plan->etag_changes_at)
        etag = "\"other\"";
    used += (size_t)snprintf(head, sizeof head, "HTTP/1.1 %s\r\nAccept-Ranges: bytes\r\n",
                             answer->partial ? "206 Partial Content" : "200 OK");
    if (!plan->star_total)
        snprintf(total, sizeof total, "%llu", (unsigned long long)(plan->size + plan->lie_total));
    if (answer->partial && !plan->no_content_range)
        used += (size_t)snprintf(head + used, sizeof head - used,
                                 "Content-Range: bytes %llu-%llu/%s\r\n",
                                 (unsigned long long)(answer->begin + plan->lie_begin),
                                 (unsigned long long)(answer->end - 1 + plan->lie_begin), total);
    if (etag != NULL)
        used += (size_t)snprintf(head + used, sizeof head - used, "ETag: %s\r\n", etag);
    if (plan->last_modified != NULL)
        used += (size_t)snprintf(head + used, sizeof head - used, "Last-Modified: %s\r\n",
                                 plan->last_modified);
    if (plan->content_encoding != NULL)
        used += (size_t)snprintf(head + used, sizeof head - used, "Content-Encoding: %s\r\n",
                                 plan->content_encoding);
    if (answer->chunked)
        used += (size_t)snprintf(head + used, sizeof head - used, "Transfer-Encoding: chunked\r\n");
    else
        used += (size_t)snprintf(head + used, sizeof head - used, "Content-Length: %llu\r\n",
                                 (unsigned long long)(end - answer->begin));
    used += (size_t)snprintf(head + used, sizeof head - used, "\r\n");
    server_send(server, connection, head, used);
    if (strcmp(request->method, "HEAD") == 0)
        return true;
    if (answer->stall)
        hang(server);
    for (uint64_t at = answer->begin; at < end;) {
        uint64_t until = answer->reset && answer->begin + answer->reset_after < end
                             ? answer->begin + answer->reset_after
                             : end;
        if (answer->reset && at >= until) {
            struct linger now = {1, 0};
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof now);
            return false;
        }
        if (!send_piece(server, connection, plan, &at, until, answer->chunked))
            return false;
    }
    if (answer->chunked)
        server_send(server, connection, "0\r\n\r\n", 5);
    return true;
}

static bool take_one(unsigned *count)
{
    bool some = *count > 0;
    *count -= some;
    return some;
}

/* Which part of the object the request is for; false: none of it. */
static bool choose_range(const struct plan *plan, const struct request *request,
                         struct answer *answer)
{
    answer->partial = request->has_range && !plan->ignore_range;
    answer->begin = 0;
    answer->end = plan->size;
    if (!answer->partial)
        return true;
    if (request->suffix > 0) {
        answer->begin = request->suffix < plan->size ? plan->size - request->suffix : 0;
    } else {
        answer->begin = request->first;
        if (request->last < plan->size)
            answer->end = request->last + 1;
    }
    return answer->begin < answer->end;
}

static void plan_trouble(struct server *server, struct answer *answer,
                         const struct request *request)
{
    struct plan *plan = &server->plan;
    uint64_t bytes = answer->end - answer->begin;
    if (request->suffix > 0)
        return;
    answer->reset_after = plan->reset_after;
    answer->reset = bytes > plan->reset_after && take_one(&plan->reset_count);
    answer->stall = take_one(&plan->stall_count);
    answer->is_short = take_one(&plan->short_count);
    answer->chunked = answer->is_short || plan->extra > 0 || plan->no_length;
}

static bool answer_request(struct server *server, int connection, const struct request *request)
{
    char extra[600] = "", text[400];
    struct answer answer = {0};
    server_lock(server);
    bool is_tail = request->suffix > 0;
    bool fail = !is_tail && take_one(&server->plan.fail_count);
    bool some = choose_range(&server->plan, request, &answer);
    if (!fail && some)
        plan_trouble(server, &answer, request);
    struct plan plan = server->plan;
    server_unlock(server);
    if (plan.latency_ms > 0)
        wait_ms(plan.latency_ms);
    bool keep = true;
    if (plan.handler != NULL && plan.handler(server, connection, request, &keep))
        return keep;
    if (fail) {
        if (plan.retry_after != NULL)
            snprintf(extra, sizeof extra, "Retry-After: %s\r\n", plan.retry_after);
        if (plan.location != NULL)
            snprintf(extra, sizeof extra, "Location: %s\r\n", plan.location);
        server_answer(server, connection, plan.fail_status, extra, "sorry");
    } else if (plan.no_head && strcmp(request->method, "HEAD") == 0) {
        server_send(server, connection, "HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n", 38);
    } else if ((plan.no_tail && is_tail) || !some) {
        snprintf(extra, sizeof extra, "Content-Range: bytes */%llu\r\n",
                 (unsigned long long)plan.size);
        server_answer(server, connection, 416, extra, "");
    } else if (plan.check_if_match && request->number >= plan.etag_changes_at &&
               request_header(request, "If-Match", text, sizeof text)[0] != '\0') {
        server_answer(server, connection, 412, "", "");
    } else {
        keep = send_object(server, connection, &plan, &answer, request);
    }
    return keep;
}

/* ----------------------------------------------------------------------------------- connections */

static bool read_head(int connection, char *head, size_t head_bytes)
{
    size_t used = 0;
    while (used + 1 < head_bytes) {
        if (recv(connection, head + used, 1, 0) != 1)
            return false;
        head[++used] = '\0';
        if (used >= 4 && memcmp(head + used - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static bool read_body(int connection, struct request *request)
{
    char text[64];
    request->body_bytes =
        strtoull(request_header(request, "Content-Length", text, sizeof text), NULL, 10);
    request->body = malloc(request->body_bytes + 1);
    for (uint64_t done = 0; done < request->body_bytes;) {
        ssize_t got = recv(connection, request->body + done, request->body_bytes - done, 0);
        if (got <= 0)
            return false;
        done += (uint64_t)got;
    }
    request->body[request->body_bytes] = 0;
    return true;
}

static bool read_request(int connection, struct request *request)
{
    char whole[sizeof request->head], text[200];
    unsigned long long first, last;
    if (!read_head(connection, whole, sizeof whole) ||
        sscanf(whole, "%15s %2047s", request->method, request->path) != 2)
        return false;
    snprintf(request->head, sizeof request->head, "%s", strstr(whole, "\r\n") + 2);
    request_header(request, "Range", text, sizeof text);
    if (sscanf(text, "bytes=-%llu", &last) == 1) {
        request->suffix = last;
        request->has_range = true;
    } else if (sscanf(text, "bytes=%llu-%llu", &first, &last) == 2) {
        request->first = first;
        request->last = last;
        request->has_range = true;
    }
    return read_body(connection, request);
}

struct connection {
    struct server *server;
    int socket;
};

static void *serve(void *arg)
{
    struct connection own = *(struct connection *)arg;
    struct server *server = own.server;
    free(arg);
    for (bool keep = true; keep;) {
        struct request *request = calloc(1, sizeof *request);
        if (request == NULL || !read_request(own.socket, request)) {
            if (request != NULL)
                free(request->body);
            free(request);
            break;
        }
        server_lock(server);
        request->number = server->request_count++;
        if (request->suffix > 0)
            server->tail_count++;
        bool logged = request->number < SERVER_LOG;
        if (logged)
            server->log[request->number] = request;
        server_unlock(server);
        keep = answer_request(server, own.socket, request);
        if (!logged) {
            free(request->body);
            free(request);
        }
    }
    server_lock(server);
    for (unsigned i = 0; i < server->connection_count; i++) {
        if (server->connections[i] == own.socket)
            server->connections[i] = -1;
    }
    close(own.socket);
    server_unlock(server);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct server *server = arg;
    for (;;) {
        int socket_ = accept(server->listener, NULL, NULL), on = 1;
        if (socket_ < 0)
            return NULL;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *connection = malloc(sizeof *connection);
        server_lock(server);
        if (connection == NULL || server->stopping || server->connection_count == SERVER_LOG) {
            close(socket_);
            free(connection);
        } else {
            *connection = (struct connection){server, socket_};
            server->connections[server->connection_count] = socket_;
            pthread_create(&server->threads[server->connection_count++], NULL, serve, connection);
        }
        server_unlock(server);
    }
}

void server_start(struct server *server, const struct plan *plan)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t bytes = sizeof address;
    int on = 1;
    memset(server, 0, sizeof *server);
    server->plan = *plan;
    pthread_mutex_init(&server->lock, NULL);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(server->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &bytes) != 0) {
        perror("server");
        exit(1);
    }
    server->port = ntohs(address.sin_port);
    pthread_create(&server->thread, NULL, accept_all, server);
}

void server_stop(struct server *server)
{
    server_lock(server);
    server->stopping = true;
    shutdown(server->listener, SHUT_RDWR);
    for (unsigned i = 0; i < server->connection_count; i++) {
        if (server->connections[i] >= 0)
            shutdown(server->connections[i], SHUT_RDWR);
    }
    server_unlock(server);
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (unsigned i = 0; i < server->connection_count; i++)
        pthread_join(server->threads[i], NULL);
    for (unsigned i = 0; i < server->request_count && i < SERVER_LOG; i++) {
        free(server->log[i]->body);
        free(server->log[i]);
    }
    pthread_mutex_destroy(&server->lock);
}
