/*
 * gpstime.h - GPS times as 64-bit patterns. Version 2 and the layered form keep up to four
 * sequences of times, each with its usual step, and jump between them; version 1 keeps one. The
 * layered form differs in that "unchanged" is told by another layer.
 */
#ifndef SCREE_LIB_LAZ_GPSTIME_H
#define SCREE_LIB_LAZ_GPSTIME_H

#include "base/bytes.h"
#include "laz/intcoder.h"

#define LAZ_GPS_MULTI_V2 516u
#define LAZ_GPS_ZERO_V2 6u
#define LAZ_GPS_MULTI_V1 512u
#define LAZ_GPS_ZERO_V1 3u
#define LAZ_GPS_SAME 511u    /* first symbol of `multi` that is not a difference */
#define LAZ_GPS_TURNS_MAX 5u /* a sound stream switches sequence at most once a value */

struct laz_gps {
    uint64_t time[4];
    uint32_t step[4];
    uint32_t far_count[4]; /* differences far from the step, in a row or nearly */
    unsigned current, newest;
    struct laz_model_516 multi;
    struct laz_model_6 zero;
    struct laz_int32_9 value;
};

static inline void laz_gps_forget(struct laz_gps *gps)
{
    LAZ_FORGET_ONE(&gps->multi);
    LAZ_FORGET_ONE(&gps->zero);
    LAZ_FORGET_INT(&gps->value);
}

static inline void laz_gps_seed(struct laz_gps *gps, uint64_t time)
{
    memset(gps->time, 0, sizeof gps->time);
    memset(gps->step, 0, sizeof gps->step);
    memset(gps->far_count, 0, sizeof gps->far_count);
    gps->time[0] = time;
    gps->current = 0;
    gps->newest = 0;
}

LAZ_INLINE uint64_t laz_sign_extend(uint32_t v)
{
    return ((uint64_t)v ^ 0x80000000u) - 0x80000000u;
}

LAZ_INLINE bool laz_fits32(uint64_t difference)
{
    return laz_sign_extend((uint32_t)difference) == difference;
}

/* A difference that the step does not explain: the fourth of them becomes the step. */
LAZ_INLINE void laz_gps_bump(struct laz_gps *gps, uint32_t difference)
{
    unsigned i = gps->current;
    if (++gps->far_count[i] > 3) {
        gps->step[i] = difference;
        gps->far_count[i] = 0;
    }
}

LAZ_INLINE void laz_gps_start_sequence(struct laz_gps *gps, uint64_t time)
{
    gps->newest = (gps->newest + 1) & 3;
    gps->current = gps->newest;
    gps->time[gps->current] = time;
    gps->step[gps->current] = 0;
    gps->far_count[gps->current] = 0;
}

/* What symbol s < 511 of `multi` says: the difference is near factor * step; the context of its
 * residual. */
LAZ_INLINE uint32_t laz_gps_near(unsigned s, uint32_t step)
{
    uint32_t back = laz_mask(s > 500); /* s, or 500 - s */
    return ((s ^ back) - back + (500 & back)) * step;
}

LAZ_INLINE unsigned laz_gps_context(unsigned s)
{
    return scree__laz_gps_contexts[s];
}

LAZ_INLINE void laz_gps_account(struct laz_gps *gps, unsigned s, uint32_t difference)
{
    if (s == 1)
        gps->far_count[gps->current] = 0;
    else if (s == 0 || s == 500 || s == 510)
        laz_gps_bump(gps, difference);
}

/* Symbol s < 511 of `multi`, and the residual that followed: the time. */
LAZ_INLINE uint64_t laz_gps_move(struct laz_gps *gps, unsigned s, uint32_t residual)
{
    unsigned i = gps->current;
    uint32_t difference = laz_gps_near(s, gps->step[i]) + residual;
    gps->time[i] += laz_sign_extend(difference);
    laz_gps_account(gps, s, difference);
    return gps->time[i];
}

/* Changes the sequence, to a new one if jump is 0. Returns whether the time is known then. */
LAZ_INLINE bool laz_gps_jump(struct laz_reader *reader, struct laz_gps *gps, unsigned jump)
{
    unsigned i = gps->current, k;
    if (jump == 0) {
        uint32_t high = LAZ_READ_INT(reader, &gps->value, 8, (uint32_t)(gps->time[i] >> 32), &k);
        laz_gps_start_sequence(gps, (uint64_t)high << 32 | laz_reader_raw32(reader));
        return true;
    }
    gps->current = (i + jump) & 3;
    return false;
}

