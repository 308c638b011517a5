/* pick.h - the places of a node's points out of those of its cube. Plain C and AVX-512 give the same. */
#ifndef SCREE_LIB_COPC_PICK_H
#define SCREE_LIB_COPC_PICK_H

#include <stdint.h>

/*
 * Copies order[i] for every i below count where level[i] is `wanted`, in turn. How many there are; of more than `capacity`, which is what places has room
 * for, only the first are copied, and the number is merely above it.
 */
typedef uint64_t (*scree__copc_pick)(const uint32_t *order, const uint8_t *level, uint64_t count,
                                     uint8_t wanted, uint64_t *places, uint64_t capacity);

/* The fastest that the level in force has. */
scree__copc_pick scree__copc_pick_choose(void);

#endif
