/* bytes.h - little-endian loads and stores on unaligned bytes, and arithmetic that tells when it
 * overflows. */
#ifndef SCREE_LIB_BASE_BYTES_H
#define SCREE_LIB_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define SCREE__LE16(v) __builtin_bswap16(v)
#define SCREE__LE32(v) __builtin_bswap32(v)
#define SCREE__LE64(v) __builtin_bswap64(v)
#else
#define SCREE__LE16(v) (v)
#define SCREE__LE32(v) (v)
#define SCREE__LE64(v) (v)
#endif

static inline uint16_t scree__base_load16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return SCREE__LE16(v);
}

static inline uint32_t scree__base_load32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return SCREE__LE32(v);
}

static inline uint64_t scree__base_load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return SCREE__LE64(v);
}

static inline int32_t scree__base_load_i32(const uint8_t *p)
{
    return (int32_t)scree__base_load32(p);
}

static inline float scree__base_load_f32(const uint8_t *p)
{
    uint32_t bits = scree__base_load32(p);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline double scree__base_load_f64(const uint8_t *p)
{
    uint64_t bits = scree__base_load64(p);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline void scree__base_store16(uint8_t *p, uint16_t v)
{
    v = SCREE__LE16(v);
    memcpy(p, &v, sizeof v);
}

static inline void scree__base_store32(uint8_t *p, uint32_t v)
{
    v = SCREE__LE32(v);
    memcpy(p, &v, sizeof v);
}

static inline void scree__base_store64(uint8_t *p, uint64_t v)
{
    v = SCREE__LE64(v);
    memcpy(p, &v, sizeof v);
}

static inline void scree__base_store_f32(uint8_t *p, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    scree__base_store32(p, bits);
}

static inline void scree__base_store_f64(uint8_t *p, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    scree__base_store64(p, bits);
}

/* Each returns true and sets *out when the result fits; returns false and leaves *out alone when it
 * does not. */
static inline bool scree__base_add64(uint64_t a, uint64_t b, uint64_t *out)
{
    if (a > UINT64_MAX - b)
        return false;
    *out = a + b;
    return true;
}

static inline bool scree__base_mul64(uint64_t a, uint64_t b, uint64_t *out)
{
    if (b != 0 && a > UINT64_MAX / b)
        return false;
    *out = a * b;
    return true;
}

static inline bool scree__base_mul_size(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

#endif
