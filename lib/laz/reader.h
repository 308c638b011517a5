/*
 * reader.h - the arithmetic decoder of one stream.
 *
 * Never reads outside [begin, end): past the end it sees zeros and counts them in `overrun`, so
 * that a loop over points checks once a block. Corrupt input cannot do more than wrong symbols:
 * every index is bounded, all arithmetic is unsigned.
 */
#ifndef SCREE_LIB_LAZ_READER_H
#define SCREE_LIB_LAZ_READER_H

#include "laz/model.h"
#include "laz/search.h"

#include <stdbool.h>

#define LAZ_WIDTH_MIN 0x1000000u

struct laz_reader {
    const uint8_t *at, *end;
    const uint8_t *last4; /* four bytes can be loaded up to here */
    uint32_t code;
    uint32_t width;   /* code < width, always */
    uint32_t overrun; /* bytes asked for beyond the end */
    uint32_t damage;  /* not 0: a value that no encoder writes was met */
};

LAZ_INLINE size_t laz_clz32(uint32_t v) /* v != 0 */
{
#if LAZ_LEVEL != LAZ_LEVEL_PLAIN && defined(__GNUC__) && defined(__x86_64__)
    size_t zeros; /* compilers clear it first, for processors of long ago */
    __asm__("lzcnt %1, %k0" : "=r"(zeros) : "r"(v) : "cc");
    return zeros;
#elif defined(__GNUC__)
    return (size_t)__builtin_clz(v);
#else
    size_t zeros = 0;
    while (!(v & 0x80000000u)) {
        v <<= 1;
        zeros++;
    }
    return zeros;
#endif
}

LAZ_INLINE unsigned laz_bit_length(uint32_t v) /* 0 to 32 */
{
#if LAZ_LEVEL != LAZ_LEVEL_PLAIN
    return 32u - (unsigned)_lzcnt_u32(v);
#elif defined(__GNUC__)
    return 63u - (unsigned)__builtin_clzll((uint64_t)v << 1 | 1);
#else
    return v == 0 ? 0 : 32 - (unsigned)laz_clz32(v);
#endif
}

/* Four bytes, the first one highest. */
LAZ_INLINE uint64_t laz_load_be32(const uint8_t *p)
{
#if LAZ_LEVEL != LAZ_LEVEL_PLAIN && defined(__GNUC__) && defined(__x86_64__)
    uint64_t v; /* compilers do not know that this clears the upper half */
    __asm__("movbe %1, %k0" : "=r"(v) : "m"(*(const uint32_t *)(const void *)p));
    return v;
#elif defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return __builtin_bswap32(v);
#else
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
#endif
}

/* The next four bytes of a stream that has fewer; zeros follow. */
uint32_t scree__laz_reader_tail(const uint8_t *at, const uint8_t *end);
/* The next eight bytes at `at`, which may lie beyond the end; what does is counted. quad.h. */
uint64_t scree__laz_quad_tail(struct laz_reader *reader, const uint8_t **at);

/* Starts on [begin, end), of which 4 bytes are taken at once. */
static inline void laz_reader_start(struct laz_reader *reader, const uint8_t *begin,
                                    const uint8_t *end)
{
    size_t available = (size_t)(end - begin);
    reader->end = end;
    reader->last4 = available < 4 ? begin : end - 4;
    reader->code = scree__laz_reader_tail(begin, end);
    reader->width = 0xFFFFFFFFu;
    reader->overrun = available < 4 ? (uint32_t)(4 - available) : 0;
    reader->damage = 0;
    reader->at = begin + (available < 4 ? available : 4);
    /* No encoder starts like this, and searches rely on it. */
    if (reader->code == reader->width) {
        reader->code--;
        reader->damage = 1;
    }
}

/* True when everything read so far is what some encoder wrote. */
LAZ_INLINE bool laz_reader_sound(const struct laz_reader *reader)
{
    return (reader->overrun | reader->damage) == 0;
}

/* Whole bytes are shifted in until the width has 25 bits or more: 0 to 3 of them, without a loop.
 */
