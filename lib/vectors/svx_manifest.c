/* svx_manifest.c - an index of several files, opened: heads from its manifest, a source for each segment. */
#include "vectors/svx_inside.h"
#include "vectors/manifest.h"
#include "base/bytes.h"
#include "base/error.h"
#include "simd/crc32c.h"

#include <string.h>

/* Sections of an image, one behind the other; *end: where the last one ends. */
struct image {
    const struct scree__vectors_manifest_segment *from;
    uint64_t at;
    const char *fault;
};

static const uint8_t *next_section(struct image *image, uint64_t bytes)
{
    uint64_t at = scree__vectors_align(image->at, SCREE__VECTORS_ALIGNMENT);
    if (at > image->from->image_bytes || bytes > image->from->image_bytes - at) {
        image->fault = "is cut off";
        return NULL;
    }
    image->at = at + bytes;
    return image->from->image + at;
}

static enum scree_status fail_segment(const struct scree__vectors_svx *svx, uint32_t at,
                                      const char *what, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_DATA, "%s: the head of segment %u in the manifest %s",
                            scree_source_name(svx->source), svx->segments[at].number, what);
}

/* Superblock and column table. */
static enum scree_status take_table(struct scree__vectors_svx *svx, uint32_t at,
                                    struct image *image, struct scree_error *err)
{
    struct scree__vectors_segment *segment = &svx->segments[at];
    const char *name = scree_source_name(svx->source);
    const uint8_t *bytes = next_section(image, SCREE__VECTORS_SUPER_BYTES);
    if (bytes == NULL)
        return fail_segment(svx, at, image->fault, err);
    enum scree_status status = scree__vectors_super_load(bytes, name, &segment->super, err);
    if (status != SCREE_OK)
        return status;
    if (at == 0)
        svx->super = segment->super;
    uint32_t columns = segment->super.column_count;
    if (columns != svx->super.column_count)
        return fail_segment(svx, at, "has other columns than the first", err);
    bytes = next_section(image, (uint64_t)columns * SCREE__VECTORS_COLUMN_BYTES);
    if (bytes == NULL)
        return fail_segment(svx, at, image->fault, err);
    uint32_t crc = scree__simd_crc32c(0, bytes, (size_t)columns * SCREE__VECTORS_COLUMN_BYTES);
    if (crc != segment->super.columns_crc || crc != image->from->columns_crc)
        return fail_segment(svx, at, "has a column table with a wrong CRC", err);
    status = scree__vectors_svx_alloc(svx, columns * sizeof *segment->heads, &segment->heads,
                                      "columns", err);
    for (uint32_t i = 0; i < columns && status == SCREE_OK; i++)
        status = scree__vectors_column_load(bytes + (size_t)i * SCREE__VECTORS_COLUMN_BYTES,
                                            &segment->super, name, i, &segment->heads[i], err);
    return status;
}

static bool same_column(const struct scree__vectors_column_head *a,
                        const struct scree__vectors_column_head *b)
{
    return strcmp(a->name, b->name) == 0 && a->shape.dim == b->shape.dim &&
           a->shape.bits == b->shape.bits && a->shape.metric == b->shape.metric &&
           a->shape.rerank == b->shape.rerank && a->list_count == b->list_count &&
           a->rotation_crc == b->rotation_crc && a->centroids_crc == b->centroids_crc;
}

static enum scree_status take_sections(struct scree__vectors_svx *svx, uint32_t at,
                                       struct image *image, struct scree_error *err)
{
    struct scree__vectors_section sections[SCREE__VECTORS_SECTIONS_MAX] = {{0}};
    struct scree__vectors_segment *segment = &svx->segments[at];
    uint32_t columns = segment->super.column_count;
    uint32_t count = scree__vectors_svx_sections(&segment->super, segment->heads, sections);
    sections[count - 1].byte_count = 0; /* recalls are the manifest's */
    for (uint32_t i = 0; i < columns; i++) {
        if (!same_column(&segment->heads[i], &svx->segments[0].heads[i]))
            return fail_segment(svx, at, "has another column than the first", err);
    }
    for (uint32_t step = 0; step < count; step++) {
        /* Tags come first. */
        uint32_t i = step == 0 ? 3 * columns : step <= 3 * columns ? step - 1 : step;
        if (sections[i].byte_count == 0 || (at > 0 && i < 3 * columns && i % 3 != 1))
            continue;
        const uint8_t *bytes = next_section(image, sections[i].byte_count);
        if (bytes == NULL)
            return fail_segment(svx, at, image->fault, err);
        if (scree__simd_crc32c(0, bytes, (size_t)sections[i].byte_count) != sections[i].crc)
            return fail_segment(svx, at, "has a section with a wrong CRC", err);
        sections[i].bytes = (uint8_t *)(uintptr_t)bytes; /* read only */
    }
    return scree__vectors_svx_unpack(svx, at, sections, at == 0, err);
}

