/*
 * search.h - the symbol whose interval holds a frequency. No branch depends on the data, but for a
 * rare one: mispredicting one costs as much as the search. All in general registers: a quotient's
 * way into a vector register and the answer's way back take longer than this.
 *
 * From the symbol that the table of starts tells, four entries of cum lie in a 64-bit word; the
 * first of them behind the first that is above q ends the search. Where q is below 2^15, so are all
 * lanes with their top bit taken off, and bit 15 of a lane's difference says "not above". A q of
 * 2^15 or a little more starts at the last symbol, where only LAZ_CUM_PAD follows.
 */
#ifndef SCREE_LIB_LAZ_SEARCH_H
#define SCREE_LIB_LAZ_SEARCH_H

#include "laz/model.h"

/* pair: cum of the symbol, and of the one behind it in the upper half, whose top bit is thus set
 * where the symbol is the last. */
struct laz_found {
    size_t symbol;
    uint32_t pair;
};

/* The same value, of which compilers know no more than that: they make an address of what they
 * know, in more steps than an instruction's own sum takes. */
LAZ_INLINE size_t laz_opaque_index(size_t v)
{
#if defined(__GNUC__) && defined(__x86_64__)
    __asm__("" : "+r"(v));
#endif
    return v;
}

/* Both ends of symbol s's interval. */
LAZ_INLINE uint32_t laz_ends(const uint16_t *cum, size_t s)
{
#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint32_t pair; /* compilers load them one by one */
    memcpy(&pair, cum + s, sizeof pair);
    return pair;
#else
    return cum[s] | (uint32_t)cum[s + 1] << 16;
#endif
}

#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LAZ_LANES 0x0001000100010001u
#define LAZ_LANE_TOPS 0x8000800080008000u
#define LAZ_LANE_FLAGS 0x8000800080000000u /* of all lanes but the first */

/* Upward from symbol s, whose cum is not above q. */
LAZ_INLINE struct laz_found laz_find_from(const uint16_t *cum, size_t s, uint64_t q)
{
    uint64_t lanes = LAZ_LANES;
#if defined(__x86_64__)
    __asm__("" : "+r"(lanes)); /* else gcc makes four steps of the multiplication */
#endif
    uint64_t beyond = (q * lanes | LAZ_LANE_TOPS) + 1, four, above;
    memcpy(&four, cum + s, sizeof four);
    above = (four - beyond) & LAZ_LANE_FLAGS;
    while (LAZ_UNLIKELY(above == 0)) { /* many rare symbols side by side */
        s = laz_opaque_index(s + 3);
        memcpy(&four, cum + s, sizeof four);
        above = (four - beyond) & LAZ_LANE_FLAGS;
    }
    size_t bits = (size_t)__builtin_ctzll(above) - 31; /* 0, 16, 32 */
    struct laz_found found = {s + (bits >> 4), (uint32_t)(four >> bits)};
    return found;
}
#else
LAZ_INLINE struct laz_found laz_find_from(const uint16_t *cum, size_t s, uint64_t q)
{
    while (cum[s + 1] <= q && cum[s + 1] != LAZ_CUM_PAD)
        s++;
    struct laz_found found = {s, laz_ends(cum, s)};
    return found;
}
#endif

/* The largest symbol with cum <= q. start_shift: a constant where the type tells it. */
LAZ_INLINE struct laz_found laz_find(const uint8_t *start, const uint16_t *cum,
                                     unsigned start_shift, uint64_t q)
{
    return laz_find_from(cum, start[laz_opaque_index(q >> start_shift)], q);
}

/* The same of more than 256 symbols. */
LAZ_INLINE struct laz_found laz_find_wide(const uint16_t *start, const uint16_t *cum,
                                          unsigned start_shift, uint64_t q)
{
    return laz_find_from(cum, start[laz_opaque_index(q >> start_shift)], q);
}

#endif
