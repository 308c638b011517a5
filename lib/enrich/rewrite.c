/* rewrite.c - a file once more with other extra bytes: what is asked for, and the whole. */
#include "enrich/rewrite.h"
#include "base/error.h"
#include "scree/copc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *name_of(const struct scree__enrich_writing *writing)
{
    return scree_source_name(writing->source);
}

/* A dimension of that name that is not ours? */
static enum scree_status check_names(const struct scree__enrich_writing *writing,
                                     struct scree_error *err)
{
    const struct scree__enrich_own *own = &writing->own;
    for (uint64_t i = 0; i < writing->descriptors.count; i++) {
        const struct scree__enrich_descriptor *one = &writing->descriptors.all[i];
        if (own->has_fields && one->vlr == own->extra_vlr && one->index >= own->first &&
            one->index < own->first + own->count)
            continue;
        for (uint32_t f = 0; f < writing->change->field_count; f++)
            if (strcmp(one->name, writing->change->fields[f].name) == 0)
                return scree__base_fail(err, SCREE_E_MISMATCH,
                                        "%s: has a dimension '%s' already, which is not of an "
                                        "earlier enrichment: leave that feature out (--features), "
                                        "or take other names (--names ign)",
                                        name_of(writing), one->name);
    }
    return SCREE_OK;
}

/* Where in a record and among the descriptors the new fields go. */
static enum scree_status place_fields(struct scree__enrich_writing *writing,
                                      struct scree_error *err)
{
    const struct scree__enrich_own *own = &writing->own;
    const struct scree__enrich_descriptors *all = &writing->descriptors;
    const uint32_t base = scree_las_format_bytes(writing->header->point_format);
    writing->in_bytes = writing->header->record_bytes;
    for (uint32_t f = 0; f < writing->change->field_count; f++)
        writing->field_bytes += writing->change->fields[f].bytes;
    if (own->has_fields) {
        writing->keep_at = base + own->at;
        writing->drop_bytes = own->bytes;
        writing->extra_vlr = own->extra_vlr;
        writing->extra_first = own->first;
        writing->extra_drop = own->count;
    } else {
        writing->keep_at = writing->in_bytes;
        writing->extra_vlr = all->last_vlr;
        writing->extra_first = all->last_vlr_count;
        if (all->overrun && writing->change->field_count > 0)
            return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                    "%s: its extra-bytes descriptors do not fit its records of %u "
                                    "bytes: dimensions behind them could not be found",
                                    name_of(writing), writing->in_bytes);
    }
    const uint64_t out = (uint64_t)writing->in_bytes - writing->drop_bytes + writing->field_bytes;
    if (out > UINT16_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: a record would have %" PRIu64 " bytes, LAS counts to 65535",
                                name_of(writing), out);
    writing->out_bytes = (uint32_t)out;
    return SCREE_OK;
}

/* Undocumented bytes before the new fields, which would be taken for them without descriptors. */
static uint32_t undocumented(const struct scree__enrich_writing *writing)
{
    const struct scree__enrich_own *own = &writing->own;
    if (!own->has_fields)
        return writing->descriptors.undocumented;
    /* Descriptors of ours that are of undocumented bytes have their fields before ours. */
    uint32_t bytes = 0;
    for (uint64_t i = 0; i < writing->descriptors.count; i++) {
        const struct scree__enrich_descriptor *one = &writing->descriptors.all[i];
        if (one->vlr == own->extra_vlr && one->index >= own->first &&
            one->index < own->first + own->count && one->offset < own->at)
            bytes += one->bytes;
    }
    return bytes;
}

