/*
 * svx_open.c - an index opened: of one file, whose head takes two reads, every section against its CRC; or of several (svx_manifest.c).
 */
#include "vectors/svx_inside.h"
#include "vectors/manifest.h"
#include "base/error.h"
#include "simd/crc32c.h"

#include <string.h>

/* Superblock and column table at their largest. */
#define FIRST_READ_BYTES \
    (SCREE__VECTORS_SUPER_BYTES + SCREE_VECTORS_COLUMNS_MAX * SCREE__VECTORS_COLUMN_BYTES)

uint32_t scree__vectors_svx_sections(const struct scree__vectors_super *super,
                                     const struct scree__vectors_column_head *heads,
                                     struct scree__vectors_section *sections)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < super->column_count; i++) {
        const struct scree__vectors_column_head *head = &heads[i];
        sections[count++] = (struct scree__vectors_section){
            head->rotation_offset, head->rotation_bytes, head->rotation_crc, "rotation", NULL};
        sections[count++] = (struct scree__vectors_section){
            head->directory_offset, (uint64_t)head->list_count * SCREE__VECTORS_LIST_BYTES,
            head->directory_crc, "directory", NULL};
        sections[count++] = (struct scree__vectors_section){
            head->centroids_offset,
            scree__vectors_centroids_bytes(head->list_count, head->shape.dim), head->centroids_crc,
            "centroids", NULL};
    }
    sections[count++] = (struct scree__vectors_section){super->tags_offset, super->tags_bytes,
                                                        super->tags_crc, "tags", NULL};
    sections[count++] = (struct scree__vectors_section){super->recalls_offset, super->recalls_bytes,
                                                        super->recalls_crc, "recalls", NULL};
    return count;
}

/* The only segment: superblock and column table from the first bytes. */
static enum scree_status take_table(struct scree__vectors_svx *svx, const uint8_t *first,
                                    struct scree_error *err)
{
    const char *name = scree_source_name(svx->source);
    uint64_t length = scree_source_bytes(svx->source);
    enum scree_status status = scree__vectors_super_load(first, name, &svx->super, err);
    if (status != SCREE_OK)
        return status;
    if (svx->super.file_bytes > length)
        return scree__base_fail(
            err, SCREE_E_DATA, "%s: truncated: %llu bytes, its superblock says %llu", name,
            (unsigned long long)length, (unsigned long long)svx->super.file_bytes);
    uint32_t columns = svx->super.column_count;
    const uint8_t *table = first + SCREE__VECTORS_SUPER_BYTES;
    uint32_t crc = scree__simd_crc32c(0, table, (size_t)columns * SCREE__VECTORS_COLUMN_BYTES);
    if (crc != svx->super.columns_crc)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: the column table at byte 256 has the CRC %08x, expected %08x",
                                name, crc, svx->super.columns_crc);
    status = scree__vectors_svx_alloc(svx, sizeof *svx->segments, &svx->segments, "segments", err);
    if (status != SCREE_OK)
        return status;
    svx->segment_count = 1;
    struct scree__vectors_segment *segment = &svx->segments[0];
    segment->source = svx->source;
    segment->super = svx->super;
    status = scree__vectors_svx_alloc(svx, columns * sizeof *segment->heads, &segment->heads,
                                      "columns", err);
    if (status == SCREE_OK)
        status = scree__vectors_svx_alloc(svx, columns * sizeof *svx->columns, &svx->columns,
                                          "columns", err);
    for (uint32_t i = 0; i < columns && status == SCREE_OK; i++) {
        status = scree__vectors_column_load(table + (size_t)i * SCREE__VECTORS_COLUMN_BYTES,
                                            &svx->super, name, i, &segment->heads[i], err);
        svx->columns[i].head = segment->heads[i];
    }
    return status;
}

static enum scree_status read_sections(struct scree__vectors_svx *svx,
                                       struct scree__vectors_section *sections, uint32_t count,
                                       struct scree_error *err)
{
    struct scree_range ranges[SCREE__VECTORS_SECTIONS_MAX] = {{0}};
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        status = scree__vectors_svx_alloc(svx, sections[i].byte_count, &sections[i].bytes,
                                          sections[i].what, err);
        ranges[i] = (struct scree_range){sections[i].offset, (size_t)sections[i].byte_count,
                                         sections[i].bytes};
    }
    if (status == SCREE_OK)
        status = scree_source_read_many(svx->source, ranges, count, err);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        uint32_t crc = scree__simd_crc32c(0, sections[i].bytes, (size_t)sections[i].byte_count);
        if (crc != sections[i].crc)
            status = scree__base_fail(err, SCREE_E_DATA,
                                      "%s: %s, %llu bytes at byte %llu: CRC %08x, expected %08x",
                                      scree_source_name(svx->source), sections[i].what,
                                      (unsigned long long)sections[i].byte_count,
                                      (unsigned long long)sections[i].offset, crc, sections[i].crc);
    }
    return status;
}

static enum scree_status read_head(struct scree__vectors_svx *svx, struct scree_error *err)
{
    struct scree__vectors_section sections[SCREE__VECTORS_SECTIONS_MAX] = {{0}};
    uint32_t count = scree__vectors_svx_sections(&svx->super, svx->segments[0].heads, sections);
    enum scree_status status = read_sections(svx, sections, count, err);
    if (status == SCREE_OK)
        status = scree__vectors_svx_unpack(svx, 0, sections, true, err);
    if (status == SCREE_OK)
        status = scree__vectors_svx_unpack_recalls(svx, sections[count - 1].bytes,
                                                   svx->super.recalls_bytes, err);
    for (uint32_t i = 0; i < count; i++) {
        if (sections[i].bytes != NULL)
            scree__mem_free(svx->budget, sections[i].bytes, sections[i].byte_count);
    }
    return status;
}

