/*
 * around.h - the files that a batch has looked at as neighbours of others: their bounds, so that each header is read once and not once for every file of its folder; and those
 * that cannot be read, which are left out of all surroundings, with one warning, instead of failing every file beside them.
 *
 * One thread.
 */
#ifndef SCREE_LIB_ENRICH_AROUND_H
#define SCREE_LIB_ENRICH_AROUND_H

#include "par/context.h"
#include "scree/las.h"

struct scree__enrich_around;

struct scree__enrich_bounds {
    double min[2], max[2];
    uint64_t point_count;
    bool left_out;
};

SCREE_MUST_CHECK enum scree_status scree__enrich_around_new(struct scree_context *context,
                                                            struct scree__enrich_around **around,
                                                            struct scree_error *err);
void scree__enrich_around_free(struct scree__enrich_around *around); /* accepts NULL */

/* What is known of a file; NULL: nothing, or it has changed since. Valid until the next call. */
const struct scree__enrich_bounds *
scree__enrich_around_find(const struct scree__enrich_around *around, const char *path);
/* What cannot be kept for want of memory is asked for again. */
void scree__enrich_around_keep(struct scree__enrich_around *around, const char *path,
                               const struct scree_las_header *header);
/* Leaves a file out from now on. why: a message that names it and says what could not be read. */
void scree__enrich_around_leave_out(struct scree__enrich_around *around, const char *path,
                                    const char *why);

#endif
