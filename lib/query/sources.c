/* sources.c - the inputs: opened one by one, in the given order; of each the nodes that can hold a point of the answer. */
#include "query/job.h"
#include "base/error.h"
#include "copc/format.h"
#include "copc/hierarchy_read.h"
#include "las/reader.h"
#include "query/narrow.h"

#include <math.h>
#include <string.h>

/* Files that stay open; a fraction of the usual limit of 1024 descriptors. The caches of remote ones take an eighth of the budget at most. */
#define OPEN_MAX 200u
#define CACHES_SHARE 8u
#define CACHE_BYTES_LEAST ((uint64_t)256 << 10)

/* ------------------------------------------------------------------------------- opening, closing */

/* The one place where an input is opened. */
static enum scree_status open_location(struct scree_query *query,
                                       struct scree__query_source *source, struct scree_error *err)
{
    source->remote = scree_location_is_remote(source->path);
    return scree_source_open(source->path, &query->source_options, &source->source, err);
}

static void close_source(struct scree_query *query, struct scree__query_source *source)
{
    if (source->source == NULL)
        return;
    scree_las_close(source->reader);
    source->reader = NULL;
    scree_source_close(source->source);
    source->source = NULL;
    query->open_count--;
}

static void close_idle(struct scree_query *query)
{
    for (uint64_t i = 0; i < query->source_count && query->open_count >= query->open_most; i++)
        if (query->sources[i].users == 0)
            close_source(query, &query->sources[i]);
}

static enum scree_status open_source(struct scree_query *query, struct scree__query_source *source,
                                     struct scree_error *err)
{
    if (source->source != NULL)
        return SCREE_OK;
    if (query->open_count >= query->open_most)
        close_idle(query);
    enum scree_status status = open_location(query, source, err);
    if (status != SCREE_OK)
        return status;
    query->open_count++;
    uint64_t bytes = scree_source_bytes(source->source);
    if (source->file_bytes != 0 && source->file_bytes != bytes)
        return scree__base_fail(err, SCREE_E_IO, "%s: the file changed after the query had begun",
                                source->path);
    source->file_bytes = bytes;
    return SCREE_OK;
}

enum scree_status scree__query_source_hold(struct scree_query *query, uint32_t index,
                                           struct scree_error *err)
{
    struct scree__query_source *source = &query->sources[index];
    source->users++;
    return open_source(query, source, err);
}

void scree__query_source_let(struct scree_query *query, uint32_t index)
{
    query->sources[index].users--;
}

enum scree_status scree__query_source_reader(struct scree_query *query, uint32_t index,
                                             struct scree_las_reader **reader,
                                             struct scree_error *err)
{
    enum scree_status status = open_source(query, &query->sources[index], err);
    *reader = NULL;
    if (status == SCREE_OK)
        status = scree__las_open_head(query->sources[index].source, query->context, reader, err);
    return status;
}

/* ---------------------------------------------------------------------------------------- nodes */

static enum scree_status add_node(struct scree_query *query, const struct scree__query_node *node,
                                  struct scree_error *err)
{
    void *memory = query->nodes;
    enum scree_status status =
        scree__mem_grow(query->budget, &memory, &query->node_capacity, query->node_count + 1,
                        sizeof *query->nodes, "list of nodes", err);
    query->nodes = memory;
    if (status == SCREE_OK)
        query->nodes[query->node_count++] = *node;
    return status;
}

struct prune {
    const struct scree_query *query;
    const struct scree__query_source *source;
    struct scree_copc_info info;
    int deepest; /* level */
};

/*
 * The box of a node, and a little more: writers file points up to a unit, or a few last places, outside
 * the node's box (PDAL's own samples do).
 */
static enum scree__query_side node_side(const struct prune *prune, struct scree_copc_key key)
{
    double min[3], max[3];
    scree__copc_node_box(&prune->info, key, min, max);
    for (int a = 0; a < 3; a++) {
        double slack = 2 * prune->source->header.scale[a] +
                       1e-12 * (fabs(prune->info.center[a]) + prune->info.halfsize);
        min[a] -= slack;
        max[a] += slack;
    }
    return scree__query_region_side(&prune->query->filter.region, min, max);
}

static bool is_wanted(void *user, struct scree_copc_key key)
{
    const struct prune *prune = user;
    return key.level <= prune->deepest && node_side(prune, key) != SCREE__QUERY_OUTSIDE;
}

