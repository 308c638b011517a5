/*
 * make_vectors.c - made-up vectors with structure, not noise: clusters of unequal sizes around centres in a subspace of 32 dimensions, residuals in
 * another of 48, a little noise in all. The same bytes everywhere.
 * usage: make_vectors OUT.fbin ROWS DIM [SEED]
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CENTRE_DIMS 32u
#define RESIDUAL_DIMS 48u
#define CENTRES 2000u

static uint64_t state;

static uint32_t draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

/* Nearly normal: four uniform numbers, of variance 1. */
static float normal(void)
{
    float sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (float)(draw() >> 8) / 16777216.0f;
    return (sum - 2) * 1.7320508f;
}

static float *normals(size_t count, float scale)
{
    float *values = malloc(count * sizeof *values);
    if (values == NULL)
        exit(1);
    for (size_t i = 0; i < count; i++)
        values[i] = normal() * scale;
    return values;
}

static void add(float *row, const float *base, unsigned count, const float *weights, size_t dim)
{
    for (unsigned j = 0; j < count; j++)
        for (size_t i = 0; i < dim; i++)
            row[i] += weights[j] * base[j * dim + i];
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    uint32_t head[2] = {(uint32_t)strtoul(argv[2], NULL, 10), (uint32_t)strtoul(argv[3], NULL, 10)};
    size_t dim = head[1];
    state = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
    float scale = 1 / sqrtf((float)dim);
    float *wide = normals(CENTRE_DIMS * dim, scale), *narrow = normals(RESIDUAL_DIMS * dim, scale);
    float *centres = normals((size_t)CENTRES * CENTRE_DIMS, 3);
    float *row = malloc(dim * sizeof *row);
    FILE *file = fopen(argv[1], "wb");
    if (row == NULL || file == NULL || fwrite(head, 4, 2, file) != 2)
        return 1;
    for (uint32_t i = 0; i < head[0]; i++) {
        float weights[RESIDUAL_DIMS];
        /* The square of a uniform number: some clusters are many times larger than others. */
        float u = (float)(draw() >> 8) / 16777216.0f;
        unsigned centre = (unsigned)(u * u * (float)CENTRES);
        for (size_t d = 0; d < dim; d++)
            row[d] = ((float)(draw() >> 8) / 16777216.0f - 0.5f) * 0.05f;
        for (unsigned j = 0; j < RESIDUAL_DIMS; j++)
            weights[j] = normal();
        add(row, wide, CENTRE_DIMS, centres + (size_t)centre * CENTRE_DIMS, dim);
        add(row, narrow, RESIDUAL_DIMS, weights, dim);
        if (fwrite(row, sizeof *row, dim, file) != dim)
            return 1;
    }
    free(row);
    free(wide);
    free(narrow);
    free(centres);
    return fclose(file) == 0 ? 0 : 1;
}