LAZ_INLINE void laz_reader_shift(struct laz_reader *reader)
{
    size_t bits = laz_clz32(reader->width) & 24;
    size_t step = bits >> 3;
    uint64_t next;
    if (LAZ_LIKELY(reader->at < reader->last4)) {
        next = laz_load_be32(reader->at);
    } else {
        size_t available = (size_t)(reader->end - reader->at);
        next = scree__laz_reader_tail(reader->at, reader->end);
        if (step > available) {
            reader->overrun += (uint32_t)(step - available);
            step = available;
        }
    }
    reader->at += step;
    reader->code = (uint32_t)(((uint64_t)reader->code << 32 | next) << bits >> 32);
    reader->width <<= bits;
}

/* The same address, of which the compiler knows no more than that: it reaches the parts of a model
 * from one register instead of working out, and putting aside, a pointer to each. */
LAZ_INLINE char *laz_opaque(void *p)
{
#if defined(__GNUC__) && defined(__x86_64__)
    __asm__("" : "+r"(p));
#endif
    return p;
}

/*
 * A model as the functions below see it. at: its head; start, cum, count: where they lie from there;
 * layout: the size that its type was declared with; last: its last symbol, which may be less; shift:
 * LAZ_SYMBOL_SHIFT, or LAZ_BIT_SHIFT for a bit in the guise of a symbol. It is gone once everything
 * is inlined.
 */
struct laz_model_ref {
    char *at;
    size_t start, cum, count;
    unsigned layout, last, shift, start_shift;
    bool ready; /* for one symbol, so that nobody need look */
};

#define LAZ_PART(model, part) ((size_t)((char *)(model)->part - (char *)&(model)->head))
#define LAZ_REF_READY(model, last_symbol, shift_bits, start_bits, is_ready)                   \
    ((struct laz_model_ref){laz_opaque(&(model)->head), LAZ_PART(model, start),               \
                            LAZ_PART(model, cum), LAZ_PART(model, count), LAZ_SYMBOLS(model), \
                            (last_symbol), (shift_bits), (start_bits), (is_ready)})
#define LAZ_REF_OF(model, last_symbol, shift_bits) \
    LAZ_REF_READY(model, last_symbol, shift_bits,  \
                  LAZ_START_SHIFT((shift_bits) == LAZ_BIT_SHIFT ? 2 : LAZ_SYMBOLS(model)), false)
#define LAZ_REF(model) LAZ_REF_OF(model, LAZ_SYMBOLS(model) - 1, LAZ_SYMBOL_SHIFT)

LAZ_INLINE struct laz_head *laz_ref_head(struct laz_model_ref m)
{
    return (void *)m.at;
}

LAZ_INLINE uint16_t *laz_ref_cum(struct laz_model_ref m)
{
    return (void *)(m.at + m.cum);
}

LAZ_INLINE uint16_t *laz_ref_count(struct laz_model_ref m)
{
    return (void *)(m.at + m.count);
}

LAZ_INLINE void laz_model_use(struct laz_model_ref m)
{
    if (!m.ready && LAZ_UNLIKELY(--laz_ref_head(m)->left < 0)) {
        m.at = laz_opaque(m.at); /* else the arguments are worked out for every symbol */
        scree__laz_rebuild(laz_ref_head(m), m.at + m.start, laz_ref_cum(m), laz_ref_count(m),
                           m.layout, m.last, m.shift);
    }
}

LAZ_INLINE struct laz_found laz_model_find(struct laz_model_ref m, uint64_t q)
{
    void *start = m.at + m.start;
    return m.layout > 256 ? laz_find_wide(start, laz_ref_cum(m), m.start_shift, q)
                          : laz_find(start, laz_ref_cum(m), m.start_shift, q);
}

/* The upper end of a symbol's interval. The top symbol gets all the rest of the width, what `unit`
 * cut off included. Compilers take the choice for a branch. */
