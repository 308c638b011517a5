/*
 * places.c - what the raster of a report has to show a person: where score and class 6 disagree, and where the ground is far away.
 *
 * A cell disagrees when its wrong points are more than those rightly found, and at least a few. Cells that touch each other, at a corner too, are one cluster.
 * Distances to the ground are exact between cells' centres: first along columns, then along rows by the lower envelope of parabolas (Meijster, Roerdink and Hesselink 2000).
 */
#include "enrich/report.h"

#include <math.h>
#include <string.h>

#define WRONG_LEAST 3u /* points of a cell: one or two are the noise of any classification */
#define FAR UINT32_MAX

/* ----------------------------------------------------------------------------------------- clusters */

static bool disagrees(const struct scree__enrich_map_cell *cell)
{
    const uint64_t wrong = (uint64_t)cell->missed + cell->false_alarms;
    return wrong >= WRONG_LEAST && wrong > cell->found;
}

struct cluster {
    uint64_t missed, false_alarms;
    double sum[2]; /* of columns and rows, weighted by wrong points */
    uint32_t min[2], max[2];
};

static void add_cell(struct cluster *cluster, const struct scree__enrich_map_cell *cell,
                     uint32_t column, uint32_t row)
{
    const uint32_t at[2] = {column, row};
    const double wrong = (double)cell->missed + cell->false_alarms;
    cluster->missed += cell->missed;
    cluster->false_alarms += cell->false_alarms;
    for (int a = 0; a < 2; a++) {
        cluster->sum[a] += wrong * (at[a] + 0.5);
        cluster->min[a] = at[a] < cluster->min[a] ? at[a] : cluster->min[a];
        cluster->max[a] = at[a] > cluster->max[a] ? at[a] : cluster->max[a];
    }
}

/* All cells that hang together with the one at `first`, which disagrees. queue: room for all cells. */
static struct cluster grow(struct scree__enrich_report *report, uint32_t first, uint32_t *queue)
{
    struct cluster cluster = {.min = {UINT32_MAX, UINT32_MAX}};
    uint32_t begin = 0, end = 0;
    report->cells[first].seen = true;
    queue[end++] = first;
    while (begin < end) {
        const uint32_t at = queue[begin++], column = at % report->width, row = at / report->width;
        add_cell(&cluster, &report->cells[at], column, row);
        for (uint32_t n = 0; n < 9; n++) {
            const uint32_t x = column + n % 3 - 1, y = row + n / 3 - 1; /* wrap below 0 */
            if (x >= report->width || y >= report->height)
                continue;
            struct scree__enrich_map_cell *cell = &report->cells[(uint64_t)y * report->width + x];
            if (cell->seen || !disagrees(cell))
                continue;
            cell->seen = true;
            queue[end++] = y * report->width + x;
        }
    }
    return cluster;
}

/* Into the list of the largest, if it is one; those that are as large and came before stay before it. */
static void rank(const struct scree__enrich_report *report, const struct cluster *cluster,
                 struct scree_enrich_result *result)
{
    const uint64_t points = cluster->missed + cluster->false_alarms;
    uint32_t at = result->largest_count;
    while (at > 0 &&
           result->largest[at - 1].missed_count + result->largest[at - 1].false_count < points)
        at--;
    if (at == SCREE_ENRICH_CLUSTERS)
        return;
    if (result->largest_count < SCREE_ENRICH_CLUSTERS)
        result->largest_count++;
    memmove(&result->largest[at + 1], &result->largest[at],
            (result->largest_count - 1 - at) * sizeof *result->largest);
    struct scree_enrich_cluster *to = &result->largest[at];
    double mean[2];
    for (int a = 0; a < 2; a++) {
        mean[a] = report->origin[a] + report->cell_size * (cluster->sum[a] / (double)points);
        to->min[a] = report->origin[a] + report->cell_size * cluster->min[a];
        to->max[a] = report->origin[a] + report->cell_size * (cluster->max[a] + 1.0);
    }
    to->x = mean[0];
    to->y = mean[1];
    to->missed_count = cluster->missed;
    to->false_count = cluster->false_alarms;
}

