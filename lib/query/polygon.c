/* polygon.c - building areas, and the tests. */
#include "query/polygon.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

#define BANDS_MAX 65536u

enum scree_status scree__query_polygon_add_vertex(struct scree__query_polygon *polygon, double x,
                                                  double y, struct scree_error *err)
{
    if (!isfinite(x) || !isfinite(y))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "polygon: a coordinate is not finite");
    if (polygon->vertex_count == SCREE__QUERY_VERTICES_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "polygon: more than %u vertices",
                                SCREE__QUERY_VERTICES_MAX);
    void *memory = polygon->vertices;
    enum scree_status status =
        scree__mem_grow(polygon->budget, &memory, &polygon->vertex_capacity,
                        polygon->vertex_count + 1, sizeof *polygon->vertices, "polygon", err);
    polygon->vertices = memory;
    if (status == SCREE_OK)
        polygon->vertices[polygon->vertex_count++] = (struct scree__query_vertex){x, y};
    return status;
}

static bool same(struct scree__query_vertex a, struct scree__query_vertex b)
{
    return a.x == b.x && a.y == b.y;
}

enum scree_status scree__query_polygon_end_ring(struct scree__query_polygon *polygon,
                                                struct scree_error *err)
{
    uint64_t begin = polygon->ring_count > 0 ? polygon->ring_ends[polygon->ring_count - 1] : 0;
    uint64_t changes = 0;
    for (uint64_t i = begin + 1; i < polygon->vertex_count; i++)
        changes += !same(polygon->vertices[i], polygon->vertices[i - 1]);
    if (changes < 2)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "polygon: ring %llu has fewer than 3 different positions",
                                (unsigned long long)polygon->ring_count + 1);
    if (!same(polygon->vertices[begin], polygon->vertices[polygon->vertex_count - 1])) {
        struct scree__query_vertex first = polygon->vertices[begin];
        enum scree_status status = scree__query_polygon_add_vertex(polygon, first.x, first.y, err);
        if (status != SCREE_OK)
            return status;
    }
    void *ends = polygon->ring_ends, *owners = polygon->ring_polygons;
    enum scree_status status =
        scree__mem_grow(polygon->budget, &ends, &polygon->ring_capacity, polygon->ring_count + 1,
                        sizeof *polygon->ring_ends, "polygon", err);
    polygon->ring_ends = ends;
    if (status == SCREE_OK)
        status = scree__mem_grow(polygon->budget, &owners, &polygon->ring_polygon_capacity,
                                 polygon->ring_count + 1, sizeof *polygon->ring_polygons, "polygon",
                                 err);
    polygon->ring_polygons = owners;
    if (status != SCREE_OK)
        return status;
    polygon->ring_polygons[polygon->ring_count] = polygon->polygon_count;
    polygon->ring_ends[polygon->ring_count++] = polygon->vertex_count;
    return SCREE_OK;
}

void scree__query_polygon_end(struct scree__query_polygon *polygon)
{
    uint64_t rings = polygon->ring_count;
    if (rings > 0 && polygon->ring_polygons[rings - 1] == polygon->polygon_count)
        polygon->polygon_count++;
}

void scree__query_polygon_release(struct scree__query_polygon *polygon)
{
    struct scree__mem_budget *budget = polygon->budget;
    scree__mem_free(budget, polygon->vertices,
                    polygon->vertex_capacity * sizeof *polygon->vertices);
    scree__mem_free(budget, polygon->ring_ends,
                    polygon->ring_capacity * sizeof *polygon->ring_ends);
    scree__mem_free(budget, polygon->ring_polygons,
                    polygon->ring_polygon_capacity * sizeof *polygon->ring_polygons);
    scree__mem_free(budget, polygon->edges, polygon->edge_capacity * sizeof *polygon->edges);
    scree__mem_free(budget, polygon->band_begins,
                    (polygon->band_count + 1) * sizeof *polygon->band_begins);
    memset(polygon, 0, sizeof *polygon);
}

/* ---------------------------------------------------------------------------------------- index */

