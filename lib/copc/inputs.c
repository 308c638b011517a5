/*
 * inputs.c - planning: what the inputs are, whether they go together, and what comes out. Inputs
 * are taken in order of path, whatever order they were given in, and files without points count for
 * nothing but a remark.
 */
#include "copc/job.h"
#include "copc/joint_crs.h"
#include "copc/temporal_index.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/network.h"
#include "copc/order.h"
#include "copc/salvage.h"
#include "copc/write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A warning names so many files, then counts. */
#define NAMED_FILES_MAX 4u

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool format_has_gps(unsigned format)
{
    return format != 0 && format != 2;
}

static bool format_has_waveforms(unsigned format)
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

/* ------------------------------------------------------------------------------------ one input */

static void log_remarks(struct scree_convert_job *job, const char *path,
                        const struct scree_las_reader *reader)
{
    uint64_t count = scree_las_remark_count(reader);
    for (uint64_t i = 0; i < count; i++)
        scree__par_log(job->context, SCREE_LOG_WARNING, "%s: %s", path,
                       scree_las_remark(reader, i));
}

static void measure_units(struct scree_convert_job *job, struct scree__copc_input *input,
                          const struct scree_las_reader *reader)
{
    input->unit_count = scree_las_unit_count(reader);
    if (!input->header.compressed)
        return;
    for (uint64_t i = 0; i < input->unit_count; i++) {
        struct scree_las_unit unit;
        scree_las_unit(reader, i, &unit);
        if (unit.bytes > job->largest_unit_bytes)
            job->largest_unit_bytes = unit.bytes;
    }
    size_t decoder = scree_laz_decoder_bytes(scree_las_layout(reader));
    if (decoder > job->largest_decoder_bytes)
        job->largest_decoder_bytes = decoder;
}

static enum scree_status check_gps_type(struct scree_convert_job *job,
                                        const struct scree__copc_input *input,
                                        struct scree_error *err)
{
    uint16_t type = input->header.global_encoding & SCREE_LAS_GPS_STANDARD_TIME;
    if (!format_has_gps(input->header.point_format))
        return SCREE_OK;
    for (uint64_t i = 0; i < job->input_count; i++) {
        const struct scree__copc_input *other = &job->inputs[i];
        if (other == input || !format_has_gps(other->header.point_format))
            continue;
        if ((other->header.global_encoding & SCREE_LAS_GPS_STANDARD_TIME) != type)
            return scree__base_fail(
                err, SCREE_E_MISMATCH,
                "%s has %s and %s has %s: the two kinds of GPS time cannot go into one file",
                other->path, type != 0 ? "GPS week time" : "adjusted standard GPS time",
                input->path, type != 0 ? "adjusted standard GPS time" : "GPS week time");
        break; /* all others agree with this one */
    }
    return SCREE_OK;
}

static enum scree_status join_schema(struct scree_convert_job *job,
                                     const struct scree_las_reader *reader, struct scree_error *err)
{
    uint64_t before = job->schema.count;
    enum scree_status status = scree__las_schema_join(&job->schema, reader, err);
    if (status == SCREE_OK && job->input_count > 1 &&
        (job->schema.count != before || !scree__las_schema_same(&job->schema, reader)))
        job->schema_differs = true;
    return status;
}

