/*
 * decode_parts.c - two chunks at once: points in turns as long as both have some, the rest of each
 * by itself.
 */
#include "laz/decoder.h"

/* A part as far as it has come. */
struct part {
    struct scree_laz_part *wanted;
    size_t done;
};

static bool ready(const struct scree_laz_part *part)
{
    return part->count > 0 && scree__laz_next_allowed(part->decoder, part->stride_bytes,
                                                      part->count, NULL) == SCREE_OK;
}

static bool same_items(const struct scree_laz_layout *a, const struct scree_laz_layout *b)
{
    if (a->item_count != b->item_count)
        return false;
    for (unsigned i = 0; i < a->item_count; i++) {
        const struct scree_laz_item *x = &a->items[i], *y = &b->items[i];
        if (x->type != y->type || x->bytes != y->bytes || x->version != y->version)
            return false;
    }
    return true;
}

/* Can the two go in turns? Models belong to the level that their decoder was made for. */
static bool paired(const struct scree_laz_part parts[2])
{
    const struct scree_laz_decoder *a = parts[0].decoder, *b = parts[1].decoder;
    if (a == b || !ready(&parts[0]) || !ready(&parts[1]) || a->loops != b->loops ||
        a->layout.compressor == SCREE_LAZ_NONE || b->layout.compressor == SCREE_LAZ_NONE)
        return false;
    if (a->layout.compressor == SCREE_LAZ_LAYERED || b->layout.compressor == SCREE_LAZ_LAYERED)
        return a->layout.compressor == b->layout.compressor && same_items(&a->layout, &b->layout);
    const struct laz_pointwise *p = &a->pointwise, *q = &b->pointwise;
    return p->usual && q->usual && p->usual_gps == q->usual_gps && p->usual_rgb == q->usual_rgb &&
           p->usual_extra_bytes == q->usual_extra_bytes;
}

static uint8_t *place(const struct part *part)
{
    return part->wanted->records + part->done * part->wanted->stride_bytes;
}

/* `count` points of both. A chunk that turns out to be damaged is broken. */
static void points_in_turns(struct part parts[2], size_t count)
{
    struct scree_laz_decoder *a = parts[0].wanted->decoder, *b = parts[1].wanted->decoder;
    size_t pairs = a->loops->pointwise_read_two(
        (struct laz_pointwise *const[2]){&a->pointwise, &b->pointwise},
        (struct laz_reader *const[2]){&a->reader, &b->reader},
        (uint8_t *const[2]){place(&parts[0]), place(&parts[1])},
        (const size_t[2]){parts[0].wanted->stride_bytes, parts[1].wanted->stride_bytes}, count);
    for (unsigned i = 0; i < 2; i++) {
        struct scree_laz_part *wanted = parts[i].wanted;
        bool sound = laz_reader_sound(&wanted->decoder->reader);
        size_t more = pairs < count && sound ? pairs + 1 : pairs;
        wanted->decoder->done += more;
        parts[i].done += more;
        if (!sound)
            wanted->status = scree__laz_point_damaged(wanted->decoder, wanted->err);
        wanted->decoder->broken = !sound;
    }
}

static bool both_sound(const struct part parts[2])
{
    return parts[0].wanted->status == SCREE_OK && parts[1].wanted->status == SCREE_OK;
}

/* A block of both, whose layer 0 is decoded, and layer 0 of the `next` points behind it. */
static void block_in_turns(struct part parts[2], size_t block, size_t next)
{
    struct laz_side sides[2];
    for (unsigned i = 0; i < 2; i++) {
        struct scree_laz_part *wanted = parts[i].wanted;
        struct laz_side side = {&wanted->decoder->layered, wanted->decoder->streams,
                                place(&parts[i]), wanted->stride_bytes};
        sides[i] = side;
        wanted->status = scree__laz_begin_block(wanted->decoder, block, wanted->err);
    }
    if (!both_sound(parts))
        return;
    parts[0].wanted->decoder->loops->layered_read_two(sides, block, next);
    for (unsigned i = 0; i < 2; i++) {
        struct scree_laz_part *wanted = parts[i].wanted;
        wanted->status = scree__laz_end_block(wanted->decoder, sides[i].records,
                                              wanted->stride_bytes, block, wanted->err);
        parts[i].done += wanted->status == SCREE_OK ? block : 0;
    }
}

/* `count` points of both. Where one turns out to be damaged, the other goes on by itself. */
static void layers_in_turns(struct part parts[2], size_t count)
{
    size_t left = count;
    struct laz_side sides[2];
    for (unsigned i = 0; i < 2; i++) {
        struct scree_laz_part *wanted = parts[i].wanted;
        struct laz_side side = {&wanted->decoder->layered, wanted->decoder->streams,
                                place(&parts[i]), wanted->stride_bytes};
        sides[i] = side;
    }
    parts[0].wanted->decoder->loops->layered_start_two(sides, laz_block_points(left));
    while (left > 0 && both_sound(parts)) {
        size_t block = laz_block_points(left), before = parts[0].done + parts[1].done;
        block_in_turns(parts, block, laz_block_points(left - block));
        left -= both_sound(parts) || parts[0].done + parts[1].done > before ? block : 0;
    }
    for (unsigned i = 0; i < 2; i++) {
        struct scree_laz_part *wanted = parts[i].wanted;
        if (wanted->status == SCREE_OK && left > 0) {
            wanted->status = scree__laz_next_blocks(wanted->decoder, place(&parts[i]),
                                                    wanted->stride_bytes, left, wanted->err);
            parts[i].done += wanted->status == SCREE_OK ? left : 0;
        }
        wanted->decoder->broken = wanted->status != SCREE_OK;
    }
}

static void in_turns(struct part parts[2])
{
    for (unsigned i = 0; i < 2; i++)
        parts[i].done = scree__laz_next_first(parts[i].wanted->decoder, parts[i].wanted->records);
    size_t a = parts[0].wanted->count - parts[0].done, b = parts[1].wanted->count - parts[1].done;
    size_t count = a < b ? a : b;
    if (count == 0) /* nothing is read of the streams, so nothing is said of them */
        return;
    if (parts[0].wanted->decoder->layout.compressor != SCREE_LAZ_LAYERED)
        points_in_turns(parts, count);
    else
        layers_in_turns(parts, count);
}

void scree_laz_decoder_next_two(struct scree_laz_part parts[2])
{
    struct part both[2] = {{&parts[0], 0}, {&parts[1], 0}};
    parts[0].status = parts[1].status = SCREE_OK;
    if (paired(parts))
        in_turns(both);
    for (unsigned i = 0; i < 2; i++) {
        struct scree_laz_part *part = &parts[i];
        size_t left = part->count - both[i].done;
        if (part->status == SCREE_OK)
            part->status = scree_laz_decoder_next(part->decoder, place(&both[i]),
                                                  part->stride_bytes, left, part->err);
    }
}
