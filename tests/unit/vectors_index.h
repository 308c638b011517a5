/* vectors_index.h - index files for tests; failures end the test. */
#ifndef SCREE_TESTS_UNIT_VECTORS_INDEX_H
#define SCREE_TESTS_UNIT_VECTORS_INDEX_H

#include "scree/vectors.h"

/* An index of one column, which gets its name and input here. tags: NULL, or a file. */
void vectors_build(const char *input, const char *tags, const char *output,
                   const struct scree_vectors_column_options *column);

struct scree_vectors_index *vectors_open(struct scree_context *context, const char *path,
                                         uint64_t cache_bytes);

#endif
