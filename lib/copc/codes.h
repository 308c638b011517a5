/*
 * codes.h - Morton codes of many records: what a point costs while its record goes by. Plain C, AVX2 and AVX-512 give the same.
 */
#ifndef SCREE_LIB_COPC_CODES_H
#define SCREE_LIB_COPC_CODES_H

#include "copc/cube.h"

/* codes[i]: scree__copc_morton() of the cells of record i, each shifted right by `below`. Records are tightly packed, 16 bytes or longer. One
 * outside the cube's bounds, which may be a guess, counts as lying on its face. */
typedef void (*scree__copc_codes)(const struct scree__copc_cube *cube, const uint8_t *records,
                                  uint32_t record_bytes, uint64_t count, unsigned below,
                                  uint64_t *codes);

/* The fastest for this cube that the level in force has. */
scree__copc_codes scree__copc_codes_choose(const struct scree__copc_cube *cube);

#endif
