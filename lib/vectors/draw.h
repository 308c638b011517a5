/* draw.h - random numbers that are the same everywhere: splitmix64 (Steele, Lea & Flood, 2014). */
#ifndef SCREE_LIB_VECTORS_DRAW_H
#define SCREE_LIB_VECTORS_DRAW_H

#include <stdint.h>

static inline uint64_t scree__vectors_draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* [0, 1) in steps of 2^-53. */
static inline double scree__vectors_draw_unit(uint64_t *state)
{
    return (double)(scree__vectors_draw(state) >> 11) * 0x1p-53;
}

/* [0, end), end > 0; the bias is below end / 2^64. */
static inline uint64_t scree__vectors_draw_below(uint64_t *state, uint64_t end)
{
    return scree__vectors_draw(state) % end;
}

#endif
