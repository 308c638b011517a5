/* fuzz_svx.c - any bytes as an index of vectors: opened and searched, as they are and with CRCs that fit; what a search gives is in order. */
#include "scree/vectors.h"
#include "base/bytes.h"
#include "simd/crc32c.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX 65536u
#define K 4u

/* With CRCs that fit, so that mutations reach what lies behind them: of the superblock, and of the column table. */
static void mend(uint8_t *bytes, size_t size)
{
    if (size < 512)
        return;
    uint32_t columns = scree__base_load32(bytes + 32);
    if (columns <= 64 && 256 + 256 * (size_t)columns <= size) {
        for (uint32_t i = 0; i < columns; i++) {
            uint8_t *entry = bytes + 256 + 256 * (size_t)i;
            static const struct {
                unsigned offset, crc;
            } sections[] = {{104, 116}, {120, 128}, {136, 132}};
            uint64_t lists = scree__base_load32(entry + 84), dim = scree__base_load32(entry + 68);
            uint64_t sizes[] = {scree__base_load32(entry + 112), 40 * lists,
                                8 * dim + 2 * lists * dim};
            for (unsigned s = 0; s < 3; s++) {
                uint64_t at = scree__base_load64(entry + sections[s].offset);
                if (at <= size && sizes[s] <= size - at)
                    scree__base_store32(entry + sections[s].crc,
                                        scree__simd_crc32c(0, bytes + at, (size_t)sizes[s]));
            }
        }
        scree__base_store32(bytes + 36, scree__simd_crc32c(0, bytes + 256, 256 * (size_t)columns));
    }
    scree__base_store32(bytes + 252, scree__simd_crc32c(0, bytes, 252));
}

static void search(struct scree_vectors_index *index)
{
    static float query[SCREE_VECTORS_DIM_MAX];
    struct scree_vectors_info info;
    scree_vectors_info(index, &info);
    for (uint32_t i = 0; i < info.column_count && i < 2; i++) {
        struct scree_vectors_column_info column;
        struct scree_vectors_search_options options;
        uint64_t ids[K];
        float distances[K];
        uint32_t count;
        scree_vectors_column_info(index, i, &column);
        scree_vectors_search_options_init(&options);
        options.column = column.name;
        options.k = K;
        options.nprobe = 3;
        for (uint32_t d = 0; d < column.dim; d++)
            query[d] = (float)(d % 5);
        enum scree_status status =
            scree_vectors_search(index, &options, query, 1, ids, distances, &count, NULL, NULL);
        if (status != SCREE_OK)
            continue;
        for (uint32_t at = 1; at < count; at++) {
            if (distances[at] < distances[at - 1])
                abort();
        }
    }
}

static void look(const uint8_t *bytes, size_t size)
{
    struct scree_source *source = NULL;
    struct scree_vectors_index *index = NULL;
    struct scree_vectors_open_options options;
    scree_vectors_open_options_init(&options);
    options.cache_bytes = 1u << 20;
    if (scree_source_open_memory(bytes, size, "fuzz", &source, NULL) == SCREE_OK &&
        scree_vectors_open_source(NULL, source, &options, &index, NULL) == SCREE_OK)
        search(index);
    scree_vectors_close(index);
    scree_source_close(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[BYTES_MAX];
    look(data, size);
    if (size > sizeof bytes)
        return 0;
    memcpy(bytes, data, size);
    mend(bytes, size);
    look(bytes, size);
    return 0;
}
