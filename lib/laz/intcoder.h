/*
 * intcoder.h - integers coded as residuals: k, the number of significant bits, with a model per
 * context; then the value within its k-bit interval, whose upper 8 bits have a model per k, shared
 * by the contexts.
 *
 * Detail models of all k have the layout of 256 symbols, though k < 8 uses 2^k: one search for
 * every k leaves no branch on k to mispredict. k of 32 has no detail: its model takes nothing from
 * the stream, so that it need not be told apart either.
 */
#ifndef SCREE_LIB_LAZ_INTCODER_H
#define SCREE_LIB_LAZ_INTCODER_H

#include "laz/reader.h"
#include "laz/tables.h"
#include "laz/writer.h"

/* name: struct tag. */
#define LAZ_INT_TYPE(name, bits, kmodel, contexts) \
    struct name {                                  \
        struct kmodel k[contexts];                 \
        struct laz_model_256 detail[(bits) + 1];   \
    }

LAZ_INT_TYPE(laz_int8_2, 8, laz_model_9, 2);
LAZ_INT_TYPE(laz_int8_6, 8, laz_model_9, 6);
LAZ_INT_TYPE(laz_int16_1, 16, laz_model_17, 1);
LAZ_INT_TYPE(laz_int16_2, 16, laz_model_17, 2);
LAZ_INT_TYPE(laz_int16_4, 16, laz_model_17, 4);
LAZ_INT_TYPE(laz_int32_1, 32, laz_model_33, 1);
LAZ_INT_TYPE(laz_int32_2, 32, laz_model_33, 2);
LAZ_INT_TYPE(laz_int32_3, 32, laz_model_33, 3);
LAZ_INT_TYPE(laz_int32_6, 32, laz_model_33, 6);
LAZ_INT_TYPE(laz_int32_9, 32, laz_model_33, 9);
LAZ_INT_TYPE(laz_int32_20, 32, laz_model_33, 20);
LAZ_INT_TYPE(laz_int32_22, 32, laz_model_33, 22);

#define LAZ_FORGET_INT(coder)        \
    do {                             \
        LAZ_FORGET((coder)->k);      \
        LAZ_FORGET((coder)->detail); \
    } while (0)

/* The detail model of k <= 32, ready for one symbol. What depends on k is in its head. */
LAZ_INLINE struct laz_model_ref laz_detail(struct laz_model_256 *detail, unsigned k)
{
    struct laz_model_256 *model = &detail[k];
    if (LAZ_UNLIKELY(--model->head.left < 0))
        scree__laz_rebuild_detail(model, k, true);
    return LAZ_REF_READY(model, model->head.last, model->head.shift, model->head.start_shift, true);
}

/* The residual's value once k and its detail symbol u are known; modulo 2^32. */
LAZ_INLINE uint32_t laz_reader_rest(struct laz_reader *reader, unsigned k, uint32_t u)
{
    if (k > 8) {
        unsigned low_bits = k - 8;
        if (LAZ_LIKELY(low_bits <= 19)) {
            u = u << low_bits | laz_reader_raw(reader, low_bits);
        } else if (k == 32) {
            return 0x80000000u;
        } else {
            uint32_t low = laz_reader_raw(reader, 16);
            u = u << low_bits | laz_reader_raw(reader, low_bits - 16) << 16 | low;
        }
    }
    /* The lower half of the interval is negative; k == 0 means u itself. */
    return u + 1 - (laz_mask(u < scree__laz_half[k]) & 1u << k);
}

/* The residual's value once its k is known. k <= 32. */
LAZ_INLINE uint32_t laz_reader_residual(struct laz_reader *reader, struct laz_model_256 *detail,
                                        unsigned k)
{
    return laz_reader_rest(reader, k, laz_reader_symbol(reader, laz_detail(detail, k)));
}

/*
 * Integers of two streams, step by step beside each other: models of k, detail models. What comes
 * out is to be added to the predictions.
 */
struct laz_two_ints {
    unsigned k[2];
    uint32_t residual[2];
};

/* Up to two symbols of a third stream, which go along with two integers: models[i] and symbol[i] if
 * wanted[i]. */
struct laz_third {
    struct laz_reader *reader;
    struct laz_model_256 *models[2];
    bool wanted[2];
    unsigned *symbols[2];
};

LAZ_INLINE void laz_reader_and_third(struct laz_reader *a, struct laz_model_ref ma, unsigned *sa,
                                     struct laz_reader *b, struct laz_model_ref mb, unsigned *sb,
                                     const struct laz_third *third, const unsigned i)
{
    if (third && third->wanted[i])
        laz_reader_three_symbols(a, ma, sa, b, mb, sb, third->reader, LAZ_REF(third->models[i]),
                                 third->symbols[i]);
    else
        laz_reader_two_symbols(a, ma, sa, b, mb, sb);
}

