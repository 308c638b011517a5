/* tables.c - see tables.h; the values are part of the format. */
#include "laz/tables.h"

const uint8_t scree__laz_return_map8[8][8] = {
    {15, 14, 13, 12, 11, 10, 9, 8},  {14, 0, 1, 3, 6, 10, 10, 9},
    {13, 1, 2, 4, 7, 11, 11, 10},    {12, 3, 4, 5, 8, 12, 12, 11},
    {11, 6, 7, 8, 9, 13, 13, 12},    {10, 10, 11, 12, 13, 14, 14, 13},
    {9, 10, 11, 12, 13, 14, 15, 14}, {8, 9, 10, 11, 12, 13, 14, 15},
};

const uint16_t scree__laz_returns[256] = {
    0x030, 0x0f9, 0x132, 0x1b3, 0x234, 0x2b5, 0x333, 0x3b4, 0x3b4, 0x3b5, 0x3b5, 0x3b5, 0x3b5,
    0x3b5, 0x3b5, 0x3b5, 0x481, 0x478, 0x4b1, 0x533, 0x5b3, 0x633, 0x6b3, 0x733, 0x7b3, 0x7b3,
    0x7b3, 0x7b3, 0x7b3, 0x7b3, 0x7b3, 0x7b3, 0x102, 0x0c9, 0x032, 0x0b4, 0x134, 0x1b4, 0x234,
    0x2b4, 0x334, 0x3b4, 0x3b4, 0x3b3, 0x3b3, 0x3b3, 0x3b3, 0x3b3, 0x183, 0x14b, 0x084, 0x035,
    0x0b4, 0x134, 0x1b4, 0x234, 0x2b4, 0x334, 0x3b4, 0x3b4, 0x3b4, 0x3b4, 0x3b4, 0x3b4, 0x204,
    0x1cb, 0x104, 0x084, 0x035, 0x0b4, 0x134, 0x1b4, 0x234, 0x2b4, 0x334, 0x3b4, 0x3b4, 0x3b4,
    0x3b4, 0x3b4, 0x285, 0x24b, 0x184, 0x104, 0x084, 0x035, 0x0b4, 0x134, 0x1b4, 0x234, 0x2b4,
    0x334, 0x3b4, 0x3b4, 0x3b4, 0x3b4, 0x303, 0x2cb, 0x204, 0x184, 0x104, 0x084, 0x035, 0x0b4,
    0x134, 0x1b4, 0x234, 0x2b4, 0x334, 0x3b4, 0x3b4, 0x3b4, 0x384, 0x34b, 0x284, 0x204, 0x184,
    0x104, 0x084, 0x035, 0x0b4, 0x134, 0x1b4, 0x234, 0x2b4, 0x334, 0x3b4, 0x3b4, 0x384, 0x3cb,
    0x304, 0x284, 0x204, 0x184, 0x104, 0x084, 0x035, 0x0b4, 0x134, 0x1b4, 0x234, 0x2b4, 0x334,
    0x3b4, 0x385, 0x3cb, 0x384, 0x304, 0x284, 0x204, 0x184, 0x104, 0x084, 0x035, 0x0b4, 0x134,
    0x1b4, 0x234, 0x2b4, 0x334, 0x385, 0x3cb, 0x384, 0x384, 0x304, 0x284, 0x204, 0x184, 0x104,
    0x084, 0x035, 0x0b4, 0x134, 0x1b4, 0x234, 0x2b4, 0x385, 0x3cb, 0x383, 0x384, 0x384, 0x304,
    0x284, 0x204, 0x184, 0x104, 0x084, 0x035, 0x0b5, 0x134, 0x1b4, 0x234, 0x385, 0x3cb, 0x383,
    0x384, 0x384, 0x384, 0x304, 0x284, 0x204, 0x184, 0x104, 0x085, 0x035, 0x0b5, 0x134, 0x1b4,
    0x385, 0x3cb, 0x383, 0x384, 0x384, 0x384, 0x384, 0x304, 0x284, 0x204, 0x184, 0x104, 0x085,
    0x035, 0x0b5, 0x134, 0x385, 0x3cb, 0x383, 0x384, 0x384, 0x384, 0x384, 0x384, 0x304, 0x284,
    0x204, 0x184, 0x104, 0x085, 0x035, 0x0b5, 0x385, 0x3cb, 0x383, 0x384, 0x384, 0x384, 0x384,
    0x384, 0x384, 0x304, 0x284, 0x204, 0x184, 0x104, 0x085, 0x035,
};

