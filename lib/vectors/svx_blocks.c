/*
 * svx_blocks.c - blocks of lists: those in memory are shared, those that are not are read by whoever asks first, all that one call lacks with one
 * read_many. What nobody uses is kept, the least recently used first to go.
 */
#include "vectors/svx_inside.h"
#include "base/error.h"
#include "simd/crc32c.h"

#include <string.h>

enum { SCAN = 0, EXTRA = 1 };

/* What a call reads itself. */
struct load {
    struct scree__vectors_piece *piece;
    uint32_t list;
    int part;
};

struct taking {
    struct scree__vectors_svx *svx;
    struct scree__vectors_svx_column *column;
    struct load *loads;
    struct scree_range *ranges;
    uint32_t *lists;
    uint32_t load_count;
};

/* --------------------------------------------------------------------------- those nobody uses */

static void unlist(struct scree__vectors_svx *svx, struct scree__vectors_piece *piece)
{
    if (!piece->listed)
        return;
    *(piece->newer != NULL ? &piece->newer->older : &svx->newest) = piece->older;
    *(piece->older != NULL ? &piece->older->newer : &svx->oldest) = piece->newer;
    piece->listed = false;
    piece->newer = piece->older = NULL;
}

static void enlist(struct scree__vectors_svx *svx, struct scree__vectors_piece *piece)
{
    piece->older = svx->newest;
    piece->newer = NULL;
    *(svx->newest != NULL ? &svx->newest->newer : &svx->oldest) = piece;
    svx->newest = piece;
    piece->listed = true;
}

static void drop(struct scree__vectors_svx *svx, struct scree__vectors_piece *piece)
{
    unlist(svx, piece);
    scree__mem_free(svx->budget, piece->bytes, piece->byte_count);
    svx->piece_bytes -= piece->byte_count;
    piece->bytes = NULL;
    piece->byte_count = 0;
    piece->state = SCREE__VECTORS_ABSENT;
}

bool scree__vectors_svx_give_way(struct scree__vectors_svx *svx)
{
    scree__par_lock_take(&svx->lock);
    struct scree__vectors_piece *piece = svx->oldest;
    if (piece != NULL)
        drop(svx, piece);
    scree__par_lock_give(&svx->lock);
    return piece != NULL;
}

/* ---------------------------------------------------------------------------------------- reading */

static uint64_t file_bytes(const struct scree__vectors_shape *shape, uint32_t count, int part)
{
    return part == SCAN ? scree__vectors_scan_bytes(shape, count)
                        : scree__vectors_extra_part_bytes(shape, count);
}

static uint64_t memory_bytes(const struct scree__vectors_shape *shape, uint32_t count, int part)
{
    return part == SCAN ? scree__vectors_whole_scan_bytes(shape, count)
                        : scree__vectors_extra_part_bytes(shape, count);
}

/* The last pack has as many rows as are left; in memory it is whole. From its end to its begin, so that nothing is overwritten that is needed. */
static void widen_last_pack(const struct scree__vectors_shape *shape, uint32_t count,
                            uint8_t *bytes)
{
    uint32_t rows = count % SCREE__VECTORS_PACK_ROWS, signs = shape->padded_dim / 8;
    if (rows == 0)
        return;
    uint32_t width = scree__vectors_pack_width(count, count / SCREE__VECTORS_PACK_ROWS);
    if (rows == width)
        return;
    uint8_t *pack =
        bytes + (size_t)(count - rows) * (signs + 12); /* the whole ones have 64 rows each */
    memmove(pack + scree__vectors_pack_bytes(shape->padded_dim, width),
            pack + (size_t)rows * (signs + 12),
            (size_t)count * (shape->id_bytes + shape->tag_bytes));
    for (uint32_t factor = 3; factor-- > 0;) {
        uint8_t *to = pack + (size_t)width * (signs + 4 * factor);
        memmove(to, pack + (size_t)rows * (signs + 4 * factor), 4 * (size_t)rows);
        memset(to + 4 * (size_t)rows, 0, 4 * (size_t)(width - rows));
    }
    for (uint32_t k = signs; k-- > 0;) {
        memmove(pack + (size_t)k * width, pack + (size_t)k * rows, rows);
        memset(pack + (size_t)k * width + rows, 0, width - rows);
    }
}

