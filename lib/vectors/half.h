/* half.h - IEEE 754 binary16 and float, in plain C; rounding to nearest, ties to even, as processors do it. */
#ifndef SCREE_LIB_VECTORS_HALF_H
#define SCREE_LIB_VECTORS_HALF_H

#include <stdint.h>
#include <string.h>

static inline float scree__vectors_half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31;
    uint32_t fraction = half & 0x3ff, bits;
    float out;
    if (exponent == 0) { /* fraction * 2^-24, exactly */
        out = (float)fraction * 5.9604644775390625e-8f;
        memcpy(&bits, &out, sizeof bits);
        bits |= sign;
    } else if (exponent == 31) {
        bits = sign | 0x7f800000 | fraction << 13 | (fraction != 0 ? 0x400000 : 0);
    } else {
        bits = sign | (exponent + 112) << 23 | fraction << 13;
    }
    memcpy(&out, &bits, sizeof out);
    return out;
}

/* Beyond the range of halves: infinity. */
static inline uint16_t scree__vectors_float_to_half(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    if (size > 0x7f800000)
        return (uint16_t)(sign | 0x7e00);
    if (size >= 0x477ff000) /* 65520 and more */
        return (uint16_t)(sign | 0x7c00);
    if (size <
        0x38800000) { /* below 2^-14: in units of 2^-24; adding 0.5 leaves them as the low bits */
        float small;
        memcpy(&small, &size, sizeof small);
        small += 0.5f;
        memcpy(&bits, &small, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3f000000));
    }
    size += 0xfff + (size >> 13 & 1);
    return (uint16_t)(sign | (size - 0x38000000) >> 13);
}

#endif