/* turn: how often the sequence was switched before. */
LAZ_INLINE uint64_t laz_gps_read_turns(struct laz_reader *reader, struct laz_gps *gps,
                                       const bool layered, unsigned turn)
{
    for (; turn < LAZ_GPS_TURNS_MAX; turn++) {
        unsigned i = gps->current, s, jump, k;
        uint32_t step = gps->step[i];
        if (step == 0) {
            s = LAZ_READ_N(reader, &gps->zero, LAZ_GPS_ZERO_V2 - (layered ? 1 : 0));
            if (!layered && s-- == 0)
                return gps->time[i];
            if (s == 0) {
                uint32_t difference = LAZ_READ_INT(reader, &gps->value, 0, 0u, &k);
                gps->step[i] = difference;
                gps->far_count[i] = 0;
                return gps->time[i] += laz_sign_extend(difference);
            }
            jump = s - 1;
        } else {
            s = LAZ_READ_N(reader, &gps->multi, LAZ_GPS_MULTI_V2 - (layered ? 1 : 0));
            if (s < LAZ_GPS_SAME)
                return laz_gps_move(gps, s,
                                    LAZ_READ_INT(reader, &gps->value, laz_gps_context(s), 0u, &k));
            s -= LAZ_GPS_SAME;
            if (!layered && s-- == 0)
                return gps->time[i];
            jump = s;
        }
        if (laz_gps_jump(reader, gps, jump))
            return gps->time[gps->current];
    }
    reader->damage = 1;
    return gps->time[gps->current];
}

LAZ_INLINE uint64_t laz_gps_read(struct laz_reader *reader, struct laz_gps *gps, const bool layered)
{
    return laz_gps_read_turns(reader, gps, layered, 0);
}

/* The layered form once symbol s of `multi` is known. */
LAZ_INLINE uint64_t laz_gps_said(struct laz_reader *reader, struct laz_gps *gps, unsigned s)
{
    unsigned k;
    if (s < LAZ_GPS_SAME)
        return laz_gps_move(gps, s, LAZ_READ_INT(reader, &gps->value, laz_gps_context(s), 0u, &k));
    if (laz_gps_jump(reader, gps, s - LAZ_GPS_SAME))
        return gps->time[gps->current];
    return laz_gps_read_turns(reader, gps, true, 1);
}

/* Round half away from zero of the f32 quotient; what does not fit counts as -2^31, as on x86. */
LAZ_INLINE int32_t laz_gps_factor(uint32_t difference, uint32_t step)
{
    float q = (float)(int32_t)difference / (float)(int32_t)step;
    double rounded = q >= 0 ? (double)q + 0.5 : (double)q - 0.5;
    return rounded > -2147483649.0 && rounded < 2147483648.0 ? (int32_t)rounded : INT32_MIN;
}

LAZ_INLINE unsigned laz_gps_symbol(int32_t factor)
{
    if (factor >= 0)
        return factor < 500 ? (unsigned)factor : 500;
    return factor > -10 ? (unsigned)(500 - factor) : 510;
}

/* laz_gps_near(), laz_gps_context() for encoding, where s comes out of a division: branches foretell
 * what a table would wait for. */
LAZ_INLINE void laz_gps_meaning(unsigned s, uint32_t *factor, unsigned *context)
{
    if (s == 0) {
        *factor = 0;
        *context = 7;
    } else if (s <= 500) {
        *factor = s;
        *context = s == 1 ? 1 : s < 10 ? 2 : s < 500 ? 3 : 4;
    } else {
        *factor = 500 - s;
        *context = s == 510 ? 6 : 5;
    }
}

/* 1 to 3: the sequence that far ahead reaches `time` with 32 bits; 0: none does. */
static inline unsigned laz_gps_find_sequence(const struct laz_gps *gps, uint64_t time)
{
    for (unsigned jump = 1; jump < 4; jump++) {
        if (laz_fits32(time - gps->time[(gps->current + jump) & 3]))
            return jump;
    }
    return 0;
}

