/* net_http.c - HTTP requests with retries, many at once. */
#include "io/net_http.h"
#include "base/clock.h"
#include "base/error.h"
#include "mem/budget.h"
#include "par/context.h"
#include "par/lock.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1000000u
#define POLL_MS 50u /* how often a wait looks for cancellation and stalls */

struct slot {
    CURL *easy;
    struct scree__net_job *job; /* NULL: free */
    bool in_flight;             /* else waiting for due_ns */
    uint64_t due_ns, deadline_ns;
    uint64_t heard_ns; /* when something last went over the wire */
    struct scree__net_engine *engine;
    struct scree__net_request request;
};

struct scree__net_engine {
    struct scree__net_settings *settings;
    CURLM *multi;
    struct scree__mem_budget *budget;
    uint64_t reserved_bytes; /* for connections */
    unsigned slot_count, busy_count;
    uint64_t random;
    struct slot *slots[SCREE__NET_PARALLEL_MAX];
};

/* ------------------------------------------------------------------------------------- settings */

static enum scree_status start_curl(struct scree_error *err)
{
    static struct scree__par_lock lock = SCREE__PAR_LOCK_INIT;
    static bool started;
    scree__par_lock_take(&lock);
    if (!started)
        started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    bool done = started;
    scree__par_lock_give(&lock);
    return done ? SCREE_OK : scree__base_fail(err, SCREE_E_IO, "libcurl does not start");
}

static bool copy_text(const char **place, const char *text)
{
    *place = text != NULL ? scree__mem_string_copy(text) : NULL;
    return text == NULL || *place != NULL;
}

enum scree_status scree__net_settings_init(struct scree__net_settings *settings,
                                           const struct scree_http_options *options,
                                           struct scree_context *context, struct scree_error *err)
{
    struct scree_http_options wanted;
    memset(settings, 0, sizeof *settings);
    scree_http_options_init(&wanted);
    if (options != NULL)
        memcpy(&wanted, options, options->size < sizeof wanted ? options->size : sizeof wanted);
    if (wanted.parallel_requests == 0)
        wanted.parallel_requests = 1;
    if (wanted.parallel_requests > SCREE__NET_PARALLEL_MAX)
        wanted.parallel_requests = SCREE__NET_PARALLEL_MAX;
    settings->http = wanted;
    settings->context = context;
    bool copied = copy_text(&settings->http.ca_file, wanted.ca_file);
    copied = copy_text(&settings->http.proxy, wanted.proxy) && copied;
    copied = copy_text(&settings->http.no_proxy, wanted.no_proxy) && copied;
    if (!copied)
        return scree__base_fail(err, SCREE_E_MEMORY, "network options: out of memory");
    return start_curl(err);
}

void scree__net_settings_release(struct scree__net_settings *settings)
{
    scree__mem_string_free((char *)settings->http.ca_file);
    scree__mem_string_free((char *)settings->http.proxy);
    scree__mem_string_free((char *)settings->http.no_proxy);
    settings->http.ca_file = settings->http.proxy = settings->http.no_proxy = NULL;
}

/* ------------------------------------------------------------------------------- what curl calls */

static void heard(struct slot *slot)
{
    slot->heard_ns = scree__base_clock_ns();
}

