/* las.c - an answer as LAS or LAZ: header and VLRs, records or chunks, EVLRs. */
#include "query/out.h"
#include "base/bytes.h"
#include "base/error.h"
#include "io/sink.h"
#include "las/writer.h"

#include <stdio.h>
#include <string.h>

/* Bits of the global encoding: where waveform packets are. */
#define WAVEFORM_INTERNAL 0x0002u
#define WAVEFORM_EXTERNAL 0x0004u
#define WAVEFORM_OFFSET_AT 227u /* in the header of LAS 1.3 and later */

static void date_of_days(int64_t days, uint16_t *year, uint16_t *day_of_year)
{
    int64_t y = 1970;
    for (;; y++) {
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        int64_t length = leap ? 366 : 365;
        if (days < length || y >= 9999)
            break;
        days -= length;
    }
    *year = (uint16_t)y;
    *day_of_year = (uint16_t)(days < 366 ? days + 1 : 366);
}

static bool has_waveforms(unsigned format)
{
    return format == 4 || format == 5 || format == 9 || format == 10;
}

/* Packets inside the file go along in LAS 1.4, where they are an EVLR whose place only the header says; else records
 * point to what is elsewhere, and somebody has to know. */
static void judge_waveforms(struct scree__query_las *las)
{
    struct scree_context *context = las->query->context;
    const char *path = las->query->sources[las->query->first_met].path;
    if (!has_waveforms(las->header.point_format))
        return;
    bool internal = (las->header.global_encoding & WAVEFORM_INTERNAL) != 0;
    las->keeps_waveforms = internal && las->reader != NULL && las->header.version_minor == 4;
    if (las->keeps_waveforms)
        return;
    if (internal)
        scree__par_log(context, SCREE_LOG_WARNING,
                       "the waveform packets of %s stay there: the records point to packets that "
                       "the output has not",
                       path);
    else
        scree__par_log(context, SCREE_LOG_WARNING,
                       "the records point to waveform packets in a file beside %s (.wdp): a copy "
                       "of it has to stand beside the output, under the output's name",
                       path);
}

enum scree_status scree__query_las_begin(struct scree__query_las *las, struct scree_query *query,
                                         struct scree_sink *sink, bool compressed,
                                         int64_t creation_seconds, struct scree_error *err)
{
    memset(las, 0, sizeof *las);
    las->query = query;
    las->sink = sink;
    las->compressed = compressed;
    las->header = query->header;
    las->threads = scree_context_threads(query->context);
    scree_las_summary_init(&las->summary);
    if (creation_seconds >= 0)
        date_of_days(creation_seconds / 86400, &las->header.creation_year,
                     &las->header.creation_day);
    enum scree_status status = SCREE_OK;
    if (query->identical && query->plan.inputs_met == 1)
        status = scree__query_source_reader(query, (uint32_t)query->first_met, &las->reader, err);
    if (status != SCREE_OK)
        return status;
    judge_waveforms(las);
    status = scree__query_vlrs_choose(las, err);
    if (status == SCREE_OK && compressed) {
        status = scree_laz_layout_init(&las->layout, las->header.point_format,
                                       las->header.record_bytes -
                                           scree_las_format_bytes(las->header.point_format),
                                       SCREE__QUERY_CHUNK_POINTS, err);
        if (status == SCREE_OK)
            status = scree__query_ring_init(las, err);
    }
    if (status == SCREE_OK)
        status = scree_las_writer_new(sink, &las->header, las->vlrs, las->vlr_count,
                                      compressed ? &las->layout : NULL, &las->writer, err);
    if (status != SCREE_OK || compressed || query->kept_bits != NULL ||
        !scree__query_is_exact(query) || !scree__io_sink_can_place(sink))
        return status;
    las->placed = true;
    las->points_at = scree_sink_position(sink);
    return scree__io_sink_place_begin(
        sink, las->points_at + query->plan.points_at_most * las->header.record_bytes, err);
}

static enum scree_status sum_up(void *self, struct scree__query_slot *slot, const uint8_t *records,
                                uint64_t count, unsigned worker, struct scree_error *err)
{
    struct scree__query_las *las = self;
    (void)worker;
    (void)err;
    if (slot->formed == 0)
        scree_las_summary_init(&slot->summary);
    scree_las_summary_add(&slot->summary, las->header.point_format, records,
                          las->header.record_bytes, count);
    return SCREE_OK;
}

