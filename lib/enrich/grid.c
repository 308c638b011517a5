/* grid.c - the cuts of a grid. */
#include "enrich/grid.h"

#include <string.h>

/* A survey is wider than it is high, and its surface one layer: height is cut only where it is far longer than the other sides. */
#define HEIGHT_WEIGHT 8.0

void scree__enrich_grid_init(struct scree__enrich_grid *grid, const int32_t min[3],
                             const int32_t max[3], unsigned bits)
{
    double side[3];
    unsigned axis_of[ENRICH_GRID_BITS] = {0}, axis_bits[3] = {0, 0, 0};
    memset(grid, 0, sizeof *grid);
    for (int a = 0; a < 3; a++) {
        grid->min[a] = min[a];
        grid->max[a] = max[a];
        side[a] = (double)max[a] - min[a] + 1.0;
    }
    for (grid->bits = 0; grid->bits < bits; grid->bits++) {
        unsigned longest = 3;
        double length = 0;
        for (unsigned a = 0; a < 3; a++) {
            double weighted = a == 2 ? side[a] / HEIGHT_WEIGHT : side[a];
            if (side[a] > 1 && weighted > length) {
                longest = a;
                length = weighted;
            }
        }
        if (longest == 3)
            break;
        axis_of[grid->bits] = longest;
        axis_bits[longest]++;
        side[longest] /= 2;
    }
    for (unsigned a = 0; a < 3; a++) {
        uint64_t extent = (uint64_t)((int64_t)max[a] - min[a]) + 1;
        grid->factor[a] = ((uint64_t)1 << (32 + axis_bits[a])) / extent;
        for (uint32_t i = 0; i < 1u << axis_bits[a]; i++) {
            unsigned left = axis_bits[a];
            for (unsigned b = 0; b < grid->bits; b++)
                if (axis_of[b] == a && i >> --left & 1)
                    grid->codes[a][i] |= (uint16_t)(1u << (grid->bits - 1 - b));
        }
    }
}
