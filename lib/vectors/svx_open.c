/* svx_open.c - the head of an index file: read with two reads, every section against its CRC, every number against the others. */
#include "vectors/svx_inside.h"
#include "vectors/build.h"
#include "vectors/tags.h"
#include "base/bytes.h"
#include "base/error.h"
#include "simd/crc32c.h"

#include <stdio.h>
#include <string.h>

/* Superblock and column table at their largest. */
#define FIRST_READ_BYTES \
    (SCREE__VECTORS_SUPER_BYTES + SCREE_VECTORS_COLUMNS_MAX * SCREE__VECTORS_COLUMN_BYTES)

/* A section as it is in the file, while it is checked. */
struct section {
    uint64_t offset, byte_count;
    uint32_t crc;
    const char *what;
    uint8_t *bytes;
};

#define SECTIONS_MAX (3 * SCREE_VECTORS_COLUMNS_MAX + 2)

static enum scree_status alloc(struct scree__vectors_svx *svx, uint64_t bytes, void *to,
                               const char *what, struct scree_error *err)
{
    void *memory = NULL;
    enum scree_status status = scree__mem_alloc(svx->budget, bytes, &memory, what, err);
    if (status == SCREE_OK && bytes > 0)
        memset(memory, 0, bytes);
    memcpy(to, &memory, sizeof memory);
    return status;
}

static enum scree_status read_table(struct scree__vectors_svx *svx, struct scree_error *err)
{
    uint8_t first[FIRST_READ_BYTES];
    const char *name = scree_source_name(svx->source);
    uint64_t length = scree_source_bytes(svx->source);
    if (length < SCREE__VECTORS_SUPER_BYTES)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: not an index of vectors: %llu bytes, a superblock takes 256",
                                name, (unsigned long long)length);
    size_t count = length < sizeof first ? (size_t)length : sizeof first;
    enum scree_status status = scree_source_read(svx->source, 0, first, count, err);
    if (status == SCREE_OK)
        status = scree__vectors_super_load(first, name, &svx->super, err);
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
    uint64_t bytes = columns * sizeof *svx->columns;
    status = alloc(svx, bytes, &svx->columns, "columns", err);
    for (uint32_t i = 0; i < columns && status == SCREE_OK; i++)
        status = scree__vectors_column_load(table + (size_t)i * SCREE__VECTORS_COLUMN_BYTES,
                                            &svx->super, name, i, &svx->columns[i].head, err);
    return status;
}

static uint32_t list_sections(struct scree__vectors_svx *svx, struct section *sections)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < svx->super.column_count; i++) {
        const struct scree__vectors_column_head *head = &svx->columns[i].head;
        sections[count++] = (struct section){head->rotation_offset, head->rotation_bytes,
                                             head->rotation_crc, "rotation", NULL};
        sections[count++] = (struct section){head->directory_offset,
                                             (uint64_t)head->list_count * SCREE__VECTORS_LIST_BYTES,
                                             head->directory_crc, "directory", NULL};
        sections[count++] =
            (struct section){head->centroids_offset,
                             scree__vectors_centroids_bytes(head->list_count, head->shape.dim),
                             head->centroids_crc, "centroids", NULL};
    }
    const struct scree__vectors_super *super = &svx->super;
    sections[count++] =
        (struct section){super->tags_offset, super->tags_bytes, super->tags_crc, "tags", NULL};
    sections[count++] = (struct section){super->recalls_offset, super->recalls_bytes,
                                         super->recalls_crc, "recalls", NULL};
    return count;
}

