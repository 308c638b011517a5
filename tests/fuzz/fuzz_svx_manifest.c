/*
 * fuzz_svx_manifest.c - any bytes as an index of several files, as they are and with CRCs that fit: opened, searched, ids deleted. An input is the length of the
 * manifest (u32), the manifest, and the files of its segments one behind the other.
 */
#include "base/bytes.h"
#include "simd/crc32c.h"
#include "vectors/deletions.h"
#include "vectors/manifest.h"
#include "vectors/searcher.h"
#include "vectors/svx.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX 65536u
#define K 4u

struct files {
    const uint8_t *manifest, *rest;
    size_t manifest_bytes, rest_bytes;
};

/* The file of the segment with that number, as far as there is one. */
static enum scree_status open_segment(void *user, uint32_t number, uint64_t bytes,
                                      struct scree_source **source, struct scree_error *err)
{
    const struct files *files = user;
    uint64_t at = 0;
    (void)err;
    for (size_t entry = 64; entry + 96 <= files->manifest_bytes; entry += 96) {
        uint64_t length = scree__base_load64(files->manifest + entry + 8);
        if (at > files->rest_bytes || length > files->rest_bytes - at)
            break;
        if (scree__base_load32(files->manifest + entry) == number && length == bytes)
            return scree_source_open_memory(files->rest + at, (size_t)length, "segment", source,
                                            NULL);
        at += length;
    }
    return SCREE_E_IO;
}

static void search(struct scree__vectors_svx *svx)
{
    static float query[SCREE_VECTORS_DIM_MAX];
    struct scree__vectors_target target;
    struct scree__vectors_searcher searcher;
    uint64_t ids[K];
    float distances[K];
    uint32_t count;
    if (scree__vectors_target_init(&target, svx, 0, NULL, NULL) != SCREE_OK)
        return;
    const struct scree__vectors_shape *shape = &target.column->shape;
    const struct scree__vectors_want want = {.k = K,
                                             .nprobe = 3,
                                             .whole = shape->bits > 1,
                                             .rerank = shape->rerank != SCREE_VECTORS_RERANK_NONE,
                                             .rerank_most = 20,
                                             .deviations = 2,
                                             .within = INFINITY};
    for (uint32_t d = 0; d < shape->dim; d++)
        query[d] = (float)(d % 5);
    if (scree__vectors_searcher_init(&searcher, &target, NULL) == SCREE_OK) {
        if (scree__vectors_searcher_run(&searcher, &want, query, 1, ids, distances, &count, NULL) ==
            SCREE_OK)
            for (uint32_t at = 1; at < count; at++)
                if (distances[at] < distances[at - 1])
                    abort();
        scree__vectors_searcher_release(&searcher);
    }
    scree__vectors_target_release(&target);
}

/* What `delete` does, but for writing: ids stay in order, each once. */
static void delete_ids(const struct files *files)
{
    struct scree__vectors_manifest *manifest = malloc(sizeof *manifest);
    struct scree__vectors_id_changes *changes = calloc(1, sizeof *changes);
    uint64_t length = 0, ids[] = {7, 3, 3, 0, UINT64_MAX, 12};
    if (manifest != NULL && changes != NULL && files->manifest_bytes >= 64 &&
        scree__vectors_manifest_length(files->manifest, "fuzz", &length, NULL) == SCREE_OK &&
        length <= files->manifest_bytes &&
        scree__vectors_manifest_load(files->manifest, length, "fuzz", manifest, NULL) == SCREE_OK &&
        scree__vectors_ids_delete(manifest, ids, 6, NULL, changes, NULL) == SCREE_OK)
        for (uint32_t i = 0; i < manifest->segment_count; i++)
            for (uint64_t j = 1; j < manifest->segments[i].deleted_count; j++) {
                const uint8_t *deleted = manifest->segments[i].deleted + 8 * j;
                if (scree__base_load64(deleted - 8) >= scree__base_load64(deleted))
                    abort();
            }
    if (changes != NULL)
        scree__vectors_id_changes_release(changes, NULL);
    free(changes);
    free(manifest);
}

