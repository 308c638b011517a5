/* filter.c - what is asked of a point. */
#include "query/job.h"
#include "base/bytes.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

static enum scree_status check_bounds(const struct scree_query_options *options,
                                      struct scree_error *err)
{
    if (options->bounds_axes != 0 && options->bounds_axes != 2 && options->bounds_axes != 3)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "bounds of %u axes: expected 2 or 3",
                                options->bounds_axes);
    for (unsigned a = 0; a < options->bounds_axes; a++)
        if (!(options->bounds_min[a] <= options->bounds_max[a]))
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "bounds: the smallest %c, %.17g, is above the largest, %.17g",
                                    "xyz"[a], options -> bounds_min[a], options -> bounds_max[a]);
    const double *circle = options->circle;
    if (options->has_circle &&
        !(isfinite(circle[0]) && isfinite(circle[1]) && isfinite(circle[2]) && circle[2] >= 0))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "circle: expected finite numbers and a radius of 0 or more");
    return SCREE_OK;
}

static enum scree_status make_region(struct scree_query *query,
                                     const struct scree_query_options *options,
                                     struct scree_error *err)
{
    struct scree__query_region *region = &query->filter.region;
    enum scree_status status = check_bounds(options, err);
    if (status != SCREE_OK)
        return status;
    if (options->crs != NULL && options->bounds_axes == 0 && options->polygon == NULL &&
        !options->has_circle)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "crs: it is that of bounds, a polygon or a circle, and there is "
                                "none of them (points come out in the files' own)");
    region->bounds_axes = options->bounds_axes;
    memcpy(region->min, options->bounds_min, sizeof region->min);
    memcpy(region->max, options->bounds_max, sizeof region->max);
    region->has_circle = options->has_circle;
    memcpy(region->circle, options->circle, sizeof region->circle);
    region->polygon.budget = query->budget;
    if (options->polygon == NULL)
        return SCREE_OK;
    region->has_polygon = true;
    const char *begin = options->polygon + strspn(options->polygon, " \t\r\n");
    return *begin == '{' ? scree__query_geojson_read(begin, &region->polygon, err)
                         : scree__query_wkt_read(options->polygon, &region->polygon, err);
}

enum scree_status scree__query_filter_make(struct scree_query *query,
                                           const struct scree_query_options *options,
                                           struct scree_error *err)
{
    struct scree__query_filter *filter = &query->filter;
    enum scree_status status = make_region(query, options, err);
    if (status == SCREE_OK && options->time != NULL) {
        filter->has_window = true;
        status = scree__query_window_parse(options->time, &filter->window, err);
    }
    if (status == SCREE_OK && options->classes != NULL) {
        filter->has_classes = true;
        status = scree__query_classes_parse(options->classes, filter->classes, err);
    }
    if (status == SCREE_OK && options->returns != NULL) {
        filter->has_returns = true;
        status = scree__query_returns_parse(options->returns, filter->returns, err);
    }
    if (status == SCREE_OK && options->where != NULL) {
        filter->has_where = true;
        status = scree__query_where_parse(options->where, &filter->where, err);
    }
    return status;
}

void scree__query_filter_release(struct scree__query_filter *filter)
{
    scree__query_polygon_release(&filter->region.polygon);
    scree__query_where_release(&filter->where);
}

/* -------------------------------------------------------------------------------------- binding */

static enum scree_status check_time(const struct scree_query *query,
                                    const struct scree__query_source *source,
                                    struct scree_error *err)
{
    if (!query->filter.has_window)
        return SCREE_OK;
    if (source->bound.gps_at == 0)
        return scree__base_fail(err, SCREE_E_MISMATCH,
                                "%s: its points (format %u) have no GPS time to ask for",
                                source->path, source->header.point_format);
    const struct scree__query_window *window = &query->filter.window;
    if (window->is_date && (source->header.global_encoding & SCREE_LAS_GPS_STANDARD_TIME) == 0)
        return scree__base_fail(err, SCREE_E_MISMATCH,
                                "%s: by its header its times are seconds of an unnamed GPS week, "
                                "which no date can be translated to: give the window in such "
                                "seconds (or, should they be adjusted standard GPS time, as %.15g,"
                                "%.15g)",
                                source->path, window->begin, window->end);
    return SCREE_OK;
}

