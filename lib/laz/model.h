/*
 * model.h - adaptive models of the arithmetic coder: symbols (15-bit frequencies) and bits
 * (13-bit).
 *
 * Models lie inside the decoder's or encoder's state. A model whose head is zero is fresh; it is
 * filled at its first use, so that a chunk of few points does not pay for the hundreds of models
 * that it never touches. Rebuilding is due when `left` is 0 and is put off to the next use: one
 * branch serves both.
 */
#ifndef SCREE_LIB_LAZ_MODEL_H
#define SCREE_LIB_LAZ_MODEL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LAZ_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define LAZ_SANITIZED 1
#endif

/* Readers and writers live in registers only where everything is inlined; with a sanitizer's checks
 * that takes minutes to compile. */
#if defined(__GNUC__) && defined(__OPTIMIZE__) && !defined(LAZ_SANITIZED)
#define LAZ_INLINE static inline __attribute__((always_inline))
#else
#define LAZ_INLINE static inline
#endif

#if defined(__GNUC__)
#define LAZ_COLD __attribute__((noinline, cold))
#define LAZ_LIKELY(x) __builtin_expect(!!(x), 1)
#define LAZ_UNLIKELY(x) __builtin_expect(!!(x), 0)
#else
#define LAZ_COLD
#define LAZ_LIKELY(x) (x)
#define LAZ_UNLIKELY(x) (x)
#endif

/* Cumulative frequencies are below 2^15; unused entries of a table hold this, so that a search runs
 * over whole groups of 16. */
#define LAZ_CUM_PAD 32767u

/* All three fit 16 bits: total <= 32768 + period, period <= 8 * (516 + 6). */
struct laz_head {
    uint16_t left;   /* symbols until the next rebuild */
    uint16_t period; /* symbols between rebuilds */
    uint16_t total;  /* sum of the counts at the last rebuild; 0: fresh */
};

/*
 * cum[k]: frequency below symbol k. Searches look at cum[1] and up in groups of 16. Tables above 64
 * symbols are searched in two steps, the first over top[b] = cum[16 * (b + 1)].
 */
#define LAZ_CUM_ENTRIES(n) (((n) + 14) / 16 * 16 + 1)
#define LAZ_TOP_ENTRIES(n) ((n) > 64 ? ((n) > 256 ? 32 : 16) : 1)

#define LAZ_MODEL_TYPE(n)                 \
    struct laz_model_##n {                \
        struct laz_head head;             \
        uint16_t top[LAZ_TOP_ENTRIES(n)]; \
        uint16_t cum[LAZ_CUM_ENTRIES(n)]; \
        uint16_t count[n];                \
    }

LAZ_MODEL_TYPE(3);
LAZ_MODEL_TYPE(4);
LAZ_MODEL_TYPE(5);
LAZ_MODEL_TYPE(6);
LAZ_MODEL_TYPE(9);
LAZ_MODEL_TYPE(13);
LAZ_MODEL_TYPE(16);
LAZ_MODEL_TYPE(17);
LAZ_MODEL_TYPE(33);
LAZ_MODEL_TYPE(64);
LAZ_MODEL_TYPE(128);
LAZ_MODEL_TYPE(256);
LAZ_MODEL_TYPE(516);

#define LAZ_SYMBOLS(model) ((unsigned)(sizeof((model)->count) / sizeof((model)->count[0])))

struct laz_bit {
    uint16_t left, period, zeros, all, p0; /* all 0: fresh */
};

/* Brings a symbol model of n symbols to its next state (or its first). layout: the n that its type
 * was declared with. */
void scree__laz_model_refresh(struct laz_head *head, uint16_t *top, uint16_t *cum, uint16_t *count,
                              unsigned layout, unsigned n);
void scree__laz_bit_refresh(struct laz_bit *bit);

/* Makes models fresh: their heads, which must be their first members, become zero. */
static inline void laz_forget(void *first, size_t bytes, size_t stride)
{
    for (size_t at = 0; at < bytes; at += stride)
        memset((uint8_t *)first + at, 0, sizeof(struct laz_head));
}

#define LAZ_FORGET(array) laz_forget((array), sizeof(array), sizeof((array)[0]))
#define LAZ_FORGET_ONE(model) laz_forget((model), sizeof *(model), sizeof *(model))

#endif
