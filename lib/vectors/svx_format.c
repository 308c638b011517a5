/* svx_format.c - superblock, column table and directory to and from bytes. */
#include "vectors/svx_format.h"
#include "base/bytes.h"
#include "base/error.h"
#include "simd/crc32c.h"

#include <string.h>

static const uint8_t magic[8] = {0x89, 'S', 'V', 'X', 0x0D, 0x0A, 0x1A, 0x0A};

#define CRC_AT (SCREE__VECTORS_SUPER_BYTES - 4)

void scree__vectors_super_store(const struct scree__vectors_super *super, uint8_t *bytes)
{
    memset(bytes, 0, SCREE__VECTORS_SUPER_BYTES);
    memcpy(bytes, magic, sizeof magic);
    scree__base_store16(bytes + 8, 1);
    scree__base_store32(bytes + 12, super->features);
    scree__base_store64(bytes + 16, super->file_bytes);
    scree__base_store64(bytes + 24, super->head_bytes);
    scree__base_store32(bytes + 32, super->column_count);
    scree__base_store32(bytes + 36, super->columns_crc);
    scree__base_store64(bytes + 40, SCREE__VECTORS_SUPER_BYTES);
    scree__base_store64(bytes + 48, super->id_base);
    scree__base_store32(bytes + 56, super->id_bytes);
    scree__base_store32(bytes + 60, super->tag_bytes);
    scree__base_store64(bytes + 64, super->tags_offset);
    scree__base_store64(bytes + 72, super->tags_bytes);
    scree__base_store32(bytes + 80, super->tags_crc);
    scree__base_store32(bytes + 84, super->tag_set_count);
    scree__base_store64(bytes + 88, super->recalls_offset);
    scree__base_store32(bytes + 96, super->recalls_bytes);
    scree__base_store32(bytes + 100, super->recalls_crc);
    scree__base_store64(bytes + 104, super->row_count);
    memcpy(bytes + 112, super->writer, sizeof super->writer);
    scree__base_store32(bytes + CRC_AT, scree__simd_crc32c(0, bytes, CRC_AT));
}

static enum scree_status wrong(const char *name, const char *field, uint64_t found,
                               struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_DATA, "%s: superblock: %s is %llu, which cannot be", name,
                            field, (unsigned long long)found);
}

static enum scree_status check_super(const struct scree__vectors_super *super, const char *name,
                                     struct scree_error *err)
{
    if (super->column_count < 1 || super->column_count > SCREE_VECTORS_COLUMNS_MAX)
        return wrong(name, "column_count", super->column_count, err);
    uint64_t least =
        SCREE__VECTORS_SUPER_BYTES + (uint64_t)super->column_count * SCREE__VECTORS_COLUMN_BYTES;
    if (super->head_bytes < least || super->head_bytes > super->file_bytes)
        return wrong(name, "head_bytes", super->head_bytes, err);
    if (super->id_bytes != 4 && super->id_bytes != 8)
        return wrong(name, "id_bytes", super->id_bytes, err);
    if (super->tag_bytes > 2 && super->tag_bytes != 4)
        return wrong(name, "tag_bytes", super->tag_bytes, err);
    if (super->tags_bytes > SCREE__VECTORS_TAGS_BYTES_MAX ||
        (super->tags_bytes > 0) != (super->tag_bytes > 0))
        return wrong(name, "the size of the tags", super->tags_bytes, err);
    if (super->tags_bytes > 0 &&
        (super->tags_offset < least || super->tags_offset > super->head_bytes ||
         super->tags_bytes > super->head_bytes - super->tags_offset))
        return wrong(name, "the offset of the tags", super->tags_offset, err);
    if (super->recalls_bytes % SCREE__VECTORS_RECALL_BYTES != 0 ||
        super->recalls_bytes > SCREE__VECTORS_RECALLS_MAX * SCREE__VECTORS_RECALL_BYTES)
        return wrong(name, "the size of the recalls", super->recalls_bytes, err);
    if (super->recalls_bytes > 0 &&
        (super->recalls_offset < super->head_bytes || super->recalls_offset > super->file_bytes ||
         super->recalls_bytes > super->file_bytes - super->recalls_offset))
        return wrong(name, "the offset of the recalls", super->recalls_offset, err);
    return SCREE_OK;
}