/* Never falls while y rises, so that an edge lies in the bands between those of its ends. */
static uint64_t band_of(const struct scree__query_polygon *polygon, double y)
{
    double band = (y - polygon->min[1]) * polygon->band_per_unit;
    if (!(band > 0))
        return 0;
    if (band >= (double)polygon->band_count)
        return polygon->band_count - 1;
    return (uint64_t)band;
}

static struct scree__query_edge edge_at(const struct scree__query_polygon *polygon, uint64_t i,
                                        uint32_t owner)
{
    struct scree__query_vertex a = polygon->vertices[i], b = polygon->vertices[i + 1];
    if (a.y > b.y) {
        struct scree__query_vertex other = a;
        a = b;
        b = other;
    }
    return (struct scree__query_edge){a.x, a.y, b.x, b.y, owner};
}

/* Calls for each edge and each of its bands; with edges NULL only counts in band_begins[band + 1]. */
static void spread_edges(struct scree__query_polygon *polygon, struct scree__query_edge *edges,
                         uint64_t *next)
{
    uint64_t i = 0;
    for (uint64_t ring = 0; ring < polygon->ring_count; ring++) {
        for (; i + 1 < polygon->ring_ends[ring]; i++) {
            struct scree__query_edge edge = edge_at(polygon, i, polygon->ring_polygons[ring]);
            uint64_t last = band_of(polygon, edge.by);
            for (uint64_t band = band_of(polygon, edge.ay); band <= last; band++) {
                if (edges == NULL)
                    polygon->band_begins[band + 1]++;
                else
                    edges[next[band]++] = edge;
            }
        }
        i++; /* from one ring to the next there is no edge */
    }
}

static void find_bounds(struct scree__query_polygon *polygon)
{
    polygon->min[0] = polygon->min[1] = INFINITY;
    polygon->max[0] = polygon->max[1] = -INFINITY;
    for (uint64_t i = 0; i < polygon->vertex_count; i++) {
        polygon->min[0] = fmin(polygon->min[0], polygon->vertices[i].x);
        polygon->min[1] = fmin(polygon->min[1], polygon->vertices[i].y);
        polygon->max[0] = fmax(polygon->max[0], polygon->vertices[i].x);
        polygon->max[1] = fmax(polygon->max[1], polygon->vertices[i].y);
    }
}

/* Bands so many that few edges lie in each, and so few that tall edges, which lie in many, do not take more than some 16 places
 * an edge. */
static enum scree_status choose_bands(struct scree__query_polygon *polygon, struct scree_error *err)
{
    double height = polygon->max[1] - polygon->min[1];
    uint64_t bands = polygon->vertex_count < BANDS_MAX ? polygon->vertex_count : BANDS_MAX;
    for (;; bands = bands / 2) {
        double places = 0;
        polygon->band_count = bands > 0 ? bands : 1;
        polygon->band_per_unit = height > 0 ? (double)polygon->band_count / height : 0;
        if (!isfinite(polygon->band_per_unit))
            polygon->band_per_unit = 0;
        uint64_t i = 0;
        for (uint64_t ring = 0; ring < polygon->ring_count; ring++, i++)
            for (; i + 1 < polygon->ring_ends[ring]; i++) {
                struct scree__query_edge edge = edge_at(polygon, i, 0);
                places += (double)(band_of(polygon, edge.by) - band_of(polygon, edge.ay)) + 1;
            }
        if (bands <= 1 || places <= 16.0 * (double)polygon->vertex_count)
            break;
    }
    void *memory;
    uint64_t bytes = (polygon->band_count + 1) * sizeof *polygon->band_begins;
    enum scree_status status = scree__mem_alloc(polygon->budget, bytes, &memory, "polygon", err);
    if (status != SCREE_OK)
        return status;
    polygon->band_begins = memory;
    memset(memory, 0, bytes);
    return SCREE_OK;
}

