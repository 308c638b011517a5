/* manifest_edit.c - replacing a manifest, and what it keeps of a segment's head. */
#include "vectors/manifest.h"
#include "vectors/svx_inside.h"
#include "base/error.h"
#include "simd/crc32c.h"

#include <string.h>

enum scree_status scree__vectors_path_is_manifest(const char *path, bool *is,
                                                  struct scree_error *err)
{
    uint8_t first[8] = {0};
    struct scree_source *source = NULL;
    enum scree_status status = scree_source_open_file(path, &source, err);
    if (status == SCREE_OK && scree_source_bytes(source) >= sizeof first)
        status = scree_source_read(source, 0, first, sizeof first, err);
    *is = scree__vectors_is_manifest(first);
    scree_source_close(source);
    return status;
}

enum scree_status scree__vectors_manifest_begin(const char *path, struct scree__mem_budget *budget,
                                                struct scree__vectors_manifest_edit *edit,
                                                struct scree_error *err)
{
    uint8_t head[SCREE__VECTORS_MANIFEST_HEAD_BYTES];
    struct scree_source *source = NULL;
    void *memory = NULL;
    memset(edit, 0, sizeof *edit);
    edit->budget = budget;
    enum scree_status status = scree_sink_open_file(path, true, &edit->sink, err);
    if (status == SCREE_OK)
        status = scree_source_open_file(path, &source, err);
    if (status == SCREE_OK)
        status = scree_source_read(source, 0, head, sizeof head, err);
    if (status == SCREE_OK && !scree__vectors_is_manifest(head))
        status = scree__base_fail(err, SCREE_E_IO, "%s: changed while it was read", path);
    uint64_t length = 0;
    if (status == SCREE_OK)
        status = scree__vectors_manifest_length(head, path, &length, err);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, length, &memory, "manifest", err);
    if (status == SCREE_OK) {
        edit->bytes = memory;
        edit->byte_count = length;
        status = scree__mem_alloc(budget, sizeof *edit->manifest, &memory, "manifest", err);
    }
    if (status == SCREE_OK) {
        edit->manifest = memory;
        status = scree_source_read(source, 0, edit->bytes, (size_t)length, err);
    }
    if (status == SCREE_OK)
        status = scree__vectors_manifest_load(edit->bytes, length, path, edit->manifest, err);
    scree_source_close(source);
    return status;
}

enum scree_status scree__vectors_manifest_commit(struct scree__vectors_manifest_edit *edit,
                                                 struct scree_error *err)
{
    edit->manifest->generation++;
    enum scree_status status = scree__vectors_manifest_write(edit->manifest, edit->sink, err);
    return status == SCREE_OK ? scree_sink_commit(edit->sink, err) : status;
}

void scree__vectors_manifest_release(struct scree__vectors_manifest_edit *edit)
{
    scree__mem_free(edit->budget, edit->bytes, edit->byte_count);
    scree__mem_free(edit->budget, edit->manifest, sizeof *edit->manifest);
    scree_sink_close(edit->sink);
    memset(edit, 0, sizeof *edit);
}

/* ----------------------------------------------------------------------------------------- images */

/* Sections in the order of an image, each at its place there; returns the image's length. */
static uint64_t place(struct scree__vectors_section *sections, uint32_t columns, bool shared,
                      struct scree_range *ranges, uint32_t *count)
{
    uint64_t at = SCREE__VECTORS_SUPER_BYTES + columns * (uint64_t)SCREE__VECTORS_COLUMN_BYTES;
    ranges[0] = (struct scree_range){0, (size_t)at, NULL};
    *count = 1;
    for (uint32_t step = 0; step <= 3 * columns; step++) {
        struct scree__vectors_section *section = &sections[step == 0 ? 3 * columns : step - 1];
        if (section->byte_count == 0 || (!shared && step > 0 && (step - 1) % 3 != 1))
            continue;
        at = scree__vectors_align(at, SCREE__VECTORS_ALIGNMENT);
        ranges[*count] = (struct scree_range){section->offset, (size_t)section->byte_count, NULL};
        ranges[(*count)++].bytes = (void *)(uintptr_t)at; /* a place until there is memory */
        at += section->byte_count;
    }
    return at;
}

enum scree_status scree__vectors_manifest_image(struct scree_source *source, bool shared,
                                                struct scree__mem_budget *budget,
                                                struct scree__vectors_manifest_segment *segment,
                                                struct scree_error *err)
{
    struct scree__vectors_section sections[SCREE__VECTORS_SECTIONS_MAX] = {{0}};
    struct scree_range ranges[SCREE__VECTORS_SECTIONS_MAX];
    struct scree__vectors_svx *svx;
    void *memory;
    uint32_t count;
    /* Opened, so that all of it is checked. */
    enum scree_status status = scree__vectors_svx_open(source, NULL, &svx, err);
    if (status != SCREE_OK)
        return status;
    segment->columns_crc = svx->super.columns_crc;
    segment->file_bytes = scree_source_bytes(source);
    (void)scree__vectors_svx_sections(&svx->super, svx->segments[0].heads, sections);
    uint64_t bytes = place(sections, svx->super.column_count, shared, ranges, &count);
    scree__vectors_svx_close(svx);
    status = scree__mem_alloc(budget, bytes, &memory, "the head of a segment", err);
    if (status != SCREE_OK)
        return status;
    segment->image = memory;
    segment->image_bytes = bytes;
    memset(memory, 0, bytes);
    for (uint32_t i = 0; i < count; i++)
        ranges[i].bytes = (uint8_t *)memory + (uintptr_t)ranges[i].bytes;
    return scree_source_read_many(source, ranges, count, err);
}
