/* index_output.h - what a search has found, to standard output or a file: text, JSON, ivecs or npy, by its ending. */
#ifndef CLI_INDEX_OUTPUT_H
#define CLI_INDEX_OUTPUT_H

#include "scree/io.h"

#include <stdbool.h>
#include <stdint.h>

enum index_output_form { INDEX_TEXT, INDEX_JSON, INDEX_IVECS, INDEX_NPY };

struct index_output {
    enum index_output_form form;
    struct scree_sink *sink; /* NULL: standard output */
    uint32_t k;
    uint64_t query_count, done;
};

/* The form that a name's ending asks for; false: none that we know. */
bool index_output_form(const char *path, enum index_output_form *form);
/* path NULL: standard output. */
enum scree_status index_output_begin(struct index_output *output, const char *path,
                                     const struct scree_sink_options *options, const char *index,
                                     struct scree_error *err);
/* The next `count` queries: [count][k] each. */
enum scree_status index_output_add(struct index_output *output, uint64_t count, const uint64_t *ids,
                                   const float *distances, const uint32_t *counts,
                                   struct scree_error *err);
enum scree_status index_output_end(struct index_output *output, struct scree_error *err);
/* After a failure too: nothing appears then. */
void index_output_close(struct index_output *output);

#endif