static enum scree_status take_deleted(struct scree__vectors_svx *svx,
                                      struct scree__vectors_segment *segment,
                                      const struct scree__vectors_manifest_segment *from,
                                      struct scree_error *err)
{
    segment->deleted_bytes = 8 * from->deleted_count;
    enum scree_status status = scree__vectors_svx_alloc(svx, segment->deleted_bytes,
                                                        &segment->deleted, "deleted ids", err);
    if (status != SCREE_OK)
        return status;
    segment->deleted_count = from->deleted_count;
    for (uint64_t i = 0; i < from->deleted_count; i++)
        segment->deleted[i] = scree__base_load64(from->deleted + 8 * i);
    return SCREE_OK;
}

static enum scree_status take_segment(struct scree__vectors_svx *svx, uint32_t at,
                                      const struct scree__vectors_manifest_segment *from,
                                      const struct scree__vectors_svx_options *options,
                                      struct scree_error *err)
{
    struct scree__vectors_segment *segment = &svx->segments[at];
    struct image image = {from, 0, NULL};
    segment->number = from->number;
    segment->least_id = from->least_id;
    segment->most_id = from->most_id;
    enum scree_status status = take_table(svx, at, &image, err);
    if (status == SCREE_OK && segment->super.file_bytes > from->file_bytes)
        status = fail_segment(svx, at, "says more bytes than its file has", err);
    if (status == SCREE_OK && at == 0) {
        uint32_t columns = svx->super.column_count;
        status = scree__vectors_svx_alloc(svx, columns * sizeof *svx->columns, &svx->columns,
                                          "columns", err);
        for (uint32_t i = 0; i < columns && status == SCREE_OK; i++)
            svx->columns[i].head = segment->heads[i];
    }
    if (status == SCREE_OK)
        status = take_sections(svx, at, &image, err);
    if (status == SCREE_OK)
        status = take_deleted(svx, segment, from, err);
    if (status != SCREE_OK)
        return status;
    if (at > 0) {
        const struct scree__vectors_segment *before = segment - 1;
        uint64_t sets = before->tags != NULL ? before->super.tag_set_count : 1;
        segment->tag_set_first = before->tag_set_first + (uint32_t)sets;
    }
    status =
        options->open_segment(options->user, from->number, from->file_bytes, &segment->source, err);
    segment->own_source = status == SCREE_OK;
    if (status == SCREE_OK && scree_source_bytes(segment->source) < segment->super.file_bytes)
        status = scree__base_fail(err, SCREE_E_DATA, "%s: truncated: %llu bytes, expected %llu",
                                  scree_source_name(segment->source),
                                  (unsigned long long)scree_source_bytes(segment->source),
                                  (unsigned long long)segment->super.file_bytes);
    return status;
}

static enum scree_status take_all(struct scree__vectors_svx *svx, const uint8_t *bytes,
                                  struct scree__vectors_manifest *manifest,
                                  const struct scree__vectors_svx_options *options,
                                  struct scree_error *err)
{
    enum scree_status status = scree__vectors_manifest_load(
        bytes, svx->manifest_bytes, scree_source_name(svx->source), manifest, err);
    if (status == SCREE_OK)
        status = scree__vectors_svx_alloc(svx, manifest->segment_count * sizeof *svx->segments,
                                          &svx->segments, "segments", err);
    if (status != SCREE_OK)
        return status;
    svx->segment_count = manifest->segment_count;
    svx->generation = manifest->generation;
    svx->next_number = manifest->next_number;
    for (uint32_t i = 0; i < svx->segment_count && status == SCREE_OK; i++)
        status = take_segment(svx, i, &manifest->segments[i], options, err);
    if (status == SCREE_OK)
        status =
            scree__vectors_svx_unpack_recalls(svx, manifest->recalls, manifest->recalls_bytes, err);
    return status;
}

enum scree_status scree__vectors_svx_open_manifest(struct scree__vectors_svx *svx,
                                                   const struct scree__vectors_svx_options *options,
                                                   struct scree_error *err)
{
    uint8_t head[SCREE__VECTORS_MANIFEST_HEAD_BYTES];
    void *bytes = NULL, *manifest = NULL;
    const char *name = scree_source_name(svx->source);
    if (options == NULL || options->open_segment == NULL)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: has segments, in files that only a location leads to", name);
    enum scree_status status = scree_source_read(svx->source, 0, head, sizeof head, err);
    if (status == SCREE_OK)
        status = scree__vectors_manifest_length(head, name, &svx->manifest_bytes, err);
    if (status == SCREE_OK && svx->manifest_bytes != scree_source_bytes(svx->source))
        status = scree__base_fail(err, SCREE_E_DATA, "%s: a manifest of %llu bytes, expected %llu",
                                  name, (unsigned long long)scree_source_bytes(svx->source),
                                  (unsigned long long)svx->manifest_bytes);
    if (status == SCREE_OK)
        status = scree__mem_alloc(svx->budget, svx->manifest_bytes, &bytes, "manifest", err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(svx->budget, sizeof(struct scree__vectors_manifest), &manifest,
                                  "manifest", err);
    if (status == SCREE_OK)
        status = scree_source_read(svx->source, 0, bytes, (size_t)svx->manifest_bytes, err);
    if (status == SCREE_OK)
        status = take_all(svx, bytes, manifest, options, err);
    scree__mem_free(svx->budget, bytes, svx->manifest_bytes);
    scree__mem_free(svx->budget, manifest, sizeof(struct scree__vectors_manifest));
    return status;
}
