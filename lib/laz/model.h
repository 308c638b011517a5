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

#include "laz/level.h"

#include <stdbool.h>
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

/* Cumulative frequencies are below 2^15; entries behind the last symbol hold this: they end every
 * search, and their top bit tells that a symbol is the last. */
#define LAZ_CUM_PAD 0x8000u

/* All three fit 16 bits: total <= 32768 + period, period <= 8 * (516 + 6). */
LAZ_INLINE uint32_t laz_mask(unsigned truth) /* 0 or 1: all zeros or all ones */
{
    return 0u - truth;
}

struct laz_head {
    int16_t left;    /* symbols until the next rebuild; each one takes 1, and rebuilds below 0 */
    uint16_t period; /* symbols between rebuilds */
    uint16_t total;  /* sum of the counts at the last rebuild; 0: fresh */
    /* The last symbol, and the shifts of frequencies and of starts, of use where the type does not
     * tell them. */
    uint16_t last, shift, start_shift;
};

/*
 * cum[k]: frequency below symbol k; behind the last symbol LAZ_CUM_PAD. start[q >> start shift]:
 * the largest symbol whose cum is not above that multiple of 2^shift, from which a search goes up;
 * one entry more for the quotients above 2^15 that truncation leaves room for.
 */
#define LAZ_SYMBOL_SHIFT 15u
#define LAZ_BIT_SHIFT 13u
#define LAZ_START_SHIFT(n) ((n) > 64 ? 7u : (n) > 33 ? 8u : (n) > 17 ? 9u : (n) > 3 ? 10u : 15u)
#define LAZ_START_ENTRIES(n) ((0x8000u >> LAZ_START_SHIFT(n)) + 1)
#define LAZ_CUM_ENTRIES(n) ((n) + 4)

/* Each begins a cache line. */
#define LAZ_MODEL_TYPE_OF(n, start_type)        \
    struct laz_model_##n {                      \
        _Alignas(64) struct laz_head head;      \
        start_type start[LAZ_START_ENTRIES(n)]; \
        uint16_t cum[LAZ_CUM_ENTRIES(n)];       \
        uint16_t count[n];                      \
    }
#define LAZ_MODEL_TYPE(n) LAZ_MODEL_TYPE_OF(n, uint8_t)

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
LAZ_MODEL_TYPE_OF(516, uint16_t);

#define LAZ_LAYOUT_BY_SIZE 0u
#define LAZ_SYMBOLS(model) ((unsigned)(sizeof((model)->count) / sizeof((model)->count[0])))

/*
 * Brings a symbol model to its next state (or its first) and takes one symbol off it. layout: the n
 * that its type was declared with, or LAZ_LAYOUT_BY_SIZE where the starts are to be those of as many
 * symbols as there are; last: its last symbol. With LAZ_BIT_SHIFT the model is that of a
 * bit: two symbols, of which the first one's count and 13-bit frequency follow rules of their own.
 * start: NULL where nobody searches, that is, when encoding.
 */
void scree__laz_rebuild(struct laz_head *head, void *start, uint16_t *cum, uint16_t *count,
                        unsigned layout, unsigned last, unsigned shift);

/* The same for the detail model of k <= 32. Of 32 it is one symbol that has all of the width, so that
 * every search ends at once and nothing is taken from the stream. */
void scree__laz_rebuild_detail(struct laz_model_256 *model, unsigned k, bool search);

/* The same for a model of 256 symbols, or for one in the guise of it that takes nothing from the
 * stream. */
void scree__laz_rebuild_optional(struct laz_model_256 *model, unsigned idle);

/* Makes models fresh: their heads, which must be their first members, become zero. */
static inline void laz_forget(void *first, size_t bytes, size_t stride)
{
    for (size_t at = 0; at < bytes; at += stride)
        memset((uint8_t *)first + at, 0, sizeof(struct laz_head));
}

#define LAZ_FORGET(array) laz_forget((array), sizeof(array), sizeof((array)[0]))
#define LAZ_FORGET_ONE(model) laz_forget((model), sizeof *(model), sizeof *(model))

#endif