/* third: NULL if there is none. */
LAZ_INLINE struct laz_two_ints laz_reader_two_ints(struct laz_reader *a, struct laz_model_ref ka,
                                                   struct laz_model_256 *da, struct laz_reader *b,
                                                   struct laz_model_ref kb,
                                                   struct laz_model_256 *db,
                                                   const struct laz_third *third)
{
    struct laz_two_ints two;
    unsigned ua, ub;
    laz_reader_and_third(a, ka, &two.k[0], b, kb, &two.k[1], third, 0);
    laz_reader_and_third(a, laz_detail(da, two.k[0]), &ua, b, laz_detail(db, two.k[1]), &ub, third,
                         1);
    two.residual[0] = laz_reader_rest(a, two.k[0], ua);
    two.residual[1] = laz_reader_rest(b, two.k[1], ub);
    return two;
}

/* pred + residual, modulo 2^32; for 8 and 16 bits the caller keeps the low bits. *k_out: the k that
 * was read. */
#define LAZ_READ_INT(reader, coder, context, pred, k_out) \
    (*(k_out) = LAZ_READ((reader), &(coder)->k[context]), \
     (uint32_t)(pred) + laz_reader_residual((reader), (coder)->detail, *(k_out)))

/* All ones for c <= 0; c as 32 bits with a sign. */
LAZ_INLINE uint64_t laz_residual_sign(int64_t c)
{
    return 0 - ((uint64_t)(c - 1) >> 63);
}

LAZ_INLINE unsigned laz_residual_bits(int64_t c)
{
    /* -c for c <= 0, else c - 1; both fit 32 bits */
    return laz_bit_length((uint32_t)((uint64_t)(c - 1) ^ laz_residual_sign(c)));
}

/* A difference of values of `bits` bits, folded into their range; as modulo 2^32. */
LAZ_INLINE uint32_t laz_residual_fold(uint32_t c, const unsigned bits)
{
    if (bits == 32)
        return c;
    /* Two's complement of the low bits: -2^(bits-1) .. 2^(bits-1)-1. */
    uint32_t sign = 1u << (bits - 1);
    uint32_t low = c & ((1u << bits) - 1);
    return (low ^ sign) - sign;
}

LAZ_INLINE void laz_writer_residual(struct laz_writer *writer, struct laz_model_256 *detail,
                                    unsigned k, int64_t c)
{
    /* Of c <= 0 the lower half of the interval, and k == 0 means c itself. */
    uint32_t lower = (uint32_t)laz_residual_sign(c) | laz_mask(k == 0);
    uint32_t u = (uint32_t)c - 1 + (lower & 1u << k);
    struct laz_model_256 *model = &detail[k];
    unsigned low_bits = k > 8 ? k - 8 : 0;
    if (LAZ_UNLIKELY(--model->head.left < 0))
        scree__laz_rebuild_detail(model, k, false);
    laz_writer_step(writer, model->cum, model->count, model->head.shift, u >> low_bits);
    if (k <= 8)
        return;
    uint32_t low = u & ((1u << low_bits) - 1);
    if (LAZ_LIKELY(low_bits <= 19)) {
        laz_writer_raw(writer, low_bits, low);
    } else {
        laz_writer_raw(writer, 16, low & 0xFFFFu);
        laz_writer_raw(writer, low_bits - 16, low >> 16);
    }
}

LAZ_INLINE unsigned laz_writer_int(struct laz_writer *writer, struct laz_head *head, uint16_t *cum,
                                   uint16_t *count, const unsigned bits,
                                   struct laz_model_256 *detail, uint32_t pred, uint32_t real)
{
    int64_t c = (int32_t)laz_residual_fold(real - pred, bits);
    unsigned k = laz_residual_bits(c);
    laz_writer_symbol(writer, head, cum, count, bits + 1, bits, LAZ_SYMBOL_SHIFT, k);
    if (LAZ_LIKELY(bits < 32 || k < 32))
        laz_writer_residual(writer, detail, k, c);
    return k;
}

/* Codes `real`, both modulo 2^32 (or at least 2^bits apart from the true value by a multiple of
 * 2^bits); returns k. */
#define LAZ_WRITE_INT(writer, coder, context, pred, real)                            \
    laz_writer_int((writer), &(coder)->k[context].head, (coder)->k[context].cum,     \
                   (coder)->k[context].count, LAZ_SYMBOLS(&(coder)->k[context]) - 1, \
                   (coder)->detail, (uint32_t)(pred), (uint32_t)(real))

#endif
