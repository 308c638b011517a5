/* Arithmetic coder, models and integer coder against known streams, both ways. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "laz/intcoder.h"
#include "laz/median.h"
#include "laz_vectors.h"

LAZ_INT_TYPE(test_int32, 32, laz_model_33, 2);
LAZ_INT_TYPE(test_int16, 16, laz_model_17, 1);

struct stream {
    uint8_t before[4], bytes[508]; /* the writer looks at the bytes before */
    struct laz_writer writer;
    struct laz_reader reader;
};

static void stream_start(struct stream *s)
{
    memset(s->before, 0xFF, sizeof s->before);
    laz_writer_start(&s->writer, s->bytes);
}

/* Ends the stream, compares it, and starts reading it. */
static void stream_turn(struct stream *s, const char *expected_hex)
{
    uint8_t expected[256];
    size_t bytes = laz_vectors_unhex(expected_hex, expected, sizeof expected);
    assert_int_equal(scree__laz_writer_flush(&s->writer), bytes);
    assert_memory_equal(s->bytes, expected, bytes);
    laz_reader_start(&s->reader, s->bytes, s->bytes + bytes);
}

static void stream_end(struct stream *s)
{
    assert_true(laz_reader_sound(&s->reader));
    assert_ptr_equal(s->reader.at, s->reader.end);
}

static void empty(void **state)
{
    struct stream s;
    (void)state;
    stream_start(&s);
    stream_turn(&s, "01000000");
    stream_end(&s);
}

static void bits(void **state)
{
    struct stream s;
    struct laz_model_256 model;
    (void)state;
    LAZ_FORGET_ONE(&model);
    stream_start(&s);
    for (unsigned i = 0; i < 64; i++)
        LAZ_WRITE_BIT(&s.writer, &model, i * i % 7 == 2);
    stream_turn(&s, "1b626a34c563140c000000");
    LAZ_FORGET_ONE(&model);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(LAZ_READ_BIT(&s.reader, &model), i * i % 7 == 2);
    stream_end(&s);
}

static void symbols_of_5(void **state)
{
    struct stream s;
    struct laz_model_5 model;
    (void)state;
    LAZ_FORGET_ONE(&model);
    stream_start(&s);
    for (unsigned i = 0; i < 64; i++)
        LAZ_WRITE(&s.writer, &model, i * i % 5);
    stream_turn(&s, "1427e59b40b3dfdfdec1bd7eae2b000000");
    LAZ_FORGET_ONE(&model);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(LAZ_READ(&s.reader, &model), i * i % 5);
    stream_end(&s);
}

static void symbols_of_256(void **state)
{
    struct stream s;
    struct laz_model_256 model;
    (void)state;
    LAZ_FORGET_ONE(&model);
    stream_start(&s);
    for (unsigned i = 0; i < 64; i++)
        LAZ_WRITE(&s.writer, &model, (37 * i + 11) % 256);
    stream_turn(&s, "0b304fe27507992bbed163f6891aad4052e5780a9c2ec1d466f98c1db04355e87b0d9f31c4d76"
                    "9fc8f20b34658eb7e10a234c7da6cff9223b6495bee8112a53800000000");
    LAZ_FORGET_ONE(&model);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(LAZ_READ(&s.reader, &model), (37 * i + 11) % 256);
    stream_end(&s);
}

/* Every size of model, with symbols that favour both ends, through many rebuilds. */
#define ROUND_TRIP(n)                                                              \
    do {                                                                           \
        static uint8_t space[100004], *bytes = space + 4;                          \
        struct laz_model_##n model;                                                \
        struct laz_writer writer;                                                  \
        struct laz_reader reader;                                                  \
        uint32_t seed = 77;                                                        \
        LAZ_FORGET_ONE(&model);                                                    \
        laz_writer_start(&writer, bytes);                                          \
        for (unsigned i = 0; i < 40000; i++) {                                     \
            uint32_t v = laz_vectors_next(&seed);                                  \
            LAZ_WRITE(&writer, &model, v & 0x300 ? (n)-1 - v % 5 % (n) : v % (n)); \
        }                                                                          \
        size_t length = scree__laz_writer_flush(&writer);                          \
        laz_reader_start(&reader, bytes, bytes + length);                          \
        LAZ_FORGET_ONE(&model);                                                    \
        seed = 77;                                                                 \
        for (unsigned i = 0; i < 40000; i++) {                                     \
            uint32_t v = laz_vectors_next(&seed);                                  \
            assert_int_equal(LAZ_READ(&reader, &model),                            \
                             v & 0x300 ? (n)-1 - v % 5 % (n) : v % (n));           \
        }                                                                          \
        assert_true(laz_reader_sound(&reader));                                    \
        assert_ptr_equal(reader.at, bytes + length);                               \
    } while (0)

