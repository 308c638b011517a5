/* net_span.c - one range of a remote object by one request, and what its answer is worth. */
#include "base/error.h"
#include "io/net_source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* An attempt that brought this much counts as progress: retries count anew. */
#define PROGRESS_BYTES ((uint64_t)64 << 10)

/* ------------------------------------------------------------------------------------- identity */

static enum scree_status changed(const struct scree__net_source *source, const char *what,
                                 const char *was, const char *is, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_IO, "%s: changed while it was read: %s was %s, is %s",
                            source->source.name, what, was, is);
}

static enum scree_status check_length(struct scree__net_source *source, uint64_t total,
                                      struct scree_error *err)
{
    char was[32], is[32];
    if (!source->length_known) {
        source->length_known = true;
        source->source.bytes = total;
    }
    if (total == source->source.bytes)
        return SCREE_OK;
    snprintf(was, sizeof was, "%llu", (unsigned long long)source->source.bytes);
    snprintf(is, sizeof is, "%llu", (unsigned long long)total);
    return changed(source, "its length", was, is, err);
}

static enum scree_status identify(struct scree__net_source *source,
                                  const struct scree__io_response *response, bool total_known,
                                  uint64_t total, struct scree_error *err)
{
    if (!source->pinned) {
        source->pinned = true;
        memcpy(source->etag, response->etag, sizeof source->etag);
        memcpy(source->last_modified, response->last_modified, sizeof source->last_modified);
    }
    bool both = source->etag[0] != '\0' && response->etag[0] != '\0';
    if (both && strcmp(source->etag, response->etag) != 0)
        return changed(source, "ETag", source->etag, response->etag, err);
    if (!both && source->last_modified[0] != '\0' && response->last_modified[0] != '\0' &&
        strcmp(source->last_modified, response->last_modified) != 0)
        return changed(source, "Last-Modified", source->last_modified, response->last_modified,
                       err);
    return total_known ? check_length(source, total, err) : SCREE_OK;
}

enum scree_status scree__net_identify(struct scree__net_source *source,
                                      const struct scree__io_response *response, bool total_known,
                                      uint64_t total, struct scree_error *err)
{
    if (!source->pins_late)
        return identify(source, response, total_known, total, err);
    scree__par_lock_take(&source->lock);
    enum scree_status status = identify(source, response, total_known, total, err);
    scree__par_lock_give(&source->lock);
    return status;
}

/* ------------------------------------------------------------------------------------- requests */

static enum scree_status address(struct scree__net_source *source,
                                 struct scree__net_request *request, enum scree__net_method method,
                                 bool *used_final_url, struct scree_error *err)
{
    *used_final_url = false;
    if (source->is_s3)
        return scree__net_s3_request(&source->s3, request, method, "", NULL, err);
    request->method = method;
    request->follow = true;
    scree__par_lock_take(&source->lock);
    *used_final_url = source->final_url[0] != '\0';
    memcpy(request->url, *used_final_url ? source->final_url : source->url.url,
           *used_final_url ? sizeof source->final_url : sizeof source->url.url);
    scree__par_lock_give(&source->lock);
    if (!*used_final_url || scree__io_same_origin(request->url, source->url.url))
        memcpy(request->user, source->url.user, sizeof request->user);
    return SCREE_OK;
}

/* The ETag that the object had, as another thread may be setting it: etag[sizeof source->etag]. */
static void copy_etag(struct scree__net_source *source, char *etag)
{
    scree__par_lock_take(&source->lock);
    memcpy(etag, source->etag, sizeof source->etag);
    scree__par_lock_give(&source->lock);
}

enum scree_status scree__net_source_request(struct scree__net_source *source,
                                            struct scree__net_request *request,
                                            enum scree__net_method method, bool *used_final_url,
                                            struct scree_error *err)
{
    enum scree_status status = address(source, request, method, used_final_url, err);
    if (status == SCREE_OK)
        status = scree__net_header(request, err, "Accept-Encoding: identity");
    /* Weak tags do not match anything there (RFC 9110, 13.1.1): those are only compared. */
    char etag[sizeof source->etag];
    copy_etag(source, etag);
    if (status == SCREE_OK && etag[0] == '"')
        status = scree__net_header(request, err, "If-Match: %s", etag);
    return status;
}