static enum scree_status take_memory(struct taking *t, struct scree_error *err)
{
    for (uint32_t i = 0; i < t->load_count; i++) {
        const struct load *load = &t->loads[i];
        const struct scree__vectors_shape *shape =
            scree__vectors_list_shape(&t->column->public_, load->list);
        const struct scree__vectors_list *list = &t->column->lists[load->list];
        uint64_t bytes = memory_bytes(shape, list->count, load->part);
        void *memory = NULL;
        struct scree_error own = SCREE_ERROR_INIT;
        enum scree_status status;
        do {
            own = (struct scree_error)SCREE_ERROR_INIT;
            status = scree__mem_alloc(t->svx->budget, bytes, &memory, "a list of the index", &own);
        } while (status == SCREE_E_BUDGET && scree__vectors_svx_give_way(t->svx));
        if (status != SCREE_OK) {
            if (err != NULL && err->status == SCREE_OK)
                *err = own;
            return status;
        }
        load->piece->bytes = memory;
        load->piece->byte_count = bytes;
        uint64_t at = load->part == SCAN ? 0 : scree__vectors_extra_at(shape, list->count);
        t->lists[i] = load->list;
        t->ranges[i] = (struct scree_range){
            list->block_offset + at, (size_t)file_bytes(shape, list->count, load->part), memory};
    }
    return SCREE_OK;
}

static enum scree_status check(const struct taking *t, uint32_t index, struct scree_error *err)
{
    const struct load *load = &t->loads[index];
    const struct scree__vectors_list *list = &t->column->lists[load->list];
    const struct scree__vectors_shape *shape =
        scree__vectors_list_shape(&t->column->public_, load->list);
    const struct scree__vectors_segment *segment =
        &t->svx->segments[load->list / t->column->head.list_count];
    size_t bytes = (size_t)file_bytes(shape, list->count, load->part);
    uint64_t at = load->part == SCAN ? 0 : scree__vectors_extra_at(shape, list->count);
    uint32_t expected = load->part == SCAN ? list->scan_crc : list->extra_crc;
    uint32_t found = scree__simd_crc32c(0, load->piece->bytes, bytes);
    if (found != expected)
        return scree__base_fail(
            err, SCREE_E_DATA,
            "%s: column '%s', list %u: %zu bytes at byte %llu have the CRC %08x, expected %08x",
            scree_source_name(segment->source), t->column->head.name, load->list, bytes,
            (unsigned long long)(list->block_offset + at), found, expected);
    if (load->part == SCAN)
        widen_last_pack(shape, list->count, load->piece->bytes);
    return SCREE_OK;
}

/* What the call has claimed; pieces are present afterwards, or absent. */
static enum scree_status load_claimed(struct taking *t, struct scree_error *err)
{
    enum scree_status status = take_memory(t, err);
    if (status == SCREE_OK)
        status = scree__vectors_svx_read(t->svx, t->column->head.list_count, t->ranges, t->lists,
                                         t->load_count, err);
    for (uint32_t i = 0; i < t->load_count && status == SCREE_OK; i++)
        status = check(t, i, err);
    scree__par_lock_take(&t->svx->lock);
    for (uint32_t i = 0; i < t->load_count; i++) {
        struct scree__vectors_piece *piece = t->loads[i].piece;
        t->svx->piece_bytes += piece->byte_count;
        if (status == SCREE_OK)
            piece->state = SCREE__VECTORS_PRESENT;
        else
            drop(t->svx, piece);
    }
    scree__par_signal_all(&t->svx->changed);
    scree__par_lock_give(&t->svx->lock);
    t->load_count = 0;
    return status;
}

/* With the lock. */
static void claim(struct taking *t, struct scree__vectors_piece *piece, uint32_t list, int part)
{
    if (piece->state != SCREE__VECTORS_ABSENT)
        return;
    if (t->column->lists[list].count == 0) {
        piece->state = SCREE__VECTORS_PRESENT;
        return;
    }
    piece->state = SCREE__VECTORS_LOADING;
    t->loads[t->load_count++] = (struct load){piece, list, part};
}

static struct scree__vectors_piece *piece_at(struct scree__vectors_svx_column *column,
                                             uint32_t list, int part)
{
    return &column->pieces[2 * (size_t)list + (size_t)part];
}

/* Until all pinned pieces are there: reads those that nobody reads, waits for the others. */
static enum scree_status load_all(struct taking *t, const uint32_t *lists, uint32_t count,
                                  int parts, struct scree_error *err)
{
    for (;;) {
        bool waits = false;
        scree__par_lock_take(&t->svx->lock);
        for (uint32_t i = 0; i < count; i++) {
            for (int part = SCAN; part < parts; part++) {
                struct scree__vectors_piece *piece = piece_at(t->column, lists[i], part);
                claim(t, piece, lists[i], part);
                waits |= piece->state == SCREE__VECTORS_LOADING;
            }
        }
        if (t->load_count == 0 && waits)
            scree__par_signal_wait(&t->svx->changed, &t->svx->lock);
        scree__par_lock_give(&t->svx->lock);
        if (t->load_count > 0) {
            enum scree_status status = load_claimed(t, err);
            if (status != SCREE_OK)
                return status;
        } else if (!waits) {
            return SCREE_OK;
        }
    }
}