/* The first level whose spacing is fine enough. */
static int deepest_level(const struct scree_query *query, const struct prune *prune)
{
    int deepest = SCREE__COPC_LEVEL_LIMIT;
    if (query->level >= 0 && query->level < deepest)
        deepest = query->level;
    double spacing = prune->info.spacing;
    if (!(query->resolution > 0))
        return deepest;
    if (!(spacing > 0 && isfinite(spacing))) {
        scree__par_log(query->context, SCREE_LOG_WARNING,
                       "%s: its spacing of %g says nothing of resolution: all levels are taken",
                       prune->source->path, spacing);
        return deepest;
    }
    int level = 0;
    for (; level < deepest && spacing > query->resolution; level++)
        spacing /= 2;
    return level;
}

static enum scree_status take_octree(struct scree_query *query, uint32_t index,
                                     const struct scree_las_reader *reader, struct scree_error *err)
{
    struct prune prune = {.query = query, .source = &query->sources[index]};
    scree__copc_info_load(scree_las_vlr(reader, 0)->payload, &prune.info);
    prune.deepest = deepest_level(query, &prune);
    const struct scree__copc_pruner pruner = {&prune, is_wanted};
    struct scree_copc *copc;
    enum scree_status status = scree__copc_open_pruned(reader, query->context, &pruner, &copc, err);
    if (status != SCREE_OK)
        return status;
    query->plan.page_count += scree_copc_page_count(copc);
    query->plan.page_bytes += scree__copc_page_bytes(copc);
    uint64_t first = query->node_count;
    for (uint64_t i = 0; i < scree_copc_entry_count(copc) && status == SCREE_OK; i++) {
        const struct scree_copc_entry *entry = &scree_copc_entries(copc)[i];
        if (entry->point_count <= 0)
            continue;
        struct scree__query_node node = {.offset = entry->offset,
                                         .bytes = (uint64_t)entry->byte_count,
                                         .point_count = (uint64_t)entry->point_count,
                                         .end = (uint64_t)entry->point_count,
                                         .source = index,
                                         .level = (uint8_t)entry->key.level};
        node.inside = node_side(&prune, entry->key) == SCREE__QUERY_INSIDE;
        status = add_node(query, &node, err);
    }
    if (status == SCREE_OK && query->filter.has_window)
        status = scree__query_narrow(query, index, reader, copc, first, err);
    scree_copc_close(copc);
    return status;
}

/*
 * Does the header say that no point can match? Headers are rounded, and some are not filled in: those
 * that make no sense say nothing.
 */
static bool header_excludes(const struct scree_query *query, const struct scree_las_header *header)
{
    double min[3], max[3];
    if (query->filter.region.bounds_axes == 0 && !query->filter.region.has_polygon &&
        !query->filter.region.has_circle)
        return false;
    for (int a = 0; a < 3; a++) {
        double extent = header->max[a] - header->min[a];
        if (!isfinite(header->min[a]) || !isfinite(header->max[a]) || extent < 0 ||
            (a < 2 && extent == 0 && header->point_count > 1))
            return false;
        double slack = extent / 100 + 10 * header->scale[a];
        min[a] = header->min[a] - slack;
        max[a] = header->max[a] + slack;
    }
    return scree__query_region_side(&query->filter.region, min, max) == SCREE__QUERY_OUTSIDE;
}

static enum scree_status take_units(struct scree_query *query, uint32_t index,
                                    struct scree_las_reader *reader, struct scree_error *err)
{
    const struct scree_las_header *header = scree_las_header(reader);
    if (header_excludes(query, header))
        return SCREE_OK;
    enum scree_status status = scree__las_units_read(reader, err);
    for (uint64_t i = 0; status == SCREE_OK && i < scree_las_unit_count(reader); i++) {
        struct scree_las_unit unit;
        scree_las_unit(reader, i, &unit);
        if (unit.point_count == 0)
            continue;
        struct scree__query_node node = {.offset = unit.offset,
                                         .bytes = unit.bytes,
                                         .point_count = unit.point_count,
                                         .end = unit.point_count,
                                         .source = index,
                                         .sequential = unit.sequential};
        node.inside = !query->sources[index].bound.limits.any;
        status = add_node(query, &node, err);
    }
    return status;
}

/* --------------------------------------------------------------------------------------- sources */

/* The region, from the CRS that it was given in to that of the first file; all files have the same, or are refused. */
static enum scree_status transform_region(struct scree_query *query,
                                          const struct scree_las_reader *reader,
                                          struct scree_error *err)
{
    struct scree_las_crs asked, here;
    const char *name = scree_source_name(scree_las_source(reader));
    enum scree_status status = scree_las_crs_from_text(query->crs_text, &asked, err);
    if (status != SCREE_OK)
        return status;
    status = scree_las_crs_read(reader, &here, err);
    if (status == SCREE_OK && here.wkt == NULL)
        status =
            scree__base_fail(err, SCREE_E_MISMATCH,
                             "%s has no known CRS that the query could be transformed to", name);
    if (status == SCREE_OK && !scree_las_crs_equal(&asked, &here))
        status = scree__query_region_transform(&query->filter.region, asked.wkt, here.wkt, err);
    if (status == SCREE_OK || here.wkt != NULL)
        scree_las_crs_release(&here);
    scree_las_crs_release(&asked);
    return status;
}