static void find_clusters(struct scree__enrich_report *report, uint32_t *queue,
                          struct scree_enrich_result *result)
{
    const uint32_t count = report->width * report->height;
    for (uint32_t i = 0; i < count; i++) {
        if (report->cells[i].seen || !disagrees(&report->cells[i]))
            continue;
        const struct cluster cluster = grow(report, i, queue);
        result->cluster_count++;
        result->cluster_missed_count += cluster.missed;
        result->cluster_false_count += cluster.false_alarms;
        rank(report, &cluster, result);
    }
}

/* --------------------------------------------------------------------------------------------- gaps */

/* Rows from each cell to the nearest ground in its column; FAR: there is none. */
static void measure_columns(const struct scree__enrich_report *report, uint32_t *rows)
{
    const uint32_t width = report->width, height = report->height;
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++) {
            const uint64_t i = (uint64_t)y * width + x;
            const uint32_t below = y > 0 ? rows[i - width] : FAR;
            rows[i] = report->cells[i].ground ? 0 : below == FAR ? FAR : below + 1;
        }
    for (uint32_t y = height - 1; y-- > 0;)
        for (uint32_t x = 0; x < width; x++) {
            const uint64_t i = (uint64_t)y * width + x, above = rows[i + width];
            if (above != FAR && above + 1 < rows[i])
                rows[i] = (uint32_t)above + 1;
        }
}

struct parabola {
    int64_t column, low2; /* its lowest value is there */
    int64_t from;         /* the first column in which it is the lowest of all */
};

static int64_t floor_quotient(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Of one row: the parabolas that are lowest somewhere. */
static uint32_t envelope(const uint32_t *rows, uint32_t width, struct parabola *kept)
{
    uint32_t count = 0;
    for (uint32_t x = 0; x < width; x++) {
        if (rows[x] == FAR)
            continue;
        struct parabola next = {x, (int64_t)rows[x] * rows[x], 0};
        for (; count > 0; count--) {
            const struct parabola *last = &kept[count - 1];
            /* From the column after this one on the new one is lower. */
            next.from = 1 + floor_quotient(next.column * next.column - last->column * last->column +
                                               next.low2 - last->low2,
                                           2 * (next.column - last->column));
            if (next.from > last->from)
                break;
        }
        if (count == 0)
            next.from = 0;
        if (next.from < width)
            kept[count++] = next;
    }
    return count;
}

static void find_gap(const struct scree__enrich_report *report, uint32_t *rows,
                     struct parabola *kept, struct scree_enrich_result *result)
{
    int64_t most2 = -1;
    uint32_t at[2] = {0, 0};
    measure_columns(report, rows);
    for (uint32_t y = 0; y < report->height; y++) {
        const uint32_t count = envelope(rows + (uint64_t)y * report->width, report->width, kept);
        for (uint32_t x = 0, p = 0; x < report->width && count > 0; x++) {
            while (p + 1 < count && kept[p + 1].from <= (int64_t)x)
                p++;
            const int64_t dx = (int64_t)x - kept[p].column, d2 = dx * dx + kept[p].low2;
            if (d2 > most2 && report->cells[(uint64_t)y * report->width + x].points > 0) {
                most2 = d2;
                at[0] = x;
                at[1] = y;
            }
        }
    }
    if (most2 < 0)
        return;
    result->is_covered = true;
    result->gap_radius = report->cell_size * sqrt((double)most2);
    for (int a = 0; a < 2; a++)
        result->gap_at[a] = report->origin[a] + report->cell_size * (at[a] + 0.5);
}

enum scree_status scree__enrich_places_find(struct scree__enrich_report *report,
                                            struct scree_enrich_result *result,
                                            struct scree_error *err)
{
    const uint64_t cells = (uint64_t)report->width * report->height;
    const uint64_t queue_bytes = cells * sizeof(uint32_t),
                   row_bytes = report->width * sizeof(struct parabola);
    void *queue = NULL, *row = NULL;
    if (report->cells == NULL)
        return SCREE_OK;
    result->cell_size = report->cell_size;
    enum scree_status status =
        scree__mem_alloc(report->budget, queue_bytes, &queue, "places of a report", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(report->budget, row_bytes, &row, "places of a report", err);
    if (status == SCREE_OK && result->is_judged)
        find_clusters(report, queue, result);
    if (status == SCREE_OK && report->height_at >= 0)
        find_gap(report, queue, row, result);
    scree__mem_free(report->budget, row, row_bytes);
    scree__mem_free(report->budget, queue, queue_bytes);
    return status;
}
