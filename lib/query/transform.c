/* transform.c - a region from the CRS of the question to that of the files. */
#include "query/region.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

#if SCREE_HAVE_PROJ

#include <proj.h>

enum { BOUNDS_PIECES = 64, POLYGON_PIECES = 16, CIRCLE_VERTICES = 360 };

struct transformer {
    PJ_CONTEXT *proj;
    PJ *pipeline;
    struct scree__query_polygon *to;
    struct scree_error *err;
};

static enum scree_status begin(struct transformer *t, const char *from, const char *to)
{
    t->proj = proj_context_create();
    if (t->proj == NULL)
        return scree__base_fail(t->err, SCREE_E_MEMORY, "PROJ gives no context");
    proj_log_level(t->proj, PJ_LOG_NONE);
    proj_context_set_enable_network(t->proj, 0);
    PJ *one = proj_create_crs_to_crs(t->proj, from, to, NULL);
    if (one != NULL) {
        t->pipeline = proj_normalize_for_visualization(t->proj, one);
        proj_destroy(one);
    }
    if (t->pipeline == NULL)
        return scree__base_fail(t->err, SCREE_E_UNSUPPORTED,
                                "crs: PROJ knows no transformation from the CRS of the query to "
                                "that of the files");
    return SCREE_OK;
}

static enum scree_status put(struct transformer *t, double x, double y)
{
    PJ_COORD at = proj_trans(t->pipeline, PJ_FWD, proj_coord(x, y, 0, HUGE_VAL));
    if (!isfinite(at.xy.x) || !isfinite(at.xy.y))
        return scree__base_fail(t->err, SCREE_E_ARGUMENT,
                                "crs: the place (%.10g, %.10g) cannot be expressed in the CRS of "
                                "the files",
                                x, y);
    return scree__query_polygon_add_vertex(t->to, at.xy.x, at.xy.y, t->err);
}

/* From a up to, not including, b. */
static enum scree_status put_edge(struct transformer *t, struct scree__query_vertex a,
                                  struct scree__query_vertex b, int pieces)
{
    enum scree_status status = SCREE_OK;
    for (int i = 0; i < pieces && status == SCREE_OK; i++) {
        double share = (double)i / pieces;
        status = put(t, a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share);
    }
    return status;
}

static enum scree_status put_bounds(struct transformer *t, const double min[3], const double max[3])
{
    const struct scree__query_vertex corners[] = {
        {min[0], min[1]}, {max[0], min[1]}, {max[0], max[1]}, {min[0], max[1]}, {min[0], min[1]}};
    enum scree_status status = SCREE_OK;
    for (int i = 0; i < 4 && status == SCREE_OK; i++)
        status = put_edge(t, corners[i], corners[i + 1], BOUNDS_PIECES);
    if (status == SCREE_OK)
        status = scree__query_polygon_end_ring(t->to, t->err);
    scree__query_polygon_end(t->to);
    return status;
}

static enum scree_status put_circle(struct transformer *t, const double circle[3])
{
    const double full_turn = 6.283185307179586;
    enum scree_status status = SCREE_OK;
    for (int i = 0; i < CIRCLE_VERTICES && status == SCREE_OK; i++) {
        double angle = full_turn * i / CIRCLE_VERTICES;
        status = put(t, circle[0] + circle[2] * cos(angle), circle[1] + circle[2] * sin(angle));
    }
    if (status == SCREE_OK)
        status = scree__query_polygon_end_ring(t->to, t->err);
    scree__query_polygon_end(t->to);
    return status;
}

static enum scree_status put_polygon(struct transformer *t, const struct scree__query_polygon *from)
{
    enum scree_status status = SCREE_OK;
    uint64_t i = 0;
    for (uint64_t ring = 0; ring < from->ring_count && status == SCREE_OK; ring++, i++) {
        for (; i + 1 < from->ring_ends[ring] && status == SCREE_OK; i++)
            status = put_edge(t, from->vertices[i], from->vertices[i + 1], POLYGON_PIECES);
        if (status == SCREE_OK)
            status = scree__query_polygon_end_ring(t->to, t->err);
        if (ring + 1 == from->ring_count ||
            from->ring_polygons[ring + 1] != from->ring_polygons[ring])
            scree__query_polygon_end(t->to);
    }
    return status;
}

/* One kind of place at a time: several would have to be intersected. */
static enum scree_status check_one_place(const struct scree__query_region *region,
                                         struct scree_error *err)
{
    int places = (region->bounds_axes > 1) + region->has_polygon + region->has_circle;
    if (places <= 1)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                            "crs: of bounds, polygon and circle only one can be given in another "
                            "CRS than the files'");
}

enum scree_status scree__query_region_transform(struct scree__query_region *region,
                                                const char *from_wkt, const char *to_wkt,
                                                struct scree_error *err)
{
    struct scree__query_polygon to;
    memset(&to, 0, sizeof to);
    to.budget = region->polygon.budget;
    struct transformer t = {NULL, NULL, &to, err};
    enum scree_status status = check_one_place(region, err);
    if (status == SCREE_OK)
        status = begin(&t, from_wkt, to_wkt);
    if (status == SCREE_OK && region->bounds_axes > 1)
        status = put_bounds(&t, region->min, region->max);
    else if (status == SCREE_OK && region->has_circle)
        status = put_circle(&t, region->circle);
    else if (status == SCREE_OK && region->has_polygon)
        status = put_polygon(&t, &region->polygon);
    if (status == SCREE_OK && to.polygon_count > 0) {
        scree__query_polygon_release(&region->polygon);
        region->polygon = to;
        memset(&to, 0, sizeof to);
        region->has_polygon = true;
        region->has_circle = false;
        region->bounds_axes = region->bounds_axes == 3 ? 1 : 0; /* z stays */
    }
    scree__query_polygon_release(&to);
    proj_destroy(t.pipeline);
    if (t.proj != NULL)
        proj_context_destroy(t.proj);
    return status;
}

#else

enum scree_status scree__query_region_transform(struct scree__query_region *region,
                                                const char *from_wkt, const char *to_wkt,
                                                struct scree_error *err)
{
    (void)region;
    (void)from_wkt;
    (void)to_wkt;
    return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                            "crs: built without PROJ, so that nothing can be transformed");
}

#endif
