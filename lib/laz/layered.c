/* layered.c - placing and seeding the contexts of layered chunks; which context versions 3 and 4
 * choose. */
#include "laz/layered.h"
#include "laz/leave.h"

#include <stdio.h>

const struct laz_layer_part scree__laz_layer_parts[LAZ_LAYER_BYTE + 1] = {
    [LAZ_LAYER_Z] = {LAZ_P14_Z, 4},
    [LAZ_LAYER_CLASSIFICATION] = {LAZ_P14_CLASS, 1},
    [LAZ_LAYER_FLAGS] = {LAZ_P14_FLAGS, 1},
    [LAZ_LAYER_INTENSITY] = {LAZ_P14_INTENSITY, 2},
    [LAZ_LAYER_ANGLE] = {LAZ_P14_ANGLE, 2},
    [LAZ_LAYER_USER] = {LAZ_P14_USER, 1},
    [LAZ_LAYER_SOURCE] = {LAZ_P14_SOURCE, 2},
    [LAZ_LAYER_GPS] = {LAZ_P14_GPS, 8},
    [LAZ_LAYER_RGB] = {0, 6},
    [LAZ_LAYER_NIR] = {6, 2},
    [LAZ_LAYER_WAVE] = {0, LAZ_WAVE_BYTES},
    [LAZ_LAYER_BYTE] = {0, 1},
};

static uint32_t item_layers(const struct scree_laz_item *item)
{
    switch (item->type) {
    case SCREE_LAZ_POINT14:
        return LAZ_POINT14_LAYERS;
    case SCREE_LAZ_RGBNIR14:
        return 2;
    case SCREE_LAZ_BYTE14:
        return item->bytes;
    default:
        return 1;
    }
}

uint32_t scree__laz_layer_count(const struct scree_laz_layout *layout)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < layout->item_count; i++)
        count += item_layers(&layout->items[i]);
    return count;
}

static const char *const layer_names[] = {
    "x and y",    "z",           "classification", "flags",    "intensity",
    "scan angle", "user data",   "point source",   "gps time", "rgb",
    "nir",        "wave packet",
};

const char *scree__laz_layer_name(const struct laz_layered *state, uint32_t layer, char *text)
{
    if (state->layers[layer].kind != LAZ_LAYER_BYTE)
        return layer_names[state->layers[layer].kind];
    snprintf(text, 32, "extra byte %u", (unsigned)(layer - state->first_byte_layer));
    return text;
}

uint32_t scree__laz_layer_field(enum laz_layer_kind kind)
{
    /* The public bits have the layers' order. */
    return SCREE_LAZ_FIELD_XY << (unsigned)kind;
}

static enum laz_layer_kind first_kind(unsigned type)
{
    switch (type) {
    case SCREE_LAZ_POINT14:
        return LAZ_LAYER_XY;
    case SCREE_LAZ_WAVEPACKET14:
        return LAZ_LAYER_WAVE;
    case SCREE_LAZ_BYTE14:
        return LAZ_LAYER_BYTE;
    default:
        return LAZ_LAYER_RGB;
    }
}

static void place_item(struct laz_layered *state, const struct scree_laz_item *item,
                       struct laz_arena *arena)
{
    switch (item->type) {
    case SCREE_LAZ_POINT14:
        state->point = laz_arena_take(arena, 4 * sizeof *state->point);
        break;
    case SCREE_LAZ_WAVEPACKET14:
        state->wave = laz_arena_take(arena, 4 * sizeof *state->wave);
        break;
    case SCREE_LAZ_BYTE14:
        state->bytes = laz_arena_take(arena, (size_t)4 * item->bytes * sizeof *state->bytes);
        break;
    default:
        state->rgb = laz_arena_take(arena, 4 * sizeof *state->rgb);
        break;
    }
}

static enum laz_layer_kind kind_of(const struct scree_laz_item *item, uint32_t layer)
{
    enum laz_layer_kind first = first_kind(item->type);
    return item->type == SCREE_LAZ_BYTE14 ? first : (enum laz_layer_kind)((uint32_t)first + layer);
}

uint64_t scree__laz_layered_wanted(const struct scree_laz_layout *layout, uint32_t fields,
                                   const uint8_t *head)
{
    const uint8_t *sizes = head + layout->record_bytes + 4;
    uint64_t at = scree_laz_layered_fixed_bytes(layout), wanted = at;
    for (unsigned i = 0; i < layout->item_count; i++)
        for (uint32_t j = 0; j < item_layers(&layout->items[i]); j++, sizes += 4) {
            at += scree__base_load32(sizes);
            if ((fields | SCREE_LAZ_FIELD_XY) &
                scree__laz_layer_field(kind_of(&layout->items[i], j)))
                wanted = at;
        }
    return wanted;
}