/* `found`: what salvage knows of it; its list of units goes to the job. */
static enum scree_status take_input(struct scree_convert_job *job, const char *path,
                                    const struct scree_las_reader *reader,
                                    struct scree__copc_input *found, struct scree_error *err)
{
    const struct scree_las_header *header = scree_las_header(reader);
    void *memory = job->inputs;
    enum scree_status status =
        scree__mem_grow(NULL, &memory, &job->input_capacity, job->input_count + 1,
                        sizeof *job->inputs, "list of inputs", err);
    job->inputs = memory;
    if (status != SCREE_OK)
        return status;
    struct scree__copc_input *input = &job->inputs[job->input_count];
    *input = *found;
    input->path = scree__mem_string_copy(path);
    if (input->path == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "list of inputs: out of memory");
    job->input_count++;
    found->units = NULL;
    input->header = *header;
    input->reader_bytes = found->reader_bytes;
    input->file_bytes = scree_source_bytes(scree_las_source(reader));
    input->first_point = job->plan.point_count;
    job->plan.input_bytes += input->file_bytes;
    if (!scree__base_add64(job->plan.point_count, header->point_count, &job->plan.point_count))
        return scree__base_fail(err, SCREE_E_DATA, "%s: the number of points overflows", path);
    measure_units(job, input, reader);
    job->plan.point_format = joint_format(job->plan.point_format, header->point_format);
    status = check_gps_type(job, input, err);
    if (status == SCREE_OK && job->crs_text == NULL)
        status = scree__copc_crs_join(job, path, reader, err);
    if (status == SCREE_OK)
        status = join_schema(job, reader, err);
    if (status == SCREE_OK)
        status =
            scree__copc_forward_add(&job->forward, scree__par_budget(job->context), reader, err);
    return status;
}

static enum scree_status open_input(struct scree_convert_job *job, const char *path,
                                    struct scree_error *err)
{
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    struct scree__copc_input found = {.path = (char *)path};
    uint64_t used = scree__mem_budget_used(scree__par_budget(job->context));
    enum scree_status status = scree__copc_network_look(job, path, &source, err);
    if (status != SCREE_OK)
        goto out;
    status = job->salvage ? scree__las_open_damaged(source, job->context, &reader, err)
                          : scree_las_open(source, job->context, &reader, err);
    if (status != SCREE_OK)
        goto out;
    found.reader_bytes = scree__mem_budget_used(scree__par_budget(job->context)) - used;
    log_remarks(job, path, reader);
    if (job->salvage)
        status = scree__copc_salvage(job, &found, reader, err);
    if (status != SCREE_OK)
        goto out;
    if (scree_las_header(reader)->point_count == 0)
        scree__par_log(job->context, SCREE_LOG_WARNING, "%s: no points in it, left out", path);
    else
        status = take_input(job, path, reader, &found, err);
out:
    scree__mem_free(scree__par_budget(job->context), found.units,
                    found.unit_capacity * sizeof *found.units);
    scree_las_close(reader);
    scree_source_close(source);
    return status;
}

/* ----------------------------------------------------------------------------------------- grid */

static bool bounds_are_usable(const struct scree_las_header *header, int axis)
{
    double low = header->min[axis], high = header->max[axis];
    return isfinite(low) && isfinite(high) && low <= high;
}

/* The header's bounds, or, where those are nonsense, the file's own origin: near its points in any
 * file that is of use. */
static void input_bounds(const struct scree__copc_input *input, int axis, double *low, double *high)
{
    if (bounds_are_usable(&input->header, axis)) {
        *low = input->header.min[axis];
        *high = input->header.max[axis];
    } else {
        *low = *high = input->header.offset[axis];
    }
}

static bool inputs_share_grid(const struct scree_convert_job *job)
{
    const struct scree_las_header *first = &job->inputs[0].header;
    for (uint64_t i = 1; i < job->input_count; i++) {
        const struct scree_las_header *header = &job->inputs[i].header;
        if (memcmp(header->scale, first->scale, sizeof first->scale) != 0 ||
            memcmp(header->offset, first->offset, sizeof first->offset) != 0)
            return false;
    }
    return true;
}

static enum scree_status check_extent(const struct scree_convert_job *job, int axis, double low,
                                      double high, struct scree_error *err)
{
    double units = (high - low) / job->grid.scale[axis];
    if (units < 4294967000.0)
        return SCREE_OK;
    /* The next power of ten that fits, as people write scales. */
    double enough = pow(10, ceil(log10((high - low) / 4294967000.0)));
    return scree__base_fail(
        err, SCREE_E_MISMATCH,
        "the inputs span %.3f in %c, which does not fit 32-bit coordinates at a scale of "
        "%g: --scale %g would do",
        high - low, "xyz"[axis], job -> grid.scale[axis], enough);
}

