/* enrich_naive.h - features the slow way: every point against every other, in double precision. */
#ifndef SCREE_TESTS_ENRICH_NAIVE_H
#define SCREE_TESTS_ENRICH_NAIVE_H

#include "scree/features.h"

struct naive_cloud {
    int32_t *x, *y, *z;
    uint8_t *classes, *returns;
    uint32_t count;
};

/* Rows of all features. k, radius (0: none), count radius and ground reach in units of `unit`. */
void naive_rows(const struct naive_cloud *cloud, double unit, uint32_t k, double radius,
                double count_radius, double reach, float *rows);

/* Random clouds: kind 0 a surface with trees and walls, 1 a volume, 2 few positions, 3 clusters of very different density, 4 one column, 5 one position. */
void naive_cloud_make(struct naive_cloud *cloud, unsigned kind, uint32_t count, uint64_t seed);
void naive_cloud_free(struct naive_cloud *cloud);

/* HeightAboveGround alone, in the same rows; reach in lattice units. */
void naive_heights(const struct naive_cloud *cloud, double unit, double reach, float *rows);

/* HeightAboveGround of point i from the k nearest ground points within `reach` lattice units. */
float naive_height_by_points(const struct naive_cloud *cloud, uint32_t i, double unit, uint32_t k,
                             double reach);

#endif