static enum scree_status place_records(void *self, struct scree__query_slot *slot,
                                       const uint8_t *records, uint64_t count, unsigned worker,
                                       struct scree_error *err)
{
    struct scree__query_las *las = self;
    uint64_t record_bytes = las->header.record_bytes;
    enum scree_status status = sum_up(self, slot, records, count, worker, err);
    if (status == SCREE_OK)
        status = scree__io_sink_place(las->sink,
                                      las->points_at + (slot->first + slot->formed) * record_bytes,
                                      records, (size_t)(count * record_bytes), err);
    return status;
}

static enum scree_status take_records(void *self, struct scree__query_slot *slot,
                                      struct scree_error *err)
{
    struct scree__query_las *las = self;
    scree_las_summary_merge(&las->summary, &slot->summary);
    if (las->placed)
        return SCREE_OK;
    return scree_las_writer_add_records(las->writer, slot->records, slot->count, err);
}

static enum scree_status take_for_chunks(void *self, struct scree__query_slot *slot,
                                         struct scree_error *err)
{
    return scree__query_ring_add(self, slot->records, slot->count, err);
}

void scree__query_las_consumer(struct scree__query_las *las, struct scree__query_consumer *consumer)
{
    memset(consumer, 0, sizeof *consumer);
    consumer->self = las;
    consumer->needs_records = consumer->keeps_records = true;
    consumer->clean = true;
    consumer->fields = las->query->output_fields;
    if (las->compressed) {
        consumer->take = take_for_chunks;
        consumer->help = scree__query_ring_help;
        consumer->fixed_bytes = scree__query_ring_bytes(las);
    } else {
        consumer->keeps_records = !las->placed;
        consumer->any_order = las->placed;
        consumer->form = las->placed ? place_records : sum_up;
        consumer->take = take_records;
    }
}

/* The EVLR of packets that went along: the header says where it begins. */
static enum scree_status add_evlrs(struct scree__query_las *las, uint64_t *waveforms_at,
                                   struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    *waveforms_at = 0;
    for (uint64_t i = 0; i < las->evlr_count && status == SCREE_OK; i++) {
        const struct scree_las_vlr *evlr = &las->evlrs[i];
        uint64_t payload_at = 0;
        if (las->header.version_minor < 4)
            break;
        status = scree_las_writer_add_evlr(
            las->writer, evlr, las->reader != NULL ? scree_las_source(las->reader) : NULL,
            &payload_at, err);
        if (evlr->record_id == 65535)
            *waveforms_at = payload_at - 60; /* its own header comes before the payload */
    }
    return status;
}

static enum scree_status end_placing(struct scree__query_las *las, struct scree_error *err)
{
    uint64_t count = las->summary.point_count;
    scree__io_sink_place_end(las->sink, las->points_at + count * las->header.record_bytes);
    scree__las_writer_count_records(las->writer, count);
    return scree__query_check_exact(las->query, count, err);
}

enum scree_status scree__query_las_finish(struct scree__query_las *las, struct scree_error *err)
{
    uint64_t waveforms_at = 0;
    enum scree_status status = SCREE_OK;
    if (las->compressed)
        status = scree__query_ring_finish(las, err);
    else if (las->placed)
        status = end_placing(las, err);
    if (status == SCREE_OK)
        status = add_evlrs(las, &waveforms_at, err);
    if (status == SCREE_OK)
        status = scree_las_writer_finish(las->writer, &las->summary, err);
    if (status == SCREE_OK && waveforms_at != 0) {
        uint8_t bytes[8];
        scree__base_store64(bytes, waveforms_at);
        status = scree_sink_patch(las->sink, WAVEFORM_OFFSET_AT, bytes, sizeof bytes, err);
    }
    return status;
}

void scree__query_las_release(struct scree__query_las *las)
{
    if (las->query == NULL)
        return;
    scree__query_ring_release(las);
    scree_las_writer_free(las->writer);
    scree__query_vlrs_release(las);
    scree_las_close(las->reader);
    memset(las, 0, sizeof *las);
}
