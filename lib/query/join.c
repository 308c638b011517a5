/*
 * join.c - what comes out. Inputs whose records are of one kind (format, length, extra bytes, grid) keep it to the byte. Otherwise
 * records become format 6, 7 or 8 by the rules of a conversion (las/map.h, las/schema.h), on a grid that holds all of them.
 */
#include "query/job.h"
#include "base/bytes.h"
#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------- adding */

static bool has_gps(unsigned format)
{
    return format != 0 && format != 2;
}

static bool has_waveforms(unsigned format)
{
    return format == 4 || format == 5 || format == 9 || format == 10;
}

static unsigned joint_format(unsigned joint, unsigned format)
{
    unsigned out = 6;
    if (format == 8 || format == 10)
        out = 8;
    else if (format == 2 || format == 3 || format == 5 || format == 7)
        out = 7;
    return out > joint ? out : joint;
}

static void log_crs_note(const struct scree_query *query, const char *path)
{
    if (query->crs_note[0] != '\0')
        scree__par_log(query->context, SCREE_LOG_WARNING, "%s: %s", path, query->crs_note);
}

static enum scree_status read_crs(struct scree_query *query, const char *path,
                                  const struct scree_las_reader *reader, struct scree_error *err)
{
    struct scree_las_crs crs;
    enum scree_status status = scree__las_crs_glance(reader, &crs, err);
    if (status != SCREE_OK)
        return status;
    memcpy(query->crs_note, crs.note, sizeof query->crs_note);
    log_crs_note(query, path);
    if (query->plan.inputs_met == 0) {
        query->crs = crs;
        return SCREE_OK;
    }
    if (!scree_las_crs_equal(&crs, &query->crs))
        status = scree__base_fail(err, SCREE_E_MISMATCH,
                                  "%s is in '%s' and %s in '%s': they cannot be asked together",
                                  query->sources[query->first_met].path,
                                  query->crs.wkt != NULL ? query->crs.name : "no known CRS", path,
                                  crs.wkt != NULL ? crs.name : "no known CRS");
    scree_las_crs_release(&crs);
    return status;
}

/* Tiles of a survey mostly say the same, byte for byte; PROJ takes milliseconds to read it. */
static enum scree_status join_crs(struct scree_query *query, const char *path,
                                  const struct scree_las_reader *reader, struct scree_error *err)
{
    struct scree__las_crs_said said;
    enum scree_status status = scree__las_crs_said(reader, &said, err);
    if (status != SCREE_OK)
        return status;
    if (query->plan.inputs_met > 0 && scree__las_crs_said_same(&said, &query->crs_said)) {
        log_crs_note(query, path);
        scree__las_crs_said_release(&said);
        return SCREE_OK;
    }
    scree__las_crs_said_release(&query->crs_said);
    query->crs_said = said;
    return read_crs(query, path, reader, err);
}

static enum scree_status check_gps_type(const struct scree_query *query, uint64_t index,
                                        struct scree_error *err)
{
    const struct scree__query_source *source = &query->sources[index];
    for (uint64_t i = query->first_met; i < index && has_gps(source->header.point_format); i++) {
        const struct scree__query_source *other = &query->sources[i];
        if (!other->met || !has_gps(other->header.point_format))
            continue;
        if (((other->header.global_encoding ^ source->header.global_encoding) &
             SCREE_LAS_GPS_STANDARD_TIME) != 0)
            return scree__base_fail(err, SCREE_E_MISMATCH,
                                    "%s and %s have different kinds of GPS time (week seconds and "
                                    "adjusted standard time): they cannot be asked together",
                                    other->path, source->path);
        break; /* all others agree with that one */
    }
    return SCREE_OK;
}

static bool same_kind(const struct scree_las_header *a, const struct scree_las_header *b)
{
    return a->point_format == b->point_format && a->record_bytes == b->record_bytes &&
           memcmp(a->scale, b->scale, sizeof a->scale) == 0 &&
           memcmp(a->offset, b->offset, sizeof a->offset) == 0;
}

