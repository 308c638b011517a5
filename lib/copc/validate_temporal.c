/*
 * validate_temporal.c - the temporal index (copc_temporal/1000, draft 2): header, pages, and that
 * every node with points has its entry. The size of the root page is at byte 24 of the header, as
 * every writer and reader has it; the draft's table says 20.
 */
#include "base/bytes.h"
#include "copc/format.h"
#include "copc/validate.h"

#include <inttypes.h>
#include <string.h>

#define HEADER_BYTES 32u
#define NODE_BYTES 20u /* and 8 a sample */
#define POINTER_BYTES 48u

struct index {
    struct scree__copc_check *check;
    const struct scree__copc_record *record;
    uint32_t stride, node_count, page_count;
    uint64_t nodes, pages, page_bytes; /* walked */
    /* Pages still to be read: offset and size in an entry's fields of the same meaning. */
    struct scree_copc_entry *queue;
    uint64_t queued, capacity;
};

static enum scree_status queue_page(struct index *index, uint64_t offset, uint32_t bytes,
                                    struct scree_error *err)
{
    const struct scree__copc_record *record = index->record;
    const uint64_t begin = record->payload_offset + HEADER_BYTES;
    const uint64_t end = record->payload_offset + record->payload_bytes;
    if (offset < begin || offset > end || bytes > end - offset || bytes < NODE_BYTES ||
        bytes > INT32_MAX) {
        scree__copc_say(index->check, SCREE__T10,
                        "temporal index: the page at byte %" PRIu64 " of %" PRIu32
                        " bytes is outside bytes %" PRIu64 " to %" PRIu64,
                        offset, bytes, begin, end);
        return SCREE_OK;
    }
    if (bytes > record->payload_bytes - index->page_bytes) {
        scree__copc_say(index->check, SCREE__T10,
                        "temporal index: the page at byte %" PRIu64
                        ": pages overlap, together they are larger than the index",
                        offset);
        return SCREE_OK;
    }
    index->page_bytes += bytes;
    void *queue = index->queue;
    enum scree_status status =
        scree__mem_grow(index->check->budget, &queue, &index->capacity, index->queued + 1,
                        sizeof *index->queue, "temporal index pages", err);
    index->queue = queue;
    if (status == SCREE_OK)
        index->queue[index->queued++] =
            (struct scree_copc_entry){.offset = offset, .byte_count = (int32_t)bytes};
    return status;
}

/* T15: the samples of one node never decrease. */
static enum scree_status check_samples(struct index *index, struct scree_copc_key key, uint64_t at,
                                       uint32_t samples, struct scree_error *err)
{
    double before = 0;
    for (uint32_t i = 0; i < samples; i++) {
        const uint8_t *p;
        enum scree_status status = scree__copc_peek(index->check, at + 8 * (uint64_t)i, 8, &p, err);
        if (status != SCREE_OK)
            return status;
        const double time = scree__base_load_f64(p);
        if (i > 0 && time < before) {
            scree__copc_say(index->check, SCREE__T14,
                            "temporal index: node %d-%d-%d-%d: sample %" PRIu32 " decreases",
                            key.level, key.x, key.y, key.z, i);
            return SCREE_OK;
        }
        before = time;
    }
    return SCREE_OK;
}

static void check_count(struct index *index, struct scree_copc_key key, uint32_t samples)
{
    const struct scree_copc_entry *node = scree__copc_hierarchy_find(&index->check->hierarchy, key);
    if (node == NULL || node->point_count == 0) {
        scree__copc_say(index->check, SCREE__T10,
                        "temporal index: node %d-%d-%d-%d is not in the hierarchy", key.level,
                        key.x, key.y, key.z);
        return;
    }
    const uint32_t last = (uint32_t)node->point_count - 1;
    const uint32_t wanted = last / index->stride + 1 + (last % index->stride != 0);
    if (samples != wanted)
        scree__copc_say(index->check, SCREE__T14,
                        "temporal index: node %d-%d-%d-%d of %d points has %" PRIu32
                        " samples; a stride of %" PRIu32 " makes %" PRIu32,
                        key.level, key.x, key.y, key.z, node->point_count, samples, index->stride,
                        wanted);
}