static void symbols_of_all_sizes(void **state)
{
    (void)state;
    ROUND_TRIP(3);
    ROUND_TRIP(4);
    ROUND_TRIP(6);
    ROUND_TRIP(9);
    ROUND_TRIP(13);
    ROUND_TRIP(16);
    ROUND_TRIP(17);
    ROUND_TRIP(33);
    ROUND_TRIP(64);
    ROUND_TRIP(128);
    ROUND_TRIP(256);
    ROUND_TRIP(516);
}

/* The search in a model finds what a walk through its table finds, at every frequency. */
static void compare_searches(struct laz_model_ref m, unsigned n)
{
    const uint16_t *cum = laz_ref_cum(m);
    for (uint32_t q = 0; q <= 32768 + 63; q += q < 32700 ? 13 : 1) {
        unsigned s = 0;
        while (s + 1 < n && cum[s + 1] <= q)
            s++;
        struct laz_found found = laz_model_find(m, q);
        assert_int_equal(found.symbol, s);
        assert_int_equal(found.pair & 0xFFFF, cum[s]);
        assert_int_equal(found.pair >> 16, s + 1 == n ? LAZ_CUM_PAD : cum[s + 1]);
    }
}

/* One count far above the others leaves clusters of narrow intervals beside it. */
static void spread_counts(struct laz_head *head, uint16_t *count, unsigned n, unsigned tall)
{
    for (unsigned k = 0; k < n; k++)
        count[k] = 1;
    count[tall] = (uint16_t)(20000 - n);
    head->total = 20000 - 100 - 1;
    head->period = 100;
}

static void search(void **state)
{
    struct laz_model_516 wide;
    struct laz_model_256 detail[9];
    (void)state;
    for (unsigned n = 2; n <= 516; n++) {
        LAZ_FORGET_ONE(&wide);
        struct laz_model_ref m = LAZ_REF_OF(&wide, n - 1, LAZ_SYMBOL_SHIFT);
        laz_model_use(m);
        compare_searches(m, n);
        spread_counts(&wide.head, wide.count, n, n / 3);
        wide.head.left = 0;
        laz_model_use(m);
        compare_searches(m, n);
    }
    for (unsigned k = 1; k <= 8; k++) {
        unsigned n = 1u << k;
        LAZ_FORGET_ONE(&detail[k]);
        compare_searches(laz_detail(detail, k), n);
        spread_counts(&detail[k].head, detail[k].count, n, n - 2);
        detail[k].head.left = 0;
        compare_searches(laz_detail(detail, k), n);
    }
}

static void raw(void **state)
{
    struct stream s;
    (void)state;
    stream_start(&s);
    laz_writer_raw(&s.writer, 1, 1);
    laz_writer_raw(&s.writer, 7, 0x55);
    laz_writer_raw(&s.writer, 16, 0xBEEF);
    laz_writer_raw(&s.writer, 19, 0x7FFFF);
    laz_writer_raw(&s.writer, 16, 0xBCDE);
    laz_writer_raw(&s.writer, 4, 0xA);
    laz_writer_raw(&s.writer, 16, 0x4321);
    laz_writer_raw(&s.writer, 7, 0x65);
    laz_writer_raw32(&s.writer, 0xDEADBEEF);
    laz_writer_raw64(&s.writer, 0x0123456789ABCDEFu);
    stream_turn(&s, "d5beeeeb08f79c17a7607530419af9dc224799bf11368a000000");
    assert_int_equal(laz_reader_raw(&s.reader, 1), 1);
    assert_int_equal(laz_reader_raw(&s.reader, 7), 0x55);
    assert_int_equal(laz_reader_raw(&s.reader, 16), 0xBEEF);
    assert_int_equal(laz_reader_raw(&s.reader, 19), 0x7FFFF);
    assert_int_equal(laz_reader_raw(&s.reader, 16), 0xBCDE);
    assert_int_equal(laz_reader_raw(&s.reader, 4), 0xA);
    assert_int_equal(laz_reader_raw(&s.reader, 16), 0x4321);
    assert_int_equal(laz_reader_raw(&s.reader, 7), 0x65);
    assert_int_equal(laz_reader_raw32(&s.reader), 0xDEADBEEF);
    assert_true(laz_reader_raw64(&s.reader) == 0x0123456789ABCDEFu);
    stream_end(&s);
}