enum scree_status scree__query_join_add(struct scree_query *query, uint64_t index,
                                        const struct scree_las_reader *reader,
                                        struct scree_error *err)
{
    struct scree__query_source *source = &query->sources[index];
    bool first = query->plan.inputs_met == 0;
    enum scree_status status = join_crs(query, source->path, reader, err);
    if (status != SCREE_OK)
        return status;
    if (first)
        query->first_met = index;
    query->plan.inputs_met++;
    status = check_gps_type(query, index, err);
    uint64_t fields = query->schema.count;
    if (status == SCREE_OK)
        status = scree__las_schema_join(&query->schema, reader, err);
    if (status != SCREE_OK)
        return status;
    query->identical =
        first || (query->identical && query->schema.count == fields &&
                  scree__las_schema_same(&query->schema, reader) &&
                  same_kind(&source->header, &query->sources[query->first_met].header));
    return scree__copc_forward_add(&query->forward, query->budget, reader, err);
}

/* ------------------------------------------------------------------------------------------ grid */

/* The middle, rounded to a multiple of the scale, or to whole units from the smallest offset where offsets are none. */
static double middle_offset(double middle, double base, double scale)
{
    double units = base / scale;
    if (fabs(units - floor(units + 0.5)) < 1e-3)
        base = 0;
    return base + floor((middle - base) / scale) * scale;
}

static enum scree_status choose_axis(struct scree_query *query, int axis, struct scree_error *err)
{
    struct scree_las_header *out = &query->header;
    double low = INFINITY, high = -INFINITY, scale = INFINITY, base = INFINITY;
    bool shared = true;
    for (uint64_t i = 0; i < query->source_count; i++) {
        const struct scree_las_header *in = &query->sources[i].header;
        if (!query->sources[i].met)
            continue;
        shared =
            shared && in->scale[axis] == out->scale[axis] && in->offset[axis] == out->offset[axis];
        scale = fmin(scale, in->scale[axis]);
        base = fmin(base, in->offset[axis]);
        low = fmin(low, in->min[axis]);
        high = fmax(high, in->max[axis]);
    }
    if (shared)
        return SCREE_OK;
    out->scale[axis] = scale;
    if (!isfinite(low) || !isfinite(high) || !((high - low) / scale < 4.2e9))
        return scree__base_fail(err, SCREE_E_MISMATCH,
                                "the inputs reach from %.10g to %.10g in %c: at a scale of %.10g "
                                "that does not fit the 32 bits of a coordinate",
                                low, high, "xyz"[axis], scale);
    out->offset[axis] = middle_offset(low + (high - low) / 2, base, scale);
    return SCREE_OK;
}

/* -------------------------------------------------------------------------------------- the header */

static void join_header(struct scree_query *query)
{
    struct scree_las_header *out = &query->header;
    for (uint64_t i = 0; i < query->source_count; i++) {
        const struct scree_las_header *in = &query->sources[i].header;
        if (!query->sources[i].met)
            continue;
        if (in->file_source_id != out->file_source_id)
            out->file_source_id = 0;
        if (memcmp(in->guid, out->guid, sizeof out->guid) != 0)
            memset(out->guid, 0, sizeof out->guid);
        if (strcmp(in->system_id, out->system_id) != 0)
            snprintf(out->system_id, sizeof out->system_id, "MERGE");
        if (in->creation_year > out->creation_year ||
            (in->creation_year == out->creation_year && in->creation_day > out->creation_day)) {
            out->creation_year = in->creation_year;
            out->creation_day = in->creation_day;
        }
        out->global_encoding |= in->global_encoding & (has_gps(in->point_format) ? 1 : 0);
        if (in->version_minor > out->version_minor)
            out->version_minor = in->version_minor;
    }
}

