/*
 * preorder.h - keys in the order of a walk that meets a node before its descendants and finishes
 * one subtree before the next: so a subtree is a run of neighbours.
 */
#ifndef SCREE_LIB_COPC_PREORDER_H
#define SCREE_LIB_COPC_PREORDER_H

#include "scree/copc.h"

/* Is the key `top` or one of its descendants? Keys are valid (scree__copc_key_valid()). */
static inline bool scree__copc_key_under(struct scree_copc_key key, struct scree_copc_key top)
{
    int up = key.level - top.level;
    if (up < 0)
        return false;
    return up > 30 ? top.x == 0 && top.y == 0 && top.z == 0
                   : key.x >> up == top.x && key.y >> up == top.y && key.z >> up == top.z;
}

/*
 * Sorts order[0, count), which are numbers of items; each item of item_bytes begins with its key.
 * In place, n log n: qsort() of the C library takes memory that no budget knows of.
 */
void scree__copc_preorder_sort(uint32_t *order, uint64_t count, const void *items,
                               size_t item_bytes);

/* The first place in the sorted order whose key is not before `key`: where its subtree begins. */
uint64_t scree__copc_preorder_find(const uint32_t *order, uint64_t count, const void *items,
                                   size_t item_bytes, struct scree_copc_key key);

#endif