static enum scree_status prepare(void *arg, struct scree__net_request *request,
                                 struct scree_error *err)
{
    struct scree__net_span *span = arg;
    span->err = (struct scree_error)SCREE_ERROR_INIT;
    span->attempt_at = span->position;
    span->whole = false;
    enum scree_status status = scree__net_source_request(span->source, request, SCREE__NET_GET,
                                                         &span->used_final_url, err);
    if (status != SCREE_OK)
        return status;
    if (span->is_tail)
        return scree__net_header(request, err, "Range: bytes=-%u",
                                 span->source->options.tail_bytes);
    return scree__net_header(request, err, "Range: bytes=%llu-%llu",
                             (unsigned long long)span->position, (unsigned long long)span->end - 1);
}

/* -------------------------------------------------------------------------------------- answers */

static enum scree_status wrong(struct scree__net_span *span, const char *format, ...)
    SCREE_PRINTF(2, 3);

static enum scree_status wrong(struct scree__net_span *span, const char *format, ...)
{
    char text[400], asked[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (span->is_tail)
        snprintf(asked, sizeof asked, "the last %u bytes", span->source->options.tail_bytes);
    else
        snprintf(asked, sizeof asked, "bytes %llu-%llu", (unsigned long long)span->position,
                 (unsigned long long)span->end - 1);
    return scree__base_fail(&span->err, SCREE_E_IO, "%s: %s: %s", span->source->source.name, asked,
                            text);
}

/* The object ends before the range that a probe asked for. */
static void trim(struct scree__net_span *span, uint64_t total)
{
    struct scree__net_fetch *fetch = span->fetch;
    if (span->end > total)
        span->end = total;
    for (size_t i = 0; i < fetch->count; i++) {
        struct scree__net_piece *piece = &fetch->pieces[i];
        if (piece->offset >= total)
            piece->byte_count = 0;
        else if (piece->byte_count > total - piece->offset)
            piece->byte_count = total - piece->offset;
    }
}

/* The last bytes of the object begin here: room for its blocks. */
static void place_tail(struct scree__net_span *span, uint64_t begin, uint64_t end)
{
    struct scree__net_cache *cache = &span->source->cache;
    struct scree__net_fetch *fetch = span->fetch;
    uint64_t block = begin / SCREE__NET_BLOCK_BYTES + (begin % SCREE__NET_BLOCK_BYTES != 0);
    span->begin = span->position = span->attempt_at = begin;
    span->end = end;
    for (; block * SCREE__NET_BLOCK_BYTES < end && fetch->count < SCREE__NET_PIECES_MAX / 2;
         block++) {
        uint32_t slot;
        if (scree__net_cache_take(cache, block, 0, NULL, 0, &slot) != SCREE__NET_CACHE_CLAIMED)
            continue;
        uint64_t offset = block * SCREE__NET_BLOCK_BYTES, left = end - offset;
        fetch->pieces[fetch->count++] = (struct scree__net_piece){
            offset, left < SCREE__NET_BLOCK_BYTES ? left : SCREE__NET_BLOCK_BYTES,
            scree__net_cache_memory(cache, slot), slot};
    }
}

static enum scree_status take_partial(struct scree__net_span *span,
                                      const struct scree__io_response *r)
{
    struct scree__net_source *source = span->source;
    if (r->range_kind != SCREE__IO_RANGE_BYTES)
        return wrong(span, "the answer is 206 with Content-Range '%s', expected one range",
                     r->range_text);
    enum scree_status status = scree__net_identify(source, r, r->total_known, r->total, &span->err);
    if (status != SCREE_OK)
        return status;
    if (span->is_tail) {
        if (!r->total_known || r->range_end != r->total || span->fetch->count > 0 ||
            r->range_end - r->range_begin > source->options.tail_bytes)
            return wrong(span, "the answer has Content-Range '%s'", r->range_text);
        place_tail(span, r->range_begin, r->range_end);
    } else if (span->probes && r->range_end <= span->end) {
        trim(span, source->length_known ? source->source.bytes : r->range_end);
    }
    if (r->range_begin != span->position || r->range_end > span->end)
        return wrong(span, "the answer has Content-Range '%s'", r->range_text);
    if (r->length_known && r->length != r->range_end - r->range_begin)
        return wrong(span, "the answer has Content-Range '%s' and Content-Length %llu",
                     r->range_text, (unsigned long long)r->length);
    span->stream_at = r->range_begin;
    span->answer_end = r->range_end;
    return SCREE_OK;
}

/* The whole object instead of a range. */
static enum scree_status take_whole(struct scree__net_span *span,
                                    const struct scree__io_response *r)
{
    struct scree__net_source *source = span->source;
    if (span->is_tail)
        return wrong(span, "the server ignores ranges");
    enum scree_status status =
        scree__net_identify(source, r, r->length_known, r->length, &span->err);
    if (status != SCREE_OK)
        return status;
    if (span->probes) {
        /* A small object, or one of unknown length, is read as a whole next. */
        bool large = source->length_known && source->source.bytes > source->options.whole_bytes;
        source->ignores_ranges = true;
        if (!large)
            trim(span, 0);
    }
    /* What lies before is thrown away: fair for a little, not for gigabytes. */
    if (span->position > source->options.whole_bytes)
        return wrong(span,
                     "the server ignores ranges and sends all %llu bytes instead (at most %llu are "
                     "thrown away)",
                     (unsigned long long)source->source.bytes,
                     (unsigned long long)source->options.whole_bytes);
    span->whole = true;
    span->stream_at = 0;
    span->answer_end = UINT64_MAX;
    return SCREE_OK;
}

static bool on_headers(void *arg, struct scree__net_request *request)
{
    struct scree__net_span *span = arg;
    const struct scree__io_response *response = &request->response;
    if (response->encoding[0] != '\0') {
        (void)wrong(span, "the answer has Content-Encoding %s, asked for identity",
                    response->encoding);
        return false;
    }
    enum scree_status status;
    if (response->status == 206)
        status = take_partial(span, response);
    else if (response->status == 200)
        status = take_whole(span, response);
    else
        status = wrong(span, "HTTP status %d, expected 206", response->status);
    return status == SCREE_OK && span->position < span->end;
}

/* To the pieces that want it. */
static void deliver(struct scree__net_span *span, const uint8_t *bytes, uint64_t begin,
                    uint64_t end)
{
    struct scree__net_fetch *fetch = span->fetch;
    for (size_t i = span->first; i < fetch->count && fetch->pieces[i].offset < end; i++) {
        const struct scree__net_piece *piece = &fetch->pieces[i];
        uint64_t from = piece->offset > begin ? piece->offset : begin;
        uint64_t to = piece->offset + piece->byte_count;
        if (to > end)
            to = end;
        if (from < to)
            memcpy(piece->to + (from - piece->offset), bytes + (from - begin), (size_t)(to - from));
    }
    while (span->first < fetch->count &&
           fetch->pieces[span->first].offset + fetch->pieces[span->first].byte_count <= end)
        span->first++;
}

static bool on_body(void *arg, struct scree__net_request *request, const uint8_t *bytes,
                    size_t byte_count)
{
    struct scree__net_span *span = arg;
    uint64_t begin = span->stream_at, end = begin + byte_count;
    if (byte_count > span->answer_end - begin) {
        (void)wrong(span, "the answer has Content-Range '%s' and a longer body",
                    request->response.range_text);
        return false;
    }
    span->stream_at = end;
    if (end > span->end)
        end = span->end;
    if (end > span->position) {
        uint64_t skip = span->position > begin ? span->position - begin : 0;
        deliver(span, bytes + skip, begin + skip, end);
        span->position = end;
    }
    return !(span->whole && span->position == span->end);
}

/* ------------------------------------------------------------------------------------- judgement */

/* Remembers where a redirect led, and forgets it when that does not answer any more. */
static bool retry_from_start(struct scree__net_span *span, const struct scree__net_request *request)
{
    struct scree__net_source *source = span->source;
    int status = request->response.status;
    bool refused = span->used_final_url && status >= 400 && status < 500 && status != 412 &&
                   status != 416 && status != 429;
    scree__par_lock_take(&source->lock);
    if (refused)
        source->final_url[0] = '\0';
    else if (request->redirects > 0 && status >= 200 && status < 300)
        memcpy(source->final_url, request->url, sizeof source->final_url);
    scree__par_lock_give(&source->lock);
    return refused;
}

static enum scree__net_verdict judge_416(struct scree__net_span *span,
                                         const struct scree__io_response *response,
                                         struct scree_error *err)
{
    bool empty = span->probes && !span->is_tail &&
                 response->range_kind == SCREE__IO_RANGE_UNSATISFIED && response->total == 0 &&
                 response->total_known;
    if (!empty) {
        (void)wrong(span, "HTTP status 416 (no such range), Content-Range '%s'",
                    response->range_text);
        scree__base_fail(err, SCREE_E_IO, "%s", span->err.message);
        return SCREE__NET_FAILED;
    }
    if (scree__net_identify(span->source, response, true, 0, err) != SCREE_OK)
        return SCREE__NET_FAILED;
    trim(span, 0);
    return SCREE__NET_DONE;
}

static enum scree__net_verdict judge(void *arg, struct scree__net_request *request,
                                     struct scree_error *err)
{
    struct scree__net_span *span = arg;
    char what[64], etag[sizeof span->source->etag];
    bool again = retry_from_start(span, request);
    if (span->err.status != SCREE_OK) {
        scree__base_fail(err, span->err.status, "%s", span->err.message);
        return SCREE__NET_FAILED;
    }
    if (request->headers_told && span->position == span->end)
        return SCREE__NET_DONE;
    if (request->response.status == 416)
        return judge_416(span, &request->response, err);
    copy_etag(span->source, etag);
    if (request->response.status == 412 && etag[0] != '\0') {
        scree__base_fail(err, SCREE_E_IO,
                         "%s: changed while it was read: HTTP status 412, ETag was %s",
                         span->source->source.name, etag);
        return SCREE__NET_FAILED;
    }
    if (span->is_tail)
        snprintf(what, sizeof what, "the last %u bytes", span->source->options.tail_bytes);
    else
        snprintf(what, sizeof what, "bytes %llu-%llu", (unsigned long long)span->begin,
                 (unsigned long long)span->end - 1);
    enum scree__net_verdict verdict =
        scree__net_judge(request, span->source->source.name, what, err);
    if (verdict == SCREE__NET_DONE) {
        scree__base_fail(err, SCREE_E_IO, "%s: %s: the body is short: it ends at byte %llu",
                         span->source->source.name, what, (unsigned long long)span->stream_at);
        verdict = SCREE__NET_RETRY;
    }
    span->job.progressed = span->position - span->attempt_at >= PROGRESS_BYTES;
    return again ? SCREE__NET_RETRY : span->is_tail ? SCREE__NET_FAILED : verdict;
}

void scree__net_span_init(struct scree__net_span *span, struct scree__net_source *source,
                          struct scree__net_fetch *fetch, uint64_t begin, uint64_t end)
{
    memset(span, 0, sizeof *span);
    span->job = (struct scree__net_job){.arg = span,
                                        .name = source->source.name,
                                        .prepare = prepare,
                                        .headers = on_headers,
                                        .body = on_body,
                                        .judge = judge,
                                        .hasty = !source->open};
    span->source = source;
    span->fetch = fetch;
    span->begin = span->position = begin;
    span->end = end;
    span->first = fetch->first;
}
