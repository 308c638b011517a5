/* vectors_rows.h - rows for the tests of lib/vectors. */
#ifndef SCREE_TESTS_UNIT_VECTORS_ROWS_H
#define SCREE_TESTS_UNIT_VECTORS_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* Normally distributed, nearly (twelve uniform ones): mean 0, variance 1. */
float vectors_normal(uint64_t *seed);

/* Rows around `clusters` centres that are `spread` times as far from zero as rows are from them. */
void vectors_clusters(float *rows, size_t count, uint32_t dim, uint32_t clusters, float spread,
                      uint64_t seed);

/* Reads a whole .fvecs, .bvecs or .ivecs (values become floats; gz: through gzip). NULL where there is no such file. Free it. */
float *vectors_read(const char *folder, const char *name, size_t *count, uint32_t *dim);

#endif