enum scree_status scree__vectors_super_load(const uint8_t *bytes, const char *name,
                                            struct scree__vectors_super *super,
                                            struct scree_error *err)
{
    if (memcmp(bytes, magic, sizeof magic) != 0)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: not an index of vectors: it does not begin like one", name);
    uint32_t stored = scree__base_load32(bytes + CRC_AT);
    uint32_t found = scree__simd_crc32c(0, bytes, CRC_AT);
    if (stored != found)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: superblock: bytes 0 to 251 have the CRC %08x, expected %08x",
                                name, found, stored);
    unsigned major = scree__base_load16(bytes + 8);
    if (major != 1)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: version %u of the format; this program reads version 1", name,
                                major);
    super->features = scree__base_load32(bytes + 12);
    if ((super->features & ~SCREE__VECTORS_FEATURES_KNOWN) != 0)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%s: has features (%08x) that this program does not know", name,
                                super->features & ~SCREE__VECTORS_FEATURES_KNOWN);
    super->file_bytes = scree__base_load64(bytes + 16);
    super->head_bytes = scree__base_load64(bytes + 24);
    super->column_count = scree__base_load32(bytes + 32);
    super->columns_crc = scree__base_load32(bytes + 36);
    if (scree__base_load64(bytes + 40) != SCREE__VECTORS_SUPER_BYTES)
        return wrong(name, "the offset of the column table", scree__base_load64(bytes + 40), err);
    super->id_base = scree__base_load64(bytes + 48);
    super->id_bytes = scree__base_load32(bytes + 56);
    super->tag_bytes = scree__base_load32(bytes + 60);
    super->tags_offset = scree__base_load64(bytes + 64);
    super->tags_bytes = scree__base_load64(bytes + 72);
    super->tags_crc = scree__base_load32(bytes + 80);
    super->tag_set_count = scree__base_load32(bytes + 84);
    super->recalls_offset = scree__base_load64(bytes + 88);
    super->recalls_bytes = scree__base_load32(bytes + 96);
    super->recalls_crc = scree__base_load32(bytes + 100);
    super->row_count = scree__base_load64(bytes + 104);
    memcpy(super->writer, bytes + 112, sizeof super->writer);
    super->writer[sizeof super->writer - 1] = '\0';
    return check_super(super, name, err);
}

const char *scree__vectors_name_fault(const char *name)
{
    size_t bytes = strlen(name);
    if (bytes == 0)
        return "is empty";
    if (bytes > SCREE_VECTORS_NAME_BYTES)
        return "is longer than 64 bytes";
    if (strncmp(name, "svx.", 4) == 0)
        return "begins with 'svx.', which is reserved";
    for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
            return "has control characters";
    }
    for (const unsigned char *p = (const unsigned char *)name; *p != '\0';) {
        unsigned more = *p < 0x80                 ? 0
                        : *p >= 0xc2 && *p < 0xe0 ? 1
                        : *p >= 0xe0 && *p < 0xf0 ? 2
                        : *p >= 0xf0 && *p < 0xf5 ? 3
                                                  : 4;
        for (unsigned i = 1; i <= more; i++) {
            if (more == 4 || (p[i] & 0xc0) != 0x80)
                return "is not valid UTF-8";
        }
        p += more + 1;
    }
    return NULL;
}

void scree__vectors_column_store(const struct scree__vectors_column_head *column, uint8_t *bytes)
{
    memset(bytes, 0, SCREE__VECTORS_COLUMN_BYTES);
    memcpy(bytes, column->name, SCREE_VECTORS_NAME_BYTES);
    scree__base_store32(bytes + 64, (uint32_t)column->shape.metric);
    scree__base_store32(bytes + 68, column->shape.dim);
    scree__base_store32(bytes + 72, column->shape.padded_dim);
    scree__base_store32(bytes + 76, column->shape.bits);
    scree__base_store32(bytes + 80, (uint32_t)column->shape.rerank);
    scree__base_store32(bytes + 84, column->list_count);
    scree__base_store64(bytes + 88, column->vector_count);
    scree__base_store64(bytes + 96, column->seed);
    scree__base_store64(bytes + 104, column->rotation_offset);
    scree__base_store32(bytes + 112, column->rotation_bytes);
    scree__base_store32(bytes + 116, column->rotation_crc);
    scree__base_store64(bytes + 120, column->directory_offset);
    scree__base_store32(bytes + 128, column->directory_crc);
    scree__base_store32(bytes + 132, column->centroids_crc);
    scree__base_store64(bytes + 136, column->centroids_offset);
    scree__base_store64(bytes + 144, column->codes_offset);
    scree__base_store64(bytes + 152, column->codes_bytes);
    scree__base_store64(bytes + 160, column->rows_offset);
    scree__base_store64(bytes + 168, column->rows_bytes);
    scree__base_store64(bytes + 176, column->skipped_count);
    scree__base_store32(bytes + 184, column->row_stride);
}

static bool within(uint64_t offset, uint64_t bytes, uint64_t begin, uint64_t end)
{
    return offset >= begin && offset <= end && bytes <= end - offset && offset % 64 == 0;
}

