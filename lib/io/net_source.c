/* net_source.c - opening a remote object: http, https, s3. */
#include "io/net_source.h"
#include "base/error.h"
#include "mem/budget.h"
#include "par/context.h"

#include <string.h>

static struct scree__net_source *as_net(struct scree_source *source)
{
    return (struct scree__net_source *)source;
}

static void release(struct scree_source *base)
{
    struct scree__net_source *source = as_net(base);
    scree__net_pool_leave(source);
    scree__mem_free(scree__par_budget(source->settings.context), source->whole,
                    source->whole_capacity);
    scree__net_cache_release(&source->cache);
    scree__net_settings_release(&source->settings);
    scree__net_s3_release(&source->s3);
    explicit_bzero(&source->url, sizeof source->url);
    if (source->locked)
        scree__par_lock_release(&source->lock);
}

static void statistics(const struct scree_source *base, struct scree_source_statistics *out)
{
    struct scree__net_source *source = as_net((struct scree_source *)base);
    out->request_count = source->settings.request_count;
    out->retry_count = source->settings.retry_count;
    out->received_bytes = source->settings.received_bytes;
    scree__par_lock_take(&source->cache.lock);
    out->cache_hit_count = source->cache.hit_count;
    out->cache_miss_count = source->cache.miss_count;
    scree__par_lock_give(&source->cache.lock);
}

static const struct scree__io_source_kind kind = {.read_many = scree__net_read_many,
                                                  .read_several = scree__net_read_several,
                                                  .prefetch = scree__net_prefetch,
                                                  .statistics = statistics,
                                                  .release = release,
                                                  .struct_bytes = sizeof(struct scree__net_source)};

/* ---------------------------------------------------------------------------------- head and tail */

static void claim_head(struct scree__net_source *source, struct scree__net_fetch *fetch)
{
    uint64_t blocks =
        (source->options.head_bytes + SCREE__NET_BLOCK_BYTES - 1) / SCREE__NET_BLOCK_BYTES;
    for (uint64_t block = 0; block < blocks && fetch->count < SCREE__NET_PIECES_MAX; block++) {
        uint32_t slot;
        if (scree__net_cache_take(&source->cache, block, 0, NULL, 0, &slot) !=
            SCREE__NET_CACHE_CLAIMED)
            break;
        fetch->pieces[fetch->count++] =
            (struct scree__net_piece){block * SCREE__NET_BLOCK_BYTES, SCREE__NET_BLOCK_BYTES,
                                      scree__net_cache_memory(&source->cache, slot), slot};
    }
}

static void keep_blocks(struct scree__net_source *source, const struct scree__net_fetch *fetch,
                        const struct scree__net_span *span)
{
    bool done = span->job.state == SCREE__NET_ENDED;
    for (size_t i = 0; i < fetch->count; i++) {
        const struct scree__net_piece *piece = &fetch->pieces[i];
        if (done && piece->byte_count > 0 && piece->offset + piece->byte_count <= span->position)
            scree__net_cache_publish(&source->cache, piece->slot);
        else
            scree__net_cache_abandon(&source->cache, piece->slot);
    }
}

/* The head decides. The tail is there to save a round trip later: it fails quietly. */
static enum scree_status wait_for_both(struct scree__net_session *session,
                                       struct scree__net_span *head, struct scree__net_span *tail,
                                       struct scree_error *err)
{
    struct scree__net_source *source = head->source;
    while (head->job.state == SCREE__NET_RUNNING || tail->job.state == SCREE__NET_RUNNING) {
        bool small = source->length_known && source->source.bytes <= head->end;
        if (head->job.state == SCREE__NET_ENDED && (small || source->ignores_ranges))
            break;
        if (head->job.state == SCREE__NET_BROKEN)
            break;
        enum scree_status status = scree__net_engine_pump(session->engine, 1000, err);
        if (status != SCREE_OK)
            return status;
    }
    if (head->job.state != SCREE__NET_BROKEN)
        return SCREE_OK;
    return scree__base_fail(err, head->job.err.status, "%s", head->job.err.message);
}

