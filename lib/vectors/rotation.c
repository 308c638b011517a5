/* rotation.c - the state of a rotation, and rows through it. */
#include "vectors/rotation.h"
#include "base/bytes.h"
#include "vectors/draw.h"
#include "vectors/kernels.h"

void scree__vectors_rotation_make(uint64_t seed, uint32_t padded_dim, uint8_t *state)
{
    for (uint32_t i = 0; i < scree__vectors_rotation_bytes(padded_dim); i += 8)
        scree__base_store64(state + i, scree__vectors_draw(&seed));
}

void scree__vectors_rotate(const uint8_t *state, uint32_t dim, uint32_t padded_dim,
                           const float *rows, size_t row_stride, size_t count, const float *minus,
                           float *rotated)
{
    const struct scree__vectors_kernels *kernels = scree__vectors_kernels();
    for (size_t i = 0; i < count; i++)
        kernels->rotate(state, dim, padded_dim, rows + i * row_stride, minus,
                        rotated + i * padded_dim);
}