/*
 * The middle, rounded to a multiple of the scale; but where the inputs' offsets are not multiples
 * of it, rounded to a whole number of units from the smallest of them, so that inputs that agree
 * among themselves can be shifted without rounding.
 */
static double middle_offset(const struct scree_convert_job *job, int axis, double middle)
{
    double scale = job->grid.scale[axis];
    double base = INFINITY;
    for (uint64_t i = 0; i < job->input_count; i++)
        base = fmin(base, job->inputs[i].header.offset[axis]);
    double units = base / scale;
    if (fabs(units - floor(units + 0.5)) < 1e-3)
        base = 0;
    return base + floor((middle - base) / scale) * scale;
}

static enum scree_status choose_grid(struct scree_convert_job *job, struct scree_error *err)
{
    bool asked = job->scale[0] > 0;
    memcpy(job->grid.scale, job->inputs[0].header.scale, sizeof job->grid.scale);
    memcpy(job->grid.offset, job->inputs[0].header.offset, sizeof job->grid.offset);
    if (!asked && inputs_share_grid(job))
        return SCREE_OK;
    for (int a = 0; a < 3; a++) {
        double low = INFINITY, high = -INFINITY, scale = INFINITY;
        for (uint64_t i = 0; i < job->input_count; i++) {
            double input_low, input_high;
            input_bounds(&job->inputs[i], a, &input_low, &input_high);
            low = fmin(low, input_low);
            high = fmax(high, input_high);
            scale = fmin(scale, job->inputs[i].header.scale[a]);
        }
        job->grid.scale[a] = asked ? job->scale[a] : scale;
        enum scree_status status = check_extent(job, a, low, high, err);
        if (status != SCREE_OK)
            return status;
        job->grid.offset[a] = middle_offset(job, a, low + (high - low) / 2);
    }
    return SCREE_OK;
}

/* -------------------------------------------------------------------------------- output header */

/* Days since 1970-01-01 to year and day of the year. */
static void date_of_days(int64_t days, uint16_t *year, uint16_t *day_of_year)
{
    int64_t y = 1970;
    for (;;) {
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        int64_t length = leap ? 366 : 365;
        if (days < length || y >= 9999)
            break;
        days -= length;
        y++;
    }
    *year = (uint16_t)y;
    *day_of_year = (uint16_t)(days < 366 ? days + 1 : 366);
}

/* What all inputs agree on is kept; the date is the newest; see DESIGN in
 * docs/decisions/headers.md. */
static void make_header(struct scree_convert_job *job)
{
    struct scree_las_header *out = &job->header;
    const struct scree_las_header *first = &job->inputs[0].header;
    memset(out, 0, sizeof *out);
    out->version_major = 1;
    out->version_minor = 4;
    out->point_format = (uint8_t)job->plan.point_format;
    out->record_bytes = (uint16_t)job->plan.record_bytes;
    out->file_source_id = first->file_source_id;
    memcpy(out->guid, first->guid, sizeof out->guid);
    memcpy(out->system_id, first->system_id, sizeof out->system_id);
    snprintf(out->generating_software, sizeof out->generating_software, "scree %s",
             scree_version());
    out->global_encoding = SCREE_LAS_WKT;
    for (uint64_t i = 0; i < job->input_count; i++) {
        const struct scree_las_header *header = &job->inputs[i].header;
        if (header->file_source_id != out->file_source_id)
            out->file_source_id = 0;
        if (memcmp(header->guid, out->guid, sizeof out->guid) != 0)
            memset(out->guid, 0, sizeof out->guid);
        if (strcmp(header->system_id, out->system_id) != 0)
            snprintf(out->system_id, sizeof out->system_id, "MERGE");
        if (header->creation_year > out->creation_year ||
            (header->creation_year == out->creation_year &&
             header->creation_day > out->creation_day)) {
            out->creation_year = header->creation_year;
            out->creation_day = header->creation_day;
        }
        uint16_t kept = SCREE_LAS_SYNTHETIC_RETURNS;
        if (format_has_gps(header->point_format))
            kept |= SCREE_LAS_GPS_STANDARD_TIME;
        out->global_encoding |= header->global_encoding & kept;
    }
    if (job->creation_seconds >= 0)
        date_of_days(job->creation_seconds / 86400, &out->creation_year, &out->creation_day);
    memcpy(out->scale, job->grid.scale, sizeof out->scale);
    memcpy(out->offset, job->grid.offset, sizeof out->offset);
}