static void look(const struct files *files)
{
    struct scree_source *source = NULL;
    struct scree__vectors_svx *svx = NULL;
    const struct scree__vectors_svx_options options = {
        .cache_bytes = 1u << 20, .open_segment = open_segment, .user = (void *)(uintptr_t)files};
    if (files->manifest_bytes >= 8 && scree__vectors_is_manifest(files->manifest)) {
        if (scree_source_open_memory(files->manifest, files->manifest_bytes, "fuzz", &source,
                                     NULL) == SCREE_OK &&
            scree__vectors_svx_open(source, &options, &svx, NULL) == SCREE_OK)
            search(svx);
        delete_ids(files);
    }
    scree__vectors_svx_close(svx);
    scree_source_close(source);
}

/* CRC of `bytes` bytes of the image at *at, to where it belongs; *at goes behind them. False: they are not there. */
static bool mend_section(uint8_t *image, uint64_t length, uint64_t *at, uint64_t bytes,
                         uint8_t *crc)
{
    *at = (*at + 63) / 64 * 64;
    if (*at > length || bytes > length - *at)
        return false;
    scree__base_store32(crc, scree__simd_crc32c(0, image + *at, (size_t)bytes));
    *at += bytes;
    return true;
}

/* The head of a segment: its sections, column table, superblock. Returns the CRC of the column table. */
static uint32_t mend_image(uint8_t *image, uint64_t length, bool first)
{
    if (length < 512)
        return 0;
    uint64_t columns = scree__base_load32(image + 32), at = 256 + 256 * columns;
    if (columns > 64 || at > length)
        return 0;
    bool there = true;
    for (uint64_t i = 0; i < columns && there; i++) {
        uint8_t *entry = image + 256 + 256 * i;
        uint64_t lists = scree__base_load32(entry + 84), dim = scree__base_load32(entry + 68);
        if (first)
            there = mend_section(image, length, &at, scree__base_load32(entry + 112), entry + 116);
        there = there && mend_section(image, length, &at, 40 * lists, entry + 128);
        if (first)
            there =
                there && mend_section(image, length, &at, 8 * dim + 2 * lists * dim, entry + 132);
    }
    uint32_t crc = scree__simd_crc32c(0, image + 256, 256 * (size_t)columns);
    scree__base_store32(image + 36, crc);
    scree__base_store32(image + 252, scree__simd_crc32c(0, image, 252));
    return crc;
}

/* With CRCs that fit, so that mutations reach what lies behind them. */
static void mend(uint8_t *manifest, size_t bytes)
{
    if (bytes < 164)
        return;
    uint32_t segments = scree__base_load32(manifest + 32);
    for (uint32_t i = 0; i < segments && 64 + 96 * ((size_t)i + 1) <= bytes; i++) {
        uint8_t *entry = manifest + 64 + 96 * (size_t)i;
        uint64_t at = scree__base_load64(entry + 32), length = scree__base_load64(entry + 40);
        if (at <= bytes && length <= bytes - at)
            scree__base_store32(entry + 4, mend_image(manifest + at, length, i == 0));
    }
    scree__base_store64(manifest + 16, bytes);
    scree__base_store32(manifest + bytes - 4, scree__simd_crc32c(0, manifest, bytes - 4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[BYTES_MAX];
    if (size < 4)
        return 0;
    size_t length = scree__base_load32(data);
    length = length < size - 4 ? length : size - 4;
    struct files files = {data + 4, data + 4 + length, length, size - 4 - length};
    look(&files);
    if (length > sizeof bytes)
        return 0;
    memcpy(bytes, files.manifest, length);
    files.manifest = bytes;
    mend(bytes, length);
    look(&files);
    return 0;
}
