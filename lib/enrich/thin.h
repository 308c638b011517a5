/* thin.h - the ground of a survey thinned by a grid. */
#ifndef SCREE_LIB_ENRICH_THIN_H
#define SCREE_LIB_ENRICH_THIN_H

#include "enrich/lows.h"
#include "enrich/store.h"

/*
 * Of the ground points of each cell the lowest stays ground (all that are at its very position); the others go on as neighbours. On scratch leaves are written anew. From one
 * thread, on a store that is finished. Errors: SCREE_E_BUDGET, SCREE_E_MEMORY, SCREE_E_IO, SCREE_E_CANCELLED.
 */
SCREE_MUST_CHECK enum scree_status scree__enrich_thin(struct scree__enrich_store *store,
                                                      const struct scree__enrich_cells_grid *grid,
                                                      struct scree_error *err);

#endif
