/* validate_laz.c - the LASzip VLR and the chunk table. */
#include "base/bytes.h"
#include "copc/validate.h"

#include <inttypes.h>
#include <stdio.h>

#define TABLE_FIXED_BYTES 8u

/* ---------------------------------------------------------------------------------------- items */

/* "POINT14" and so on are words for programmers; a message gives type and size. */
static void name_items(const struct scree_laz_layout *layout, char *text, size_t capacity)
{
    size_t at = 0;
    text[0] = 0;
    for (unsigned i = 0; i < layout->item_count && at + 16 < capacity; i++)
        at += (size_t)snprintf(text + at, capacity - at, "%s%u:%u", i == 0 ? "" : " ",
                               layout->items[i].type, layout->items[i].bytes);
}

/* Same items; extra bytes may come as several items. */
static bool same_items(const struct scree_laz_layout *have, const struct scree_laz_layout *want)
{
    unsigned i = 0;
    for (unsigned j = 0; j < want->item_count; j++) {
        const struct scree_laz_item *item = &want->items[j];
        if (i >= have->item_count || have->items[i].type != item->type)
            return false;
        uint32_t bytes = have->items[i++].bytes;
        while (bytes < item->bytes && i < have->item_count && have->items[i].type == item->type)
            bytes += have->items[i++].bytes;
        if (bytes != item->bytes)
            return false;
    }
    return i == have->item_count;
}

static void check_items(struct scree__copc_check *check)
{
    const struct scree_las_header *h = &check->header;
    const struct scree_laz_layout *layout = &check->layout;
    struct scree_laz_layout want;
    if (scree_laz_layout_init(&want, h->point_format, check->extra_bytes, SCREE_LAZ_VARIABLE_CHUNKS,
                              NULL) != SCREE_OK)
        return; /* the format's own finding has been made */
    if (!same_items(layout, &want)) {
        char have[160], wanted[160];
        name_items(layout, have, sizeof have);
        name_items(&want, wanted, sizeof wanted);
        scree__copc_say(check, SCREE__LAZ_ITEMS,
                        "LASzip items (type:bytes) are %s; point format %u of %u bytes has %s",
                        have, h->point_format, h->record_bytes, wanted);
    }
    const bool layered = layout->compressor == SCREE_LAZ_LAYERED;
    if (layered != (h->point_format >= 6) && layout->compressor != SCREE_LAZ_NONE)
        scree__copc_say(check, SCREE__LAZ_ITEMS, "LASzip compressor %u with point format %u",
                        layout->compressor, h->point_format);
}

static enum scree_status check_layout(struct scree__copc_check *check, struct scree_error *err)
{
    uint64_t from = 0;
    const struct scree__copc_record *record =
        scree__copc_next_record(check, "laszip encoded", 22204, &from);
    if (record == NULL) {
        if (check->format_bit)
            scree__copc_say(check, SCREE__LAZ_VLR,
                            "the format byte at 104 says compressed, but there is no LASzip VLR");
        return SCREE_OK;
    }
    if (!check->format_bit)
        scree__copc_say(check, SCREE__LAZ_BIT,
                        "there is a LASzip VLR, but bit 7 of the format byte at 104 is not set");
    if (record->extended)
        scree__copc_say(check, SCREE__LAZ_VLR, "the LASzip record at byte %" PRIu64 " is an EVLR",
                        record->offset);
    const struct scree__copc_record *second =
        scree__copc_next_record(check, "laszip encoded", 22204, &from);
    if (second != NULL)
        scree__copc_say(check, SCREE__LAZ_VLR, "there is a second LASzip VLR, at byte %" PRIu64,
                        second->offset);
    if (record->payload_bytes > SCREE__COPC_WINDOW_BYTES)
        return SCREE_OK; /* an EVLR, which has been said */
    const uint8_t *payload;
    const size_t bytes = (size_t)record->payload_bytes;
    enum scree_status status =
        scree__copc_peek(check, record->payload_offset, bytes, &payload, err);
    if (status != SCREE_OK)
        return status;
    struct scree_error why = SCREE_ERROR_INIT;
    status =
        scree_laz_layout_parse(payload, bytes, check->header.record_bytes, &check->layout, &why);
    if (status != SCREE_OK) {
        scree__copc_say(check, SCREE__LAZ_VLR, "LASzip VLR at byte %" PRIu64 ": %s",
                        record->payload_offset, why.message);
        return SCREE_OK;
    }
    check->has_layout = true;
    check_items(check);
    return SCREE_OK;
}

/* ---------------------------------------------------------------------------------- chunk table */

/* Where the table is; 0 after a finding. */
static enum scree_status find_table(struct scree__copc_check *check, uint64_t *table,
                                    struct scree_error *err)
{
    const uint64_t points = check->header.point_offset;
    *table = 0;
    if (points > check->file_bytes || check->file_bytes - points < 8) {
        scree__copc_say(check, SCREE__LAZ_TABLE,
                        "the file ends before the pointer to the chunk table at byte %" PRIu64,
                        points);
        return SCREE_OK;
    }
    const uint8_t *p;
    enum scree_status status = scree__copc_peek(check, points, 8, &p, err);
    if (status != SCREE_OK)
        return status;
    uint64_t at = scree__base_load64(p);
    if (at == UINT64_MAX) { /* written to a stream: the pointer is the file's last 8 bytes */
        status = scree__copc_peek(check, check->file_bytes - 8, 8, &p, err);
        if (status != SCREE_OK)
            return status;
        at = scree__base_load64(p);
    }
    if (at == points)
        scree__copc_say(check, SCREE__LAZ_TABLE,
                        "there is no chunk table (the pointer at byte %" PRIu64
                        " was never filled in)",
                        points);
    else if (at < points + 8 || at > check->file_bytes - 8)
        scree__copc_say(check, SCREE__LAZ_TABLE,
                        "the chunk table is to be at byte %" PRIu64 " (pointer at byte %" PRIu64
                        "); the points begin at %" PRIu64 ", the file ends at %" PRIu64,
                        at, points, points + 8, check->file_bytes);
    else
        *table = at;
    return SCREE_OK;
}