/* One entry at *at; moves *at behind it, to `end` where it makes no sense. */
static enum scree_status walk_entry(struct index *index, uint64_t *at, uint64_t end,
                                    struct scree_error *err)
{
    const uint64_t left = end - *at;
    const uint8_t *p;
    enum scree_status status = SCREE_OK;
    uint64_t bytes = 0;
    if (left >= NODE_BYTES) {
        status = scree__copc_peek(index->check, *at, NODE_BYTES, &p, err);
        if (status != SCREE_OK)
            return status;
        const struct scree_copc_key key = {scree__base_load_i32(p), scree__base_load_i32(p + 4),
                                           scree__base_load_i32(p + 8),
                                           scree__base_load_i32(p + 12)};
        const uint32_t samples = scree__base_load32(p + 16);
        bytes = samples == 0 ? POINTER_BYTES : NODE_BYTES + 8 * (uint64_t)samples;
        if (bytes <= left && samples > 0) {
            index->nodes++;
            check_count(index, key, samples);
            status = check_samples(index, key, *at + NODE_BYTES, samples, err);
        } else if (bytes <= left) {
            status = scree__copc_peek(index->check, *at, POINTER_BYTES, &p, err);
            if (status == SCREE_OK)
                status =
                    queue_page(index, scree__base_load64(p + 20), scree__base_load32(p + 28), err);
        }
    }
    if (bytes == 0 || bytes > left) {
        scree__copc_say(index->check, SCREE__T6,
                        "temporal index: the entry at byte %" PRIu64
                        " goes beyond its page, which ends at byte %" PRIu64,
                        *at, end);
        bytes = left;
    }
    *at += bytes;
    return status;
}

static enum scree_status walk_pages(struct index *index, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (; status == SCREE_OK && index->pages < index->queued; index->pages++) {
        uint64_t at = index->queue[index->pages].offset;
        const uint64_t end = at + (uint64_t)index->queue[index->pages].byte_count;
        while (status == SCREE_OK && at < end)
            status = walk_entry(index, &at, end, err);
    }
    if (status != SCREE_OK)
        return status;
    if (index->nodes != index->node_count || index->nodes != index->check->node_count)
        scree__copc_say(index->check, SCREE__T10,
                        "temporal index: its pages have %" PRIu64 " nodes, its header says %" PRIu32
                        ", the hierarchy has %" PRIu64 " with points",
                        index->nodes, index->node_count, index->check->node_count);
    if (index->pages != index->page_count)
        scree__copc_say(index->check, SCREE__T3,
                        "temporal index: it has %" PRIu64 " pages, its header says %" PRIu32,
                        index->pages, index->page_count);
    return SCREE_OK;
}

static enum scree_status read_header(struct index *index, bool *sound, struct scree_error *err)
{
    const struct scree__copc_record *record = index->record;
    *sound = false;
    if (record->payload_bytes < HEADER_BYTES) {
        scree__copc_say(index->check, SCREE__T3,
                        "temporal index at byte %" PRIu64 ": %" PRIu64 " bytes hold no header",
                        record->payload_offset, record->payload_bytes);
        return SCREE_OK;
    }
    const uint8_t *p;
    enum scree_status status =
        scree__copc_peek(index->check, record->payload_offset, HEADER_BYTES, &p, err);
    if (status != SCREE_OK)
        return status;
    const uint32_t version = scree__base_load32(p), reserved = scree__base_load32(p + 28);
    index->stride = scree__base_load32(p + 4);
    index->node_count = scree__base_load32(p + 8);
    index->page_count = scree__base_load32(p + 12);
    const uint64_t root = scree__base_load64(p + 16);
    const uint32_t root_bytes = scree__base_load32(p + 24);
    if (version != 1 || index->stride == 0 || reserved != 0) {
        scree__copc_say(index->check, SCREE__T3,
                        "temporal index at byte %" PRIu64 ": version %" PRIu32 ", stride %" PRIu32
                        ", reserved %" PRIu32,
                        record->payload_offset, version, index->stride, reserved);
        return SCREE_OK;
    }
    *sound = true;
    return queue_page(index, root, root_bytes, err);
}

enum scree_status scree__copc_check_temporal(struct scree__copc_check *check,
                                             struct scree_error *err)
{
    uint64_t from = 0;
    const struct scree__copc_record *record =
        scree__copc_next_record(check, "copc_temporal", 1000, &from);
    if (record == NULL || !check->has_info)
        return SCREE_OK;
    struct index index = {.check = check, .record = record};
    bool sound;
    enum scree_status status = read_header(&index, &sound, err);
    if (status == SCREE_OK && sound)
        status = walk_pages(&index, err);
    scree__mem_free(check->budget, index.queue, index.capacity * sizeof *index.queue);
    return status;
}
