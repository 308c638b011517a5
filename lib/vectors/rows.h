/* rows.h - opening an input by what the caller says of it. */
#ifndef SCREE_LIB_VECTORS_ROWS_H
#define SCREE_LIB_VECTORS_ROWS_H

#include "vectors/input.h"

/* A descriptor is read to its end, to scratch in `folder`; waiting for it ends when the context is cancelled. Release the input in any case. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_input_open(struct scree_context *context, struct scree__vectors_input *input,
                          const struct scree_vectors_input *wanted,
                          const struct scree_source_options *source_options, const char *folder,
                          struct scree_error *err);

#endif
