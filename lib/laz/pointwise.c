/* pointwise.c - placing and seeding the items' states of pointwise chunks. */
#include "laz/pointwise.h"

static void place_bytes(struct laz_pointwise *state, const struct scree_laz_item *item,
                        struct laz_arena *arena)
{
    uint8_t *last = laz_arena_take(arena, item->bytes);
    void *models =
        laz_arena_take(arena, item->bytes * (item->version == 1 ? sizeof(struct laz_model_9)
                                                                : sizeof(struct laz_model_256)));
    state->bytes = laz_arena_take(arena, sizeof *state->bytes);
    if (state->bytes == NULL)
        return;
    state->bytes->last = last;
    state->bytes->k = item->version == 1 ? models : NULL;
    state->bytes->diff = item->version == 1 ? NULL : models;
}

static void place_item(struct laz_pointwise *state, const struct scree_laz_item *item,
                       struct laz_arena *arena)
{
    switch (item->type) {
    case SCREE_LAZ_POINT10:
        state->point = laz_arena_take(arena, sizeof *state->point);
        break;
    case SCREE_LAZ_GPSTIME11:
        state->gps = laz_arena_take(arena, sizeof *state->gps);
        break;
    case SCREE_LAZ_RGB12:
        state->rgb = laz_arena_take(arena, sizeof *state->rgb);
        break;
    case SCREE_LAZ_WAVEPACKET13:
        state->wave = laz_arena_take(arena, sizeof *state->wave);
        break;
    default:
        place_bytes(state, item, arena);
        break;
    }
}

/* Is the list POINT10 [GPSTIME11] [RGB12] [BYTE], all of version 2? */
static void recognise_usual(struct laz_pointwise *state)
{
    unsigned i = 0;
    const struct laz_pointwise_item *items = state->items;
    state->usual = false;
    if (items[i++].type != SCREE_LAZ_POINT10)
        return;
    state->usual_gps = i < state->item_count && items[i].type == SCREE_LAZ_GPSTIME11;
    i += state->usual_gps;
    state->usual_rgb = i < state->item_count && items[i].type == SCREE_LAZ_RGB12;
    i += state->usual_rgb;
    bool extra = i < state->item_count && items[i].type == SCREE_LAZ_BYTE;
    state->usual_extra_bytes = extra ? items[i].bytes : 0;
    i += extra;
    state->usual = i == state->item_count;
    for (i = 0; i < state->item_count; i++)
        state->usual = state->usual && items[i].version == 2;
}

void scree__laz_pointwise_place(struct laz_pointwise *state, const struct scree_laz_layout *layout,
                                struct laz_arena *arena)
{
    uint32_t offset = 0;
    memset(state, 0, sizeof *state);
    state->item_count = layout->item_count;
    for (unsigned i = 0; i < layout->item_count; i++) {
        const struct scree_laz_item *item = &layout->items[i];
        state->items[i].type = item->type;
        state->items[i].version = item->version;
        state->items[i].bytes = item->bytes;
        state->items[i].offset = offset;
        offset += item->bytes;
        place_item(state, item, arena);
    }
    recognise_usual(state);
}

static void seed_bytes(struct laz_bytes *bytes, const uint8_t *record, uint32_t count)
{
    memcpy(bytes->last, record, count);
    LAZ_FORGET(bytes->detail);
    if (bytes->k)
        laz_forget(bytes->k, count * sizeof bytes->k[0], sizeof bytes->k[0]);
    if (bytes->diff)
        laz_forget(bytes->diff, count * sizeof bytes->diff[0], sizeof bytes->diff[0]);
}

void scree__laz_pointwise_seed(struct laz_pointwise *state, const uint8_t *record)
{
    for (unsigned i = 0; i < state->item_count; i++) {
        const struct laz_pointwise_item *item = &state->items[i];
        const uint8_t *p = record + item->offset;
        switch (item->type) {
        case SCREE_LAZ_POINT10:
            laz_point10_seed(state->point, p);
            break;
        case SCREE_LAZ_GPSTIME11:
            laz_gps_forget(state->gps);
            laz_gps_seed(state->gps, scree__base_load64(p));
            break;
        case SCREE_LAZ_RGB12:
            laz_rgb_forget(&state->rgb->models);
            laz_rgb1_forget(&state->rgb->models1);
            laz_rgb_load(state->rgb->last, p);
            break;
        case SCREE_LAZ_WAVEPACKET13:
            laz_wave_forget(&state->wave->models);
            memcpy(state->wave->last, p, LAZ_WAVE_BYTES);
            break;
        default:
            seed_bytes(state->bytes, p, item->bytes);
            break;
        }
    }
}
