/*
 * region.h - places: bounds, area and circle, all of which have to hold. A point's coordinate is record * scale + offset
 * in doubles, two roundings, as every reader computes it; min <= coordinate < max is then decided on
 * the records' integers, with limits that are found once by that same arithmetic.
 */
#ifndef SCREE_LIB_QUERY_REGION_H
#define SCREE_LIB_QUERY_REGION_H

#include "query/polygon.h"

/* In the CRS of the files. */
struct scree__query_region {
    unsigned bounds_axes; /* 0, 2 or 3; 1: z alone */
    double min[3], max[3];
    bool has_polygon, has_circle;
    struct scree__query_polygon polygon;
    double circle[3]; /* (x - cx)^2 + (y - cy)^2 <= r^2, in doubles */
};

/* What a region means for the records of one file. */
struct scree__query_limits {
    bool any;                /* is there a region at all? */
    bool has_axis[3];        /* limits that do not let everything through */
    int32_t low[3], high[3]; /* low <= record <= high */
    bool none;               /* no record can match */
    double scale[3], offset[3];
    const struct scree__query_region *region;
};

void scree__query_limits_make(const struct scree__query_region *region, const double scale[3],
                              const double offset[3], struct scree__query_limits *limits);

/* The smallest record whose coordinate is at least `bound`; 2^31 when there is none. */
int64_t scree__query_first_at_least(double bound, double scale, double offset);

/* Where a box lies that is sure to hold the points. */
enum scree__query_side scree__query_region_side(const struct scree__query_region *region,
                                                const double min[3], const double max[3]);

/* keep[i] &= record i lies in the region. */
void scree__query_limits_apply(const struct scree__query_limits *limits, const uint8_t *records,
                               size_t stride, size_t count, uint8_t *keep);

/* Does it need z, beside x and y? */
bool scree__query_region_needs_z(const struct scree__query_region *region);

/*
 * transform.c: takes a region from one CRS to another (WKT both), through PROJ: x is east or longitude, y north or latitude, whatever
 * the CRS says of its axes; z stays. Bounds and circles become polygons: each edge of bounds in 64 pieces, a circle of 360
 * vertices; each edge of a polygon in 16 pieces. SCREE_E_UNSUPPORTED: built without PROJ, or no
 * transformation; SCREE_E_ARGUMENT: a place that the other CRS does not have.
 */
SCREE_MUST_CHECK enum scree_status scree__query_region_transform(struct scree__query_region *region,
                                                                 const char *from_wkt,
                                                                 const char *to_wkt,
                                                                 struct scree_error *err);

#endif