static enum scree_status make_descriptors(struct scree__enrich_writing *writing,
                                          struct scree_error *err)
{
    const struct scree__enrich_change *change = writing->change;
    uint32_t left = undocumented(writing);
    void *memory;
    if (change->field_count == 0)
        return SCREE_OK;
    writing->new_descriptor_count = change->field_count + (left + 254) / 255;
    enum scree_status status = scree__mem_alloc(
        NULL, (uint64_t)writing->new_descriptor_count * SCREE__ENRICH_DESCRIPTOR_BYTES, &memory,
        "extra bytes descriptors", err);
    if (status != SCREE_OK)
        return status;
    uint8_t *to = writing->new_descriptors = memory;
    for (; left > 0; to += SCREE__ENRICH_DESCRIPTOR_BYTES) {
        const uint32_t now = left < 255 ? left : 255;
        scree__enrich_undocumented_describe(now, to);
        left -= now;
    }
    for (uint32_t i = 0; i < change->field_count; i++, to += SCREE__ENRICH_DESCRIPTOR_BYTES)
        scree__enrich_field_describe(&change->fields[i], to);
    return SCREE_OK;
}

/* The parameter record says what strip has to know of the file, too. */
static enum scree_status make_parameters(struct scree__enrich_writing *writing,
                                         struct scree_error *err)
{
    static const char form[] = "%.*s,\"undocumented_bytes\":%u,\"extra_bytes_record_added\":%s%s}";
    const char *given = writing->change->parameters;
    char small[1], version[256];
    if (writing->change->field_count == 0)
        return SCREE_OK;
    const int length = (int)strlen(given) - 1; /* without its closing brace */
    const char *added =
        writing->extra_vlr == UINT64_MAX || (writing->own.has_fields && writing->own.added_record)
            ? "true"
            : "false";
    const uint32_t bytes = undocumented(writing);
    scree__enrich_version_tell(writing, version, sizeof version);
    const int need = snprintf(small, sizeof small, form, length, given, bytes, added, version);
    if (length < 1 || need < 0 || need > UINT16_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: the record of parameters takes %d bytes, a VLR holds 65535",
                                name_of(writing), need);
    void *memory;
    enum scree_status status =
        scree__mem_alloc(NULL, (uint64_t)need + 1, &memory, "record of parameters", err);
    if (status != SCREE_OK)
        return status;
    writing->parameters = memory;
    writing->parameters_bytes = (uint32_t)need;
    snprintf(writing->parameters, (size_t)need + 1, form, length, given, bytes, added, version);
    return SCREE_OK;
}

/* How the items of a record are coded: as the input's where it can be encoded, else as scree does. */
static enum scree_status choose_layout(struct scree__enrich_writing *writing,
                                       struct scree_error *err)
{
    const struct scree_laz_layout *old = scree_las_layout(writing->reader);
    const uint32_t base = scree_las_format_bytes(writing->header->point_format);
    const uint32_t extra = writing->out_bytes - base;
    struct scree_laz_layout *layout = &writing->layout;
    const bool layered = old->compressor == SCREE_LAZ_LAYERED;
    const uint16_t type = layered ? SCREE_LAZ_BYTE14 : SCREE_LAZ_BYTE;
    writing->compressed = writing->change->kind == SCREE__ENRICH_SAME
                              ? writing->header->compressed
                              : writing->change->kind == SCREE__ENRICH_LAZ;
    if (!writing->compressed)
        return SCREE_OK;
    enum scree_status status = scree_laz_layout_init(layout, writing->header->point_format, extra,
                                                     SCREE__ENRICH_CHUNK_POINTS, err);
    if (status != SCREE_OK || (old->compressor != SCREE_LAZ_CHUNKED && !layered))
        return status;
    /* The same versions of the same items? Then what else the record says can stay, too. */
    struct scree_laz_layout own = *old;
    uint16_t items = own.item_count;
    if (items > 0 && own.items[items - 1].type == type)
        items--;
    if (extra > 0)
        own.items[items] = (struct scree_laz_item){type, (uint16_t)extra, layered ? 3 : 2};
    own.item_count = (uint16_t)(items + (extra > 0));
    own.record_bytes = writing->out_bytes;
    bool same = own.compressor == layout->compressor && own.item_count == layout->item_count;
    for (uint16_t i = 0; same && i < own.item_count; i++)
        same = memcmp(&own.items[i], &layout->items[i], sizeof own.items[i]) == 0;
    const uint32_t chunk_points = old->chunk_points;
    if (same)
        *layout = own;
    layout->chunk_points =
        scree__enrich_chunks_stay(writing) ? chunk_points : SCREE__ENRICH_CHUNK_POINTS;
    return SCREE_OK;
}