static enum scree_status read_sections(struct scree__vectors_svx *svx, struct section *sections,
                                       uint32_t count, struct scree_error *err)
{
    struct scree_range ranges[SECTIONS_MAX] = {{0}};
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++) {
        status = alloc(svx, sections[i].byte_count, &sections[i].bytes, sections[i].what, err);
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

/* Lists follow each other without gaps, so that their places follow from their counts. */
static enum scree_status unpack_lists(struct scree__vectors_svx *svx,
                                      struct scree__vectors_svx_column *column,
                                      const uint8_t *bytes, struct scree_error *err)
{
    const struct scree__vectors_column_head *head = &column->head;
    uint64_t block = head->codes_offset, rows = head->rows_offset, vectors = 0;
    uint64_t end = head->codes_offset + head->codes_bytes;
    column->lists_bytes = head->list_count * sizeof *column->lists;
    enum scree_status status = alloc(svx, column->lists_bytes, &column->lists, "directory", err);
    for (uint32_t i = 0; i < head->list_count && status == SCREE_OK; i++) {
        struct scree__vectors_list *list = &column->lists[i];
        scree__vectors_list_load(bytes + (size_t)i * SCREE__VECTORS_LIST_BYTES, list);
        uint64_t size = scree__vectors_block_bytes(&head->shape, list->count);
        bool fits = list->count <= SCREE__VECTORS_LIST_COUNT_MAX && list->block_offset == block &&
                    list->rows_offset == rows && size <= end - block &&
                    list->radius >= list->min_radius && list->min_radius >= 0 &&
                    scree__base_load32(bytes + (size_t)i * SCREE__VECTORS_LIST_BYTES + 36) == 0;
        if (!fits)
            return scree__base_fail(err, SCREE_E_DATA,
                                    "%s: column '%s': list %u does not fit the rest",
                                    scree_source_name(svx->source), head->name, i);
        block += size;
        rows += (uint64_t)list->count * head->row_stride;
        vectors += list->count;
    }
    if (status == SCREE_OK && (vectors != head->vector_count || block != end))
        status = scree__base_fail(
            err, SCREE_E_DATA, "%s: column '%s': its lists hold %llu vectors, expected %llu",
            scree_source_name(svx->source), head->name, (unsigned long long)vectors,
            (unsigned long long)head->vector_count);
    return status;
}

static enum scree_status unpack_centroids(struct scree__vectors_svx *svx,
                                          struct scree__vectors_svx_column *column,
                                          const uint8_t *bytes, struct scree_error *err)
{
    const struct scree__vectors_column_head *head = &column->head;
    uint32_t stride = scree__vectors_stride(head->shape.dim);
    column->centroids_bytes = (uint64_t)head->list_count * stride * sizeof(float);
    enum scree_status status =
        alloc(svx, column->centroids_bytes, &column->centroids, "centroids", err);
    for (uint32_t i = 0; i < head->list_count && status == SCREE_OK; i++) {
        float *centroid = column->centroids + (size_t)i * stride;
        scree__vectors_centroid_load(bytes, head->shape.dim, i, centroid);
        if (scree__vectors_bad_component(centroid, head->shape.dim) < head->shape.dim)
            status =
                scree__base_fail(err, SCREE_E_DATA, "%s: column '%s': centroid %u is not finite",
                                 scree_source_name(svx->source), head->name, i);
    }
    return status;
}

static enum scree_status unpack_recalls(struct scree__vectors_svx *svx,
                                        struct scree__vectors_svx_column *column, uint32_t index,
                                        const uint8_t *bytes, struct scree_error *err)
{
    uint32_t all = svx->super.recalls_bytes / SCREE__VECTORS_RECALL_BYTES, count = 0;
    for (uint32_t i = 0; i < all; i++)
        count += scree__base_load32(bytes + (size_t)i * SCREE__VECTORS_RECALL_BYTES) == index;
    column->recalls_bytes = count * sizeof *column->recalls;
    enum scree_status status = alloc(svx, column->recalls_bytes, &column->recalls, "recalls", err);
    if (status != SCREE_OK)
        return status;
    struct scree__vectors_recall_point *to = column->recalls;
    for (uint32_t i = 0; i < all; i++) {
        const uint8_t *p = bytes + (size_t)i * SCREE__VECTORS_RECALL_BYTES;
        if (scree__base_load32(p) != index)
            continue;
        uint32_t bits = scree__base_load32(p + 16);
        *to = (struct scree__vectors_recall_point){
            scree__base_load32(p + 4), scree__base_load32(p + 8), scree__base_load32(p + 12), 0};
        memcpy(&to->recall, &bits, sizeof bits);
        if (!(to->recall >= 0 && to->recall <= 1) || to->k == 0 || to->nprobe == 0)
            return scree__base_fail(err, SCREE_E_DATA, "%s: recall %u cannot be",
                                    scree_source_name(svx->source), i);
        to++;
    }
    column->public_.recall_count = count;
    return SCREE_OK;
}

static void fill_public(struct scree__vectors_svx_column *column)
{
    struct scree__vectors_column *to = &column->public_;
    memcpy(to->name, column->head.name, sizeof to->name);
    to->shape = column->head.shape;
    to->vector_count = column->head.vector_count;
    to->list_count = column->head.list_count;
    to->seed = column->head.seed;
    to->lists = column->lists;
    to->centroids = column->centroids;
    to->centroid_stride = scree__vectors_stride(column->head.shape.dim);
    to->rotation = column->rotation;
    to->rotation_bytes = column->head.rotation_bytes;
    to->recalls = column->recalls;
}

static enum scree_status unpack(struct scree__vectors_svx *svx, struct section *sections,
                                struct scree_error *err)
{
    uint32_t columns = svx->super.column_count;
    const struct section *tags = &sections[3 * columns], *recalls = tags + 1;
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < columns && status == SCREE_OK; i++) {
        struct scree__vectors_svx_column *column = &svx->columns[i];
        status = alloc(svx, column->head.rotation_bytes, &column->rotation, "rotation", err);
        if (status == SCREE_OK) {
            memcpy(column->rotation, sections[3 * i].bytes, column->head.rotation_bytes);
            status = unpack_lists(svx, column, sections[3 * i + 1].bytes, err);
        }
        if (status == SCREE_OK)
            status = unpack_centroids(svx, column, sections[3 * i + 2].bytes, err);
        if (status == SCREE_OK)
            status = unpack_recalls(svx, column, i, recalls->bytes, err);
        if (status == SCREE_OK) {
            column->pieces_bytes = 2 * (uint64_t)column->head.list_count * sizeof *column->pieces;
            status = alloc(svx, column->pieces_bytes, &column->pieces, "lists", err);
        }
        fill_public(column);
    }
    if (status == SCREE_OK && tags->byte_count > 0) {
        const char *fault =
            scree__vectors_tags_fault(tags->bytes, tags->byte_count, svx->super.tag_set_count);
        if (fault != NULL)
            return scree__base_fail(err, SCREE_E_DATA, "%s: tags at byte %llu: %s",
                                    scree_source_name(svx->source),
                                    (unsigned long long)tags->offset, fault);
        status = alloc(svx, tags->byte_count, &svx->tags, "tags", err);
        if (status == SCREE_OK)
            memcpy(svx->tags, tags->bytes, (size_t)tags->byte_count);
    }
    return status;
}