static enum scree_status read_head_and_tail(struct scree__net_source *source,
                                            struct scree__net_session *session,
                                            struct scree_error *err)
{
    /* One array of pieces for both; the wants are not in use yet. */
    struct scree__net_fetch head_fetch = {session->pieces, 0, 0, 0}, tail_fetch;
    struct scree__net_span *head = &session->spans[0], *tail = &session->spans[1];
    claim_head(source, &head_fetch);
    tail_fetch = (struct scree__net_fetch){session->pieces + head_fetch.count, 0, 0, 0};
    scree__net_span_init(head, source, &head_fetch, 0,
                         head_fetch.count * (uint64_t)SCREE__NET_BLOCK_BYTES);
    scree__net_span_init(tail, source, &tail_fetch, 0, 0);
    head->probes = tail->probes = tail->is_tail = true;
    if (!scree__net_engine_start(session->engine, &head->job))
        head->job.state = SCREE__NET_BROKEN;
    if (source->options.tail_bytes > 0 && source->settings.http.parallel_requests > 1 &&
        head->job.state == SCREE__NET_RUNNING)
        (void)scree__net_engine_start(session->engine, &tail->job);
    enum scree_status status = wait_for_both(session, head, tail, err);
    scree__net_engine_drop(session->engine);
    keep_blocks(source, &head_fetch, head);
    keep_blocks(source, &tail_fetch, tail);
    return status;
}

/* -------------------------------------------------------------- length by HEAD; objects as a whole */

struct whole_job {
    struct scree__net_job job;
    struct scree__net_source *source;
    enum scree__net_method method;
    uint64_t received;
    struct scree_error err;
};

static enum scree_status whole_prepare(void *arg, struct scree__net_request *request,
                                       struct scree_error *err)
{
    struct whole_job *whole = arg;
    bool final_url;
    whole->received = 0;
    return scree__net_source_request(whole->source, request, whole->method, &final_url, err);
}

static bool whole_headers(void *arg, struct scree__net_request *request)
{
    struct whole_job *whole = arg;
    const struct scree__io_response *response = &request->response;
    if (response->encoding[0] != '\0')
        scree__base_fail(&whole->err, SCREE_E_IO,
                         "%s: the answer has Content-Encoding %s, asked for identity",
                         whole->job.name, response->encoding);
    if (whole->err.status != SCREE_OK)
        return false;
    return scree__net_identify(whole->source, response, response->length_known, response->length,
                               &whole->err) == SCREE_OK;
}

static bool whole_body(void *arg, struct scree__net_request *request, const uint8_t *bytes,
                       size_t byte_count)
{
    struct whole_job *whole = arg;
    struct scree__net_source *source = whole->source;
    (void)request;
    if (byte_count > source->whole_capacity - whole->received) {
        scree__base_fail(&whole->err, SCREE_E_IO,
                         "%s: the server ignores ranges and tells no length, and the object has "
                         "more than %llu bytes",
                         whole->job.name, (unsigned long long)source->whole_capacity);
        return false;
    }
    memcpy(source->whole + whole->received, bytes, byte_count);
    whole->received += byte_count;
    return true;
}

static enum scree__net_verdict whole_judge(void *arg, struct scree__net_request *request,
                                           struct scree_error *err)
{
    struct whole_job *whole = arg;
    if (whole->err.status == SCREE_OK)
        return scree__net_judge(request, whole->job.name,
                                whole->method == SCREE__NET_HEAD ? "HEAD" : "the whole object",
                                err);
    scree__base_fail(err, whole->err.status, "%s", whole->err.message);
    return SCREE__NET_FAILED;
}

static void whole_init(struct whole_job *whole, struct scree__net_source *source,
                       enum scree__net_method method)
{
    memset(whole, 0, sizeof *whole);
    whole->source = source;
    whole->method = method;
    whole->job = (struct scree__net_job){.arg = whole,
                                         .name = source->source.name,
                                         .prepare = whole_prepare,
                                         .headers = whole_headers,
                                         .body = whole_body,
                                         .judge = whole_judge};
}

static enum scree_status read_whole(struct scree__net_source *source,
                                    struct scree__net_session *session, struct scree_error *err)
{
    struct whole_job whole;
    void *memory;
    /* One byte more than expected, so that an empty object has memory, too. */
    uint64_t capacity = source->length_known ? source->source.bytes : source->options.whole_bytes;
    enum scree_status status = scree__mem_alloc(scree__par_budget(source->settings.context),
                                                capacity + 1, &memory, source->source.name, err);
    if (status != SCREE_OK)
        return status;
    source->whole = memory;
    source->whole_capacity = capacity + 1;
    whole_init(&whole, source, SCREE__NET_GET);
    status = scree__net_engine_run(session->engine, &whole.job, err);
    if (status != SCREE_OK)
        return status;
    if (source->length_known && whole.received != source->source.bytes)
        return scree__base_fail(err, SCREE_E_IO, "%s: %llu bytes expected, %llu came",
                                source->source.name, (unsigned long long)source->source.bytes,
                                (unsigned long long)whole.received);
    source->length_known = true;
    source->source.bytes = whole.received;
    return SCREE_OK;
}

