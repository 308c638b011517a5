/*
 * record.h - records as the phases handle them: those of the output (formats 6 to 8 with extra bytes, 30 bytes or more); or, in memory, where all inputs have
 * one of the formats 0 to 3, records of that format, which are shorter, on the output's grid. Those are mapped when they are copied into their node.
 */
#ifndef SCREE_LIB_COPC_RECORD_H
#define SCREE_LIB_COPC_RECORD_H

#include "base/bytes.h"
#include "copc/radix.h"
#include "las/map_old.h"

#include <string.h>

#define SCREE__COPC_RETURNS_AT 14u /* return number in the low half */
#define SCREE__COPC_GPS_TIME_AT 22u

/* What records are like where they lie. */
struct scree__copc_form {
    uint32_t bytes;
    unsigned format; /* 0 to 3; 6: as in the output, in any format that it may have */
    unsigned gps_at; /* 0: there are no times */
};

/* Of the output's records. */
static inline struct scree__copc_form scree__copc_form_out(uint32_t record_bytes)
{
    const struct scree__copc_form form = {record_bytes, 6, SCREE__COPC_GPS_TIME_AT};
    return form;
}

/* Of records of formats 0 to 3 without extra bytes. */
static inline struct scree__copc_form scree__copc_form_old(unsigned format)
{
    const unsigned gps_at = SCREE__LAS_MAP_OLD_GPS(format);
    const struct scree__copc_form form = {
        20 + (gps_at != 0 ? 8 : 0) + (SCREE__LAS_MAP_OLD_RGB(format) != 0 ? 6 : 0), format, gps_at};
    return form;
}

/* Do records become those of the output only when they are copied? */
static inline bool scree__copc_form_waits(const struct scree__copc_form *form)
{
    return form->format < 6;
}

/* As radix.h sorts them. */
static inline uint64_t scree__copc_form_time(const struct scree__copc_form *form,
                                             const uint8_t *record)
{
    return scree__copc_gps_key(form->gps_at != 0 ? scree__base_load64(record + form->gps_at) : 0);
}

static inline unsigned scree__copc_form_return(const struct scree__copc_form *form,
                                               const uint8_t *record)
{
    return record[SCREE__COPC_RETURNS_AT] & (form->format < 6 ? 7u : 15u);
}

static inline void scree__copc_record_position(const uint8_t *record, int32_t at[3])
{
    at[0] = scree__base_load_i32(record);
    at[1] = scree__base_load_i32(record + 4);
    at[2] = scree__base_load_i32(record + 8);
}

/* One record. By blocks of 16 bytes, the last one ending where the record ends: a call of memcpy() would take longer than the copy. */
static inline void scree__copc_record_copy(uint8_t *to, const uint8_t *from, uint32_t record_bytes)
{
    if (record_bytes > 64) {
        memcpy(to, from, record_bytes);
        return;
    }
    memcpy(to, from, 16);
    if (record_bytes > 32)
        memcpy(to + 16, from + 16, 16);
    if (record_bytes > 48)
        memcpy(to + 32, from + 32, 16);
    memcpy(to + record_bytes - 16, from + record_bytes - 16, 16);
}

/* The longest record that one of formats 0 to 3 becomes. */
#define SCREE__COPC_WAITED_BYTES_MAX 36u

/* A record that has waited as the output has it; its length. */
static inline uint32_t scree__copc_record_waited(const struct scree__copc_form *form,
                                                 const uint8_t *record, uint8_t *to)
{
    switch (form->format) {
    case 0:
        scree__las_map_waited(record, to, 0);
        return 30;
    case 1:
        scree__las_map_waited(record, to, 1);
        return 30;
    case 2:
        scree__las_map_waited(record, to, 2);
        return 36;
    default:
        scree__las_map_waited(record, to, 3);
        return 36;
    }
}

#endif
