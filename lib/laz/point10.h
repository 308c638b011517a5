/* point10.h - the core of point formats 0 to 5, versions 1 and 2. Its 20 bytes are kept as they lie
 * in a record. */
#ifndef SCREE_LIB_LAZ_POINT10_H
#define SCREE_LIB_LAZ_POINT10_H

#include "base/bytes.h"
#include "laz/intcoder.h"
#include "laz/median.h"
#include "laz/tables.h"

#define LAZ_POINT10_BYTES 20u

/* Offsets in the record. */
enum {
    LAZ_P10_X = 0,
    LAZ_P10_Y = 4,
    LAZ_P10_Z = 8,
    LAZ_P10_INTENSITY = 12,
    LAZ_P10_RETURNS = 14,
    LAZ_P10_CLASS = 15,
    LAZ_P10_ANGLE = 16,
    LAZ_P10_USER = 17,
    LAZ_P10_SOURCE = 18
};

struct laz_point10 {
    uint8_t last[LAZ_POINT10_BYTES];
    uint16_t last_intensity[16];         /* version 2, by return map */
    uint32_t height[8];                  /* version 2, by |number of returns - return number| */
    struct laz_medians medians[16];      /* version 2 */
    uint32_t x_history[3], y_history[3]; /* version 1 */
    unsigned slot;
    struct laz_model_64 mask;
    struct laz_model_256 angle_diff[2];
    struct laz_int16_4 intensity;
    struct laz_int16_1 source;
    struct laz_int8_2 angle; /* version 1 */
    struct laz_int32_2 dx;
    struct laz_int32_22 dy;
    struct laz_int32_20 z;
    struct laz_model_256 returns[256], classification[256], user[256]; /* by the last value */
};

static inline void laz_point10_seed(struct laz_point10 *p, const uint8_t *record)
{
    memcpy(p->last, record, LAZ_POINT10_BYTES);
    memset(p->last_intensity, 0, sizeof p->last_intensity);
    memset(p->height, 0, sizeof p->height);
    memset(p->medians, 0, sizeof p->medians);
    memset(p->x_history, 0, sizeof p->x_history);
    memset(p->y_history, 0, sizeof p->y_history);
    p->slot = 0;
    LAZ_FORGET_ONE(&p->mask);
    LAZ_FORGET(p->angle_diff);
    LAZ_FORGET_INT(&p->intensity);
    LAZ_FORGET_INT(&p->source);
    LAZ_FORGET_INT(&p->angle);
    LAZ_FORGET_INT(&p->dx);
    LAZ_FORGET_INT(&p->dy);
    LAZ_FORGET_INT(&p->z);
    LAZ_FORGET(p->returns);
    LAZ_FORGET(p->classification);
    LAZ_FORGET(p->user);
}

/* Contexts of a point, from its return byte. */
struct laz_point10_return {
    unsigned map, level, single;
};

LAZ_INLINE struct laz_point10_return laz_point10_return_of(unsigned return_byte)
{
    unsigned r = return_byte & 7, n = (return_byte >> 3) & 7;
    struct laz_point10_return at = {scree__laz_return_map8[n][r], n > r ? n - r : r - n, n == 1};
    return at;
}

/* Decodes the next point into p->last. */
LAZ_INLINE void laz_point10_read(struct laz_reader *reader, struct laz_point10 *p)
{
    uint8_t *last = p->last;
    unsigned changed = LAZ_READ(reader, &p->mask), k;
    if (changed & 32)
        last[LAZ_P10_RETURNS] = (uint8_t)LAZ_READ(reader, &p->returns[last[LAZ_P10_RETURNS]]);
    struct laz_point10_return at = laz_point10_return_of(last[LAZ_P10_RETURNS]);
    if (changed & 16)
        p->last_intensity[at.map] = (uint16_t)LAZ_READ_INT(
            reader, &p->intensity, at.map < 3 ? at.map : 3, p->last_intensity[at.map], &k);
    scree__base_store16(last + LAZ_P10_INTENSITY, p->last_intensity[at.map]);
    if (changed & 15) {
        if (changed & 8)
            last[LAZ_P10_CLASS] =
                (uint8_t)LAZ_READ(reader, &p->classification[last[LAZ_P10_CLASS]]);
        if (changed & 4)
            last[LAZ_P10_ANGLE] =
                (uint8_t)(last[LAZ_P10_ANGLE] +
                          LAZ_READ(reader, &p->angle_diff[(last[LAZ_P10_RETURNS] >> 6) & 1]));
        if (changed & 2)
            last[LAZ_P10_USER] = (uint8_t)LAZ_READ(reader, &p->user[last[LAZ_P10_USER]]);
        if (changed & 1) {
            uint32_t source =
                LAZ_READ_INT(reader, &p->source, 0, scree__base_load16(last + LAZ_P10_SOURCE), &k);
            scree__base_store16(last + LAZ_P10_SOURCE, (uint16_t)source);
        }
    }
    unsigned kx, ky, kz;
    struct laz_medians *medians = &p->medians[at.map];
    uint32_t dx = LAZ_READ_INT(reader, &p->dx, at.single, laz_median_x(medians), &kx);
    uint32_t dy =
        LAZ_READ_INT(reader, &p->dy, at.single + laz_even(kx, 20), laz_median_y(medians), &ky);
    laz_medians_insert(medians, dx, dy);
    scree__base_store32(last + LAZ_P10_X, scree__base_load32(last + LAZ_P10_X) + dx);
    scree__base_store32(last + LAZ_P10_Y, scree__base_load32(last + LAZ_P10_Y) + dy);
    p->height[at.level] = LAZ_READ_INT(reader, &p->z, at.single + laz_even((kx + ky) / 2, 18),
                                       p->height[at.level], &kz);
    scree__base_store32(last + LAZ_P10_Z, p->height[at.level]);
}