/* What has to be known of the region before the first node is judged. */
static enum scree_status finish_region(struct scree_query *query,
                                       const struct scree_las_reader *reader,
                                       struct scree_error *err)
{
    struct scree__query_region *region = &query->filter.region;
    enum scree_status status = SCREE_OK;
    if (query->crs_text != NULL)
        status = transform_region(query, reader, err);
    if (status == SCREE_OK && region->has_polygon)
        status = scree__query_polygon_index(&region->polygon, err);
    return status;
}

static void log_remarks(const struct scree_query *query, const struct scree__query_source *source,
                        const struct scree_las_reader *reader)
{
    for (uint64_t i = 0; i < scree_las_remark_count(reader); i++)
        scree__par_log(query->context, SCREE_LOG_WARNING, "%s: %s", source->path,
                       scree_las_remark(reader, i));
}

static void count_hierarchy(struct scree_query *query, const struct scree_las_reader *reader)
{
    const struct scree_las_vlr *hierarchy = scree_las_find_vlr(reader, "copc", 1000);
    query->opened++;
    if (scree_copc_is(reader) && hierarchy != NULL)
        query->hierarchy_bytes += hierarchy->payload_bytes;
}

static enum scree_status take_source(struct scree_query *query, uint32_t index,
                                     struct scree_error *err)
{
    struct scree__query_source *source = &query->sources[index];
    struct scree_las_reader *reader = NULL;
    enum scree_status status = scree__query_source_reader(query, index, &reader, err);
    if (status != SCREE_OK)
        return status;
    source->header = *scree_las_header(reader);
    source->layout = *scree_las_layout(reader);
    source->copc = scree_copc_is(reader);
    count_hierarchy(query, reader);
    query->plan.input_points += source->header.point_count;
    uint64_t first = query->node_count;
    if (index == 0)
        status = finish_region(query, reader, err);
    if (status == SCREE_OK)
        status = scree__query_filter_bind(query, reader, source, err);
    if (status == SCREE_OK && !source->bound.limits.none)
        status = source->copc ? take_octree(query, index, reader, err)
                              : take_units(query, index, reader, err);
    if (status == SCREE_OK)
        log_remarks(query, source, reader);
    source->layout = *scree_las_layout(reader); /* chunk_points may have been filled in */
    source->met = query->node_count > first;
    if (status == SCREE_OK && source->met)
        status = scree__query_join_add(query, index, reader, err);
    if (status == SCREE_OK && source->met && query->nodes[first].sequential) {
        source->reader = reader; /* stays open */
        source->users++;
        return SCREE_OK;
    }
    scree_las_close(reader);
    return status;
}

/* An answer without points has the looks of the first input. */
static enum scree_status join_first(struct scree_query *query, struct scree_error *err)
{
    struct scree_las_reader *reader;
    if (query->plan.inputs_met > 0)
        return SCREE_OK;
    enum scree_status status = scree__query_source_reader(query, 0, &reader, err);
    if (status == SCREE_OK)
        status = scree__query_join_add(query, 0, reader, err);
    scree_las_close(reader);
    return status;
}

static enum scree_status list_sources(struct scree_query *query,
                                      const struct scree_query_options *options,
                                      struct scree_error *err)
{
    void *memory;
    if (options->input_count > UINT32_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "too many inputs");
    uint64_t bytes = options->input_count * sizeof *query->sources;
    enum scree_status status =
        scree__mem_alloc(query->budget, bytes, &memory, "list of inputs", err);
    if (status != SCREE_OK)
        return status;
    memset(memory, 0, bytes);
    query->sources = memory;
    query->source_count = options->input_count;
    for (uint64_t i = 0; i < options->input_count; i++) {
        query->sources[i].path = scree__mem_string_copy(options->inputs[i]);
        if (query->sources[i].path == NULL)
            return scree__base_fail(err, SCREE_E_MEMORY, "list of inputs: out of memory");
    }
    return SCREE_OK;
}

/* How many files stay open, and how much the remote ones keep. */
static void limit_open(struct scree_query *query)
{
    uint64_t remote = 0, share = scree_context_budget_bytes(query->context) / CACHES_SHARE;
    uint64_t cache = query->source_options.cache_bytes;
    for (uint64_t i = 0; i < query->source_count; i++)
        remote += scree_location_is_remote(query->sources[i].path);
    query->open_most = OPEN_MAX;
    if (remote == 0)
        return;
    if (cache > share / remote)
        cache = share / remote > CACHE_BYTES_LEAST ? share / remote : CACHE_BYTES_LEAST;
    query->source_options.cache_bytes = cache;
    if (share / cache < query->open_most)
        query->open_most = share / cache > 0 ? share / cache : 1;
}

