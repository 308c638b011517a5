/* wavepacket.h - wave packets (WAVEPACKET13, and WAVEPACKET14 within its contexts). Floats are
 * coded as their bit patterns. */
#ifndef SCREE_LIB_LAZ_WAVEPACKET_H
#define SCREE_LIB_LAZ_WAVEPACKET_H

#include "laz/gpstime.h"

#define LAZ_WAVE_BYTES 29u

struct laz_wave_models {
    uint32_t offset_step; /* last difference of offsets that was coded as such */
    unsigned offset_kind; /* last symbol of `kind` */
    struct laz_model_256 index;
    struct laz_model_4 kind[4];
    struct laz_int32_1 offset, size, location;
    struct laz_int32_3 xyz;
};

enum { LAZ_WAVE_SAME = 0, LAZ_WAVE_NEXT = 1, LAZ_WAVE_NEAR = 2, LAZ_WAVE_FAR = 3 };

static inline void laz_wave_forget(struct laz_wave_models *models)
{
    models->offset_step = 0;
    models->offset_kind = 0;
    LAZ_FORGET_ONE(&models->index);
    LAZ_FORGET(models->kind);
    LAZ_FORGET_INT(&models->offset);
    LAZ_FORGET_INT(&models->size);
    LAZ_FORGET_INT(&models->location);
    LAZ_FORGET_INT(&models->xyz);
}

/* Updates the packet of LAZ_WAVE_BYTES bytes in place. */
static inline void laz_wave_read(struct laz_reader *reader, struct laz_wave_models *models,
                                 uint8_t *packet)
{
    uint64_t offset = scree__base_load64(packet + 1);
    uint32_t size = scree__base_load32(packet + 9), v;
    unsigned k;
    packet[0] = (uint8_t)LAZ_READ(reader, &models->index);
    unsigned kind = LAZ_READ(reader, &models->kind[models->offset_kind]);
    models->offset_kind = kind;
    if (kind == LAZ_WAVE_NEXT) {
        offset += size;
    } else if (kind == LAZ_WAVE_NEAR) {
        models->offset_step = LAZ_READ_INT(reader, &models->offset, 0, models->offset_step, &k);
        offset += laz_sign_extend(models->offset_step);
    } else if (kind == LAZ_WAVE_FAR) {
        offset = laz_reader_raw64(reader);
    }
    scree__base_store64(packet + 1, offset);
    size = LAZ_READ_INT(reader, &models->size, 0, size, &k);
    scree__base_store32(packet + 9, size);
    v = LAZ_READ_INT(reader, &models->location, 0, scree__base_load32(packet + 13), &k);
    scree__base_store32(packet + 13, v);
    for (unsigned i = 0; i < 3; i++) {
        v = LAZ_READ_INT(reader, &models->xyz, i, scree__base_load32(packet + 17 + 4 * i), &k);
        scree__base_store32(packet + 17 + 4 * i, v);
    }
}

/* Codes `packet` after `last`; the caller keeps the new last. */
static inline void laz_wave_write(struct laz_writer *writer, struct laz_wave_models *models,
                                  const uint8_t *last, const uint8_t *packet)
{
    uint64_t offset = scree__base_load64(packet + 1);
    uint64_t wide = offset - scree__base_load64(last + 1);
    uint32_t last_size = scree__base_load32(last + 9);
    unsigned kind = LAZ_WAVE_FAR;
    /* Sizes of 2^31 and more must not pass for negative differences. */
    if (laz_fits32(wide))
        kind = wide == 0 ? LAZ_WAVE_SAME : wide == last_size ? LAZ_WAVE_NEXT : LAZ_WAVE_NEAR;
    LAZ_WRITE(writer, &models->index, packet[0]);
    LAZ_WRITE(writer, &models->kind[models->offset_kind], kind);
    models->offset_kind = kind;
    if (kind == LAZ_WAVE_NEAR) {
        LAZ_WRITE_INT(writer, &models->offset, 0, models->offset_step, (uint32_t)wide);
        models->offset_step = (uint32_t)wide;
    } else if (kind == LAZ_WAVE_FAR) {
        laz_writer_raw64(writer, offset);
    }
    LAZ_WRITE_INT(writer, &models->size, 0, last_size, scree__base_load32(packet + 9));
    LAZ_WRITE_INT(writer, &models->location, 0, scree__base_load32(last + 13),
                  scree__base_load32(packet + 13));
    for (unsigned i = 0; i < 3; i++)
        LAZ_WRITE_INT(writer, &models->xyz, i, scree__base_load32(last + 17 + 4 * i),
                      scree__base_load32(packet + 17 + 4 * i));
}

#endif