LAZ_INLINE void laz_point10_write(struct laz_writer *writer, struct laz_point10 *p,
                                  const uint8_t *point)
{
    const uint8_t *last = p->last;
    unsigned returns = point[LAZ_P10_RETURNS];
    struct laz_point10_return at = laz_point10_return_of(returns);
    uint16_t intensity = scree__base_load16(point + LAZ_P10_INTENSITY);
    uint16_t source = scree__base_load16(point + LAZ_P10_SOURCE);
    uint16_t last_source = scree__base_load16(last + LAZ_P10_SOURCE);
    unsigned changed = (returns != last[LAZ_P10_RETURNS] ? 32u : 0u) |
                       (intensity != p->last_intensity[at.map] ? 16u : 0u) |
                       (point[LAZ_P10_CLASS] != last[LAZ_P10_CLASS] ? 8u : 0u) |
                       (point[LAZ_P10_ANGLE] != last[LAZ_P10_ANGLE] ? 4u : 0u) |
                       (point[LAZ_P10_USER] != last[LAZ_P10_USER] ? 2u : 0u) |
                       (source != last_source ? 1u : 0u);
    LAZ_WRITE(writer, &p->mask, changed);
    if (changed & 32)
        LAZ_WRITE(writer, &p->returns[last[LAZ_P10_RETURNS]], returns);
    if (changed & 16) {
        LAZ_WRITE_INT(writer, &p->intensity, at.map < 3 ? at.map : 3, p->last_intensity[at.map],
                      intensity);
        p->last_intensity[at.map] = intensity;
    }
    if (changed & 8)
        LAZ_WRITE(writer, &p->classification[last[LAZ_P10_CLASS]], point[LAZ_P10_CLASS]);
    if (changed & 4)
        LAZ_WRITE(writer, &p->angle_diff[(returns >> 6) & 1],
                  (unsigned)(point[LAZ_P10_ANGLE] - last[LAZ_P10_ANGLE]) & 0xFFu);
    if (changed & 2)
        LAZ_WRITE(writer, &p->user[last[LAZ_P10_USER]], point[LAZ_P10_USER]);
    if (changed & 1)
        LAZ_WRITE_INT(writer, &p->source, 0, last_source, source);
    struct laz_medians *medians = &p->medians[at.map];
    uint32_t dx = scree__base_load32(point + LAZ_P10_X) - scree__base_load32(last + LAZ_P10_X);
    uint32_t dy = scree__base_load32(point + LAZ_P10_Y) - scree__base_load32(last + LAZ_P10_Y);
    unsigned kx = LAZ_WRITE_INT(writer, &p->dx, at.single, laz_median_x(medians), dx);
    unsigned ky =
        LAZ_WRITE_INT(writer, &p->dy, at.single + laz_even(kx, 20), laz_median_y(medians), dy);
    laz_medians_insert_wide(medians, dx, dy);
    uint32_t z = scree__base_load32(point + LAZ_P10_Z);
    LAZ_WRITE_INT(writer, &p->z, at.single + laz_even((kx + ky) / 2, 18), p->height[at.level], z);
    p->height[at.level] = z;
    memcpy(p->last, point, LAZ_POINT10_BYTES);
}

/* ------------------------------------------------------------------------------------ version 1 */

LAZ_INLINE uint32_t laz_median3(const uint32_t history[3])
{
    int32_t a = (int32_t)history[0], b = (int32_t)history[1], c = (int32_t)history[2];
    return (uint32_t)laz_max32(laz_min32(a, b), laz_min32(laz_max32(a, b), c));
}

LAZ_INLINE void laz_point10_v1_remember(struct laz_point10 *p, uint32_t dx, uint32_t dy)
{
    p->x_history[p->slot] = dx;
    p->y_history[p->slot] = dy;
    p->slot = p->slot == 2 ? 0 : p->slot + 1;
}

