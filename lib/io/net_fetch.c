/* net_fetch.c - pieces of a remote object by requests for ranges: few and large, many at once. */
#include "base/error.h"
#include "io/net_source.h"

#include <stdlib.h>

static int compare_pieces(const void *left, const void *right)
{
    const struct scree__net_piece *a = left, *b = right;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* The next range worth one request; false when all are made. */
static bool next_range(struct scree__net_fetch *fetch, const struct scree_source_options *options,
                       uint64_t *range_begin, uint64_t *range_end)
{
    const struct scree__net_piece *pieces = fetch->pieces;
    while (fetch->first < fetch->count &&
           pieces[fetch->first].offset + pieces[fetch->first].byte_count <= fetch->covered)
        fetch->first++;
    if (fetch->first == fetch->count)
        return false;
    uint64_t begin = pieces[fetch->first].offset, waste = 0;
    if (begin < fetch->covered)
        begin = fetch->covered;
    uint64_t end = begin;
    for (size_t i = fetch->first; i < fetch->count; i++) {
        uint64_t piece_end = pieces[i].offset + pieces[i].byte_count;
        uint64_t gap = pieces[i].offset > end ? pieces[i].offset - end : 0;
        if (gap > options->gap_bytes || waste + gap > options->overread_bytes ||
            end + gap - begin >= options->request_bytes)
            break;
        waste += gap;
        if (piece_end > end)
            end = piece_end;
        if (end - begin >= options->request_bytes)
            break;
    }
    if (end - begin > options->request_bytes)
        end = begin + options->request_bytes;
    fetch->covered = end;
    *range_begin = begin;
    *range_end = end;
    return true;
}

/* False: all ranges are made, or there is no connection for another one now. */
static bool start_span(struct scree__net_engine *engine, struct scree__net_fetching *fetching,
                       struct scree__net_span *span)
{
    struct scree__net_fetch *fetch = &fetching->fetch, before = *fetch;
    uint64_t begin, end;
    if (!next_range(fetch, &fetching->source->options, &begin, &end))
        return false;
    scree__net_span_init(span, fetching->source, fetch, begin, end);
    if (scree__net_engine_start(engine, &span->job))
        return true;
    *fetch = before;
    return false;
}

/* Starts spans while there are ranges and free spans. Returns how many run. */
static unsigned start_spans(struct scree__net_engine *engine, struct scree__net_fetching *fetching)
{
    unsigned running = 0, most = fetching->source->settings.http.parallel_requests;
    bool more = true;
    for (unsigned i = 0; i < most; i++) {
        struct scree__net_span *span = &fetching->session->spans[i];
        if (span->job.state != SCREE__NET_RUNNING && span->job.state != SCREE__NET_BROKEN)
            more = more && start_span(engine, fetching, span);
        running += span->job.state == SCREE__NET_RUNNING || span->job.state == SCREE__NET_BROKEN;
    }
    return running;
}

static unsigned start_all(struct scree__net_engine *engine, struct scree__net_fetching *fetchings,
                          size_t count)
{
    unsigned running = 0;
    for (size_t i = 0; i < count; i++)
        running += start_spans(engine, &fetchings[i]);
    return running;
}

static enum scree_status first_failure(const struct scree__net_fetching *fetchings, size_t count,
                                       struct scree_error *err)
{
    for (size_t f = 0; f < count; f++) {
        for (unsigned i = 0; i < fetchings[f].source->settings.http.parallel_requests; i++) {
            const struct scree__net_job *job = &fetchings[f].session->spans[i].job;
            if (job->state == SCREE__NET_BROKEN)
                return scree__base_fail(err, job->err.status, "%s", job->err.message);
        }
    }
    return SCREE_OK;
}

static bool is_covered(const struct scree__net_fetch *fetch)
{
    for (size_t i = fetch->first; i < fetch->count; i++) {
        if (fetch->pieces[i].offset + fetch->pieces[i].byte_count > fetch->covered)
            return false;
    }
    return true;
}

enum scree_status scree__net_fetch_several(struct scree__net_fetching *fetchings, size_t count,
                                           struct scree_error *err)
{
    struct scree__net_engine *engine = fetchings[0].session->engine;
    enum scree_status status = SCREE_OK;
    for (size_t f = 0; f < count; f++) {
        struct scree__net_fetch *fetch = &fetchings[f].fetch;
        qsort(fetch->pieces, fetch->count, sizeof *fetch->pieces, compare_pieces);
        for (unsigned i = 0; i < SCREE__NET_PARALLEL_MAX; i++)
            fetchings[f].session->spans[i].job.state = SCREE__NET_IDLE;
    }
    while (status == SCREE_OK && start_all(engine, fetchings, count) > 0) {
        status = first_failure(fetchings, count, err);
        if (status == SCREE_OK)
            status = scree__net_engine_pump(engine, 1000, err);
        if (status == SCREE_OK)
            status = first_failure(fetchings, count, err);
    }
    for (size_t f = 0; f < count && status == SCREE_OK; f++) {
        if (!is_covered(&fetchings[f].fetch))
            status = scree__base_fail(err, SCREE_E_MEMORY, "%s: no memory for a connection",
                                      fetchings[f].source->source.name);
    }
    if (status != SCREE_OK)
        scree__net_engine_drop(engine);
    return status;
}

enum scree_status scree__net_fetch(struct scree__net_source *source,
                                   struct scree__net_session *session,
                                   struct scree__net_piece *pieces, size_t count,
                                   struct scree_error *err)
{
    struct scree__net_fetching fetching = {source, session, {pieces, count, 0, 0}};
    return scree__net_fetch_several(&fetching, 1, err);
}
