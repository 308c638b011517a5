/*
 * polygon.h - areas with holes, several of them, and whether a point lies in one.
 *
 * The rule: from the point a ray goes to +x. An edge is crossed when one of its ends lies above the point (y > point's)
 * and the other does not, and the point lies strictly left of the edge, which is decided by the sign of
 * (bx - ax) * (py - ay) - (px - ax) * (by - ay) in doubles, a being the lower end. In a polygon (its rings together) with an odd
 * number of crossings; in the area when in one of its polygons. So left and lower edges belong to a polygon,
 * right and upper ones do not, and of two polygons that share an edge exactly one has the points on it.
 */
#ifndef SCREE_LIB_QUERY_POLYGON_H
#define SCREE_LIB_QUERY_POLYGON_H

#include "scree/base.h"
#include "mem/budget.h"

enum scree__query_side { SCREE__QUERY_OUTSIDE, SCREE__QUERY_INSIDE, SCREE__QUERY_CROSSING };

struct scree__query_vertex {
    double x, y;
};

struct scree__query_edge {
    double ax, ay, bx, by; /* ay <= by */
    uint32_t polygon;
};

/* While it is read: rings of vertices. Afterwards: edges, by bands of y. */
struct scree__query_polygon {
    struct scree__mem_budget *budget;
    struct scree__query_vertex *vertices;
    uint64_t vertex_count, vertex_capacity;
    uint64_t *ring_ends; /* of vertices */
    uint64_t ring_count, ring_capacity;
    uint32_t *ring_polygons; /* that each ring belongs to */
    uint64_t ring_polygon_capacity;
    uint32_t polygon_count;

    double min[2], max[2];
    struct scree__query_edge
        *edges; /* those of a band after those of the one before; once a band */
    uint64_t edge_count, edge_capacity;
    uint64_t *band_begins; /* band_count + 1 */
    uint64_t band_count;
    double band_per_unit;
};

#define SCREE__QUERY_VERTICES_MAX 4000000u

/* Reading: rings are closed where their last vertex is not the first. */
SCREE_MUST_CHECK enum scree_status
scree__query_polygon_add_vertex(struct scree__query_polygon *polygon, double x, double y,
                                struct scree_error *err);
/* Ends a ring of the current polygon: at least 3 different positions in a row, else SCREE_E_ARGUMENT. */
SCREE_MUST_CHECK enum scree_status
scree__query_polygon_end_ring(struct scree__query_polygon *polygon, struct scree_error *err);
/* Ends the current polygon. */
void scree__query_polygon_end(struct scree__query_polygon *polygon);
/* After the last one. SCREE_E_ARGUMENT: no polygon at all. */
SCREE_MUST_CHECK enum scree_status scree__query_polygon_index(struct scree__query_polygon *polygon,
                                                              struct scree_error *err);
void scree__query_polygon_release(struct scree__query_polygon *polygon);

bool scree__query_polygon_has(const struct scree__query_polygon *polygon, double x, double y);
/* Where a box lies. INSIDE and OUTSIDE are certain; CROSSING may be said of a box that is neither. */
enum scree__query_side scree__query_polygon_side(const struct scree__query_polygon *polygon,
                                                 const double min[2], const double max[2]);

/* wkt.c: POLYGON and MULTIPOLYGON, also with Z, M, ZM, EMPTY parts and "SRID=...;" in front. */
SCREE_MUST_CHECK enum scree_status scree__query_wkt_read(const char *text,
                                                         struct scree__query_polygon *polygon,
                                                         struct scree_error *err);
/* geojson.c: a geometry, a feature or a collection of them; what is no polygon in it is refused. */
SCREE_MUST_CHECK enum scree_status scree__query_geojson_read(const char *text,
                                                             struct scree__query_polygon *polygon,
                                                             struct scree_error *err);

#endif
