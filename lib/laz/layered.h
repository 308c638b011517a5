/*
 * layered.h - the state of a layered chunk (compressor 3), the same for decoding and encoding.
 *
 * Points go through in blocks: layer 0 of a block first, which leaves what the other layers need to
 * know of each point in struct laz_block; then one loop per layer. Layers do not depend on each
 * other beyond that.
 */
#ifndef SCREE_LIB_LAZ_LAYERED_H
#define SCREE_LIB_LAZ_LAYERED_H

#include "scree/laz.h"
#include "laz/arena.h"
#include "laz/colour.h"
#include "laz/point14.h"
#include "laz/wavepacket.h"

/* A block's side arrays (6 KiB) and records stay in the first and second level cache. */
#define LAZ_BLOCK_POINTS 1024u

#define LAZ_POINT14_LAYERS 9u

enum laz_layer_kind {
    LAZ_LAYER_XY,
    LAZ_LAYER_Z,
    LAZ_LAYER_CLASSIFICATION,
    LAZ_LAYER_FLAGS,
    LAZ_LAYER_INTENSITY,
    LAZ_LAYER_ANGLE,
    LAZ_LAYER_USER,
    LAZ_LAYER_SOURCE,
    LAZ_LAYER_GPS,
    LAZ_LAYER_RGB,
    LAZ_LAYER_NIR,
    LAZ_LAYER_WAVE,
    LAZ_LAYER_BYTE
};

/*
 * Which context a point uses: bits 0-1 the models, bits 2-3 the slot whose last item predicts and
 * is replaced; when bit 6 is set, the context begins here, seeded from the slot in bits 4-5.
 */
#define LAZ_SELECT_MODELS(s) ((s)&3u)
#define LAZ_SELECT_SLOT(s) (((s) >> 2) & 3u)
#define LAZ_SELECT_FROM(s) (((s) >> 4) & 3u)
#define LAZ_SELECT_NEW 64u

struct laz_block {
    uint8_t select[LAZ_BLOCK_POINTS];    /* POINT14, and other items of version 4 */
    uint8_t select_v3[LAZ_BLOCK_POINTS]; /* other items of version 3 and 2 */
    uint8_t changed[LAZ_BLOCK_POINTS];   /* mask of LAZ_CHANGED_* */
    uint8_t context[LAZ_BLOCK_POINTS];   /* LAZ_RETURNS_CONTEXT() */
    uint8_t level[LAZ_BLOCK_POINTS];     /* LAZ_RETURNS_LEVEL() */
    uint8_t z_context[LAZ_BLOCK_POINTS];
};

struct laz_rgb14 {
    uint16_t last[3], last_nir;
    struct laz_rgb_models models;
    struct laz_nir_models nir_models;
};

struct laz_wave14 {
    uint8_t last[LAZ_WAVE_BYTES];
    struct laz_wave_models models;
};

struct laz_byte14 {
    struct laz_model_256 diff;
    uint8_t last;
};

struct laz_layer {
    uint8_t kind;     /* enum laz_layer_kind */
    uint8_t version3; /* selects by the rule of version 3 */
    uint32_t offset;  /* of its item in the record; for LAZ_LAYER_BYTE of the byte itself */
};

struct laz_layered {
    uint32_t layer_count;
    struct laz_layer *layers;
    unsigned channel, channels_seen;       /* of the last point; bits */
    unsigned channel_v3, channels_seen_v3; /* the same for items of version 3 */
    struct laz_point14 *point;             /* [4] */
    struct laz_rgb14 *rgb;                 /* [4] or none */
    struct laz_wave14 *wave;               /* [4] or none */
    struct laz_byte14 *bytes;              /* [layer from first_byte_layer][4] or none */
    uint32_t first_byte_layer;
    uint32_t rgb_layer;      /* 0: none, or past the 64th */
    struct laz_block *block; /* [2], of which layered_read() has layer 0 of one ready */
    unsigned now;            /* which */
    uint8_t fixed_flags;     /* what layer 0 adds to the channel where the flags are not decoded */
    struct laz_model_256 idle; /* takes nothing from the stream: decode_two.h */
};

