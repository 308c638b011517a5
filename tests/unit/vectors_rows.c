/* vectors_rows.c - rows for the tests of lib/vectors. */
#include "vectors_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double unit(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) * 0x1p-53;
}

float vectors_normal(uint64_t *seed)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += unit(seed);
    return (float)sum;
}

void vectors_clusters(float *rows, size_t count, uint32_t dim, uint32_t clusters, float spread,
                      uint64_t seed)
{
    float *centres = malloc((size_t)clusters * dim * sizeof *centres);
    if (centres == NULL)
        abort();
    for (size_t i = 0; i < (size_t)clusters * dim; i++)
        centres[i] = spread * vectors_normal(&seed);
    for (size_t i = 0; i < count; i++) {
        const float *centre = centres + (size_t)(unit(&seed) * clusters) * dim;
        for (uint32_t d = 0; d < dim; d++)
            rows[i * dim + d] = centre[d] + vectors_normal(&seed);
    }
    free(centres);
}

static uint8_t *read_all(const char *path, size_t *bytes)
{
    char command[1200];
    size_t capacity = 1 << 20;
    uint8_t *data = malloc(capacity);
    snprintf(command, sizeof command, strstr(path, ".gz") != NULL ? "gzip -dc '%s'" : "cat '%s'",
             path);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL || data == NULL)
        abort();
    *bytes = 0;
    for (size_t n; (n = fread(data + *bytes, 1, capacity - *bytes, pipe)) > 0;) {
        *bytes += n;
        if (*bytes == capacity && (data = realloc(data, capacity *= 2)) == NULL)
            abort();
    }
    pclose(pipe);
    return data;
}

float *vectors_read(const char *folder, const char *name, size_t *count, uint32_t *dim)
{
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *there = fopen(path, "rb");
    if (there == NULL)
        return NULL;
    fclose(there);
    size_t bytes, value_bytes = strstr(name, ".bvecs") != NULL ? 1 : 4;
    uint8_t *data = read_all(path, &bytes);
    int32_t first;
    memcpy(&first, data, sizeof first);
    *dim = (uint32_t)first;
    size_t row_bytes = 4 + *dim * value_bytes;
    *count = bytes / row_bytes;
    float *rows = malloc(*count * *dim * sizeof *rows);
    if (rows == NULL)
        abort();
    for (size_t i = 0; i < *count; i++)
        for (uint32_t d = 0; d < *dim; d++) {
            const uint8_t *at = data + i * row_bytes + 4 + d * value_bytes;
            float value = 0;
            int32_t whole;
            if (value_bytes == 1)
                value = (float)*at;
            else if (strstr(name, ".ivecs") != NULL)
                value = (memcpy(&whole, at, 4), (float)whole);
            else
                memcpy(&value, at, 4);
            rows[i * *dim + d] = value;
        }
    free(data);
    return rows;
}