static enum scree_status make_header(struct scree_query *query, struct scree_error *err)
{
    struct scree_las_header *out = &query->header;
    enum scree_status status = SCREE_OK;
    *out = query->sources[query->first_met].header;
    join_header(query);
    snprintf(out->generating_software, sizeof out->generating_software, "scree %s",
             scree_version());
    if (!query->identical) {
        unsigned format = 0;
        for (uint64_t i = 0; i < query->source_count; i++)
            if (query->sources[i].met)
                format = joint_format(format, query->sources[i].header.point_format);
        uint32_t bytes = scree_las_format_bytes(format) + query->schema.bytes;
        if (bytes > UINT16_MAX)
            return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                    "records of %u bytes: LAS allows 65535", bytes);
        out->point_format = (uint8_t)format;
        out->record_bytes = (uint16_t)bytes;
        out->version_minor = 4;
        out->global_encoding =
            (uint16_t)((out->global_encoding & SCREE_LAS_GPS_STANDARD_TIME) | SCREE_LAS_WKT);
        for (int axis = 0; axis < 3 && status == SCREE_OK; axis++)
            status = choose_axis(query, axis, err);
    }
    out->version_major = 1;
    if (out->version_minor < 2)
        out->version_minor = 2;
    if (out->version_minor > 4)
        out->version_minor = 4;
    if (out->version_minor < 4 && out->point_format > 5)
        out->version_minor = 4;
    if (out->version_minor < 3 && has_waveforms(out->point_format))
        out->version_minor = 3;
    return status;
}

/* ------------------------------------------------------------------------------------------ maps */

static enum scree_status make_map(struct scree_query *query, uint64_t index,
                                  struct scree_error *err)
{
    struct scree__query_source *source = &query->sources[index];
    const struct scree_las_header *in = &source->header, *out = &query->header;
    struct scree__las_map *map = &source->map;
    struct scree_las_reader *reader;
    void *memory;
    source->mapped = true;
    map->in_format = in->point_format;
    map->out_format = out->point_format;
    map->in_bytes = in->record_bytes;
    map->out_bytes = out->record_bytes;
    map->extra_defaults = query->extra_defaults;
    for (int a = 0; a < 3; a++) {
        map->in_scale[a] = in->scale[a];
        map->in_offset[a] = in->offset[a];
        map->out_scale[a] = out->scale[a];
        map->out_offset[a] = out->offset[a];
        map->exact[a] = scree__las_map_grid_shift(in->scale[a], in->offset[a], out->scale[a],
                                                  out->offset[a], &map->shift[a]);
    }
    enum scree_status status = scree__query_source_reader(query, (uint32_t)index, &reader, err);
    if (status != SCREE_OK)
        return status;
    uint32_t count = scree_las_extra_byte_count(reader);
    if (count > 0)
        status = scree__mem_alloc(query->budget, count * sizeof *source->copies, &memory,
                                  "extra bytes", err);
    if (count > 0 && status == SCREE_OK) {
        source->copies = memory;
        source->copy_capacity = count;
        map->copies = source->copies;
        map->copy_count = scree__las_schema_copies(&query->schema, reader, source->copies);
    }
    scree_las_close(reader);
    return status;
}

static enum scree_status make_maps(struct scree_query *query, struct scree_error *err)
{
    void *memory;
    enum scree_status status = SCREE_OK;
    uint64_t waveforms = 0;
    if (query->schema.bytes > 0) {
        status = scree__mem_alloc(NULL, query->schema.bytes, &memory, "extra bytes", err);
        if (status != SCREE_OK)
            return status;
        query->extra_defaults = memory;
        scree__las_schema_defaults(&query->schema, memory);
    }
    for (uint64_t i = 0; i < query->source_count && status == SCREE_OK; i++) {
        if (!query->sources[i].met)
            continue;
        waveforms += has_waveforms(query->sources[i].header.point_format);
        status = make_map(query, i, err);
    }
    if (waveforms > 0)
        scree__par_log(query->context, SCREE_LOG_WARNING,
                       "%llu of the inputs have waveform packets: records of several kinds are "
                       "joined without them",
                       (unsigned long long)waveforms);
    return status;
}

/* ------------------------------------------------------------------------------------------ dims */

static enum scree_status add_dim(struct scree_query *query, const struct scree__query_column *dim,
                                 struct scree_error *err)
{
    struct scree__query_columns *dims = &query->dims;
    void *memory = dims->columns;
    enum scree_status status = scree__mem_grow(NULL, &memory, &dims->capacity, dims->count + 1,
                                               sizeof *dims->columns, "dims", err);
    dims->columns = memory;
    if (status == SCREE_OK)
        dims->columns[dims->count++] = *dim;
    return status;
}