LAZ_INLINE uint32_t laz_top(uint32_t pair, uint32_t unit, uint32_t width)
{
    uint32_t top = (pair >> 16) * unit;
#if defined(__GNUC__) && defined(__x86_64__)
    __asm__("testl %1, %1\n\tcmovsl %2, %0" : "+r"(top) : "r"(pair), "rm"(width) : "cc");
    return top;
#else
    return top ^ ((top ^ width) & laz_mask(pair >> 31));
#endif
}

/* Leaves the interval of a symbol. */
LAZ_INLINE void laz_reader_narrow(struct laz_reader *reader, struct laz_model_ref m,
                                  struct laz_found found, uint32_t unit)
{
    uint32_t low = (found.pair & 0xFFFFu) * unit;
    laz_ref_count(m)[found.symbol]++;
    reader->code -= low;
    reader->width = laz_top(found.pair, unit, reader->width) - low;
}

/* Since code < width, the symbol is never above the last. */
LAZ_INLINE unsigned laz_reader_symbol(struct laz_reader *reader, struct laz_model_ref m)
{
    laz_model_use(m);
    uint32_t unit = reader->width >> m.shift;
    struct laz_found found = laz_model_find(m, reader->code / unit);
    laz_reader_narrow(reader, m, found, unit);
    laz_reader_shift(reader);
    return (unsigned)found.symbol;
}

/*
 * A symbol that is nearly always `guess`: a branch that foretells so leaves neither division nor
 * search in the chain of dependent steps.
 */
LAZ_INLINE unsigned laz_reader_guess(struct laz_reader *reader, struct laz_model_ref m,
                                     unsigned guess)
{
    laz_model_use(m);
    uint32_t unit = reader->width >> m.shift;
    struct laz_found found = {guess, laz_ends(laz_ref_cum(m), guess)};
    uint32_t low = (found.pair & 0xFFFFu) * unit;
    uint32_t high = laz_top(found.pair, unit, reader->width);
    if (LAZ_UNLIKELY(reader->code - low >= high - low))
        found = laz_model_find(m, reader->code / unit);
    laz_reader_narrow(reader, m, found, unit);
    laz_reader_shift(reader);
    return (unsigned)found.symbol;
}

/* Here, and not where it is first used: compilers put a value off until then, and with it the start
 * of a division, or of one stream's search among another's. */
#if defined(__GNUC__) && defined(__x86_64__)
#define LAZ_SETTLE(value) __asm__ volatile("" : "+r"(value))
#else
#define LAZ_SETTLE(value) ((void)(value))
#endif

/* A symbol as far as its division, which takes its time: something else had better come next. */
struct laz_division {
    struct laz_reader *reader;
    struct laz_model_ref model;
    unsigned *symbol; /* where it goes */
    uint32_t unit;
    uint64_t q;
};

LAZ_INLINE struct laz_division laz_divide(struct laz_reader *reader, struct laz_model_ref model,
                                          unsigned *symbol)
{
    struct laz_division d = {reader, model, symbol, 0, 0};
    laz_model_use(model);
    d.unit = reader->width >> model.shift;
    d.q = reader->code / d.unit;
    LAZ_SETTLE(d.q);
    return d;
}

/* The rest of two, beside each other. */
LAZ_INLINE void laz_two_divided(struct laz_division a, struct laz_division b)
{
    struct laz_found found_a = laz_model_find(a.model, a.q);
    struct laz_found found_b = laz_model_find(b.model, b.q);
    laz_reader_narrow(a.reader, a.model, found_a, a.unit);
    laz_reader_narrow(b.reader, b.model, found_b, b.unit);
    laz_reader_shift(a.reader);
    laz_reader_shift(b.reader);
    *a.symbol = (unsigned)found_a.symbol;
    *b.symbol = (unsigned)found_b.symbol;
}

/* Of one or two streams. Nothing that a reader lies in may hold this: compilers keep readers in
 * memory where something there points to them. */
struct laz_divisions {
    struct laz_division first, second;
};

