/* store.c - a small S3 store. Called with the server's lock not taken; takes it for its own state. */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void clear_parts(struct store *store)
{
    for (unsigned i = 0; i < STORE_PARTS; i++) {
        free(store->parts[i]);
        store->parts[i] = NULL;
        store->part_bytes[i] = 0;
    }
    store->part_count = 0;
    store->uploading = false;
}

void store_release(struct store *store)
{
    clear_parts(store);
    free(store->object);
    store->object = NULL;
}

struct reply {
    int status;
    char extra[300], body[400];
    bool drop; /* no answer: the connection is reset */
};

static void error(struct reply *reply, int status, const char *code, const char *more)
{
    reply->status = status;
    snprintf(reply->body, sizeof reply->body,
             "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>words</Message>%s</Error>",
             code, more);
}

static bool take_one(unsigned *count)
{
    bool some = *count > 0;
    *count -= some;
    return some;
}

static void put_part(struct store *store, const struct request *request, struct reply *reply)
{
    const char *at = strstr(request->path, "partNumber=");
    unsigned number = at != NULL ? (unsigned)strtoul(at + 11, NULL, 10) : 0;
    if (take_one(&store->fail_parts)) {
        error(reply, 503, "SlowDown", "");
    } else if (take_one(&store->drop_parts)) {
        reply->drop = true;
    } else if (!store->uploading || number == 0 || number >= STORE_PARTS) {
        error(reply, 404, "NoSuchUpload", "");
    } else if (number == store->refuse_part) {
        error(reply, 403, "AccessDenied", "");
    } else {
        free(store->parts[number]);
        store->parts[number] = malloc(request->body_bytes + 1);
        memcpy(store->parts[number], request->body, request->body_bytes);
        store->part_bytes[number] = request->body_bytes;
        if (number > store->part_count)
            store->part_count = number;
        snprintf(reply->extra, sizeof reply->extra, "ETag: \"part-%u\"\r\n", number);
    }
}

/* The list names all parts in order, with their tags; all but the last have 5 MiB. */
static bool list_is_right(const struct store *store, const struct request *request)
{
    const char *at = (const char *)request->body;
    char wanted[200];
    for (unsigned i = 1; i <= store->part_count; i++) {
        snprintf(wanted, sizeof wanted,
                 "<Part><PartNumber>%u</PartNumber><ETag>\"part-%u\"</ETag></Part>", i, i);
        at = strstr(at, wanted);
        if (at == NULL || store->parts[i] == NULL ||
            (i < store->part_count && store->part_bytes[i] < (5u << 20)))
            return false;
        at += strlen(wanted);
    }
    return strstr(at, "<Part>") == NULL;
}

static void complete(struct store *store, const struct request *request, struct reply *reply)
{
    char text[16];
    bool conditional = request_header(request, "If-None-Match", text, sizeof text)[0] != '\0';
    store->exists = store->exists || store->appears;
    if (!store->uploading) {
        error(reply, 404, "NoSuchUpload", "");
    } else if (conditional && store->no_conditions) {
        error(reply, 501, "NotImplemented", "");
    } else if (conditional && store->exists) {
        error(reply, 412, "PreconditionFailed", "");
    } else if (take_one(&store->complete_errors)) {
        error(reply, 200, "InternalError", "");
    } else if (store->complete_refused || !list_is_right(store, request)) {
        error(reply, 200, "InvalidPart", "");
    } else {
        uint64_t bytes = 0;
        for (unsigned i = 1; i <= store->part_count; i++)
            bytes += store->part_bytes[i];
        free(store->object);
        store->object = malloc(bytes + 1);
        store->object_bytes = 0;
        for (unsigned i = 1; i <= store->part_count; i++) {
            memcpy(store->object + store->object_bytes, store->parts[i], store->part_bytes[i]);
            store->object_bytes += store->part_bytes[i];
        }
        store->object_bytes -= store->loses_a_byte;
        clear_parts(store);
        store->exists = true;
        reply->drop = store->lose_complete;
        store->lose_complete = false;
        snprintf(reply->body, sizeof reply->body, "<CompleteMultipartUploadResult/>");
    }
}

/* HEAD tells a length that it does not send. */
static void head(struct store *store, int connection)
{
    char text[200];
    int count =
        store->exists
            ? snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n\r\n",
                       (unsigned long long)store->object_bytes)
            : snprintf(text, sizeof text, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    server_send(NULL, connection, text, (size_t)count);
}

static void handle(struct store *store, const struct request *request, struct reply *reply)
{
    bool of_upload = strstr(request->path, "uploadId=u%2F%2B1") != NULL;
    if (strcmp(request->method, "POST") == 0 && strstr(request->path, "?uploads=") != NULL) {
        clear_parts(store);
        store->uploading = true;
        store->begun++;
        snprintf(reply->body, sizeof reply->body, "<R><UploadId>u/+1</UploadId></R>");
    } else if (strcmp(request->method, "POST") == 0 && of_upload) {
        complete(store, request, reply);
    } else if (strcmp(request->method, "PUT") == 0 && of_upload) {
        put_part(store, request, reply);
    } else if (strcmp(request->method, "DELETE") == 0 && of_upload) {
        clear_parts(store);
        store->aborted++;
        reply->status = 204;
    } else {
        error(reply, 400, "InvalidRequest", "");
    }
}

static bool check_request(struct store *store, const struct request *request, struct reply *reply)
{
    char text[100];
    snprintf(store->path, sizeof store->path, "%.*s", (int)strcspn(request->path, "?"),
             request->path);
    request_header(request, "Host", store->host, sizeof store->host);
    if (request_header(request, "Authorization", text, sizeof text)[0] == '\0') {
        store->unsigned_requests++;
        if (store->is_public && strcmp(request->method, "GET") == 0)
            return true;
        error(reply, 403, "AccessDenied", "");
    } else if (!store_signature_is_right(request)) {
        store->bad_signatures++;
        error(reply, 403, "SignatureDoesNotMatch", "");
    } else if (store->skewed) {
        error(reply, 403, "RequestTimeTooSkewed", "");
        snprintf(reply->extra, sizeof reply->extra, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    } else if (store->wrong_region) {
        error(reply, 301, "PermanentRedirect", "<Endpoint>elsewhere</Endpoint>");
        snprintf(reply->extra, sizeof reply->extra, "x-amz-bucket-region: eu-west-3\r\n");
    } else {
        return true;
    }
    return false;
}

bool store_answer(struct server *server, int connection, const struct request *request, bool *keep)
{
    struct store *store = server->plan.user;
    struct reply reply = {.status = 200};
    server_lock(server);
    bool right = check_request(store, request, &reply);
    bool is_get = strcmp(request->method, "GET") == 0,
         is_head = strcmp(request->method, "HEAD") == 0;
    if (right && is_head)
        head(store, connection);
    else if (right && !is_get)
        handle(store, request, &reply);
    server_unlock(server);
    if (right && (is_get || is_head))
        return is_head;
    if (reply.drop) {
        struct linger now = {1, 0};
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        *keep = false;
    } else if (is_head || reply.status == 204) {
        char text[500];
        int count = snprintf(text, sizeof text, "HTTP/1.1 %d Thus\r\n%s%s\r\n", reply.status,
                             reply.extra, is_head ? "Content-Length: 0\r\n" : "");
        server_send(server, connection, text, (size_t)count);
    } else {
        server_answer(server, connection, reply.status, reply.extra, reply.body);
    }
    return true;
}
