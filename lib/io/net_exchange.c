/* net_exchange.c - one exchange over libcurl. */
#include "io/net_exchange.h"
#include "base/clock.h"
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------- what curl calls */

static void heard(struct scree__net_slot *slot)
{
    slot->heard_ns = scree__base_clock_ns();
}

static size_t on_header(char *bytes, size_t one, size_t byte_count, void *user)
{
    struct scree__net_slot *slot = user;
    (void)one;
    heard(slot);
    scree__io_response_line(&slot->request.response, bytes, byte_count);
    return byte_count;
}

static bool is_success(const struct scree__net_request *request)
{
    return request->response.status >= 200 && request->response.status < 300;
}

static void keep_text(struct scree__net_request *request, const char *bytes, size_t byte_count)
{
    size_t room = sizeof request->text - 1 - request->text_bytes;
    if (byte_count > room)
        byte_count = room;
    memcpy(request->text + request->text_bytes, bytes, byte_count);
    request->text_bytes += byte_count;
    request->text[request->text_bytes] = '\0';
}

/* Tells the job of the header, once. */
bool scree__net_tell_headers(struct scree__net_slot *slot)
{
    struct scree__net_request *request = &slot->request;
    if (request->headers_told || !is_success(request) || slot->job->headers == NULL)
        return true;
    request->headers_told = true;
    return slot->job->headers(slot->job->arg, request);
}

static size_t on_body(char *bytes, size_t one, size_t byte_count, void *user)
{
    struct scree__net_slot *slot = user;
    struct scree__net_request *request = &slot->request;
    (void)one;
    heard(slot);
    slot->engine->settings->received_bytes += byte_count;
    if (!is_success(request) || request->collect_text) {
        keep_text(request, bytes, byte_count);
        /* Nobody reads more of an error than fits. */
        bool full = request->text_bytes + 1 == sizeof request->text;
        return full && !is_success(request) ? 0 : byte_count;
    }
    bool wanted = scree__net_tell_headers(slot);
    if (wanted && slot->job->body != NULL)
        wanted = slot->job->body(slot->job->arg, request, (const uint8_t *)bytes, byte_count);
    if (wanted)
        return byte_count;
    request->stopped = true;
    return 0;
}

static size_t on_send(char *bytes, size_t one, size_t room, void *user)
{
    struct scree__net_slot *slot = user;
    struct scree__net_request *request = &slot->request;
    uint64_t left = request->body_bytes - request->body_sent;
    (void)one;
    heard(slot);
    if (room > left)
        room = (size_t)left;
    if (room > 0)
        memcpy(bytes, request->body + request->body_sent, room);
    request->body_sent += room;
    return room;
}

static int on_seek(void *user, curl_off_t offset, int origin)
{
    struct scree__net_slot *slot = user;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > slot->request.body_bytes)
        return CURL_SEEKFUNC_FAIL;
    slot->request.body_sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* ----------------------------------------------------------------------------------------- launch */

static void set_method(struct scree__net_slot *slot)
{
    struct scree__net_request *request = &slot->request;
    CURL *easy = slot->easy;
    if (request->method == SCREE__NET_HEAD)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (request->method == SCREE__NET_PUT || request->method == SCREE__NET_POST) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_bytes);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_send);
        curl_easy_setopt(easy, CURLOPT_READDATA, slot);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, slot);
    }
    if (request->method == SCREE__NET_POST)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "POST");
    if (request->method == SCREE__NET_DELETE)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
}

/*
 * One file of certificates, and no folder beside it where there is a file: over GnuTLS each
 * connection reads all of them anew, some 3 MB and 20 ms for Debian's folder.
 */
static void set_trust(CURL *easy, const char *ca_file)
{
    const char *file = ca_file;
    if (ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
#if LIBCURL_VERSION_NUM >= 0x075400
    if (ca_file == NULL)
        curl_easy_getinfo(easy, CURLINFO_CAINFO, &file);
#endif
    if (file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static void set_network(CURL *easy, const struct scree_http_options *http)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L); /* by us, with checks */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L); /* a key may hold "/../" */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)http->connect_timeout_ms);
    /* Empty texts keep libcurl from asking the environment. */
    curl_easy_setopt(easy, CURLOPT_PROXY, http->proxy != NULL ? http->proxy : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, http->no_proxy != NULL ? http->no_proxy : "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set_trust(easy, http->ca_file);
}

/* Sends the request as it stands. */
bool scree__net_launch(struct scree__net_slot *slot)
{
    struct scree__net_request *request = &slot->request;
    CURL *easy = slot->easy;
    scree__io_response_init(&request->response);
    request->text_bytes = 0;
    request->text[0] = request->problem[0] = '\0';
    request->body_sent = 0;
    request->stopped = request->stalled = request->headers_told = false;
    curl_easy_reset(easy);
    set_network(easy, &slot->engine->settings->http);
    set_method(slot);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "scree");
    if (request->user[0] != '\0')
        curl_easy_setopt(easy, CURLOPT_USERPWD, request->user);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->problem);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
    heard(slot);
    slot->in_flight = curl_multi_add_handle(slot->engine->multi, easy) == CURLM_OK;
    slot->engine->settings->request_count++;
    return slot->in_flight;
}

enum scree_status scree__net_header(struct scree__net_request *request, struct scree_error *err,
                                    const char *format, ...)
{
    char line[9000]; /* a session token has up to 8 KiB */
    va_list args;
    va_start(args, format);
    int count = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (count < 0 || (size_t)count >= sizeof line)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a header of the request is too long");
    struct curl_slist *longer = curl_slist_append(request->headers, line);
    explicit_bzero(line, sizeof line);
    if (longer == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "request: out of memory");
    request->headers = longer;
    return SCREE_OK;
}
