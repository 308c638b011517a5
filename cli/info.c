/* info.c - finds out what `scree info` shows. */
#include "cli/info.h"
#include "cli/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_counts(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return a < b ? -1 : a > b;
}

static unsigned level_of(const struct scree_copc_entry *entry)
{
    int32_t level = entry->key.level;
    return level >= 0 && level < SCREE_COPC_LEVELS_MAX ? (unsigned)level
                                                       : SCREE_COPC_LEVELS_MAX - 1;
}

/* Median and bounds of the points per node: the counts, level after level, each level sorted. */
static void count_nodes(struct info *info, const struct scree_copc_entry *entries, uint64_t count)
{
    int32_t *points = malloc((count + 1) * sizeof *points);
    uint64_t begin[SCREE_COPC_LEVELS_MAX + 1] = {0}, filled[SCREE_COPC_LEVELS_MAX];
    if (points == NULL)
        status_out_of_memory();
    for (unsigned l = 0; l < SCREE_COPC_LEVELS_MAX; l++) {
        filled[l] = begin[l];
        begin[l + 1] = begin[l] + info->levels[l].node_count;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (entries[i].point_count > 0)
            points[filled[level_of(&entries[i])]++] = entries[i].point_count;
    }
    for (unsigned l = 0; l < info->level_count; l++) {
        struct level_info *level = &info->levels[l];
        const int32_t *own = points + begin[l];
        if (level->node_count == 0)
            continue;
        qsort(points + begin[l], level->node_count, sizeof *points, compare_counts);
        level->least_points = (uint64_t)own[0];
        level->median_points = (uint64_t)own[level->node_count / 2];
        level->most_points = (uint64_t)own[level->node_count - 1];
    }
    free(points);
}

static void sum_levels(struct info *info)
{
    const struct scree_copc_entry *entries = scree_copc_entries(info->copc);
    uint64_t count = scree_copc_entry_count(info->copc);
    double spacing = scree_copc_info(info->copc)->spacing;
    for (uint64_t i = 0; i < count; i++) {
        struct level_info *level = &info->levels[level_of(&entries[i])];
        if (level_of(&entries[i]) >= info->level_count)
            info->level_count = level_of(&entries[i]) + 1;
        if (entries[i].point_count <= 0) {
            level->empty_count++;
            continue;
        }
        level->node_count++;
        level->point_count += (uint64_t)entries[i].point_count;
        level->byte_count += entries[i].byte_count > 0 ? (uint64_t)entries[i].byte_count : 0;
    }
    for (unsigned l = 0; l < info->level_count; l++, spacing /= 2)
        info->levels[l].spacing = spacing;
    count_nodes(info, entries, count);
}

enum scree_status info_open(struct info *info, const char *path, struct locations *locations,
                            struct scree_error *err)
{
    struct scree_context *context = locations->source.context;
    struct scree_error crs_err = SCREE_ERROR_INIT;
    memset(info, 0, sizeof *info);
    enum scree_status status = locations_open(locations, path, &info->source, err);
    if (status == SCREE_OK) {
        info->path = scree_source_name(info->source);
        status = scree_las_open(info->source, context, &info->reader, err);
    }
    if (status != SCREE_OK)
        return status;
    info->header = scree_las_header(info->reader);
    if (scree_las_crs_read(info->reader, &info->crs, &crs_err) != SCREE_OK)
        snprintf(info->crs_problem, sizeof info->crs_problem, "%s", crs_err.message);
    for (uint64_t i = 0; i < scree_las_unit_count(info->reader); i++) {
        struct scree_las_unit unit;
        scree_las_unit(info->reader, i, &unit);
        info->point_bytes += unit.bytes;
    }
    info->is_copc = scree_copc_is(info->reader);
    if (!info->is_copc)
        return SCREE_OK;
    status = scree_copc_open(info->reader, context, &info->copc, err);
    if (status == SCREE_OK)
        sum_levels(info);
    return status;
}

void info_release(struct info *info)
{
    scree_copc_close(info->copc);
    scree_las_crs_release(&info->crs);
    scree_las_close(info->reader);
    scree_source_close(info->source);
    memset(info, 0, sizeof *info);
}