/* The area that was asked for, without a question about it: of the box, the polygon or the circle's middle. */
static bool is_degrees(const struct scree__query_region *region)
{
    double x[2] = {region->min[0], region->max[0]}, y[2] = {region->min[1], region->max[1]};
    if (region->has_polygon) {
        memcpy(x, (double[2]){region->polygon.min[0], region->polygon.max[0]}, sizeof x);
        memcpy(y, (double[2]){region->polygon.min[1], region->polygon.max[1]}, sizeof y);
    } else if (region->has_circle) {
        x[0] = x[1] = region->circle[0];
        y[0] = y[1] = region->circle[1];
    }
    return x[0] >= -180 && x[1] <= 180 && y[0] >= -90 && y[1] <= 90;
}

/* Nothing of any input lies where it was asked for: often a place in another CRS. Where they do lie says it. */
static void say_where(const struct scree_query *query)
{
    const struct scree__query_region *region = &query->filter.region;
    double min[2] = {INFINITY, INFINITY}, max[2] = {-INFINITY, -INFINITY};
    if (query->plan.inputs_met > 0 || query->plan.input_points == 0 ||
        (region->bounds_axes == 0 && !region->has_polygon && !region->has_circle))
        return;
    for (uint64_t i = 0; i < query->source_count; i++)
        for (int a = 0; a < 2; a++) {
            min[a] = fmin(min[a], query->sources[i].header.min[a]);
            max[a] = fmax(max[a], query->sources[i].header.max[a]);
        }
    bool degrees = query->crs_text == NULL && is_degrees(region) &&
                   (max[0] < -360 || min[0] > 360 || max[1] < -90 || min[1] > 90);
    scree__par_log(query->context, SCREE_LOG_WARNING,
                   "no input reaches there: by %s x is %.15g to %.15g, y %.15g to %.15g%s",
                   query->source_count == 1 ? "its header" : "their headers", min[0], max[0],
                   min[1], max[1],
                   degrees ? " (of longitude and latitude --crs EPSG:4326 makes those)" : "");
}

/* Levels are asked for, and there are files without any. */
static void say_levels(const struct scree_query *query)
{
    const struct scree__query_source *first = NULL;
    uint64_t count = 0;
    for (uint64_t i = 0; i < query->source_count; i++)
        if (query->sources[i].met && !query->sources[i].copc) {
            first = first == NULL ? &query->sources[i] : first;
            count++;
        }
    if (first == NULL || (query->level < 0 && !(query->resolution > 0)))
        return;
    if (count == 1)
        scree__par_log(query->context, SCREE_LOG_WARNING,
                       "%s has no octree: all of its points are level 0", first->path);
    else
        scree__par_log(query->context, SCREE_LOG_WARNING,
                       "%s and %llu more have no octree: all of their points are level 0",
                       first->path, (unsigned long long)(count - 1));
}

enum scree_status scree__query_sources_open(struct scree_query *query,
                                            const struct scree_query_options *options,
                                            struct scree_error *err)
{
    enum scree_status status = list_sources(query, options, err);
    if (status != SCREE_OK)
        return status;
    query->plan.input_count = query->source_count;
    limit_open(query);
    scree__par_stage_begin(query->context, "plan", query->source_count);
    for (uint64_t i = 0; i < query->source_count && status == SCREE_OK; i++) {
        status = scree__par_check_cancel(query->context, err);
        if (status == SCREE_OK)
            status = take_source(query, (uint32_t)i, err);
        scree__par_stage_add(query->context, 1);
    }
    if (status == SCREE_OK) {
        say_where(query);
        say_levels(query);
    }
    if (status == SCREE_OK)
        status = join_first(query, err);
    if (status == SCREE_OK)
        scree__par_stage_end(query->context);
    return status;
}

void scree__query_sources_release(struct scree_query *query)
{
    for (uint64_t i = 0; i < query->source_count; i++) {
        struct scree__query_source *source = &query->sources[i];
        close_source(query, source);
        scree__mem_string_free(source->path);
        scree__mem_free(query->budget, source->bound.where,
                        query->filter.where.field_count * sizeof *source->bound.where);
        scree__mem_free(query->budget, source->copies,
                        source->copy_capacity * sizeof *source->copies);
    }
    scree__mem_free(query->budget, query->sources, query->source_count * sizeof *query->sources);
    scree__mem_free(query->budget, query->nodes, query->node_capacity * sizeof *query->nodes);
    scree__mem_free(query->budget, query->items, query->item_capacity * sizeof *query->items);
}