static void list_layers(struct laz_layered *state, const struct scree_laz_layout *layout)
{
    uint32_t offset = 0, at = 0;
    for (unsigned i = 0; i < layout->item_count; i++) {
        const struct scree_laz_item *item = &layout->items[i];
        enum laz_layer_kind kind = first_kind(item->type);
        bool bytes = item->type == SCREE_LAZ_BYTE14;
        if (bytes)
            state->first_byte_layer = at;
        for (uint32_t j = 0; j < item_layers(item); j++) {
            struct laz_layer *layer = &state->layers[at++];
            if (kind == LAZ_LAYER_RGB && j == 0 && at <= 64)
                state->rgb_layer = at - 1;
            layer->kind = (uint8_t)kind_of(item, j);
            layer->version3 = item->version < 4;
            layer->offset = bytes ? offset + j : offset;
        }
        offset += item->bytes;
    }
}

void scree__laz_layered_place(struct laz_layered *state, const struct scree_laz_layout *layout,
                              struct laz_arena *arena)
{
    memset(state, 0, sizeof *state);
    state->layer_count = scree__laz_layer_count(layout);
    state->layers = laz_arena_take(arena, state->layer_count * sizeof *state->layers);
    state->block = laz_arena_take(arena, 2 * sizeof *state->block);
    for (unsigned i = 0; i < layout->item_count; i++)
        place_item(state, &layout->items[i], arena);
    if (state->layers)
        list_layers(state, layout);
}

static void seed_point14(struct laz_point14 *c, const uint8_t *record)
{
    unsigned returns = record[LAZ_P14_RETURNS];
    const uint32_t xy[2] = {scree__base_load32(record + LAZ_P14_X),
                            scree__base_load32(record + LAZ_P14_Y)};
    laz_point14_start(c, xy, returns & 15, returns >> 4);
    laz_point14_start_z(c, scree__base_load32(record + LAZ_P14_Z));
    laz_point14_start_intensity(c, scree__base_load16(record + LAZ_P14_INTENSITY));
    c->classification = record[LAZ_P14_CLASS];
    c->flags = laz_flags_of(record[LAZ_P14_FLAGS]);
    c->user = record[LAZ_P14_USER];
    c->angle = scree__base_load16(record + LAZ_P14_ANGLE);
    c->source = scree__base_load16(record + LAZ_P14_SOURCE);
    laz_gps_seed(&c->gps, scree__base_load64(record + LAZ_P14_GPS));
}

/* Puts the first record's attribute into the slot that a new context of channel `channel` is then
 * begun from: its own. */
static void seed_layer(struct laz_layered *state, uint32_t index, const uint8_t *record,
                       unsigned channel)
{
    const struct laz_layer *layer = &state->layers[index];
    const uint8_t *p = record + layer->offset;
    unsigned select = channel | channel << 2 | channel << 4 | LAZ_SELECT_NEW;
    switch (layer->kind) {
    case LAZ_LAYER_RGB:
        laz_rgb_load(state->rgb[channel].last, p);
        laz_rgb14_begin(state->rgb, select);
        break;
    case LAZ_LAYER_NIR:
        state->rgb[channel].last_nir = scree__base_load16(p + 6);
        laz_nir14_begin(state->rgb, select);
        break;
    case LAZ_LAYER_WAVE:
        memcpy(state->wave[channel].last, p, LAZ_WAVE_BYTES);
        laz_wave14_begin(state->wave, select);
        break;
    case LAZ_LAYER_BYTE:
        laz_layer_bytes(state, index)[channel].last = *p;
        laz_byte14_begin(laz_layer_bytes(state, index), select);
        break;
    default:
        break;
    }
}

void scree__laz_layered_seed(struct laz_layered *state, const uint8_t *record)
{
    unsigned channel = (record[LAZ_P14_FLAGS] >> 4) & 3u;
    state->now = 0;
    state->channel = state->channel_v3 = channel;
    state->channels_seen = state->channels_seen_v3 = 1u << channel;
    seed_point14(&state->point[channel], record);
    for (uint32_t i = LAZ_POINT14_LAYERS; i < state->layer_count; i++)
        seed_layer(state, i, record, channel);
}

static bool changes_channel(const uint8_t *changed, size_t count)
{
    uint64_t any = 0, eight;
    size_t i = 0;
    for (; i + sizeof eight <= count; i += sizeof eight) {
        memcpy(&eight, changed + i, sizeof eight);
        any |= eight;
    }
    for (; i < count; i++)
        any |= changed[i];
    return (any & (UINT64_MAX / 255 * LAZ_CHANGED_CHANNEL)) != 0;
}

void scree__laz_layered_select_v3(struct laz_layered *state, struct laz_block *block, size_t count)
{
    unsigned current = state->channel_v3, seen = state->channels_seen_v3;
    if (current == 0 && !changes_channel(block->changed, count)) {
        memset(block->select_v3, 0, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        /* A point that stays in its channel is taken for channel 0, whatever its channel: a quirk
         * that became the format. */
        unsigned wanted =
            block->changed[i] & LAZ_CHANGED_CHANNEL ? LAZ_SELECT_MODELS(block->select[i]) : 0;
        unsigned select = wanted | current << 2;
        if (!(seen >> wanted & 1)) {
            select = wanted | wanted << 2 | current << 4 | LAZ_SELECT_NEW;
            seen |= 1u << wanted;
        }
        block->select_v3[i] = (uint8_t)select;
        current = wanted;
    }
    state->channel_v3 = current;
    state->channels_seen_v3 = seen;
}
