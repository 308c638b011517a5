/* point14.h - the state of one scanner channel for the core of point formats 6 to 10, and what its
 * layers share. */
#ifndef SCREE_LIB_LAZ_POINT14_H
#define SCREE_LIB_LAZ_POINT14_H

#include "base/bytes.h"
#include "laz/gpstime.h"
#include "laz/intcoder.h"
#include "laz/median.h"
#include "laz/tables.h"

#define LAZ_POINT14_BYTES 30u

/* Offsets in the record. */
enum {
    LAZ_P14_X = 0,
    LAZ_P14_Y = 4,
    LAZ_P14_Z = 8,
    LAZ_P14_INTENSITY = 12,
    LAZ_P14_RETURNS = 14, /* return number, number of returns << 4 */
    LAZ_P14_FLAGS = 15,   /* class flags (4 bits), channel << 4, scan direction << 6, edge << 7 */
    LAZ_P14_CLASS = 16,
    LAZ_P14_USER = 17,
    LAZ_P14_ANGLE = 18,
    LAZ_P14_SOURCE = 20,
    LAZ_P14_GPS = 22
};

/* Bits of the changed mask; the low two tell the return number. */
enum {
    LAZ_CHANGED_RETURN = 3,
    LAZ_CHANGED_RETURN_COUNT = 4,
    LAZ_CHANGED_ANGLE = 8,
    LAZ_CHANGED_GPS = 16,
    LAZ_CHANGED_SOURCE = 32,
    LAZ_CHANGED_CHANNEL = 64
};

/* "last" is the channel's last point; every layer keeps its own part of it. */
struct laz_point14 {
    /* layer 0 */
    uint32_t xy[2];
    unsigned return_number, return_count;
    unsigned mask_context; /* model of the next changed mask */
    struct laz_medians medians[12];
    struct laz_model_128 mask[8];
    struct laz_model_3 channel;
    struct laz_model_16 return_counts[16], return_numbers[16];
    struct laz_model_13 return_numbers_same_time;
    struct laz_int32_2 dx;
    struct laz_int32_22 dy;
    /* layer 1 */
    uint32_t z, height[8];
    struct laz_int32_20 z_coder;
    /* layers 2 to 8 */
    unsigned classification, flags, user, angle;
    uint16_t intensity, last_intensity[8], source;
    struct laz_model_256 classes[64], users[64];
    struct laz_model_64 flag_models[64];
    struct laz_int16_4 intensity_coder;
    struct laz_int16_2 angle_coder;
    struct laz_int16_1 source_coder;
    struct laz_gps gps;
};

static inline void laz_point14_forget(struct laz_point14 *c)
{
    LAZ_FORGET(c->mask);
    LAZ_FORGET_ONE(&c->channel);
    LAZ_FORGET(c->return_counts);
    LAZ_FORGET(c->return_numbers);
    LAZ_FORGET_ONE(&c->return_numbers_same_time);
    LAZ_FORGET_INT(&c->dx);
    LAZ_FORGET_INT(&c->dy);
    LAZ_FORGET_INT(&c->z_coder);
    LAZ_FORGET(c->classes);
    LAZ_FORGET(c->users);
    LAZ_FORGET(c->flag_models);
    LAZ_FORGET_INT(&c->intensity_coder);
    LAZ_FORGET_INT(&c->angle_coder);
    LAZ_FORGET_INT(&c->source_coder);
    laz_gps_forget(&c->gps);
}

/* Starts a channel's layer 0 at a point that another one coded, all models fresh. */
/* x and y, which lie side by side in a record, too. */
LAZ_INLINE void laz_xy_store(const uint32_t xy[2], uint8_t *out)
{
#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(out, xy, 2 * sizeof xy[0]);
#else
    scree__base_store32(out, xy[0]);
    scree__base_store32(out + 4, xy[1]);
#endif
}

static inline void laz_point14_start(struct laz_point14 *c, const uint32_t xy[2],
                                     unsigned return_number, unsigned return_count)
{
    laz_point14_forget(c);
    memmove(c->xy, xy, sizeof c->xy);
    c->return_number = return_number;
    c->return_count = return_count;
    c->mask_context =
        LAZ_RETURNS_MASK_CONTEXT(scree__laz_returns[return_number | return_count << 4]);
    memset(c->medians, 0, sizeof c->medians);
}

static inline void laz_point14_start_z(struct laz_point14 *c, uint32_t z)
{
    c->z = z;
    for (unsigned i = 0; i < 8; i++)
        c->height[i] = z;
}

static inline void laz_point14_start_intensity(struct laz_point14 *c, uint16_t intensity)
{
    c->intensity = intensity;
    for (unsigned i = 0; i < 8; i++)
        c->last_intensity[i] = intensity;
}

/* The flags layer's value: class flags, scan direction, edge of flight line. */
LAZ_INLINE unsigned laz_flags_of(unsigned byte)
{
    return (byte & 15u) | (byte >> 6) << 4;
}

LAZ_INLINE unsigned laz_flags_byte(unsigned flags)
{
    return (flags & 15u) | (flags >> 4) << 6;
}

/* Model of the next changed mask; gps: whether the time changed, 0 or 1. */
LAZ_INLINE unsigned laz_mask_context(unsigned returns, unsigned gps)
{
    return LAZ_RETURNS_MASK_CONTEXT(returns) + 4 * gps;
}

#endif