static const char *column_fault(const struct scree__vectors_column_head *c,
                                const struct scree__vectors_super *super)
{
    const struct scree__vectors_shape *shape = &c->shape;
    uint64_t head = super->head_bytes, begin = SCREE__VECTORS_SUPER_BYTES;
    if (scree__vectors_name_fault(c->name) != NULL)
        return "its name cannot be";
    if (shape->metric > SCREE_VECTORS_IP)
        return "metric";
    if (shape->dim < SCREE_VECTORS_DIM_MIN || shape->dim > SCREE_VECTORS_DIM_MAX ||
        shape->padded_dim != scree__vectors_padded_dim(shape->dim))
        return "dim";
    if (shape->bits < 1 || shape->bits > SCREE_VECTORS_BITS_MAX)
        return "bits";
    if (shape->rerank > SCREE_VECTORS_RERANK_SQ8 ||
        c->row_stride != scree__vectors_row_stride(shape))
        return "rerank";
    if (c->list_count < 1 || c->list_count > SCREE__VECTORS_LISTS_MAX)
        return "list_count";
    if (c->vector_count > super->file_bytes)
        return "vector_count";
    if (c->rotation_bytes != scree__vectors_rotation_bytes(shape->padded_dim) ||
        !within(c->rotation_offset, c->rotation_bytes, begin, head))
        return "rotation";
    if (!within(c->directory_offset, (uint64_t)c->list_count * SCREE__VECTORS_LIST_BYTES, begin,
                head))
        return "directory";
    if (!within(c->centroids_offset, scree__vectors_centroids_bytes(c->list_count, shape->dim),
                begin, head))
        return "centroids";
    if (!within(c->codes_offset, c->codes_bytes, head, super->file_bytes))
        return "codes";
    if (c->row_stride == 0 ? c->rows_offset != 0 || c->rows_bytes != 0
                           : !within(c->rows_offset, c->rows_bytes, head, super->file_bytes) ||
                                 c->rows_bytes / c->row_stride != c->vector_count ||
                                 c->rows_bytes % c->row_stride != 0)
        return "rows";
    return NULL;
}

enum scree_status scree__vectors_column_load(const uint8_t *bytes,
                                             const struct scree__vectors_super *super,
                                             const char *name, uint32_t index,
                                             struct scree__vectors_column_head *column,
                                             struct scree_error *err)
{
    memcpy(column->name, bytes, SCREE_VECTORS_NAME_BYTES);
    column->name[SCREE_VECTORS_NAME_BYTES] = '\0';
    column->shape.metric = (enum scree_vectors_metric)scree__base_load32(bytes + 64);
    column->shape.dim = scree__base_load32(bytes + 68);
    column->shape.padded_dim = scree__base_load32(bytes + 72);
    column->shape.bits = scree__base_load32(bytes + 76);
    column->shape.rerank = (enum scree_vectors_rerank)scree__base_load32(bytes + 80);
    column->shape.id_bytes = super->id_bytes;
    column->shape.tag_bytes = super->tag_bytes;
    column->list_count = scree__base_load32(bytes + 84);
    column->vector_count = scree__base_load64(bytes + 88);
    column->seed = scree__base_load64(bytes + 96);
    column->rotation_offset = scree__base_load64(bytes + 104);
    column->rotation_bytes = scree__base_load32(bytes + 112);
    column->rotation_crc = scree__base_load32(bytes + 116);
    column->directory_offset = scree__base_load64(bytes + 120);
    column->directory_crc = scree__base_load32(bytes + 128);
    column->centroids_crc = scree__base_load32(bytes + 132);
    column->centroids_offset = scree__base_load64(bytes + 136);
    column->codes_offset = scree__base_load64(bytes + 144);
    column->codes_bytes = scree__base_load64(bytes + 152);
    column->rows_offset = scree__base_load64(bytes + 160);
    column->rows_bytes = scree__base_load64(bytes + 168);
    column->skipped_count = scree__base_load64(bytes + 176);
    column->row_stride = scree__base_load32(bytes + 184);
    const char *fault = column_fault(column, super);
    if (fault == NULL)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_DATA,
                            "%s: column %u, at byte %llu: %s does not fit the rest", name, index,
                            (unsigned long long)SCREE__VECTORS_SUPER_BYTES +
                                (unsigned long long)index * SCREE__VECTORS_COLUMN_BYTES,
                            fault);
}

void scree__vectors_list_store(const struct scree__vectors_list *list, uint8_t *bytes)
{
    scree__base_store64(bytes, list->block_offset);
    scree__base_store64(bytes + 8, list->rows_offset);
    scree__base_store32(bytes + 16, list->count);
    scree__base_store32(bytes + 20, list->scan_crc);
    scree__base_store32(bytes + 24, list->extra_crc);
    scree__base_store_f32(bytes + 28, list->radius);
    scree__base_store_f32(bytes + 32, list->min_radius);
    scree__base_store32(bytes + 36, 0);
}

void scree__vectors_list_load(const uint8_t *bytes, struct scree__vectors_list *list)
{
    list->block_offset = scree__base_load64(bytes);
    list->rows_offset = scree__base_load64(bytes + 8);
    list->count = scree__base_load32(bytes + 16);
    list->scan_crc = scree__base_load32(bytes + 20);
    list->extra_crc = scree__base_load32(bytes + 24);
    list->radius = scree__base_load_f32(bytes + 28);
    list->min_radius = scree__base_load_f32(bytes + 32);
}
