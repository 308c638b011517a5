/* deletions.h - ids that are deleted from an index: a file beside it, INDEX.del, that a bit of its superblock speaks of. docs/formats/svx.md has its bytes. */
#ifndef SCREE_LIB_VECTORS_DELETIONS_H
#define SCREE_LIB_VECTORS_DELETIONS_H

#include "vectors/manifest.h"
#include "vectors/svx_inside.h"

/* Where the file is: a URL's query stays at its end. False: too long. */
bool scree__vectors_deletions_name(const char *location, char name[4096]);

/* A file's ids, ascending: *ids is memory of 8 * *count bytes from the budget. columns_crc: of the index that it has to belong to. SCREE_E_DATA. */
SCREE_MUST_CHECK enum scree_status scree__vectors_deletions_read(struct scree_source *source,
                                                                 uint32_t columns_crc,
                                                                 struct scree__mem_budget *budget,
                                                                 uint64_t **ids, uint64_t *count,
                                                                 struct scree_error *err);

/* What a manifest's changes take until it is written. All zero at first. */
struct scree__vectors_id_changes {
    uint8_t *deleted[SCREE__VECTORS_SEGMENTS_MAX];
    uint64_t deleted_bytes[SCREE__VECTORS_SEGMENTS_MAX];
    uint64_t deleted_count; /* ids that were added, over all segments */
    /* Further memory that is given back with it. */
    const uint8_t *images[2], *recalls;
    uint64_t image_bytes[2], recalls_bytes;
};

/* Adds ids, which are put in order, to those deleted from each segment that may hold them, by its least and most id. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_ids_delete(struct scree__vectors_manifest *manifest, uint64_t *ids, uint64_t count,
                          struct scree__mem_budget *budget,
                          struct scree__vectors_id_changes *changes, struct scree_error *err);
void scree__vectors_id_changes_release(struct scree__vectors_id_changes *changes,
                                       struct scree__mem_budget *budget);

/* Loads what belongs to an index opened from `location`, if its superblock says that there is something. SCREE_E_DATA: damaged, of another index. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_deletions_load(struct scree__vectors_svx *svx, const char *location,
                              const struct scree_source_options *options, struct scree_error *err);

#endif
