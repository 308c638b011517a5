/*
 * residual.h - the ground checked against itself: in small round windows all over a file, one ground point each against the network of the others there.
 *
 * Windows lie one in each square of a grid over the file's bounds, somewhere within it by a hash, and are wide enough for some hundred ground points. Of a window's
 * ground points the one nearest to the middle is left out (ties by x, y, z), and its height above the network of the others is its residual. Which points fall into a window does not depend on
 * the order in which they come, and neither does the outcome.
 */
#ifndef SCREE_LIB_ENRICH_RESIDUAL_H
#define SCREE_LIB_ENRICH_RESIDUAL_H

#include "mem/budget.h"
#include "scree/las.h"

#define SCREE__ENRICH_SQUARES 20u /* along the longer side, at most */
#define SCREE__ENRICH_WINDOW_POINTS 512u

struct scree__enrich_ground_point {
    int32_t at[3];
};

struct scree__enrich_ground_window {
    int32_t middle[2];
    uint32_t count; /* may go beyond the room: then the window is not used */
    struct scree__enrich_ground_point points[SCREE__ENRICH_WINDOW_POINTS];
};

struct scree__enrich_residuals {
    struct scree__mem_budget *budget;
    struct scree__enrich_ground_window *windows; /* NULL: the bounds have no extent */
    uint32_t across, down;
    double low[2], side; /* of the squares, in steps of x and y */
    double reach2;       /* of a window, squared */
};

struct scree__enrich_spread {
    uint64_t count;
    double p50, p95, most; /* of the sizes, in steps of z */
};

SCREE_MUST_CHECK enum scree_status
scree__enrich_residuals_init(struct scree__enrich_residuals *residuals,
                             struct scree__mem_budget *budget,
                             const struct scree_las_header *header, struct scree_error *err);
/* A ground point; from one thread at a time. */
void scree__enrich_residuals_add(struct scree__enrich_residuals *residuals, const int32_t at[3]);
/* Memory may fail; a window that cannot be judged is left out. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_residuals_finish(struct scree__enrich_residuals *residuals,
                               struct scree__enrich_spread *spread, struct scree_error *err);
void scree__enrich_residuals_release(struct scree__enrich_residuals *residuals);

#endif