LAZ_INLINE void laz_gps_write(struct laz_writer *writer, struct laz_gps *gps, uint64_t time,
                              const bool layered)
{
    const unsigned same = layered ? 0 : 1; /* symbols that "unchanged" takes */
    for (;;) {
        unsigned i = gps->current;
        uint32_t step = gps->step[i];
        uint64_t wide = time - gps->time[i];
        uint32_t difference = (uint32_t)wide;
        if (!layered && wide == 0) {
            if (step == 0)
                LAZ_WRITE_N(writer, &gps->zero, LAZ_GPS_ZERO_V2, 0);
            else
                LAZ_WRITE_N(writer, &gps->multi, LAZ_GPS_MULTI_V2, LAZ_GPS_SAME);
            return;
        }
        if (laz_fits32(wide)) {
            gps->time[i] = time;
            if (step == 0) {
                LAZ_WRITE_N(writer, &gps->zero, LAZ_GPS_ZERO_V2 - 1 + same, same);
                LAZ_WRITE_INT(writer, &gps->value, 0, 0u, difference);
                gps->step[i] = difference;
                gps->far_count[i] = 0;
                return;
            }
            unsigned s = laz_gps_symbol(laz_gps_factor(difference, step));
            LAZ_WRITE_N(writer, &gps->multi, LAZ_GPS_MULTI_V2 - 1 + same, s);
            uint32_t factor;
            unsigned context;
            laz_gps_meaning(s, &factor, &context);
            LAZ_WRITE_INT(writer, &gps->value, context, factor * step, difference);
            laz_gps_account(gps, s, difference);
            return;
        }
        unsigned jump = laz_gps_find_sequence(gps, time);
        if (step == 0)
            LAZ_WRITE_N(writer, &gps->zero, LAZ_GPS_ZERO_V2 - 1 + same, same + 1 + jump);
        else
            LAZ_WRITE_N(writer, &gps->multi, LAZ_GPS_MULTI_V2 - 1 + same,
                        LAZ_GPS_SAME + same + jump);
        if (jump == 0) {
            LAZ_WRITE_INT(writer, &gps->value, 8, (uint32_t)(gps->time[i] >> 32),
                          (uint32_t)(time >> 32));
            laz_writer_raw32(writer, (uint32_t)time);
            laz_gps_start_sequence(gps, time);
            return;
        }
        gps->current = (i + jump) & 3;
    }
}

/* ------------------------------------------------------------------------------------ version 1 */

LAZ_INLINE unsigned laz_gps1_context(unsigned s)
{
    return s == 0 ? 2 : s == 1 ? 1 : s < 10 ? 3 : s < 50 ? 4 : 5;
}

/* The prediction of symbol s < 510. The quarter truncates toward zero. */
LAZ_INLINE uint32_t laz_gps1_prediction(unsigned s, uint32_t step)
{
    return s == 0 ? (uint32_t)((int32_t)step / 4) : s * step;
}

LAZ_INLINE void laz_gps1_account(struct laz_gps *gps, unsigned s, uint32_t difference)
{
    if (s == 1) {
        gps->step[0] = difference;
        gps->far_count[0] = 0;
    } else if (s == 0 || s == 509) {
        laz_gps_bump(gps, difference);
    }
}

static inline uint64_t laz_gps1_read(struct laz_reader *reader, struct laz_gps *gps)
{
    uint32_t step = gps->step[0], difference;
    unsigned k, s;
    if (step == 0) {
        s = LAZ_READ_N(reader, &gps->zero, LAZ_GPS_ZERO_V1);
        if (s == 0)
            return gps->time[0];
        if (s == 2)
            return gps->time[0] = laz_reader_raw64(reader);
        difference = LAZ_READ_INT(reader, &gps->value, 0, 0u, &k);
        gps->step[0] = difference;
    } else {
        s = LAZ_READ_N(reader, &gps->multi, LAZ_GPS_MULTI_V1);
        if (s == 511)
            return gps->time[0];
        if (s == 510)
            return gps->time[0] = laz_reader_raw64(reader);
        difference = LAZ_READ_INT(reader, &gps->value, laz_gps1_context(s),
                                  laz_gps1_prediction(s, step), &k);
        laz_gps1_account(gps, s, difference);
    }
    return gps->time[0] += laz_sign_extend(difference);
}

static inline unsigned laz_gps1_symbol(uint32_t difference, uint32_t step)
{
    float q = (float)(int32_t)difference / (float)(int32_t)step + 0.5f;
    if (!(q >= 1.0f && q < 2147483648.0f))
        return 0;
    return q < 509.0f ? (unsigned)q : 509;
}

static inline void laz_gps1_write(struct laz_writer *writer, struct laz_gps *gps, uint64_t time)
{
    uint64_t wide = time - gps->time[0];
    uint32_t difference = (uint32_t)wide, step = gps->step[0];
    bool fits = laz_fits32(wide);
    gps->time[0] = time;
    if (step == 0) {
        unsigned s = wide == 0 ? 0 : fits ? 1 : 2;
        LAZ_WRITE_N(writer, &gps->zero, LAZ_GPS_ZERO_V1, s);
        if (s == 1) {
            LAZ_WRITE_INT(writer, &gps->value, 0, 0u, difference);
            gps->step[0] = difference;
        }
    } else {
        unsigned s = wide == 0 ? 511 : fits ? laz_gps1_symbol(difference, step) : 510;
        LAZ_WRITE_N(writer, &gps->multi, LAZ_GPS_MULTI_V1, s);
        if (s < 510) {
            LAZ_WRITE_INT(writer, &gps->value, laz_gps1_context(s), laz_gps1_prediction(s, step),
                          difference);
            laz_gps1_account(gps, s, difference);
        }
    }
    if (!fits)
        laz_writer_raw64(writer, time);
}

#endif
