/* tables.h - contexts and other constants of the format. */
#ifndef SCREE_LIB_LAZ_TABLES_H
#define SCREE_LIB_LAZ_TABLES_H

#include <stdint.h>

/* [number of returns][return number], formats 0-5 */
extern const uint8_t scree__laz_return_map8[8][8];

/*
 * Formats 6-10, by the byte of return number and number of returns << 4. Bits 0-2: the map that
 * medians go by; 3-4: part of the changed mask's context; 5-6: the context of later layers; 7-9:
 * how far apart the two numbers are, at most 7; 10: a single return.
 */
extern const uint16_t scree__laz_returns[256];
#define LAZ_RETURNS_MAP(t) ((t)&7u)
#define LAZ_RETURNS_MASK_CONTEXT(t) ((t) >> 3 & 3u)
#define LAZ_RETURNS_CONTEXT(t) ((t) >> 5 & 3u)
#define LAZ_RETURNS_LEVEL(t) ((t) >> 7 & 7u)
#define LAZ_RETURNS_SINGLE(t) ((t) >> 10)

/* Of GPS times: the context of the residual behind symbol s of `multi`. */
extern const uint8_t scree__laz_gps_contexts[511];

/* Where the positive half of the interval of k < 32 begins; 2 for k = 0, which has none. */
extern const uint32_t scree__laz_half[32];

/*
 * What follows a mask of colours or near infrared: a byte for each symbol, the first one lowest,
 * which tells how many models behind that of the mask its own is; then 0. Bytes look here, too, and
 * make nothing of what they find.
 */
extern const uint64_t scree__laz_rgb_programs[256];
extern const uint64_t scree__laz_nir_programs[256];
/* The same for user data, whose last value tells the model. */
extern const uint64_t scree__laz_user_programs[256];

/* By the mask of colours: for each byte, red's lower one first, which of the symbols that follow is
 * its; 128: none is. In byte 7 how many there are. */
extern const uint64_t scree__laz_rgb_places[128];

#endif