static enum scree_status read_index(struct scree__vectors_svx *svx,
                                    const struct scree__vectors_svx_options *options,
                                    struct scree_error *err)
{
    uint8_t first[FIRST_READ_BYTES];
    uint64_t length = scree_source_bytes(svx->source);
    if (length < SCREE__VECTORS_MANIFEST_HEAD_BYTES)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: not an index of vectors: %llu bytes, a superblock takes 256",
                                scree_source_name(svx->source), (unsigned long long)length);
    size_t count = length < sizeof first ? (size_t)length : sizeof first;
    memset(first, 0, sizeof first);
    enum scree_status status = scree_source_read(svx->source, 0, first, count, err);
    if (status != SCREE_OK)
        return status;
    if (scree__vectors_is_manifest(first))
        return scree__vectors_svx_open_manifest(svx, options, err);
    if (length < SCREE__VECTORS_SUPER_BYTES)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: not an index of vectors: %llu bytes, a superblock takes 256",
                                scree_source_name(svx->source), (unsigned long long)length);
    status = take_table(svx, first, err);
    return status == SCREE_OK ? read_head(svx, err) : status;
}

/* All of it, where that fits; else half for blocks and half for rows, which have more use of it the more bits decide without them. */
static void share_cache(struct scree__vectors_svx *svx, uint64_t cache_bytes)
{
    uint64_t blocks = 0, rows = 0;
    for (uint32_t i = 0; i < svx->super.column_count; i++) {
        const struct scree__vectors_svx_column *column = &svx->columns[i];
        blocks += scree__vectors_all_lists(&column->public_) * (uint64_t)64 * 128;
        for (uint32_t s = 0; s < svx->segment_count; s++)
            blocks += svx->segments[s].heads[i].codes_bytes;
        rows += scree__vectors_align(column->head.row_stride, 64) * column->public_.vector_count;
    }
    uint64_t for_rows = rows < cache_bytes / 2     ? rows
                        : blocks < cache_bytes / 2 ? cache_bytes - blocks
                                                   : cache_bytes / 2;
    for_rows = for_rows < rows ? for_rows : rows;
    svx->piece_limit_bytes = cache_bytes - for_rows;
    for (uint32_t i = 0; i < svx->super.column_count && rows > 0; i++) {
        struct scree__vectors_svx_column *column = &svx->columns[i];
        uint64_t own =
            scree__vectors_align(column->head.row_stride, 64) * column->public_.vector_count;
        column->rows_share_bytes = (uint64_t)((double)for_rows * ((double)own / (double)rows));
    }
}

enum scree_status scree__vectors_svx_open(struct scree_source *source,
                                          const struct scree__vectors_svx_options *options,
                                          struct scree__vectors_svx **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree__vectors_svx), &memory, "index", err);
    if (status != SCREE_OK)
        return status;
    struct scree__vectors_svx *svx = memory;
    memset(svx, 0, sizeof *svx);
    scree__par_lock_init(&svx->lock);
    scree__par_signal_init(&svx->changed);
    svx->source = source;
    svx->context = options != NULL ? options->context : NULL;
    svx->budget = scree__par_budget(svx->context);
    svx->row_requests = options != NULL ? options->row_requests : 0;
    status = read_index(svx, options, err);
    if (status != SCREE_OK) {
        scree__vectors_svx_close(svx);
        return status;
    }
    share_cache(svx, options != NULL ? options->cache_bytes : 0);
    *out = svx;
    return SCREE_OK;
}

static void free_some(struct scree__vectors_svx *svx, void *memory, uint64_t bytes)
{
    if (memory != NULL)
        scree__mem_free(svx->budget, memory, bytes);
}

static void release_segment(struct scree__vectors_svx *svx, struct scree__vectors_segment *segment)
{
    free_some(svx, segment->heads, svx->super.column_count * sizeof *segment->heads);
    free_some(svx, segment->tags, segment->super.tags_bytes);
    free_some(svx, segment->deleted, segment->deleted_bytes);
    if (segment->own_source)
        scree_source_close(segment->source);
}

void scree__vectors_svx_close(struct scree__vectors_svx *svx)
{
    if (svx == NULL)
        return;
    while (scree__vectors_svx_give_way(svx))
        continue;
    scree__vectors_svx_release_rows(svx);
    for (uint32_t i = 0; svx->columns != NULL && i < svx->super.column_count; i++) {
        struct scree__vectors_svx_column *column = &svx->columns[i];
        free_some(svx, column->rotation, column->head.rotation_bytes);
        free_some(svx, column->shapes, column->shapes_bytes);
        free_some(svx, column->lists, column->lists_bytes);
        free_some(svx, column->centroids, column->centroids_bytes);
        free_some(svx, column->recalls, column->recalls_bytes);
        free_some(svx, column->pieces, column->pieces_bytes);
    }
    free_some(svx, svx->columns, svx->super.column_count * sizeof *svx->columns);
    for (uint32_t i = 0; svx->segments != NULL && i < svx->segment_count; i++)
        release_segment(svx, &svx->segments[i]);
    free_some(svx, svx->segments, svx->segment_count * sizeof *svx->segments);
    scree__par_signal_release(&svx->changed);
    scree__par_lock_release(&svx->lock);
    scree__mem_free(NULL, svx, sizeof *svx);
}