static enum scree_status begin(struct scree__enrich_writing *writing, struct scree_error *err)
{
    writing->budget = scree__par_budget(writing->context);
    writing->header = scree_las_header(writing->reader);
    writing->source = scree_las_source(writing->reader);
    writing->is_copc =
        scree_copc_is(writing->reader) && writing->change->kind == SCREE__ENRICH_SAME;
    enum scree_status status =
        scree__enrich_descriptors_read(writing->reader, &writing->descriptors, err);
    if (status == SCREE_OK)
        status = scree__enrich_own_find(writing->reader, &writing->descriptors, &writing->own, err);
    if (status == SCREE_OK)
        status = scree__enrich_version_choose(writing, err);
    if (status == SCREE_OK)
        status = check_names(writing, err);
    if (status == SCREE_OK)
        status = place_fields(writing, err);
    if (status == SCREE_OK)
        status = make_descriptors(writing, err);
    if (status == SCREE_OK)
        status = make_parameters(writing, err);
    if (status == SCREE_OK)
        status = choose_layout(writing, err);
    return status;
}

static void release(struct scree__enrich_writing *writing)
{
    for (uint32_t i = 0; i < writing->patch_count; i++)
        scree__mem_free(writing->budget, writing->patches[i].owned, writing->patches[i].new_bytes);
    scree__enrich_descriptors_release(&writing->descriptors);
    scree__mem_free(NULL, writing->new_descriptors,
                    (uint64_t)writing->new_descriptor_count * SCREE__ENRICH_DESCRIPTOR_BYTES);
    scree__mem_free(NULL, writing->parameters, (uint64_t)writing->parameters_bytes + 1);
    scree__mem_free(writing->budget, writing->head, writing->head_capacity);
    scree__mem_free(NULL, writing->chunks, writing->chunk_capacity * sizeof *writing->chunks);
    scree__mem_free(NULL, writing->chunk_offsets,
                    writing->offset_capacity * sizeof *writing->chunk_offsets);
}

enum scree_status
scree__enrich_rewrite(struct scree_context *context, const struct scree_las_reader *reader,
                      const struct scree__enrich_change *change, struct scree_sink *sink,
                      struct scree__enrich_rewritten *rewritten, struct scree_error *err)
{
    struct scree__enrich_writing writing;
    memset(&writing, 0, sizeof writing);
    writing.context = context;
    writing.reader = reader;
    writing.change = change;
    writing.sink = sink;
    enum scree_status status = begin(&writing, err);
    if (status == SCREE_OK)
        status = scree__enrich_head_make(&writing, err);
    if (status == SCREE_OK)
        status = scree__enrich_tail_find(&writing, err);
    if (status == SCREE_OK)
        status = scree_sink_write(sink, writing.head, (size_t)writing.head_bytes, err);
    if (status == SCREE_OK)
        status = scree__enrich_points_write(&writing, err);
    if (status == SCREE_OK)
        status = scree__enrich_tail_write(&writing, err);
    if (status == SCREE_OK && writing.points_written != writing.header->point_count)
        status = scree__base_fail(
            err, SCREE_E_DATA, "%s: %" PRIu64 " points were written, it has %" PRIu64,
            name_of(&writing), writing.points_written, writing.header->point_count);
    if (status == SCREE_OK && rewritten != NULL)
        *rewritten = (struct scree__enrich_rewritten){
            writing.points_written, scree_sink_position(sink), writing.out_bytes, writing.keep_at};
    release(&writing);
    return status;
}