static enum scree_status read_head(struct scree__vectors_svx *svx, struct scree_error *err)
{
    struct section sections[SECTIONS_MAX] = {{0}};
    uint32_t count = list_sections(svx, sections);
    enum scree_status status = read_sections(svx, sections, count, err);
    if (status == SCREE_OK)
        status = unpack(svx, sections, err);
    for (uint32_t i = 0; i < count; i++) {
        if (sections[i].bytes != NULL)
            scree__mem_free(svx->budget, sections[i].bytes, sections[i].byte_count);
    }
    return status;
}

/* All of it, where that fits; else half for blocks and half for rows, which have more use of it the more bits decide without them. */
static void share_cache(struct scree__vectors_svx *svx, uint64_t cache_bytes)
{
    uint64_t blocks = 0, rows = 0;
    for (uint32_t i = 0; i < svx->super.column_count; i++) {
        const struct scree__vectors_svx_column *column = &svx->columns[i];
        blocks += column->head.codes_bytes + column->head.list_count * 64 * (uint64_t)128;
        rows += scree__vectors_align(column->head.row_stride, 64) * column->head.vector_count;
    }
    uint64_t for_rows = rows < cache_bytes / 2     ? rows
                        : blocks < cache_bytes / 2 ? cache_bytes - blocks
                                                   : cache_bytes / 2;
    for_rows = for_rows < rows ? for_rows : rows;
    svx->piece_limit_bytes = cache_bytes - for_rows;
    for (uint32_t i = 0; i < svx->super.column_count && rows > 0; i++) {
        struct scree__vectors_svx_column *column = &svx->columns[i];
        uint64_t own =
            scree__vectors_align(column->head.row_stride, 64) * column->head.vector_count;
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
    status = read_table(svx, err);
    if (status == SCREE_OK)
        status = read_head(svx, err);
    if (status != SCREE_OK) {
        scree__vectors_svx_close(svx);
        return status;
    }
    share_cache(svx, options != NULL ? options->cache_bytes : 0);
    *out = svx;
    return SCREE_OK;
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
        scree__mem_free(svx->budget, column->rotation,
                        column->rotation != NULL ? column->head.rotation_bytes : 0);
        if (column->lists != NULL)
            scree__mem_free(svx->budget, column->lists, column->lists_bytes);
        if (column->centroids != NULL)
            scree__mem_free(svx->budget, column->centroids, column->centroids_bytes);
        if (column->recalls != NULL)
            scree__mem_free(svx->budget, column->recalls, column->recalls_bytes);
        if (column->pieces != NULL)
            scree__mem_free(svx->budget, column->pieces, column->pieces_bytes);
    }
    if (svx->columns != NULL)
        scree__mem_free(svx->budget, svx->columns, svx->super.column_count * sizeof *svx->columns);
    if (svx->tags != NULL)
        scree__mem_free(svx->budget, svx->tags, svx->super.tags_bytes);
    if (svx->deleted != NULL)
        scree__mem_free(svx->budget, svx->deleted, svx->deleted_bytes);
    scree__par_signal_release(&svx->changed);
    scree__par_lock_release(&svx->lock);
    scree__mem_free(NULL, svx, sizeof *svx);
}