static size_t on_header(char *bytes, size_t one, size_t byte_count, void *user)
{
    struct slot *slot = user;
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
static bool tell_headers(struct slot *slot)
{
    struct scree__net_request *request = &slot->request;
    if (request->headers_told || !is_success(request) || slot->job->headers == NULL)
        return true;
    request->headers_told = true;
    return slot->job->headers(slot->job->arg, request);
}

static size_t on_body(char *bytes, size_t one, size_t byte_count, void *user)
{
    struct slot *slot = user;
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
    bool wanted = tell_headers(slot);
    if (wanted && slot->job->body != NULL)
        wanted = slot->job->body(slot->job->arg, request, (const uint8_t *)bytes, byte_count);
    if (wanted)
        return byte_count;
    request->stopped = true;
    return 0;
}

static size_t on_send(char *bytes, size_t one, size_t room, void *user)
{
    struct slot *slot = user;
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
    struct slot *slot = user;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > slot->request.body_bytes)
        return CURL_SEEKFUNC_FAIL;
    slot->request.body_sent = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* --------------------------------------------------------------------------------------- engine */

enum scree_status scree__net_engine_new(struct scree__net_settings *settings,
                                        struct scree__net_engine **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree__net_engine), &memory, "connections", err);
    if (status != SCREE_OK)
        return status;
    struct scree__net_engine *engine = memory;
    memset(engine, 0, sizeof *engine);
    engine->settings = settings;
    engine->budget = scree__par_budget(settings->context);
    engine->random = scree__base_clock_ns() ^ (uint64_t)(uintptr_t)engine;
    engine->multi = curl_multi_init();
    if (engine->multi == NULL) {
        scree__net_engine_free(engine);
        return scree__base_fail(err, SCREE_E_MEMORY, "connections: out of memory");
    }
    curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS, (long)settings->http.parallel_requests);
    *out = engine;
    return SCREE_OK;
}

static void end_exchange(struct slot *slot)
{
    if (slot->in_flight)
        curl_multi_remove_handle(slot->engine->multi, slot->easy);
    slot->in_flight = false;
    curl_slist_free_all(slot->request.headers);
    slot->request.headers = NULL;
}

static void end_job(struct slot *slot, enum scree__net_state state)
{
    end_exchange(slot);
    explicit_bzero(slot->request.user, sizeof slot->request.user);
    slot->job->state = state;
    slot->job = NULL;
    slot->engine->busy_count--;
}

void scree__net_engine_drop(struct scree__net_engine *engine)
{
    for (unsigned i = 0; i < engine->slot_count; i++) {
        if (engine->slots[i]->job != NULL)
            end_job(engine->slots[i], SCREE__NET_IDLE);
    }
}

void scree__net_engine_free(struct scree__net_engine *engine)
{
    if (engine == NULL)
        return;
    scree__net_engine_drop(engine);
    for (unsigned i = 0; i < engine->slot_count; i++) {
        curl_easy_cleanup(engine->slots[i]->easy);
        scree__mem_free(NULL, engine->slots[i], sizeof *engine->slots[i]);
    }
    if (engine->multi != NULL)
        curl_multi_cleanup(engine->multi);
    scree__mem_release(engine->budget, engine->reserved_bytes);
    scree__mem_free(NULL, engine, sizeof *engine);
}

static void set_method(struct slot *slot)
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
static bool launch(struct slot *slot)
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

static void begin_attempt(struct slot *slot)
{
    struct scree__net_job *job = slot->job;
    struct scree__net_request *request = &slot->request;
    job->err = (struct scree_error)SCREE_ERROR_INIT;
    job->progressed = false;
    memset(request, 0, offsetof(struct scree__net_request, response));
    request->redirects = 0;
    enum scree_status status = job->prepare(job->arg, request, &job->err);
    if (status == SCREE_OK && !launch(slot))
        status =
            scree__base_fail(&job->err, SCREE_E_MEMORY, "%s: libcurl takes no request", job->name);
    if (status != SCREE_OK)
        end_job(slot, SCREE__NET_BROKEN);
}

/* The first two of an engine are never refused. */
static bool reserve_connection(struct scree__net_engine *engine)
{
    if (engine->slot_count < 2)
        return true;
    if (scree__mem_reserve(engine->budget, SCREE__NET_CONNECTION_BYTES, "connection", NULL) !=
        SCREE_OK)
        return false;
    engine->reserved_bytes += SCREE__NET_CONNECTION_BYTES;
    return true;
}

void scree__net_engine_use(struct scree__net_engine *engine, struct scree__net_settings *settings)
{
    engine->settings = settings;
}

