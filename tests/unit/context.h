/* context.h - a run's context for tests. */
#ifndef SCREE_TESTS_UNIT_CONTEXT_H
#define SCREE_TESTS_UNIT_CONTEXT_H

#include "scree/base.h"

/* Of so many threads and so much memory (0: as for scree_context_options). Fails the test where it cannot be had. The caller gives it to scree_context_free(). */
struct scree_context *context_with(unsigned threads, uint64_t memory_bytes);

#endif
