/*
 * laz_ring.c - chunks of 50 000 points between the ordered stream of records and the encoders. take() fills the chunk at the tail; a
 * full one is READY, and the next worker that comes by claims and encodes it; take() writes those at
 * the head that are DONE. When the ring is full, take() encodes, too.
 */
#include "query/out.h"
#include "base/error.h"

#include <sched.h>
#include <string.h>

static unsigned chunk_capacity(unsigned threads)
{
    return threads + 4;
}

enum scree_status scree__query_ring_init(struct scree__query_las *las, struct scree_error *err)
{
    struct scree__mem_budget *budget = las->query->budget;
    void *memory;
    las->chunk_capacity = chunk_capacity(las->threads);
    uint64_t bytes = las->chunk_capacity * sizeof *las->chunks;
    enum scree_status status = scree__mem_alloc(budget, bytes, &memory, "LAZ chunks", err);
    if (status != SCREE_OK)
        return status;
    las->chunks = memset(memory, 0, bytes);
    bytes = (las->threads + 1) * sizeof *las->encoders;
    status = scree__mem_alloc(budget, bytes, &memory, "LAZ encoders", err);
    if (status == SCREE_OK)
        las->encoders = memset(memory, 0, bytes);
    return status;
}

static uint64_t ring_bytes(const struct scree_laz_layout *layout, unsigned threads)
{
    uint64_t encoder =
        scree_laz_encoder_bytes(layout) + scree_laz_encode_bound(layout, SCREE__QUERY_CHUNK_POINTS);
    uint64_t chunk = (uint64_t)SCREE__QUERY_CHUNK_POINTS * layout->record_bytes;
    return chunk_capacity(threads) * (chunk + sizeof(struct scree__query_chunk)) +
           (threads + 1) * (encoder + sizeof(struct scree__query_encoder));
}

uint64_t scree__query_ring_bytes(const struct scree__query_las *las)
{
    return ring_bytes(&las->layout, las->threads);
}

uint64_t scree__query_ring_bytes_of(const struct scree_query *query)
{
    struct scree_laz_layout layout;
    uint32_t extra =
        query->header.record_bytes - scree_las_format_bytes(query->header.point_format);
    if (scree_laz_layout_init(&layout, query->header.point_format, extra, SCREE__QUERY_CHUNK_POINTS,
                              NULL) != SCREE_OK)
        return 0;
    return ring_bytes(&layout, scree_context_threads(query->context));
}

void scree__query_ring_release(struct scree__query_las *las)
{
    struct scree__mem_budget *budget = las->query->budget;
    for (unsigned i = 0; las->chunks != NULL && i < las->chunk_capacity; i++)
        scree__mem_free(budget, las->chunks[i].records, las->chunks[i].capacity);
    for (unsigned i = 0; las->encoders != NULL && i <= las->threads; i++) {
        scree__mem_free(budget, las->encoders[i].memory, scree_laz_encoder_bytes(&las->layout));
        scree__mem_free(budget, las->encoders[i].out, las->encoders[i].out_capacity);
    }
    scree__mem_free(budget, las->chunks, las->chunk_capacity * sizeof *las->chunks);
    scree__mem_free(budget, las->encoders, (las->threads + 1) * sizeof *las->encoders);
}

static enum scree_status encoder_init(struct scree__query_las *las,
                                      struct scree__query_encoder *encoder, struct scree_error *err)
{
    struct scree__mem_budget *budget = las->query->budget;
    if (encoder->laz != NULL)
        return SCREE_OK;
    size_t bytes = scree_laz_encoder_bytes(&las->layout);
    enum scree_status status = SCREE_OK;
    if (encoder->memory == NULL)
        status = scree__mem_alloc(budget, bytes, &encoder->memory, "LAZ encoder", err);
    if (status == SCREE_OK)
        status =
            scree__query_room(budget, &encoder->out, &encoder->out_capacity,
                              scree_laz_encode_bound(&las->layout, SCREE__QUERY_CHUNK_POINTS), err);
    if (status == SCREE_OK)
        status = scree_laz_encoder_init(encoder->memory, bytes, &las->layout, &encoder->laz, err);
    return status;
}

/* The encoded bytes take the records' place. */
static enum scree_status encode(struct scree__query_las *las, struct scree__query_chunk *chunk,
                                struct scree__query_encoder *encoder, struct scree_error *err)
{
    size_t bytes = 0;
    enum scree_status status = encoder_init(las, encoder, err);
    if (status != SCREE_OK)
        return status;
    scree_las_summary_init(&chunk->summary);
    scree_las_summary_add(&chunk->summary, las->header.point_format, chunk->records,
                          las->header.record_bytes, chunk->count);
    status = scree_laz_encode(encoder->laz, chunk->records, las->header.record_bytes, chunk->count,
                              encoder->out, (size_t)encoder->out_capacity, &bytes, err);
    if (status == SCREE_OK)
        status =
            scree__query_room(las->query->budget, &chunk->records, &chunk->capacity, bytes, err);
    if (status != SCREE_OK)
        return status;
    memcpy(chunk->records, encoder->out, bytes);
    chunk->bytes = bytes;
    return SCREE_OK;
}