static enum scree_status add_named_dim(struct scree_query *query, const char *name, size_t column,
                                       struct scree_error *err)
{
    const struct scree__query_column *found = scree__query_columns_find(&query->columns, name);
    char names[600];
    if (found != NULL)
        return add_dim(query, found, err);
    scree__query_columns_list(&query->columns, names, sizeof names);
    return scree__base_fail(err, SCREE_E_MISMATCH, "dims: column %zu: %s '%s', but %s", column,
                            scree__query_columns_known(name) ? "points of this format have no"
                                                             : "there is no",
                            name, names);
}

static enum scree_status read_dims(struct scree_query *query, struct scree_error *err)
{
    const char *text = query->dims_text;
    for (const char *at = text;; at++) {
        char name[SCREE__QUERY_NAME_BYTES];
        size_t length = strcspn(at, ",");
        if (length == 0 || length >= sizeof name)
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "dims: column %zu: expected names such as x,y,z,class",
                                    (size_t)(at - text) + 1);
        memcpy(name, at, length);
        name[length] = '\0';
        enum scree_status status = add_named_dim(query, name, (size_t)(at - text) + 1, err);
        if (status != SCREE_OK)
            return status;
        at += length;
        if (*at == '\0')
            return SCREE_OK;
    }
}

/* Which bits of a record the dims keep. */
static enum scree_status make_kept_bits(struct scree_query *query, struct scree_error *err)
{
    void *memory;
    enum scree_status status =
        scree__mem_alloc(NULL, query->header.record_bytes, &memory, "dims", err);
    if (status != SCREE_OK)
        return status;
    memset(memory, 0, query->header.record_bytes);
    query->kept_bits = memory;
    for (uint64_t i = 0; i < query->dims.count; i++) {
        const struct scree__query_column *dim = &query->dims.columns[i];
        if (dim->kind == SCREE__QUERY_BITS)
            query->kept_bits[dim->at] |= (uint8_t)(dim->mask << dim->shift);
        else
            memset(query->kept_bits + dim->at, 255, dim->bytes);
    }
    return SCREE_OK;
}

static enum scree_status choose_dims(struct scree_query *query, struct scree_error *err)
{
    const struct scree_las_header *header = &query->header;
    enum scree_status status = scree__query_columns_make(
        &query->columns, header->point_format, header->scale, header->offset, query->schema.fields,
        (uint32_t)query->schema.count, err);
    if (status != SCREE_OK)
        return status;
    query->output_fields = SCREE_LAZ_FIELD_ALL;
    if (query->dims_text == NULL) {
        for (uint64_t i = 0; i < query->columns.count && status == SCREE_OK; i++)
            status = add_dim(query, &query->columns.columns[i], err);
        return status;
    }
    status = read_dims(query, err);
    query->output_fields = SCREE_LAZ_FIELD_XY;
    for (uint64_t i = 0; i < query->dims.count; i++)
        query->output_fields |= query->dims.columns[i].laz_field;
    return status == SCREE_OK ? make_kept_bits(query, err) : status;
}

/* ---------------------------------------------------------------------------------------- whole */

enum scree_status scree__query_join_finish(struct scree_query *query, struct scree_error *err)
{
    if (!query->identical)
        scree__las_schema_sort(&query->schema);
    scree__copc_forward_finish(&query->forward, query->budget);
    enum scree_status status = make_header(query, err);
    if (status == SCREE_OK && !query->identical)
        status = make_maps(query, err);
    if (status == SCREE_OK)
        status = choose_dims(query, err);
    query->plan.point_format = query->header.point_format;
    query->plan.record_bytes = query->header.record_bytes;
    memcpy(query->plan.scale, query->header.scale, sizeof query->plan.scale);
    memcpy(query->plan.offset, query->header.offset, sizeof query->plan.offset);
    query->plan.crs_name = query->crs.name;
    return status;
}

void scree__query_join_release(struct scree_query *query)
{
    scree__mem_free(NULL, query->kept_bits, query->header.record_bytes);
    scree__mem_free(NULL, query->extra_defaults, query->schema.bytes);
    scree__las_schema_release(&query->schema);
    scree_las_crs_release(&query->crs);
    scree__las_crs_said_release(&query->crs_said);
    scree__copc_forward_release(&query->forward, query->budget);
    scree__query_columns_release(&query->columns);
    scree__query_columns_release(&query->dims);
}
