/* record.h - output records (formats 6 to 8 with extra bytes), as the phases handle them: 30 bytes or more. */
#ifndef SCREE_LIB_COPC_RECORD_H
#define SCREE_LIB_COPC_RECORD_H

#include "base/bytes.h"

#include <string.h>

#define SCREE__COPC_RETURNS_AT 14u /* return number in the low half */
#define SCREE__COPC_GPS_TIME_AT 22u

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

#endif
