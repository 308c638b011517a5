/* deletions.h - ids that are deleted from an index: a file beside it, INDEX.del, that a bit of its superblock speaks of. docs/formats/svx.md has its bytes. */
#ifndef SCREE_LIB_VECTORS_DELETIONS_H
#define SCREE_LIB_VECTORS_DELETIONS_H

#include "vectors/svx_inside.h"

/* Loads what belongs to an index opened from `location`, if its superblock says that there is something. SCREE_E_DATA: damaged, of another index. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_deletions_load(struct scree__vectors_svx *svx, const char *location,
                              const struct scree_source_options *options, struct scree_error *err);

#endif
