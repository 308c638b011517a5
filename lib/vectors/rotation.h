/*
 * rotation.h - a random rotation of rows of floats: after it, no dimension is like another, which is what 1-bit codes rest on. It is
 * orthonormal for every padded dimension: norms and inner products stay what they were, up to rounding.
 *
 * A rotation is four rounds of: change signs; Hadamard transform of the first 2^k values (rounds 1 and 3) or the last 2^k (rounds 2 and 4), 2^k
 * the largest power of two that is not above the padded dimension, divided by sqrt(2^k); where 2^k is smaller than the padded dimension also
 * (a, b) -> (a + b, a - b) / sqrt(2) between the two halves. Its state is the signs. The same bits on every level of lib/simd.
 *
 * Threads: a rotation is read only once it is made.
 */
#ifndef SCREE_LIB_VECTORS_ROTATION_H
#define SCREE_LIB_VECTORS_ROTATION_H

#include "scree/base.h"

#define SCREE__VECTORS_DIM_MAX 65536u
#define SCREE__VECTORS_ROUNDS 4u

/* The next multiple of 64. */
static inline uint32_t scree__vectors_padded_dim(uint32_t dim)
{
    return (dim + 63) / 64 * 64;
}

/* What a file keeps of a rotation: 4 * padded_dim bits. Bit i of round r is bit i % 8, from the lowest, of byte r * padded_dim / 8 + i / 8; 1: the
 * sign of value i is changed. */
static inline uint32_t scree__vectors_rotation_bytes(uint32_t padded_dim)
{
    return SCREE__VECTORS_ROUNDS * padded_dim / 8;
}

/* Fills state[scree__vectors_rotation_bytes()]: the bits of splitmix64 from `seed`, 64 at a time, the lowest first. */
void scree__vectors_rotation_make(uint64_t seed, uint32_t padded_dim, uint8_t *state);

/*
 * Rotates `count` rows: dim values at rows + i * row_stride, taken as padded with zeros, to padded_dim values at rotated + i * padded_dim (64-byte
 * aligned). minus: [dim], subtracted first; or NULL. Strides in floats.
 */
void scree__vectors_rotate(const uint8_t *state, uint32_t dim, uint32_t padded_dim,
                           const float *rows, size_t row_stride, size_t count, const float *minus,
                           float *rotated);

#endif