/* ---------------------------------------------------------------------------------------- whole */

static void warn_of_waveforms(const struct scree_convert_job *job)
{
    char names[512] = "";
    uint64_t count = 0;
    for (uint64_t i = 0; i < job->input_count; i++) {
        if (!format_has_waveforms(job->inputs[i].header.point_format))
            continue;
        if (count++ < NAMED_FILES_MAX) {
            size_t used = strlen(names);
            snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
                     job->inputs[i].path);
        }
    }
    if (count > 0)
        scree__par_log(
            job->context, SCREE_LOG_WARNING,
            "%llu file%s with waveform packets (%s%s): COPC cannot hold them, they are dropped",
            (unsigned long long)count, count == 1 ? "" : "s", names,
            count > NAMED_FILES_MAX ? ", ..." : "");
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A guess from what surveys compress to; only --dry-run shows it. */
static uint64_t guess_output_bytes(const struct scree_convert_job *job)
{
    uint64_t bytes = 4096;
    for (uint64_t i = 0; i < job->input_count; i++) {
        const struct scree__copc_input *input = &job->inputs[i];
        bytes += input->header.compressed ? input->file_bytes / 4 * 5 : input->file_bytes / 5;
    }
    return bytes;
}

/* Nodes with leaf_min points each: more than a survey has. */
static uint64_t temporal_bytes(const struct scree_convert_job *job)
{
    const uint64_t points = job->plan.point_count;
    if (job->temporal_stride == 0)
        return 0;
    return scree__temporal_samples_bytes(points, points / job->limits.leaf_min + 1,
                                         job->temporal_stride);
}

/* Formats 0 and 2 have no GPS time: their points count as of time 0. */
static enum scree_status check_times(struct scree_convert_job *job, struct scree_error *err)
{
    uint64_t without = 0;
    for (uint64_t i = 0; i < job->input_count; i++) {
        unsigned format = job->inputs[i].header.point_format;
        without += format == 0 || format == 2;
    }
    if (job->temporal_stride == 0 || without == 0)
        return SCREE_OK;
    if (without == job->input_count)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "a temporal index is wanted, but the points have no GPS time");
    scree__par_log(job->context, SCREE_LOG_WARNING,
                   "%llu of %llu files have no GPS time: in the temporal index their points are of "
                   "time 0",
                   (unsigned long long)without, (unsigned long long)job->input_count);
    return SCREE_OK;
}