static inline void laz_point10_v1_read(struct laz_reader *reader, struct laz_point10 *p)
{
    uint8_t *last = p->last;
    unsigned kx, ky, k;
    uint32_t dx = LAZ_READ_INT(reader, &p->dx, 0, laz_median3(p->x_history), &kx);
    uint32_t dy = LAZ_READ_INT(reader, &p->dy, kx < 19 ? kx : 19, laz_median3(p->y_history), &ky);
    unsigned kk = (kx + ky) / 2;
    uint32_t z =
        LAZ_READ_INT(reader, &p->z, kk < 19 ? kk : 19, scree__base_load32(last + LAZ_P10_Z), &k);
    laz_point10_v1_remember(p, dx, dy);
    scree__base_store32(last + LAZ_P10_X, scree__base_load32(last + LAZ_P10_X) + dx);
    scree__base_store32(last + LAZ_P10_Y, scree__base_load32(last + LAZ_P10_Y) + dy);
    scree__base_store32(last + LAZ_P10_Z, z);
    unsigned changed = LAZ_READ(reader, &p->mask);
    if (changed & 32) {
        uint32_t v = LAZ_READ_INT(reader, &p->intensity, 0,
                                  scree__base_load16(last + LAZ_P10_INTENSITY), &k);
        scree__base_store16(last + LAZ_P10_INTENSITY, (uint16_t)v);
    }
    if (changed & 16)
        last[LAZ_P10_RETURNS] = (uint8_t)LAZ_READ(reader, &p->returns[last[LAZ_P10_RETURNS]]);
    if (changed & 8)
        last[LAZ_P10_CLASS] = (uint8_t)LAZ_READ(reader, &p->classification[last[LAZ_P10_CLASS]]);
    if (changed & 4)
        last[LAZ_P10_ANGLE] =
            (uint8_t)LAZ_READ_INT(reader, &p->angle, kk < 3 ? 1 : 0, last[LAZ_P10_ANGLE], &k);
    if (changed & 2)
        last[LAZ_P10_USER] = (uint8_t)LAZ_READ(reader, &p->user[last[LAZ_P10_USER]]);
    if (changed & 1) {
        uint32_t v =
            LAZ_READ_INT(reader, &p->source, 0, scree__base_load16(last + LAZ_P10_SOURCE), &k);
        scree__base_store16(last + LAZ_P10_SOURCE, (uint16_t)v);
    }
}

static inline void laz_point10_v1_write(struct laz_writer *writer, struct laz_point10 *p,
                                        const uint8_t *point)
{
    const uint8_t *last = p->last;
    uint32_t dx = scree__base_load32(point + LAZ_P10_X) - scree__base_load32(last + LAZ_P10_X);
    uint32_t dy = scree__base_load32(point + LAZ_P10_Y) - scree__base_load32(last + LAZ_P10_Y);
    unsigned kx = LAZ_WRITE_INT(writer, &p->dx, 0, laz_median3(p->x_history), dx);
    unsigned ky = LAZ_WRITE_INT(writer, &p->dy, kx < 19 ? kx : 19, laz_median3(p->y_history), dy);
    unsigned kk = (kx + ky) / 2;
    LAZ_WRITE_INT(writer, &p->z, kk < 19 ? kk : 19, scree__base_load32(last + LAZ_P10_Z),
                  scree__base_load32(point + LAZ_P10_Z));
    laz_point10_v1_remember(p, dx, dy);
    uint16_t intensity = scree__base_load16(point + LAZ_P10_INTENSITY);
    uint16_t last_intensity = scree__base_load16(last + LAZ_P10_INTENSITY);
    uint16_t source = scree__base_load16(point + LAZ_P10_SOURCE);
    uint16_t last_source = scree__base_load16(last + LAZ_P10_SOURCE);
    unsigned changed = (intensity != last_intensity ? 32u : 0u) |
                       (point[LAZ_P10_RETURNS] != last[LAZ_P10_RETURNS] ? 16u : 0u) |
                       (point[LAZ_P10_CLASS] != last[LAZ_P10_CLASS] ? 8u : 0u) |
                       (point[LAZ_P10_ANGLE] != last[LAZ_P10_ANGLE] ? 4u : 0u) |
                       (point[LAZ_P10_USER] != last[LAZ_P10_USER] ? 2u : 0u) |
                       (source != last_source ? 1u : 0u);
    LAZ_WRITE(writer, &p->mask, changed);
    if (changed & 32)
        LAZ_WRITE_INT(writer, &p->intensity, 0, last_intensity, intensity);
    if (changed & 16)
        LAZ_WRITE(writer, &p->returns[last[LAZ_P10_RETURNS]], point[LAZ_P10_RETURNS]);
    if (changed & 8)
        LAZ_WRITE(writer, &p->classification[last[LAZ_P10_CLASS]], point[LAZ_P10_CLASS]);
    if (changed & 4)
        LAZ_WRITE_INT(writer, &p->angle, kk < 3 ? 1 : 0, last[LAZ_P10_ANGLE], point[LAZ_P10_ANGLE]);
    if (changed & 2)
        LAZ_WRITE(writer, &p->user[last[LAZ_P10_USER]], point[LAZ_P10_USER]);
    if (changed & 1)
        LAZ_WRITE_INT(writer, &p->source, 0, last_source, source);
    memcpy(p->last, point, LAZ_POINT10_BYTES);
}

#endif