static void pin(struct taking *t, const uint32_t *lists, uint32_t count, int parts)
{
    scree__par_lock_take(&t->svx->lock);
    for (uint32_t i = 0; i < count; i++) {
        for (int part = SCAN; part < parts; part++) {
            struct scree__vectors_piece *piece = piece_at(t->column, lists[i], part);
            piece->pins++;
            unlist(t->svx, piece);
        }
    }
    scree__par_lock_give(&t->svx->lock);
}

/* With the lock. */
static void unpin(struct scree__vectors_svx *svx, struct scree__vectors_piece *piece)
{
    if (--piece->pins == 0 && piece->bytes != NULL && piece->state == SCREE__VECTORS_PRESENT)
        enlist(svx, piece);
}

static void trim(struct scree__vectors_svx *svx)
{
    while (svx->piece_bytes > svx->piece_limit_bytes && svx->oldest != NULL)
        drop(svx, svx->oldest);
}

/* loaded: else it only holds what giving it back needs. */
static void fill_block(const struct taking *t, uint32_t list, int parts, bool loaded,
                       struct scree__vectors_block *block)
{
    static const uint8_t nothing[64] = {0};
    const struct scree__vectors_shape *shape = scree__vectors_list_shape(&t->column->public_, list);
    const struct scree__vectors_piece *scan = piece_at(t->column, list, SCAN);
    uint32_t count = t->column->lists[list].count;
    memset(block, 0, sizeof *block);
    block->count = count;
    block->segment = list / t->column->head.list_count;
    block->entry = piece_at(t->column, list, SCAN);
    block->whole = parts > EXTRA;
    if (!loaded)
        return;
    block->packs = count > 0 ? scan->bytes : nothing;
    block->ids = block->packs + scree__vectors_packs_bytes(shape->padded_dim, count);
    block->tags = block->ids + (size_t)count * shape->id_bytes;
    if (parts <= EXTRA)
        return;
    block->extra = count > 0 ? piece_at(t->column, list, EXTRA)->bytes : nothing;
    block->extra_factors =
        (const float *)(const void *)(block->extra +
                                      (size_t)count * scree__vectors_extra_bytes(shape->padded_dim,
                                                                                 shape->bits));
}

enum scree_status scree__vectors_svx_lists_take(struct scree__vectors_svx *svx, uint32_t column,
                                                const uint32_t *lists, uint32_t count, bool extra,
                                                struct scree__vectors_block *blocks,
                                                struct scree_error *err)
{
    struct taking t = {.svx = svx, .column = &svx->columns[column]};
    int parts = extra && t.column->head.shape.bits > 1 ? 2 : 1;
    void *memory = NULL;
    if (count == 0)
        return SCREE_OK;
    uint64_t bytes =
        (uint64_t)parts * count * (sizeof *t.loads + sizeof *t.ranges + sizeof *t.lists);
    uint64_t few[SCREE__VECTORS_FEW_WORDS];
    enum scree_status status = SCREE_OK;
    if (bytes > sizeof few)
        status = scree__mem_alloc(svx->budget, bytes, &memory, "lists of the index", err);
    if (status != SCREE_OK)
        return status;
    t.ranges = memory != NULL ? memory : (void *)few;
    t.loads = (struct load *)(void *)(t.ranges + (size_t)parts * count);
    t.lists = (uint32_t *)(void *)(t.loads + (size_t)parts * count);
    pin(&t, lists, count, parts);
    status = load_all(&t, lists, count, parts, err);
    if (memory != NULL)
        scree__mem_free(svx->budget, memory, bytes);
    for (uint32_t i = 0; i < count; i++)
        fill_block(&t, lists[i], parts, status == SCREE_OK, &blocks[i]);
    if (status != SCREE_OK)
        scree__vectors_svx_lists_give(svx, blocks, count);
    return status;
}

void scree__vectors_svx_lists_give(struct scree__vectors_svx *svx,
                                   const struct scree__vectors_block *blocks, uint32_t count)
{
    scree__par_lock_take(&svx->lock);
    for (uint32_t i = 0; i < count; i++) {
        struct scree__vectors_piece *piece = blocks[i].entry;
        unpin(svx, piece);
        if (blocks[i].whole)
            unpin(svx, piece + 1);
    }
    trim(svx);
    scree__par_lock_give(&svx->lock);
}