enum scree_status scree__query_polygon_index(struct scree__query_polygon *polygon,
                                             struct scree_error *err)
{
    if (polygon->polygon_count == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "polygon: there is no polygon in it");
    find_bounds(polygon);
    enum scree_status status = choose_bands(polygon, err);
    if (status != SCREE_OK)
        return status;
    spread_edges(polygon, NULL, NULL);
    for (uint64_t band = 0; band < polygon->band_count; band++)
        polygon->band_begins[band + 1] += polygon->band_begins[band];
    polygon->edge_count = polygon->edge_capacity = polygon->band_begins[polygon->band_count];
    void *memory, *next;
    status = scree__mem_alloc(polygon->budget, polygon->edge_count * sizeof *polygon->edges,
                              &memory, "polygon", err);
    polygon->edges = status == SCREE_OK ? memory : NULL;
    uint64_t next_bytes = polygon->band_count * sizeof *polygon->band_begins;
    if (status == SCREE_OK)
        status = scree__mem_alloc(polygon->budget, next_bytes, &next, "polygon", err);
    if (status != SCREE_OK)
        return status;
    memcpy(next, polygon->band_begins, next_bytes);
    spread_edges(polygon, polygon->edges, next);
    scree__mem_free(polygon->budget, next, next_bytes);
    return SCREE_OK;
}

/* ---------------------------------------------------------------------------------------- tests */

bool scree__query_polygon_has(const struct scree__query_polygon *polygon, double x, double y)
{
    if (!(y >= polygon->min[1] && y < polygon->max[1]))
        return false;
    if (!(x >= polygon->min[0] && x <= polygon->max[0]))
        return false;
    uint64_t band = band_of(polygon, y);
    const struct scree__query_edge *edge = polygon->edges + polygon->band_begins[band];
    const struct scree__query_edge *end = polygon->edges + polygon->band_begins[band + 1];
    bool odd = false;
    uint32_t current = 0; /* edges of a band are in order of polygons */
    for (; edge < end; edge++) {
        if (edge->polygon != current) {
            if (odd)
                return true;
            current = edge->polygon;
        }
        if ((edge->ay <= y) == (edge->by <= y))
            continue;
        double left =
            (edge->bx - edge->ax) * (y - edge->ay) - (x - edge->ax) * (edge->by - edge->ay);
        odd ^= left > 0;
    }
    return odd;
}

/* Does an edge come near enough to a box to matter? A line passes it by when all four corners lie clearly on one side. */
static bool touches(const struct scree__query_edge *edge, const double min[2], const double max[2])
{
    if (edge->by < min[1] || edge->ay > max[1])
        return false;
    if ((edge->ax < min[0] && edge->bx < min[0]) || (edge->ax > max[0] && edge->bx > max[0]))
        return false;
    double dx = edge->bx - edge->ax, dy = edge->by - edge->ay;
    unsigned above = 0, below = 0;
    for (unsigned corner = 0; corner < 4; corner++) {
        double px = ((corner & 1) != 0 ? max[0] : min[0]) - edge->ax;
        double py = ((corner & 2) != 0 ? max[1] : min[1]) - edge->ay;
        double side = dx * py - px * dy;
        double slack =
            (fabs(dx * py) + fabs(px * dy)) * 0x1p-48; /* 16 times what rounding can do */
        above += side > slack;
        below += side < -slack;
    }
    return above != 4 && below != 4;
}

enum scree__query_side scree__query_polygon_side(const struct scree__query_polygon *polygon,
                                                 const double min[2], const double max[2])
{
    if (max[0] < polygon->min[0] || min[0] > polygon->max[0] || max[1] < polygon->min[1] ||
        min[1] > polygon->max[1])
        return SCREE__QUERY_OUTSIDE;
    uint64_t last = band_of(polygon, max[1]);
    for (uint64_t i = polygon->band_begins[band_of(polygon, min[1])];
         i < polygon->band_begins[last + 1]; i++)
        if (touches(&polygon->edges[i], min, max))
            return SCREE__QUERY_CROSSING;
    return scree__query_polygon_has(polygon, min[0], min[1]) ? SCREE__QUERY_INSIDE
                                                             : SCREE__QUERY_OUTSIDE;
}