/* The rest of their symbols. two: a constant. */
LAZ_INLINE void laz_divided(struct laz_divisions d, const bool two)
{
    if (two) {
        laz_two_divided(d.first, d.second);
        return;
    }
    struct laz_found found = laz_model_find(d.first.model, d.first.q);
    laz_reader_narrow(d.first.reader, d.first.model, found, d.first.unit);
    laz_reader_shift(d.first.reader);
    *d.first.symbol = (unsigned)found.symbol;
}

/*
 * A symbol of each of two streams, step by step beside each other: one is a chain of dependent
 * steps, most of whose time a second chain can use. Processors do not find that out by themselves
 * when the chains follow each other, for their schedulers hold less than one symbol's instructions.
 */
LAZ_INLINE void laz_reader_two_symbols(struct laz_reader *a, struct laz_model_ref ma, unsigned *sa,
                                       struct laz_reader *b, struct laz_model_ref mb, unsigned *sb)
{
    struct laz_division division = laz_divide(a, ma, sa);
    laz_two_divided(division, laz_divide(b, mb, sb));
}

/* The same with a third stream. */
LAZ_INLINE void laz_reader_three_symbols(struct laz_reader *a, struct laz_model_ref ma,
                                         unsigned *sa, struct laz_reader *b,
                                         struct laz_model_ref mb, unsigned *sb,
                                         struct laz_reader *c, struct laz_model_ref mc,
                                         unsigned *sc)
{
    laz_model_use(ma);
    laz_model_use(mb);
    laz_model_use(mc);
    uint32_t unit_a = a->width >> ma.shift, unit_b = b->width >> mb.shift;
    uint32_t unit_c = c->width >> mc.shift;
    uint32_t qa = a->code / unit_a, qb = b->code / unit_b;
    uint32_t qc = c->code / unit_c;
    struct laz_found found_a = laz_model_find(ma, qa), found_b = laz_model_find(mb, qb);
    struct laz_found found_c = laz_model_find(mc, qc);
    laz_reader_narrow(a, ma, found_a, unit_a);
    laz_reader_narrow(b, mb, found_b, unit_b);
    laz_reader_narrow(c, mc, found_c, unit_c);
    laz_reader_shift(a);
    laz_reader_shift(b);
    laz_reader_shift(c);
    *sa = (unsigned)found_a.symbol;
    *sb = (unsigned)found_b.symbol;
    *sc = (unsigned)found_c.symbol;
}

/* A symbol of a model of fixed size: a pointer to one of struct laz_model_N. */
#define LAZ_READ(reader, model) laz_reader_symbol((reader), LAZ_REF(model))
#define LAZ_READ_GUESS(reader, model, guess) laz_reader_guess((reader), LAZ_REF(model), (guess))
/* The same with fewer symbols than the type has room for. */
#define LAZ_READ_N(reader, model, n) \
    laz_reader_symbol((reader), LAZ_REF_OF(model, (n)-1, LAZ_SYMBOL_SHIFT))
/* A bit, in the guise of a symbol. */
#define LAZ_READ_BIT(reader, model) laz_reader_symbol((reader), LAZ_REF_OF(model, 1, LAZ_BIT_SHIFT))

/* 0 to 19 bits without a model. */
LAZ_INLINE uint32_t laz_reader_raw(struct laz_reader *reader, unsigned bits)
{
    reader->width >>= bits;
    uint32_t v = reader->code / reader->width;
    reader->code -= v * reader->width;
    reader->damage |= v >> bits;
    laz_reader_shift(reader);
    return v & ((1u << bits) - 1);
}

LAZ_INLINE uint32_t laz_reader_raw32(struct laz_reader *reader)
{
    uint32_t low = laz_reader_raw(reader, 16);
    return low | laz_reader_raw(reader, 16) << 16;
}

LAZ_INLINE uint64_t laz_reader_raw64(struct laz_reader *reader)
{
    uint64_t low = laz_reader_raw32(reader);
    return low | (uint64_t)laz_reader_raw32(reader) << 32;
}

#endif