static struct slot *free_slot(struct scree__net_engine *engine)
{
    if (engine->busy_count >= engine->settings->http.parallel_requests)
        return NULL;
    for (unsigned i = 0; i < engine->slot_count; i++) {
        if (engine->slots[i]->job == NULL)
            return engine->slots[i];
    }
    void *memory;
    if (engine->slot_count >= engine->settings->http.parallel_requests ||
        !reserve_connection(engine) ||
        scree__mem_alloc(NULL, sizeof(struct slot), &memory, "connection", NULL) != SCREE_OK)
        return NULL;
    struct slot *slot = memory;
    memset(slot, 0, sizeof *slot);
    slot->engine = engine;
    slot->easy = curl_easy_init();
    if (slot->easy == NULL) {
        scree__mem_free(NULL, slot, sizeof *slot);
        return NULL;
    }
    engine->slots[engine->slot_count++] = slot;
    return slot;
}

bool scree__net_engine_start(struct scree__net_engine *engine, struct scree__net_job *job)
{
    struct slot *slot = free_slot(engine);
    if (slot == NULL)
        return false;
    slot->job = job;
    slot->deadline_ns =
        scree__base_clock_ns() + (uint64_t)engine->settings->http.deadline_ms * NS_PER_MS;
    job->state = SCREE__NET_RUNNING;
    job->attempts = 0;
    engine->busy_count++;
    begin_attempt(slot);
    return true;
}

/* -------------------------------------------------------------------------------------- retries */

static uint64_t next_random(struct scree__net_engine *engine)
{
    engine->random ^= engine->random << 13;
    engine->random ^= engine->random >> 7;
    engine->random ^= engine->random << 17;
    return engine->random;
}

/* Doubling, bounded, with a random half taken off: so that many clients do not come back together. */
static uint64_t pause_ns(struct scree__net_engine *engine, unsigned attempts)
{
    const struct scree_http_options *http = &engine->settings->http;
    uint64_t ms = http->retry_first_ms;
    for (unsigned i = 1; i < attempts && ms < http->retry_most_ms; i++)
        ms *= 2;
    if (ms > http->retry_most_ms)
        ms = http->retry_most_ms;
    uint64_t ns = ms * NS_PER_MS;
    return ns - (ns > 1 ? next_random(engine) % (ns / 2) : 0);
}

static void give_up(struct slot *slot, const char *why)
{
    struct scree_error *err = &slot->job->err;
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, " (%s)", why);
    end_job(slot, SCREE__NET_BROKEN);
}

static void retry_or_give_up(struct slot *slot)
{
    const struct scree_http_options *http = &slot->engine->settings->http;
    struct scree__net_job *job = slot->job;
    char why[120];
    job->attempts = job->progressed ? 1 : job->attempts + 1;
    unsigned most =
        job->hasty && slot->request.response.status == 0 && http->retries > 1 ? 1 : http->retries;
    if (job->attempts > most) {
        snprintf(why, sizeof why, "after %u attempt%s", job->attempts,
                 job->attempts == 1 ? "" : "s");
        give_up(slot, why);
        return;
    }
    uint64_t pause = pause_ns(slot->engine, job->attempts);
    int64_t asked_s = slot->request.response.retry_after_s;
    if (asked_s > 0 && (uint64_t)asked_s * 1000 > http->retry_after_most_ms) {
        snprintf(why, sizeof why, "the server asks to come back in %lld s, the limit is %u ms",
                 (long long)asked_s, http->retry_after_most_ms);
        give_up(slot, why);
        return;
    }
    if (asked_s > 0 && (uint64_t)asked_s * 1000 * NS_PER_MS > pause)
        pause = (uint64_t)asked_s * 1000 * NS_PER_MS;
    slot->due_ns = scree__base_clock_ns() + pause;
    if (slot->due_ns > slot->deadline_ns) {
        snprintf(why, sizeof why, "after %u attempt%s: the deadline of %u ms is over",
                 job->attempts, job->attempts == 1 ? "" : "s", http->deadline_ms);
        give_up(slot, why);
    }
}