/* Carries ripple through bytes already written. 96 bits of ones are the known stream; 8 more
 * lengthen it by a byte. */
static void carry(void **state)
{
    static const char *const expected[2] = {"fffeffffffffffffffffffff01000000",
                                            "fffeffffffffffffffffffffff01000000"};
    struct stream s;
    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        stream_start(&s);
        for (unsigned i = 0; i < 6; i++)
            laz_writer_raw(&s.writer, 16, 0xFFFF);
        if (more)
            laz_writer_raw(&s.writer, 8, 0xFF);
        stream_turn(&s, expected[more]);
        for (unsigned i = 0; i < 6; i++)
            assert_int_equal(laz_reader_raw(&s.reader, 16), 0xFFFF);
        if (more)
            assert_int_equal(laz_reader_raw(&s.reader, 8), 0xFF);
        stream_end(&s);
    }
}

/* A carry that goes further than the four bytes that a writer has in its register. */
static void carry_far(void **state)
{
    static const uint8_t expected[] = {0x13, 0, 0, 0, 0, 0, 0, 0};
    uint8_t space[4 + 20] = {0}, *bytes = space + 4;
    struct laz_writer writer;
    (void)state;
    laz_writer_start(&writer, bytes);
    memset(bytes, 0xFF, 8);
    bytes[0] = 0x12;
    writer.at = bytes + 8;
    writer.low = 0xFFFFFFFFFFFFFFF0u;
    writer.width = LAZ_WIDTH_MIN;
    laz_writer_add(&writer, 0x20);
    laz_writer_shift(&writer);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_true(writer.low == 0x10);
}

struct step {
    int32_t pred, real;
    unsigned context, k;
};

static void integers_of_32_bits(void **state)
{
    static const struct step steps[] = {
        {0, 0, 0, 0},
        {0, 1, 0, 0},
        {0, -1, 0, 1},
        {100, 103, 1, 2},
        {100, 97, 1, 2},
        {-5, 300, 0, 9},
        {1000000, -1000000, 1, 21},
        {0, INT32_MAX, 0, 31},
        {0, INT32_MIN, 0, 32},
        {0, 1073741824, 1, 30},
        {0, 1073741825, 1, 31},
        {INT32_MAX, INT32_MIN, 0, 0},
        {7, 123456, 1, 17},
        {-1, -70000, 0, 17},
    };
    struct stream s;
    static struct test_int32 coder;
    (void)state;
    LAZ_FORGET_INT(&coder);
    stream_start(&s);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        assert_int_equal(
            LAZ_WRITE_INT(&s.writer, &coder, steps[i].context, steps[i].pred, steps[i].real),
            steps[i].k);
    stream_turn(&s, "000f7acf1740f722e44fc430a976f9daa03eff6bd01000049dbf6a295cb2000000");
    LAZ_FORGET_INT(&coder);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        unsigned k;
        uint32_t real = LAZ_READ_INT(&s.reader, &coder, steps[i].context, steps[i].pred, &k);
        assert_int_equal((int32_t)real, steps[i].real);
        assert_int_equal(k, steps[i].k);
    }
    stream_end(&s);
}

static void integers_of_16_bits(void **state)
{
    static const struct step steps[] = {
        {0, 65535, 0, 1},       {65535, 0, 0, 0}, {30000, -30000, 0, 13},
        {-30000, 30000, 0, 13}, {5, 5, 0, 0},     {40000, 7232, 0, 16},
    };
    struct stream s;
    static struct test_int16 coder;
    (void)state;
    LAZ_FORGET_INT(&coder);
    stream_start(&s);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        assert_int_equal(LAZ_WRITE_INT(&s.writer, &coder, 0, steps[i].pred, steps[i].real),
                         steps[i].k);
    stream_turn(&s, "0f743c82f45aa7aa2d000000");
    LAZ_FORGET_INT(&coder);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        unsigned k;
        uint32_t real = LAZ_READ_INT(&s.reader, &coder, 0, steps[i].pred, &k) & 0xFFFF;
        assert_int_equal(real, (uint32_t)steps[i].real & 0xFFFF);
        assert_int_equal(k, steps[i].k);
    }
    stream_end(&s);
}

