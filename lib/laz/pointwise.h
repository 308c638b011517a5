/* pointwise.h - the state of a pointwise chunk (compressors 1 and 2), the same for decoding and
 * encoding: one stream, items in turn. */
#ifndef SCREE_LIB_LAZ_POINTWISE_H
#define SCREE_LIB_LAZ_POINTWISE_H

#include "scree/laz.h"
#include "laz/arena.h"
#include "laz/colour.h"
#include "laz/gpstime.h"
#include "laz/point10.h"
#include "laz/wavepacket.h"

struct laz_rgb12 {
    uint16_t last[3];
    struct laz_rgb_models models;   /* version 2 */
    struct laz_rgb1_models models1; /* version 1 */
};

struct laz_wave13 {
    uint8_t last[LAZ_WAVE_BYTES];
    struct laz_wave_models models;
};

/* Version 1 is an integer coder of 8 bits with a context a byte, hence its parts here. */
struct laz_bytes {
    uint8_t *last;
    struct laz_model_256 *diff; /* version 2: one model a byte */
    struct laz_model_9 *k;      /* version 1: one model a byte */
    struct laz_model_256 detail[9];
};

struct laz_pointwise_item {
    uint16_t type, version;
    uint32_t bytes, offset;
};

struct laz_pointwise {
    unsigned item_count;
    struct laz_pointwise_item items[SCREE_LAZ_ITEMS_MAX];
    /* The usual lists of version 2 items have their own loops; what they need is here. */
    bool usual;
    bool usual_gps, usual_rgb;
    uint32_t usual_extra_bytes;
    struct laz_point10 *point;
    struct laz_gps *gps;
    struct laz_rgb12 *rgb;
    struct laz_wave13 *wave;
    struct laz_bytes *bytes;
    struct laz_model_256 idle; /* takes nothing from the stream: decode_pair.h */
};

/* Takes memory for the items' states; measures only when the arena has none. */
void scree__laz_pointwise_place(struct laz_pointwise *state, const struct scree_laz_layout *layout,
                                struct laz_arena *arena);
/* Makes everything fresh, seeded by the chunk's first record. */
void scree__laz_pointwise_seed(struct laz_pointwise *state, const uint8_t *record);

#endif