/* An exchange has ended. */
static void finish(struct slot *slot, CURLcode code)
{
    struct scree__net_job *job = slot->job;
    struct scree__net_request *request = &slot->request;
    request->curl_code = (int)code;
    if (code == CURLE_OK && !tell_headers(slot)) /* an empty body */
        request->stopped = true;
    struct curl_slist *headers = request->headers;
    request->headers = NULL; /* a redirect needs them again */
    end_exchange(slot);
    request->headers = headers;
    if (request->follow && scree__net_is_redirect(request)) {
        enum scree_status status =
            scree__net_redirect(request, &slot->engine->settings->http, job->name, &job->err);
        if (status != SCREE_OK || !launch(slot))
            end_job(slot, SCREE__NET_BROKEN);
        return;
    }
    enum scree__net_verdict verdict = job->judge(job->arg, request, &job->err);
    end_exchange(slot);
    if (verdict == SCREE__NET_RETRY)
        retry_or_give_up(slot);
    else
        end_job(slot, verdict == SCREE__NET_DONE ? SCREE__NET_ENDED : SCREE__NET_BROKEN);
}

/* ----------------------------------------------------------------------------------------- pump */

/* Retries that are due, requests that stall. Returns when something is due next. */
static uint64_t look_at_clock(struct scree__net_engine *engine, uint64_t now)
{
    uint64_t stall_ns = (uint64_t)engine->settings->http.stall_timeout_ms * NS_PER_MS;
    uint64_t next = now + (uint64_t)POLL_MS * NS_PER_MS;
    for (unsigned i = 0; i < engine->slot_count; i++) {
        struct slot *slot = engine->slots[i];
        if (slot->job == NULL)
            continue;
        if (!slot->in_flight && slot->due_ns <= now) {
            engine->settings->retry_count++;
            begin_attempt(slot);
        } else if (slot->in_flight &&
                   (slot->heard_ns + stall_ns <= now || slot->deadline_ns <= now)) {
            slot->request.stalled = true;
            finish(slot, CURLE_OPERATION_TIMEDOUT);
        }
        if (slot->job == NULL)
            continue;
        uint64_t due = slot->in_flight ? slot->heard_ns + stall_ns : slot->due_ns;
        next = due < next ? due : next;
    }
    return next;
}

static void take_finished(struct scree__net_engine *engine)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(engine->multi, &left)) != NULL) {
        char *user = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
        finish((struct slot *)(void *)user, code);
    }
}

enum scree_status scree__net_engine_pump(struct scree__net_engine *engine, unsigned wait_ms,
                                         struct scree_error *err)
{
    uint64_t end = scree__base_clock_ns() + (uint64_t)wait_ms * NS_PER_MS;
    unsigned busy = engine->busy_count;
    for (;;) {
        enum scree_status status = scree__par_check_cancel(engine->settings->context, err);
        if (status != SCREE_OK)
            return status;
        int running;
        if (curl_multi_perform(engine->multi, &running) != CURLM_OK)
            return scree__base_fail(err, SCREE_E_IO, "libcurl cannot go on");
        take_finished(engine);
        uint64_t now = scree__base_clock_ns();
        uint64_t next = look_at_clock(engine, now);
        if (engine->busy_count < busy || engine->busy_count == 0 || now >= end)
            return SCREE_OK;
        next = next < end ? next : end;
        uint64_t ms = next > now ? (next - now + NS_PER_MS - 1) / NS_PER_MS : 0;
        if (curl_multi_poll(engine->multi, NULL, 0, (int)ms, NULL) != CURLM_OK)
            return scree__base_fail(err, SCREE_E_IO, "libcurl cannot wait");
    }
}

enum scree_status scree__net_engine_run(struct scree__net_engine *engine,
                                        struct scree__net_job *job, struct scree_error *err)
{
    if (!scree__net_engine_start(engine, job))
        return scree__base_fail(err, SCREE_E_MEMORY, "%s: no connection is free", job->name);
    while (job->state == SCREE__NET_RUNNING) {
        enum scree_status status = scree__net_engine_pump(engine, 1000, err);
        if (status != SCREE_OK) {
            scree__net_engine_drop(engine);
            return status;
        }
    }
    if (job->state == SCREE__NET_ENDED)
        return SCREE_OK;
    return scree__base_fail(err, job->err.status, "%s", job->err.message);
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
