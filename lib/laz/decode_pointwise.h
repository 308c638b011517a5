/* decode_pointwise.h - the loops over points of compressors 1 and 2. */
#ifndef SCREE_LIB_LAZ_DECODE_POINTWISE_H
#define SCREE_LIB_LAZ_DECODE_POINTWISE_H

#include "laz/pointwise.h"

LAZ_INLINE void read_extra(struct laz_reader *reader, struct laz_bytes *bytes, uint8_t *out,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bytes->last[i] = (uint8_t)(bytes->last[i] + LAZ_READ(reader, &bytes->diff[i]));
        out[i] = bytes->last[i];
    }
}

static void read_extra_v1(struct laz_reader *reader, struct laz_bytes *bytes, uint8_t *out,
                          uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        unsigned k = LAZ_READ(reader, &bytes->k[i]);
        uint32_t c = laz_reader_residual(reader, bytes->detail, k);
        bytes->last[i] = (uint8_t)(bytes->last[i] + c);
        out[i] = bytes->last[i];
    }
}

/* One loop for each usual list of items: the flags are constants where this is called. */
LAZ_INLINE size_t read_usual(struct laz_pointwise *state, struct laz_reader *saved,
                             uint8_t *records, size_t stride, size_t count, const bool gps,
                             const bool rgb)
{
    struct laz_reader reader = *saved;
    const uint32_t extra_bytes = state->usual_extra_bytes;
    size_t i;
    for (i = 0; i < count; i++) {
        uint8_t *out = records + i * stride;
        laz_point10_read(&reader, state->point);
        memcpy(out, state->point->last, LAZ_POINT10_BYTES);
        out += LAZ_POINT10_BYTES;
        if (gps) {
            scree__base_store64(out, laz_gps_read(&reader, state->gps, false));
            out += 8;
        }
        if (rgb) {
            laz_rgb_read(&reader, &state->rgb->models, state->rgb->last);
            laz_rgb_store(state->rgb->last, out);
            out += 6;
        }
        if (extra_bytes)
            read_extra(&reader, state->bytes, out, extra_bytes);
        if (LAZ_UNLIKELY(!laz_reader_sound(&reader)))
            break;
    }
    *saved = reader;
    return i;
}

static size_t read_p(struct laz_pointwise *state, struct laz_reader *reader, uint8_t *records,
                     size_t stride, size_t count)
{
    return read_usual(state, reader, records, stride, count, false, false);
}

static size_t read_pg(struct laz_pointwise *state, struct laz_reader *reader, uint8_t *records,
                      size_t stride, size_t count)
{
    return read_usual(state, reader, records, stride, count, true, false);
}

static size_t read_pr(struct laz_pointwise *state, struct laz_reader *reader, uint8_t *records,
                      size_t stride, size_t count)
{
    return read_usual(state, reader, records, stride, count, false, true);
}

static size_t read_pgr(struct laz_pointwise *state, struct laz_reader *reader, uint8_t *records,
                       size_t stride, size_t count)
{
    return read_usual(state, reader, records, stride, count, true, true);
}

static void read_item(struct laz_pointwise *state, const struct laz_pointwise_item *item,
                      struct laz_reader *reader, uint8_t *out)
{
    switch (item->type) {
    case SCREE_LAZ_POINT10:
        if (item->version == 1)
            laz_point10_v1_read(reader, state->point);
        else
            laz_point10_read(reader, state->point);
        memcpy(out, state->point->last, LAZ_POINT10_BYTES);
        break;
    case SCREE_LAZ_GPSTIME11:
        scree__base_store64(out, item->version == 1 ? laz_gps1_read(reader, state->gps)
                                                    : laz_gps_read(reader, state->gps, false));
        break;
    case SCREE_LAZ_RGB12:
        if (item->version == 1)
            laz_rgb1_read(reader, &state->rgb->models1, state->rgb->last);
        else
            laz_rgb_read(reader, &state->rgb->models, state->rgb->last);
        laz_rgb_store(state->rgb->last, out);
        break;
    case SCREE_LAZ_WAVEPACKET13:
        laz_wave_read(reader, &state->wave->models, state->wave->last);
        memcpy(out, state->wave->last, LAZ_WAVE_BYTES);
        break;
    default:
        if (item->version == 1)
            read_extra_v1(reader, state->bytes, out, item->bytes);
        else
            read_extra(reader, state->bytes, out, item->bytes);
        break;
    }
}

static size_t read_any(struct laz_pointwise *state, struct laz_reader *reader, uint8_t *records,
                       size_t stride, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (unsigned j = 0; j < state->item_count; j++)
            read_item(state, &state->items[j], reader,
                      records + i * stride + state->items[j].offset);
        if (!laz_reader_sound(reader))
            return i;
    }
    return count;
}

static size_t pointwise_read(struct laz_pointwise *state, struct laz_reader *reader,
                             uint8_t *records, size_t stride, size_t count)
{
    if (!state->usual)
        return read_any(state, reader, records, stride, count);
    if (state->usual_gps)
        return state->usual_rgb ? read_pgr(state, reader, records, stride, count)
                                : read_pg(state, reader, records, stride, count);
    return state->usual_rgb ? read_pr(state, reader, records, stride, count)
                            : read_p(state, reader, records, stride, count);
}

#endif