/* Encodes one chunk that nobody has claimed; *found tells whether there was one. */
static enum scree_status encode_one(struct scree__query_las *las, unsigned worker, bool *found,
                                    struct scree_error *err)
{
    *found = false;
    for (uint64_t i = atomic_load(&las->head); i < atomic_load(&las->tail); i++) {
        struct scree__query_chunk *chunk = &las->chunks[i % las->chunk_capacity];
        int ready = SCREE__QUERY_READY;
        if (!atomic_compare_exchange_strong(&chunk->state, &ready, SCREE__QUERY_CLAIMED))
            continue;
        enum scree_status status = encode(las, chunk, &las->encoders[worker], err);
        atomic_store(&chunk->state, status == SCREE_OK ? SCREE__QUERY_DONE : SCREE__QUERY_FAILED);
        *found = true;
        return status;
    }
    return SCREE_OK;
}

enum scree_status scree__query_ring_help(void *self, unsigned worker, struct scree_error *err)
{
    bool found = true;
    enum scree_status status = SCREE_OK;
    while (status == SCREE_OK && found)
        status = encode_one(self, worker, &found, err);
    return status;
}

/* Writes what is done at the head. */
static enum scree_status write_done(struct scree__query_las *las, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint64_t at = atomic_load(&las->head); status == SCREE_OK && at < atomic_load(&las->tail);
         at++) {
        struct scree__query_chunk *chunk = &las->chunks[at % las->chunk_capacity];
        int state = atomic_load(&chunk->state);
        if (state == SCREE__QUERY_FAILED)
            return scree__base_fail(err, SCREE_E_DATA, "%s: a chunk could not be encoded",
                                    scree_sink_name(las->sink));
        if (state != SCREE__QUERY_DONE)
            break;
        status = scree_las_writer_add_chunk(las->writer, chunk->records, chunk->bytes, chunk->count,
                                            NULL, err);
        scree_las_summary_merge(&las->summary, &chunk->summary);
        chunk->count = 0;
        atomic_store(&chunk->state, SCREE__QUERY_FREE);
        atomic_store(&las->head, at + 1);
    }
    return status;
}

/* Until the ring has a free place, or with `all` until it is empty. take() runs on some worker, but which is not known here: the last
 * encoder is its own. */
static enum scree_status drain(struct scree__query_las *las, bool all, struct scree_error *err)
{
    enum scree_status status = write_done(las, err);
    while (status == SCREE_OK) {
        uint64_t full = atomic_load(&las->tail) - atomic_load(&las->head);
        bool found;
        if (full == 0 || (!all && full + 1 < las->chunk_capacity))
            break;
        status = encode_one(las, las->threads, &found, err);
        if (!found)
            sched_yield(); /* the head is being encoded by another worker: some milliseconds */
        if (status == SCREE_OK)
            status = write_done(las, err);
    }
    return status;
}

static struct scree__query_chunk *filling(struct scree__query_las *las)
{
    return &las->chunks[atomic_load(&las->tail) % las->chunk_capacity];
}

static void mark_ready(struct scree__query_las *las)
{
    atomic_store(&filling(las)->state, SCREE__QUERY_READY);
    atomic_fetch_add(&las->tail, 1);
}

enum scree_status scree__query_ring_add(struct scree__query_las *las, const uint8_t *records,
                                        uint64_t count, struct scree_error *err)
{
    size_t record_bytes = las->header.record_bytes;
    enum scree_status status = write_done(las, err);
    while (status == SCREE_OK && count > 0) {
        struct scree__query_chunk *chunk = filling(las);
        status = scree__query_room(las->query->budget, &chunk->records, &chunk->capacity,
                                   (uint64_t)SCREE__QUERY_CHUNK_POINTS * record_bytes, err);
        if (status != SCREE_OK)
            break;
        uint64_t now = SCREE__QUERY_CHUNK_POINTS - chunk->count;
        now = now < count ? now : count;
        memcpy(chunk->records + chunk->count * record_bytes, records, now * record_bytes);
        chunk->count += now;
        records += now * record_bytes;
        count -= now;
        if (chunk->count == SCREE__QUERY_CHUNK_POINTS) {
            mark_ready(las);
            status = drain(las, false, err);
        }
    }
    return status;
}

static enum scree_status help_item(void *arg, uint64_t index, unsigned worker,
                                   struct scree_error *err)
{
    (void)index;
    return scree__query_ring_help(arg, worker, err);
}

enum scree_status scree__query_ring_finish(struct scree__query_las *las, struct scree_error *err)
{
    if (filling(las)->count > 0)
        mark_ready(las);
    enum scree_status status =
        scree__par_for(scree__par_pool(las->query->context), las->threads, help_item, las, err);
    return status == SCREE_OK ? drain(las, true, err) : status;
}