static enum scree_status measure_plan(struct scree_convert_job *job, struct scree_error *err)
{
    struct scree_convert_plan *plan = &job->plan;
    unsigned threads = scree_context_threads(job->context);
    uint64_t extra = (uint64_t)job->schema.bytes;
    uint64_t record = scree_las_format_bytes(plan->point_format) + extra;
    if (record > UINT16_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "records of %llu bytes: LAS allows 65535 (%llu are extra bytes)",
                                (unsigned long long)record, (unsigned long long)extra);
    plan->record_bytes = (uint32_t)record;
    plan->extra_bytes = (uint32_t)extra;
    plan->input_count = job->input_count;
    /* The points, with their order, prefix and level; beside them one phase at a time. */
    uint64_t points;
    job->form = scree__copc_read_form(job);
    if (!scree__base_mul64(plan->point_count, job->form.bytes + SCREE__COPC_POINT_BYTES, &points))
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "the number of points overflows");
    if (job->temporal_stride == SCREE_TEMPORAL_AUTO)
        job->temporal_stride = scree__temporal_auto_stride(plan->point_count);
    plan->temporal_stride = job->temporal_stride;
    uint64_t phase = scree__copc_read_bytes(job);
    phase = larger(phase, scree__copc_order_bytes(plan->point_count / 64, threads));
    phase = larger(phase, scree__copc_write_bytes(job, job->limits.leaf_max,
                                                  scree__copc_write_window(threads)));
    const uint64_t samples = temporal_bytes(job); /* in memory with the points, or on scratch */
    job->planned_used_bytes = scree__mem_budget_used(scree__par_budget(job->context));
    plan->memory_bytes = points + phase + samples + job->planned_used_bytes;
    plan->floor_bytes = scree__copc_spill_floor(job);
    if (plan->floor_bytes > plan->memory_bytes)
        plan->floor_bytes = plan->memory_bytes;
    plan->output_bytes = guess_output_bytes(job) + samples;
    plan->fits = plan->memory_bytes <= scree_context_budget_bytes(job->context) &&
                 plan->point_count < UINT32_MAX;
    plan->scratch_bytes =
        plan->fits ? 0 : plan->point_count * record / (job->compress_scratch ? 2 : 1) + samples;
    plan->crs_name = job->crs.name;
    memcpy(plan->scale, job->grid.scale, sizeof plan->scale);
    memcpy(plan->offset, job->grid.offset, sizeof plan->offset);
    return SCREE_OK;
}

enum scree_status scree__copc_plan(struct scree_convert_job *job, const char *const *paths,
                                   uint64_t path_count, struct scree_error *err)
{
    void *memory;
    enum scree_status status =
        scree__mem_alloc(NULL, path_count * sizeof *paths, &memory, "list of inputs", err);
    if (status != SCREE_OK)
        return status;
    const char **sorted = memory;
    if (path_count > 0) {
        memcpy(sorted, paths, path_count * sizeof *paths);
        qsort(sorted, path_count, sizeof *sorted, compare_paths);
    }
    /* Salvage counts points here, whose number is not known before. */
    scree__par_stage_begin(job->context, job->salvage ? "look for damage" : "plan",
                           job->salvage ? 0 : path_count);
    for (uint64_t i = 0; i < path_count && status == SCREE_OK; i++) {
        status = scree__par_check_cancel(job->context, err);
        if (status == SCREE_OK)
            status = open_input(job, sorted[i], err);
        scree__par_stage_add(job->context, job->salvage ? 0 : 1);
    }
    scree__mem_free(NULL, sorted, path_count * sizeof *paths);
    if (status != SCREE_OK)
        return status;
    scree__par_stage_end(job->context);
    if (job->plan.point_count == 0)
        return scree__base_fail(
            err, SCREE_E_DATA, "there are no points in the input%s: a COPC file needs at least one",
            path_count == 1 ? "" : "s");
    status = choose_grid(job, err);
    if (status == SCREE_OK)
        status = scree__copc_crs_choose(job, err);
    if (status != SCREE_OK)
        return status;
    if (job->schema_differs)
        scree__las_schema_sort(&job->schema);
    scree__copc_forward_finish(&job->forward, scree__par_budget(job->context));
    warn_of_waveforms(job);
    status = check_times(job, err);
    if (status == SCREE_OK)
        status = scree__copc_network_reserve(job, err);
    if (status == SCREE_OK)
        status = measure_plan(job, err);
    if (status == SCREE_OK)
        make_header(job);
    return status;
}