/* Reads the entries; has_chunks stays false after a finding. */
static enum scree_status read_table(struct scree__copc_check *check, uint64_t table,
                                    struct scree_error *err)
{
    const uint8_t *p;
    enum scree_status status = scree__copc_peek(check, table, TABLE_FIXED_BYTES, &p, err);
    if (status != SCREE_OK)
        return status;
    const uint32_t version = scree__base_load32(p);
    if (version != 0) {
        scree__copc_say(check, SCREE__LAZ_TABLE_VERSION,
                        "chunk table at byte %" PRIu64 " has version %" PRIu32 "; only 0 exists",
                        table, version);
        return SCREE_OK;
    }
    /* A chunk has at least the one record that begins it. */
    const uint64_t rest = check->file_bytes - table;
    const uint64_t most = (table - check->header.point_offset - 8) / check->header.record_bytes + 1;
    struct scree_error why = SCREE_ERROR_INIT;
    uint32_t count = 0;
    status = scree_laz_chunk_table_count(p, (size_t)rest, most, &count, &why);
    uint64_t bytes = scree_laz_chunk_table_bound(count);
    bytes = bytes < rest ? bytes : rest;
    void *memory = NULL, *chunks = NULL;
    if (status == SCREE_OK) {
        status = scree__mem_alloc(check->budget, bytes, &memory, "chunk table", &why);
        if (status == SCREE_OK)
            status = scree__mem_alloc(check->budget, count * sizeof *check->chunks, &chunks,
                                      "chunk table", &why);
        check->chunks = chunks;
        check->chunk_count = chunks == NULL ? 0 : count;
        if (status == SCREE_OK)
            status = scree_source_read(check->source, table, memory, (size_t)bytes, &why);
        if (status == SCREE_OK)
            status = scree_laz_chunk_table_read(
                memory, (size_t)bytes, check->layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS,
                check->chunks, count, NULL, &why);
        scree__mem_free(check->budget, memory, bytes);
    }
    if (scree__copc_is_finding(status)) {
        scree__copc_say(check, SCREE__LAZ_TABLE, "chunk table at byte %" PRIu64 ": %s", table,
                        why.message);
        return SCREE_OK;
    }
    if (status != SCREE_OK && err != NULL)
        *err = why;
    check->has_chunks = status == SCREE_OK;
    return status;
}

/* The table's own arithmetic. */
static void check_chunks(struct scree__copc_check *check, uint64_t table)
{
    const struct scree_las_header *h = &check->header;
    const enum scree__copc_rule rule = check->claims_copc ? SCREE__R9 : SCREE__LAZ_CHUNKS;
    const bool variable = check->layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    uint64_t end = (uint64_t)h->point_offset + 8, points = 0;
    for (uint32_t i = 0; i < check->chunk_count; i++) {
        const struct scree_laz_chunk *chunk = &check->chunks[i];
        const bool empty_file = check->chunk_count == 1 && h->point_count == 0;
        if ((chunk->bytes == 0 || (variable && chunk->point_count == 0)) && !empty_file)
            scree__copc_say(check, rule,
                            "chunk table at byte %" PRIu64 ": chunk %" PRIu32 " has %" PRIu64
                            " bytes and %" PRIu64 " points",
                            table, i, chunk->bytes, chunk->point_count);
        end += chunk->bytes;
        points += chunk->point_count;
    }
    if (end != table)
        scree__copc_say(check, rule,
                        "the chunks of the table end at byte %" PRIu64
                        ", the table begins at %" PRIu64,
                        end, table);
    if (variable) {
        if (points != h->point_count)
            scree__copc_say(check, SCREE__LAZ_POINT_COUNT,
                            "the chunk table has %" PRIu64 " points, the header %" PRIu64, points,
                            h->point_count);
        return;
    }
    const uint64_t size = check->layout.chunk_points;
    const uint64_t wanted = h->point_count / size + (h->point_count % size != 0);
    if (wanted != check->chunk_count && !(h->point_count == 0 && check->chunk_count == 1))
        scree__copc_say(check, SCREE__LAZ_POINT_COUNT,
                        "the chunk table has %" PRIu32 " chunks; %" PRIu64 " points in chunks of "
                        "%" PRIu64 " make %" PRIu64,
                        check->chunk_count, h->point_count, size, wanted);
}

enum scree_status scree__copc_check_laz(struct scree__copc_check *check, struct scree_error *err)
{
    enum scree_status status = check_layout(check, err);
    if (status != SCREE_OK || !check->has_layout || check->header.record_bytes == 0 ||
        check->layout.compressor == SCREE_LAZ_NONE ||
        check->layout.compressor == SCREE_LAZ_POINTWISE)
        return status;
    check->report->is_laz = true;
    if (check->layout.chunk_points == 0) /* the reference reader takes it as variable */
        check->layout.chunk_points = SCREE_LAZ_VARIABLE_CHUNKS;
    uint64_t table;
    status = find_table(check, &table, err);
    if (status == SCREE_OK && table != 0)
        status = read_table(check, table, err);
    if (status == SCREE_OK && check->has_chunks)
        check_chunks(check, table);
    return status;
}
