/*
 * tree.h - the files of a batch: what is enriched, what goes along, and where each comes to lie.
 */
#ifndef SCREE_LIB_ENRICH_TREE_H
#define SCREE_LIB_ENRICH_TREE_H

#include "scree/features.h"

struct scree__enrich_item {
    char *input, *output;
    uint64_t bytes;
    int64_t time_ns; /* of its last change */
};

struct scree__enrich_items {
    struct scree__enrich_item *all;
    uint64_t count, capacity;
};

struct scree__enrich_tree {
    struct scree__enrich_items points, sides;
};

/*
 * Walks the inputs. Links to folders are followed, one that leads back to where it hangs is left out with a warning, and so is the output folder. LAS, LAZ and COPC files by their
 * endings in any case, smallest first. SCREE_E_ARGUMENT: two files would have one output, or a file would be its own. Release after failure, too.
 */
SCREE_MUST_CHECK enum scree_status
scree__enrich_tree_find(struct scree_context *context, const char *const *inputs, uint64_t count,
                        const char *output_folder, enum scree_enrich_output_kind kind,
                        struct scree__enrich_tree *tree, struct scree_error *err);
void scree__enrich_tree_release(struct scree__enrich_tree *tree);

/* Is it a LAS, LAZ or COPC file by its name? */
bool scree__enrich_is_cloud(const char *name);
/* Makes the folders that a path needs. */
SCREE_MUST_CHECK enum scree_status scree__enrich_make_folders(const char *path,
                                                              struct scree_error *err);
/* Copies a file with its times and permissions, all or nothing. What is there and not older stays, unless `always`. *copied: something was done. */
SCREE_MUST_CHECK enum scree_status scree__enrich_copy_file(const struct scree__enrich_item *item,
                                                           bool always, bool *copied,
                                                           struct scree_error *err);
/* Length and time of last change; false: it is not there. */
bool scree__enrich_look_at(const char *path, uint64_t *bytes, int64_t *time_ns);
/*
 * A digest of names, lengths and times of the point files that lie in a folder (with all its folders where `deep`): when it is the same, nothing has changed there.
 */
uint64_t scree__enrich_folder_digest(const char *folder, bool deep);

#endif
