/*
 * formulas_here.h - what features take of eigenvalues, one row a lane: ratios, entropy, cube root, and the two functions of the mathematics library that they need, so that a
 * result depends neither on whose library it is nor on how many lanes there are.
 */
#ifndef SCREE_LIB_FEATURES_FORMULAS_HERE_H
#define SCREE_LIB_FEATURES_FORMULAS_HERE_H

#include "features/nearest.h"
#include "features/reals.h"

/* A third of the exponent is within a tenth of the root; four of Halley's steps, each of which
 * triples the digits. x > 0. */
static inline reals cube_root(reals x)
{
    double each[REALS];
    reals_store(each, x);
    for (unsigned i = 0; i < REALS; i++) {
        uint64_t bits;
        memcpy(&bits, &each[i], sizeof bits);
        bits = bits / 3 + 0x2A9F7625B6B0A000u;
        memcpy(&each[i], &bits, sizeof bits);
    }
    reals y = reals_load(each), two_x = reals_mul(reals_all(2.0), x);
    for (int i = 0; i < 4; i++) {
        reals cube = reals_mul(reals_mul(y, y), y);
        y = reals_mul(
            y, reals_div(reals_add(cube, two_x), reals_add(reals_mul(reals_all(2.0), cube), x)));
    }
    return y;
}

/* Of 2^52 and a whole number below it. */
#define WHOLE_BITS 0x4330000000000000u
#define FRACTION_BITS 0xFFFFFFFFFFFFFu
/* The mantissa of 1.4142135623730951. */
#define ROOT_OF_2 0x6A09E667F3BCDu

/* x = 2^e m, m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh((m - 1) / (m + 1)), |argument| < 0.1716. x: a normal number > 0. */
static inline reals logarithm(reals x)
{
    static const double inverse[] = {1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                                     1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3};
    const reals one = reals_all(1.0);
    reals_bits bits = bits_of_reals(x), fraction = bits_and(bits, bits_all(FRACTION_BITS));
    /* Mantissas beyond the root of 2 are halved. */
    reals_bits above = bits_right(bits_sub(bits_all(ROOT_OF_2), fraction), 63);
    reals_bits whole = bits_add(bits_right(bits, 52), above); /* e + 1023 */
    reals e = reals_sub(reals_of_bits(bits_or(whole, bits_all(WHOLE_BITS))),
                        reals_all(4503599627370496.0 + 1023.0));
    reals m = reals_of_bits(bits_or(fraction, bits_left(bits_sub(bits_all(0x3FF), above), 52)));
    reals t = reals_div(reals_sub(m, one), reals_add(m, one)), t2 = reals_mul(t, t);
    reals sum = reals_all(0.0);
    for (unsigned i = 0; i < sizeof inverse / sizeof *inverse; i++)
        sum = reals_mul(reals_add(sum, reals_all(inverse[i])), t2);
    return reals_add(reals_mul(e, reals_all(0.6931471805599453)),
                     reals_mul(reals_all(2.0), reals_add(t, reals_mul(t, sum))));
}

/* Less p ln p, where p is not nearly 0; it is 1 at most, or no number. */
static inline reals entropy_less(reals entropy, reals p)
{
    const reals least = reals_all(1e-300);
    reals_mask counts = reals_greater(p, least);
    reals safe = reals_select(counts, p, reals_all(1.0));
    reals term = reals_mul(safe, logarithm(safe));
    return reals_select(counts, reals_sub(entropy, term), entropy);
}

static inline void formulas_one(struct features_formulas *f, unsigned i)
{
    const reals zero = reals_all(0.0);
    reals l[3], root[3], sum;
    for (int j = 0; j < 3; j++) {
        l[j] = reals_load(f->value[j] + i);
        root[j] = reals_sqrt(l[j]);
    }
    sum = reals_add(reals_add(l[0], l[1]), l[2]);
    reals product = reals_mul(reals_mul(l[0], l[1]), l[2]);
    reals_mask positive = reals_greater(product, zero);
    reals omni = cube_root(reals_select(positive, product, reals_all(1.0)));
    reals_store(f->sum + i, sum);
    reals_store(f->omnivariance + i, reals_select(positive, omni, zero));
    reals_store(f->roughness + i, root[2]);
    if (f->square_roots) {
        memcpy(l, root, sizeof l);
        sum = reals_add(reals_add(l[0], l[1]), l[2]);
    }
    reals_store(f->linearity + i, reals_div(reals_sub(l[0], l[1]), l[0]));
    reals_store(f->planarity + i, reals_div(reals_sub(l[1], l[2]), l[0]));
    reals_store(f->sphericity + i, reals_div(l[2], l[0]));
    reals_store(f->anisotropy + i, reals_div(reals_sub(l[0], l[2]), l[0]));
    reals_store(f->variation + i, reals_div(l[2], sum));
    reals entropy = zero;
    for (int j = 0; j < 3; j++)
        entropy = entropy_less(entropy, reals_div(l[j], sum));
    reals_store(f->entropy + i, entropy);
}

static void formulas(struct features_formulas *f, unsigned count)
{
    for (unsigned i = 0; i < count; i += REALS)
        formulas_one(f, i);
}

#endif