static enum scree_status bind_where(const struct scree_query *query,
                                    const struct scree_las_reader *reader,
                                    struct scree__query_source *source, struct scree_error *err)
{
    const struct scree__query_where *where = &query->filter.where;
    struct scree__query_columns columns;
    void *memory;
    const struct scree_las_header *header = scree_las_header(reader);
    enum scree_status status = scree__query_columns_make(
        &columns, header->point_format, header->scale, header->offset,
        scree_las_extra_byte(reader, 0), scree_las_extra_byte_count(reader), err);
    if (status != SCREE_OK)
        return status;
    if (where->field_count > 0) {
        status = scree__mem_alloc(query->budget, where->field_count * sizeof *source->bound.where,
                                  &memory, "where", err);
        if (status == SCREE_OK) {
            source->bound.where = memory;
            status = scree__query_where_bind(where, &columns, source->path, memory, err);
        }
        for (uint32_t i = 0; status == SCREE_OK && i < where->field_count; i++)
            source->bound.fields |= source->bound.where[i].laz_field;
    }
    scree__query_columns_release(&columns);
    return status;
}

enum scree_status scree__query_filter_bind(const struct scree_query *query,
                                           const struct scree_las_reader *reader,
                                           struct scree__query_source *source,
                                           struct scree_error *err)
{
    static const uint8_t gps_at[11] = {0, 20, 0, 20, 20, 20, 22, 22, 22, 22, 22};
    const struct scree__query_filter *filter = &query->filter;
    struct scree__query_bound *bound = &source->bound;
    const struct scree_las_header *header = scree_las_header(reader);
    memset(bound, 0, sizeof *bound);
    bound->format = header->point_format;
    bound->gps_at = gps_at[header->point_format];
    bound->tests =
        filter->has_window || filter->has_classes || filter->has_returns || filter->has_where;
    scree__query_limits_make(&filter->region, header->scale, header->offset, &bound->limits);
    bound->fields = SCREE_LAZ_FIELD_XY;
    if (filter->has_window)
        bound->fields |= SCREE_LAZ_FIELD_GPS_TIME;
    if (filter->has_classes)
        bound->fields |= SCREE_LAZ_FIELD_CLASSIFICATION;
    enum scree_status status = check_time(query, source, err);
    if (status == SCREE_OK && filter->has_where)
        status = bind_where(query, reader, source, err);
    bound->all_fields =
        bound->fields |
        (scree__query_region_needs_z(&filter->region) ? SCREE_LAZ_FIELD_Z : SCREE_LAZ_FIELD_XY);
    return status;
}

/* -------------------------------------------------------------------------------------- applying */

size_t scree__query_filter_work_bytes(const struct scree__query_filter *filter, size_t count)
{
    return filter->has_where ? scree__query_where_work_bytes(&filter->where, count) : 0;
}

/* NaN compares with nothing, and so is in no window. */
static void apply_window(const struct scree__query_window *window, const uint8_t *times,
                         size_t stride, size_t count, uint8_t *keep)
{
    for (size_t i = 0; i < count; i++) {
        double time = scree__base_load_f64(times + i * stride);
        keep[i] &= (time >= window->begin) & (time < window->end);
    }
}

static void apply_classes(const bool wanted[256], unsigned format, const uint8_t *records,
                          size_t stride, size_t count, uint8_t *keep)
{
    unsigned at = format < 6 ? 15 : 16, mask = format < 6 ? 31 : 255;
    for (size_t i = 0; i < count; i++)
        keep[i] &= wanted[records[i * stride + at] & mask];
}

static void apply_returns(const bool wanted[16][16], unsigned format, const uint8_t *records,
                          size_t stride, size_t count, uint8_t *keep)
{
    unsigned bits = format < 6 ? 3 : 4, mask = (1u << bits) - 1;
    for (size_t i = 0; i < count; i++) {
        unsigned byte = records[i * stride + 14];
        keep[i] &= wanted[byte & mask][byte >> bits & mask];
    }
}

void scree__query_filter_apply(const struct scree__query_filter *filter,
                               const struct scree__query_bound *bound, bool inside,
                               const uint8_t *records, size_t count, uint32_t record_bytes,
                               uint8_t *keep, void *work)
{
    memset(keep, 1, count);
    if (!inside && bound->limits.any)
        scree__query_limits_apply(&bound->limits, records, record_bytes, count, keep);
    if (filter->has_classes)
        apply_classes(filter->classes, bound->format, records, record_bytes, count, keep);
    if (filter->has_returns)
        apply_returns(filter->returns, bound->format, records, record_bytes, count, keep);
    if (filter->has_window)
        apply_window(&filter->window, records + bound->gps_at, record_bytes, count, keep);
    if (filter->has_where)
        scree__query_where_apply(&filter->where, bound->where, records, record_bytes, count, keep,
                                 work);
}
