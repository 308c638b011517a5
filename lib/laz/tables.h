/* tables.h - contexts made of return number and number of returns. */
#ifndef SCREE_LIB_LAZ_TABLES_H
#define SCREE_LIB_LAZ_TABLES_H

#include <stdint.h>

extern const uint8_t
    scree__laz_return_map8[8][8]; /* [number of returns][return number], formats 0-5 */
extern const uint8_t scree__laz_return_map16[16][16]; /* the same, formats 6-10 */

/* Where the positive half of the interval of k < 32 begins; 2 for k = 0, which has none. */
extern const uint32_t scree__laz_half[32];

#endif