static int compare(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The median against a plain statement of its rule. */
static void median(void **state)
{
    struct laz_medians fast;
    int32_t v[5] = {0};
    bool drop_high = true;
    uint32_t seed = 5;
    (void)state;
    memset(&fast, 0, sizeof fast);
    for (unsigned i = 0; i < 20000; i++) {
        int32_t x = (int32_t)laz_vectors_next(&seed) >> (laz_vectors_next(&seed) % 31);
        int32_t old = v[2];
        v[drop_high ? 4 : 0] = x;
        qsort(v, 5, sizeof v[0], compare);
        drop_high = drop_high ? x < old : x <= old;
        laz_medians_insert(&fast, (uint32_t)x, 0u - (uint32_t)x);
        for (unsigned j = 0; j < 5; j++)
            assert_int_equal(fast.v[j][0], v[j]);
        assert_int_equal(fast.drop_low[0] & 1, !drop_high);
    }
}

/* Frequencies after a rebuild are those of the sums of the counts, one by one. */
static void frequencies(void **state)
{
    static const unsigned sizes[] = {2, 7, 13, 16, 33, 250, 256};
    uint32_t seed = 9;
    (void)state;
    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct laz_model_256 model;
        const unsigned n = sizes[s];
        LAZ_FORGET_ONE(&model);
        for (unsigned turn = 0; turn < 200; turn++) {
            scree__laz_rebuild(&model.head, model.start, model.cum, model.count, 256, n - 1,
                               LAZ_SYMBOL_SHIFT);
            uint32_t scale = 0x80000000u / model.head.total, sum = 0;
            for (unsigned k = 0; k < n; k++) {
                assert_int_equal(model.cum[k], scale * sum >> 16);
                sum += model.count[k];
            }
            assert_int_equal(sum, model.head.total);
            assert_true(sum <= 32768);
            /* All that the period has room for falls on two symbols. */
            for (unsigned left = model.head.period; left > 0; left--)
                model.count[laz_vectors_next(&seed) % 3 ? n - 1 : left % n]++;
        }
    }
}

/* What the table says of return numbers that it is made of. */
static void returns(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned r = byte & 15, n = byte >> 4, apart = n > r ? n - r : r - n;
        unsigned t = scree__laz_returns[byte], first = r == 1, last = r >= n;
        assert_int_equal(LAZ_RETURNS_MASK_CONTEXT(t), first + 2 * last);
        assert_int_equal(LAZ_RETURNS_CONTEXT(t), 2 * first + last);
        assert_int_equal(LAZ_RETURNS_LEVEL(t), apart < 7 ? apart : 7);
        assert_int_equal(LAZ_RETURNS_SINGLE(t), n == 1);
        assert_true(LAZ_RETURNS_MAP(t) < 6);
    }
    assert_int_equal(LAZ_RETURNS_MAP(scree__laz_returns[0x11]), 0);
    assert_int_equal(LAZ_RETURNS_MAP(scree__laz_returns[0x21]), 1);
    assert_int_equal(LAZ_RETURNS_MAP(scree__laz_returns[0x22]), 2);
    assert_int_equal(LAZ_RETURNS_MAP(scree__laz_returns[0x55]), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frequencies),
        cmocka_unit_test(returns),
        cmocka_unit_test(empty),
        cmocka_unit_test(bits),
        cmocka_unit_test(symbols_of_5),
        cmocka_unit_test(symbols_of_256),
        cmocka_unit_test(symbols_of_all_sizes),
        cmocka_unit_test(search),
        cmocka_unit_test(raw),
        cmocka_unit_test(carry),
        cmocka_unit_test(carry_far),
        cmocka_unit_test(integers_of_32_bits),
        cmocka_unit_test(integers_of_16_bits),
        cmocka_unit_test(median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