const uint32_t scree__laz_half[32] = {
    2,        1u << 0,  1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,
    1u << 7,  1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14,
    1u << 15, 1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22,
    1u << 23, 1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30};

const uint8_t scree__laz_gps_contexts[511] = {
    7, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6,
};

/* Bytes in the order of their symbols: both of red, the lower ones of green and blue, the upper ones.
 * What is coded of mask u, and how many of it come before byte j. */
#define CODED(u) ((uint64_t)((u)&64u ? (u)&63u : (u)&3u))
#define BIT(u, j) (CODED(u) >> (j)&1u)
#define BEFORE_1(u) BIT(u, 0)
#define BEFORE_2(u) (BEFORE_1(u) + BIT(u, 1))
#define BEFORE_4(u) (BEFORE_2(u) + BIT(u, 2))
#define BEFORE_3(u) (BEFORE_4(u) + BIT(u, 4))
#define BEFORE_5(u) (BEFORE_3(u) + BIT(u, 3))
#define SYMBOLS(u) (BEFORE_5(u) + BIT(u, 5))

#define MODEL(u, j, before) (BIT(u, j) * ((j) + 1) << 8 * (before))
#define PROGRAM(u)                                                           \
    (MODEL(u, 0, 0u) | MODEL(u, 1, BEFORE_1(u)) | MODEL(u, 2, BEFORE_2(u)) | \
     MODEL(u, 4, BEFORE_4(u)) | MODEL(u, 3, BEFORE_3(u)) | MODEL(u, 5, BEFORE_5(u)))

#define PLACE(u, j, before) ((BIT(u, j) ? (before) : (uint64_t)128) << 8 * (j))
#define PLACES(u)                                                                     \
    (PLACE(u, 0, 0u) | PLACE(u, 1, BEFORE_1(u)) | PLACE(u, 2, BEFORE_2(u)) |          \
     PLACE(u, 3, BEFORE_3(u)) | PLACE(u, 4, BEFORE_4(u)) | PLACE(u, 5, BEFORE_5(u)) | \
     SYMBOLS(u) << 56)

#define FOUR(of, u) of(u), of((u) + 1), of((u) + 2), of((u) + 3)
#define SIXTEEN(of, u) FOUR(of, u), FOUR(of, (u) + 4), FOUR(of, (u) + 8), FOUR(of, (u) + 12)
#define ALL(of)                                                                              \
    SIXTEEN(of, 0u), SIXTEEN(of, 16u), SIXTEEN(of, 32u), SIXTEEN(of, 48u), SIXTEEN(of, 64u), \
        SIXTEEN(of, 80u), SIXTEEN(of, 96u), SIXTEEN(of, 112u)

const uint64_t scree__laz_rgb_programs[256] = {ALL(PROGRAM)};
const uint64_t scree__laz_rgb_places[128] = {ALL(PLACES)};
const uint64_t scree__laz_nir_programs[256] = {0, 1, 2, 1 | 2 << 8};

#define SAME_FOUR(v) v, v, v, v
#define FOUR_FOURS(v) SAME_FOUR(v), SAME_FOUR((v) + 1), SAME_FOUR((v) + 2), SAME_FOUR((v) + 3)
#define SIXTEEN_FOURS(v) \
    FOUR_FOURS(v), FOUR_FOURS((v) + 4), FOUR_FOURS((v) + 8), FOUR_FOURS((v) + 12)
const uint64_t scree__laz_user_programs[256] = {SIXTEEN_FOURS(0u), SIXTEEN_FOURS(16u),
                                                SIXTEEN_FOURS(32u), SIXTEEN_FOURS(48u)};