struct laz_layer_stream {
    struct laz_reader reader;
    const uint8_t *begin;
    uint32_t bytes;
    bool active; /* to be decoded; else its attribute is the first record's */
    bool steady; /* takes less than half a bit a point: hardly ever changes */
};

/* Where the attribute of a layer lies in its item; XY is not told. */
struct laz_layer_part {
    uint8_t offset, bytes;
};
extern const struct laz_layer_part scree__laz_layer_parts[LAZ_LAYER_BYTE + 1];

uint32_t scree__laz_layer_count(const struct scree_laz_layout *layout);
/* "gps time", "extra byte 3" ...; text holds at least 32 bytes. */
const char *scree__laz_layer_name(const struct laz_layered *state, uint32_t layer, char *text);
/* The SCREE_LAZ_FIELD_* bit that a layer belongs to. */
uint32_t scree__laz_layer_field(enum laz_layer_kind kind);

/* Takes memory for all contexts; measures only when the arena has none. */
void scree__laz_layered_place(struct laz_layered *state, const struct scree_laz_layout *layout,
                              struct laz_arena *arena);
/* Starts the first record's channel in every layer. */
void scree__laz_layered_seed(struct laz_layered *state, const uint8_t *record);

/* Derives select_v3 from the other side arrays. */
void scree__laz_layered_select_v3(struct laz_layered *state, struct laz_block *block, size_t count);

LAZ_INLINE const uint8_t *laz_layer_select(const struct laz_layered *state,
                                           const struct laz_layer *layer)
{
    const struct laz_block *block = &state->block[state->now];
    return layer->version3 ? block->select_v3 : block->select;
}

LAZ_INLINE struct laz_byte14 *laz_layer_bytes(struct laz_layered *state, uint32_t layer)
{
    return state->bytes + (size_t)4 * (layer - state->first_byte_layer);
}

/* How many points of a block go by one context until it is looked up again: all of them, or one. */
static inline size_t laz_select_run(const uint8_t *selects, size_t count)
{
    return memcmp(selects, selects + 1, count - 1) == 0 ? count : 1;
}

/* Where a POINT14 layer meets a channel for the first time: its part of the last point comes from
 * the channel before. */
#define LAZ_BEGINS(select) LAZ_UNLIKELY((select)&LAZ_SELECT_NEW)

/* What happens in RGB, wave packet and byte layers there: models fresh, last item from the slot
 * left. */
static inline void laz_rgb14_begin(struct laz_rgb14 *rgb, unsigned select)
{
    struct laz_rgb14 *c = &rgb[LAZ_SELECT_MODELS(select)];
    laz_rgb_forget(&c->models);
    memmove(c->last, rgb[LAZ_SELECT_FROM(select)].last, sizeof c->last);
}

static inline void laz_nir14_begin(struct laz_rgb14 *rgb, unsigned select)
{
    struct laz_rgb14 *c = &rgb[LAZ_SELECT_MODELS(select)];
    laz_nir_forget(&c->nir_models);
    c->last_nir = rgb[LAZ_SELECT_FROM(select)].last_nir;
}

static inline void laz_wave14_begin(struct laz_wave14 *wave, unsigned select)
{
    struct laz_wave14 *c = &wave[LAZ_SELECT_MODELS(select)];
    laz_wave_forget(&c->models);
    memmove(c->last, wave[LAZ_SELECT_FROM(select)].last, sizeof c->last);
}

static inline void laz_byte14_begin(struct laz_byte14 *bytes, unsigned select)
{
    struct laz_byte14 *c = &bytes[LAZ_SELECT_MODELS(select)];
    LAZ_FORGET_ONE(&c->diff);
    c->last = bytes[LAZ_SELECT_FROM(select)].last;
}

#endif