/* 206 with an unknown length: HEAD may know it. */
static enum scree_status ask_length(struct scree__net_source *source,
                                    struct scree__net_session *session, struct scree_error *err)
{
    struct whole_job head;
    whole_init(&head, source, SCREE__NET_HEAD);
    enum scree_status status = scree__net_engine_run(session->engine, &head.job, NULL);
    if (status == SCREE_OK && source->length_known)
        return SCREE_OK;
    if (status == SCREE_E_CANCELLED)
        return scree__base_fail(err, status, "cancelled");
    return scree__base_fail(err, SCREE_E_IO,
                            "%s: the server does not say how long it is (Content-Range with '*'; "
                            "%s)",
                            source->source.name,
                            status == SCREE_OK ? "HEAD says nothing of it" : "HEAD failed");
}

static enum scree_status probe(struct scree__net_source *source, struct scree_error *err)
{
    struct scree__net_session *session;
    enum scree_status status = scree__net_session_take(source, &session, err);
    if (status == SCREE_OK)
        status = read_head_and_tail(source, session, err);
    bool large = source->length_known && source->source.bytes > source->options.whole_bytes;
    if (status == SCREE_OK && source->ignores_ranges && !large)
        status = read_whole(source, session, err);
    else if (status == SCREE_OK && !source->length_known)
        status = ask_length(source, session, err);
    scree__net_session_give(source, session);
    return status;
}

/* ------------------------------------------------------------------------------------------- open */

/* Sizes that would make no progress, or no sense. */
static void sanitize(struct scree_source_options *options)
{
    const uint32_t head_most = SCREE__NET_PIECES_MAX / 2 * SCREE__NET_BLOCK_BYTES;
    if (options->request_bytes < SCREE__NET_BLOCK_BYTES)
        options->request_bytes = SCREE__NET_BLOCK_BYTES;
    if (options->head_bytes == 0)
        options->head_bytes = SCREE__NET_BLOCK_BYTES;
    if (options->head_bytes > head_most)
        options->head_bytes = head_most;
    if (options->tail_bytes > head_most)
        options->tail_bytes = head_most;
}

static enum scree_status make(struct scree__net_source *source, const char *location,
                              const struct scree_source_options *options, bool reserved,
                              struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    source->options = *options;
    source->options.http = NULL;
    source->options.s3 = NULL;
    sanitize(&source->options);
    scree__par_lock_init(&source->lock);
    source->locked = true;
    source->is_s3 = scree__io_location_is_s3(location);
    if (source->is_s3)
        status = scree__net_s3_init(&source->s3, location, options->s3, err);
    if (status == SCREE_OK)
        status = scree__net_settings_init(&source->settings, options->http, options->context, err);
    if (status == SCREE_OK)
        status = scree__net_pool_find(source, err);
    if (status == SCREE_OK)
        status = scree__net_cache_init(&source->cache,
                                       reserved ? NULL : scree__par_budget(options->context),
                                       options->cache_bytes, source->source.name, err);
    return status;
}

uint64_t scree__io_source_reserve_bytes(const struct scree_source_options *options)
{
    return scree__net_cache_bytes(options->cache_bytes);
}

/* known_bytes UINT64_MAX: ask. */
static enum scree_status open_remote(const char *location, uint64_t known_bytes,
                                     const struct scree_source_options *options, bool reserved,
                                     struct scree_source **out, struct scree_error *err)
{
    struct scree__io_url url;
    bool is_s3 = scree__io_location_is_s3(location);
    *out = NULL;
    enum scree_status status = is_s3 ? SCREE_OK : scree__io_url_parse(location, &url, err);
    if (status == SCREE_OK)
        status = scree__io_source_new(&kind, is_s3 ? location : url.name, out, err);
    if (status != SCREE_OK)
        return status;
    struct scree__net_source *source = as_net(*out);
    if (!is_s3)
        source->url = url;
    status = make(source, location, options, reserved, err);
    if (status == SCREE_OK && known_bytes == UINT64_MAX)
        status = probe(source, err);
    source->pins_late = known_bytes != UINT64_MAX;
    if (source->pins_late) {
        source->source.bytes = known_bytes;
        source->length_known = true;
    }
    source->open = status == SCREE_OK;
    if (status != SCREE_OK) {
        scree_source_close(*out);
        *out = NULL;
    }
    return status;
}

enum scree_status scree__io_source_open_remote(const char *location,
                                               const struct scree_source_options *options,
                                               bool reserved, struct scree_source **source,
                                               struct scree_error *err)
{
    return open_remote(location, UINT64_MAX, options, reserved, source, err);
}

enum scree_status scree__io_source_open_remote_known(const char *location, uint64_t bytes,
                                                     const struct scree_source_options *options,
                                                     struct scree_source **source,
                                                     struct scree_error *err)
{
    return open_remote(location, bytes, options, false, source, err);
}