/* ---------------------------------------------------------------------------------------- answers */

uint32_t scree__vectors_svx_column_count(const struct scree__vectors_svx *svx)
{
    return svx->super.column_count;
}

const struct scree__vectors_column *scree__vectors_svx_column(const struct scree__vectors_svx *svx,
                                                              uint32_t column)
{
    return &svx->columns[column].public_;
}

enum scree_status scree__vectors_svx_find(const struct scree__vectors_svx *svx, const char *name,
                                          uint32_t *column, struct scree_error *err)
{
    char names[400] = "";
    uint32_t count = svx->super.column_count;
    if (name == NULL && count == 1) {
        *column = 0;
        return SCREE_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (name != NULL && strcmp(name, svx->columns[i].head.name) == 0) {
            *column = i;
            return SCREE_OK;
        }
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s'%s'", i > 0 ? ", " : "",
                 svx->columns[i].head.name);
    }
    if (name == NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: has %u columns; which one? (%s)",
                                scree_source_name(svx->source), count, names);
    return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: has no column '%s', only %s",
                            scree_source_name(svx->source), name, names);
}

static uint64_t load_little(const uint8_t *p, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << 8 * i;
    return value;
}

uint64_t scree__vectors_svx_id(const struct scree__vectors_svx *svx,
                               const struct scree__vectors_column *column,
                               const struct scree__vectors_block *block, uint32_t at)
{
    uint32_t bytes = column->shape.id_bytes;
    return svx->super.id_base + load_little(block->ids + (size_t)at * bytes, bytes);
}

uint32_t scree__vectors_svx_tag(const struct scree__vectors_column *column,
                                const struct scree__vectors_block *block, uint32_t at)
{
    uint32_t bytes = column->shape.tag_bytes;
    return bytes == 0 ? 0 : (uint32_t)load_little(block->tags + (size_t)at * bytes, bytes);
}

bool scree__vectors_svx_has_deletions(const struct scree__vectors_svx *svx)
{
    return svx->deleted_count > 0;
}

bool scree__vectors_svx_deleted(const struct scree__vectors_svx *svx, uint64_t id)
{
    uint64_t begin = 0, end = svx->deleted_count;
    while (begin < end) {
        uint64_t middle = begin + (end - begin) / 2;
        if (svx->deleted[middle] < id)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin < svx->deleted_count && svx->deleted[begin] == id;
}

uint32_t scree__vectors_svx_tag_set_count(const struct scree__vectors_svx *svx)
{
    return svx->tags != NULL ? svx->super.tag_set_count : 1;
}

enum scree_status scree__vectors_svx_tag_sets(const struct scree__vectors_svx *svx, const char *tag,
                                              uint8_t *allowed, struct scree_error *err)
{
    if (svx->tags != NULL && scree__vectors_tags_find(svx->tags, tag, allowed))
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: no vector has the tag '%.200s'",
                            scree_source_name(svx->source), tag);
}

uint64_t scree__vectors_svx_head_bytes(const struct scree__vectors_svx *svx)
{
    return svx->super.head_bytes;
}

struct scree_range scree__vectors_svx_list_range(const struct scree__vectors_column *column,
                                                 uint32_t list, bool extra)
{
    const struct scree__vectors_list *l = &column->lists[list];
    uint64_t bytes = scree__vectors_scan_bytes(&column->shape, l->count);
    if (extra && column->shape.bits > 1)
        bytes = scree__vectors_extra_at(&column->shape, l->count) +
                scree__vectors_extra_part_bytes(&column->shape, l->count);
    return (struct scree_range){l->block_offset, (size_t)bytes, NULL};
}

struct scree_range scree__vectors_svx_row_range(const struct scree__vectors_column *column,
                                                struct scree__vectors_row_ref ref)
{
    uint32_t stride = scree__vectors_row_stride(&column->shape);
    uint64_t offset = column->lists[ref.list].rows_offset + (uint64_t)ref.at * stride;
    return (struct scree_range){offset, stride, NULL};
}
