/* net_http.c - HTTP requests with retries, many at once. */
#include "io/net_exchange.h"
#include "base/clock.h"
#include "base/error.h"
#include "par/context.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1000000u
#define POLL_MS 50u /* how often a wait looks for cancellation and stalls */

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

static void end_exchange(struct scree__net_slot *slot)
{
    if (slot->in_flight)
        curl_multi_remove_handle(slot->engine->multi, slot->easy);
    slot->in_flight = false;
    curl_slist_free_all(slot->request.headers);
    slot->request.headers = NULL;
}

static void end_job(struct scree__net_slot *slot, enum scree__net_state state)
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

static void begin_attempt(struct scree__net_slot *slot)
{
    struct scree__net_job *job = slot->job;
    struct scree__net_request *request = &slot->request;
    job->err = (struct scree_error)SCREE_ERROR_INIT;
    job->progressed = false;
    memset(request, 0, offsetof(struct scree__net_request, response));
    request->redirects = 0;
    enum scree_status status = job->prepare(job->arg, request, &job->err);
    if (status == SCREE_OK && !scree__net_launch(slot))
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

static struct scree__net_slot *free_slot(struct scree__net_engine *engine)
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
        scree__mem_alloc(NULL, sizeof(struct scree__net_slot), &memory, "connection", NULL) !=
            SCREE_OK)
        return NULL;
    struct scree__net_slot *slot = memory;
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
    struct scree__net_slot *slot = free_slot(engine);
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

uint64_t scree__net_pause_ns(struct scree__net_engine *engine, unsigned attempts)
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

static void give_up(struct scree__net_slot *slot, const char *why)
{
    struct scree_error *err = &slot->job->err;
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, " (%s)", why);
    end_job(slot, SCREE__NET_BROKEN);
}

static void retry_or_give_up(struct scree__net_slot *slot)
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
    uint64_t pause = scree__net_pause_ns(slot->engine, job->attempts);
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
static void finish(struct scree__net_slot *slot, CURLcode code)
{
    struct scree__net_job *job = slot->job;
    struct scree__net_request *request = &slot->request;
    request->curl_code = (int)code;
    if (code == CURLE_OK && !scree__net_tell_headers(slot)) /* an empty body */
        request->stopped = true;
    struct curl_slist *headers = request->headers;
    request->headers = NULL; /* a redirect needs them again */
    end_exchange(slot);
    request->headers = headers;
    if (request->follow && scree__net_is_redirect(request)) {
        enum scree_status status =
            scree__net_redirect(request, &slot->engine->settings->http, job->name, &job->err);
        if (status != SCREE_OK || !scree__net_launch(slot))
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
        struct scree__net_slot *slot = engine->slots[i];
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
        finish((struct scree__net_slot *)(void *)user, code);
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
