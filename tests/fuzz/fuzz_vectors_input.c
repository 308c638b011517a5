/* fuzz_vectors_input.c - any bytes as a file of vectors, in each format: what is opened can be read through. The first byte chooses the format. */
#include "scree/vectors.h"
#include "vectors/input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scree_source *source = NULL;
    struct scree__vectors_input input;
    if (size < 1)
        return 0;
    enum scree_vectors_format format = (enum scree_vectors_format)(1 + data[0] % 9);
    uint32_t dim = format >= SCREE_VECTORS_FORMAT_F4 ? 2 + data[0] / 9u : 0;
    if (scree_source_open_memory(data + 1, size - 1, "fuzz", &source, NULL) != SCREE_OK)
        return 0;
    if (scree__vectors_input_init(&input, source, format, dim, NULL) == SCREE_OK) {
        /* What a header says is checked against the file: a row is no longer than that. */
        if (input.row_count > size || input.row_bytes > size + 8 * (uint64_t)SCREE_VECTORS_DIM_MAX)
            abort();
        uint8_t *raw = malloc(input.row_bytes);
        float *row = malloc(input.dim * sizeof *row);
        for (uint64_t i = 0; raw != NULL && row != NULL && i < input.row_count; i++) {
            if (scree__vectors_input_read(&input, i, 1, raw, row, input.dim, NULL) == SCREE_OK)
                (void)scree__vectors_bad_component(row, input.dim);
        }
        free(raw);
        free(row);
    }
    if (scree__vectors_input_init_ids(&input, source, NULL) == SCREE_OK && input.row_count > size)
        abort();
    scree_source_close(source);
    return 0;
}
