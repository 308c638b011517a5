/* encode_pointwise.h - the loops over points of compressors 1 and 2; see decode_pointwise.h. */
#ifndef SCREE_LIB_LAZ_ENCODE_POINTWISE_H
#define SCREE_LIB_LAZ_ENCODE_POINTWISE_H

#include "laz/pointwise.h"

LAZ_INLINE void write_extra(struct laz_writer *writer, struct laz_bytes *bytes, const uint8_t *p,
                            uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        LAZ_WRITE(writer, &bytes->diff[i], (unsigned)(p[i] - bytes->last[i]) & 0xFFu);
        bytes->last[i] = p[i];
    }
}

static void write_extra_v1(struct laz_writer *writer, struct laz_bytes *bytes, const uint8_t *p,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct laz_model_9 *k = &bytes->k[i];
        laz_writer_int(writer, &k->head, k->cum, k->count, 8, bytes->detail, bytes->last[i], p[i]);
        bytes->last[i] = p[i];
    }
}

static void write_rgb12_v1(struct laz_writer *writer, struct laz_rgb12 *state, const uint8_t *p)
{
    uint16_t rgb[3];
    laz_rgb_load(rgb, p);
    laz_rgb1_write(writer, &state->models1, state->last, rgb);
}

LAZ_INLINE void write_usual(struct laz_pointwise *state, struct laz_writer *saved,
                            const uint8_t *records, size_t stride, uint64_t count, const bool gps,
                            const bool rgb)
{
    struct laz_writer writer = *saved;
    const uint32_t extra_bytes = state->usual_extra_bytes;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *p = records + i * stride;
        laz_point10_write(&writer, state->point, p);
        p += LAZ_POINT10_BYTES;
        if (gps) {
            laz_gps_write(&writer, state->gps, scree__base_load64(p), false);
            p += 8;
        }
        if (rgb) {
            laz_rgb_write(&writer, &state->rgb->models, state->rgb->last, p);
            p += 6;
        }
        if (extra_bytes)
            write_extra(&writer, state->bytes, p, extra_bytes);
    }
    *saved = writer;
}

static void write_p(struct laz_pointwise *state, struct laz_writer *writer, const uint8_t *records,
                    size_t stride, uint64_t count)
{
    write_usual(state, writer, records, stride, count, false, false);
}

static void write_pg(struct laz_pointwise *state, struct laz_writer *writer, const uint8_t *records,
                     size_t stride, uint64_t count)
{
    write_usual(state, writer, records, stride, count, true, false);
}

static void write_pr(struct laz_pointwise *state, struct laz_writer *writer, const uint8_t *records,
                     size_t stride, uint64_t count)
{
    write_usual(state, writer, records, stride, count, false, true);
}

static void write_pgr(struct laz_pointwise *state, struct laz_writer *writer,
                      const uint8_t *records, size_t stride, uint64_t count)
{
    write_usual(state, writer, records, stride, count, true, true);
}

static void write_item(struct laz_pointwise *state, const struct laz_pointwise_item *item,
                       struct laz_writer *writer, const uint8_t *p)
{
    switch (item->type) {
    case SCREE_LAZ_POINT10:
        if (item->version == 1)
            laz_point10_v1_write(writer, state->point, p);
        else
            laz_point10_write(writer, state->point, p);
        break;
    case SCREE_LAZ_GPSTIME11:
        if (item->version == 1)
            laz_gps1_write(writer, state->gps, scree__base_load64(p));
        else
            laz_gps_write(writer, state->gps, scree__base_load64(p), false);
        break;
    case SCREE_LAZ_RGB12:
        if (item->version == 1)
            write_rgb12_v1(writer, state->rgb, p);
        else
            laz_rgb_write(writer, &state->rgb->models, state->rgb->last, p);
        break;
    case SCREE_LAZ_WAVEPACKET13:
        laz_wave_write(writer, &state->wave->models, state->wave->last, p);
        memcpy(state->wave->last, p, LAZ_WAVE_BYTES);
        break;
    default:
        if (item->version == 1)
            write_extra_v1(writer, state->bytes, p, item->bytes);
        else
            write_extra(writer, state->bytes, p, item->bytes);
        break;
    }
}

static void write_any(struct laz_pointwise *state, struct laz_writer *writer,
                      const uint8_t *records, size_t stride, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        for (unsigned j = 0; j < state->item_count; j++)
            write_item(state, &state->items[j], writer,
                       records + i * stride + state->items[j].offset);
    }
}

static void pointwise_write(struct laz_pointwise *state, struct laz_writer *writer,
                            const uint8_t *records, size_t stride, uint64_t count)
{
    if (!state->usual)
        write_any(state, writer, records, stride, count);
    else if (state->usual_gps && state->usual_rgb)
        write_pgr(state, writer, records, stride, count);
    else if (state->usual_gps)
        write_pg(state, writer, records, stride, count);
    else if (state->usual_rgb)
        write_pr(state, writer, records, stride, count);
    else
        write_p(state, writer, records, stride, count);
}

#endif
