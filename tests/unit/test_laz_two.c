/*
 * Two chunks decoded at once: the same points, statuses and messages as one after the other, for
 * all formats, at every level of lib/simd, with chunks of different sizes, in any split into calls,
 * and with damage in one or both.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "laz_vectors.h"
#include "simd/level.h"

#define LARGE 1500u
#define SMALL 1200u
#define PIECE 450u

static const size_t point_counts[2] = {LARGE, SMALL};

struct sample {
    struct scree_laz_layout layout;
    size_t record_bytes, chunk_bytes;
    uint8_t *records, *chunk;
    size_t point_count;
};

static void sample_make_of(struct sample *sample, unsigned format, unsigned channels,
                           uint32_t extra_bytes, uint32_t seed, size_t point_count)
{
    sample->layout = laz_vectors_layout(format, format < 6 ? 2 : 3, extra_bytes);
    sample->records = laz_vectors_records(format, channels, extra_bytes, seed, point_count,
                                          &sample->record_bytes);
    sample->point_count = point_count;
    if (format >= 6 && seed % 2) /* layers that the other chunk may have, and this one has not */
        for (size_t i = 0; i < point_count; i++)
            memset(sample->records + i * sample->record_bytes + 16, 7, seed % 4 == 1 ? 2 : 6);
    if (format >= 6 && seed % 8 == 4) /* user data of two values, so that two models learn them */
        for (size_t i = 0; i < point_count; i++)
            sample->records[i * sample->record_bytes + 17] = i / 11 % 2 ? 200 : 3;
    if (format == 7 || format == 8) /* some are grey */
        for (size_t i = 0; i < point_count; i++) {
            uint8_t *rgb = sample->records + i * sample->record_bytes + 30;
            for (unsigned j = 2; j < 6 && i / 50 % 3 == 2; j++)
                rgb[j] = rgb[j - 2];
        }
    sample->chunk =
        laz_vectors_encode(&sample->layout, sample->records, point_count, &sample->chunk_bytes);
}

static void sample_make(struct sample *sample, unsigned format, uint32_t extra_bytes, uint32_t seed,
                        size_t point_count)
{
    unsigned channels = format < 6 ? 1 : 1 + seed % 3;
    sample_make_of(sample, format, channels, extra_bytes, seed, point_count);
}

static void sample_free(struct sample *sample)
{
    free(sample->records);
    free(sample->chunk);
}

/* A chunk being decoded, in memory of exactly its size. */
struct decoding {
    const struct sample *sample;
    void *memory;
    struct scree_laz_decoder *decoder;
    uint8_t *chunk, *records;
    size_t stride_bytes, done, consumed;
    struct scree_error err;
    enum scree_status status; /* of the first call that failed */
};

static void decoding_begin(struct decoding *decoding, const struct sample *sample, size_t gap)
{
    size_t bytes = scree_laz_decoder_bytes(&sample->layout);
    memset(decoding, 0, sizeof *decoding);
    decoding->sample = sample;
    decoding->stride_bytes = sample->record_bytes + gap;
    decoding->memory = laz_vectors_aligned(bytes);
    decoding->records = malloc(decoding->stride_bytes * sample->point_count);
    memset(decoding->records, 0xA5, decoding->stride_bytes * sample->point_count);
    decoding->chunk = malloc(sample->chunk_bytes);
    memcpy(decoding->chunk, sample->chunk, sample->chunk_bytes);
    assert_int_equal(scree_laz_decoder_init(decoding->memory, bytes, &sample->layout,
                                            SCREE_LAZ_FIELD_ALL, &decoding->decoder, NULL),
                     SCREE_OK);
    decoding->status =
        scree_laz_decoder_begin(decoding->decoder, decoding->chunk, sample->chunk_bytes,
                                sample->point_count, &decoding->err);
}

static size_t left(const struct decoding *decoding)
{
    return decoding->status == SCREE_OK ? decoding->sample->point_count - decoding->done : 0;
}

static uint8_t *place(const struct decoding *decoding)
{
    return decoding->records + decoding->done * decoding->stride_bytes;
}

static void decoding_end(struct decoding *decoding)
{
    if (decoding->status == SCREE_OK)
        decoding->status =
            scree_laz_decoder_end(decoding->decoder, &decoding->consumed, &decoding->err);
}

static void decoding_free(struct decoding *decoding)
{
    free(decoding->memory);
    free(decoding->chunk);
    free(decoding->records);
}

/* In two calls, the second of one point; layered chunks in one, for they tell the block that is
 * damaged, and calls cut blocks. */
static void decode_alone(struct decoding *decoding)
{
    bool layered = decoding->sample->layout.compressor == SCREE_LAZ_LAYERED;
    while (left(decoding) > 0) {
        size_t count = left(decoding) > 1 && !layered ? left(decoding) - 1 : left(decoding);
        decoding->status = scree_laz_decoder_next(decoding->decoder, place(decoding),
                                                  decoding->stride_bytes, count, &decoding->err);
        decoding->done += count;
    }
    decoding_end(decoding);
}

/* In calls of up to `piece` points each, sometimes none of one of them. */
static void decode_both(struct decoding both[2], size_t piece, uint32_t seed)
{
    while (left(&both[0]) > 0 || left(&both[1]) > 0) {
        struct scree_laz_part parts[2];
        for (unsigned i = 0; i < 2; i++) {
            size_t count = piece ? laz_vectors_next(&seed) % (piece + 1) : left(&both[i]);
            count = count < left(&both[i]) ? count : left(&both[i]);
            parts[i] = (struct scree_laz_part){
                both[i].decoder, place(&both[i]), both[i].stride_bytes, count, &both[i].err, 99};
        }
        bool failed[2] = {both[0].status != SCREE_OK, both[1].status != SCREE_OK};
        struct scree_error kept[2] = {both[0].err, both[1].err};
        scree_laz_decoder_next_two(parts);
        for (unsigned i = 0; i < 2; i++) {
            both[i].done += parts[i].count;
            if (failed
                    [i]) { /* it was broken before, and does not keep the other one from going on */
                assert_int_equal(parts[i].status, SCREE_E_ARGUMENT);
                both[i].err = kept[i];
            } else {
                both[i].status = parts[i].status;
            }
        }
    }
    decoding_end(&both[0]);
    decoding_end(&both[1]);
}

/* What alone came out before the damage; of a layered chunk the rest of the block is no matter. */
static size_t sure_points(const struct decoding *alone)
{
    bool whole = alone->status == SCREE_OK || alone->sample->layout.compressor != SCREE_LAZ_LAYERED;
    return whole ? alone->sample->point_count : (size_t)scree_laz_decoder_done(alone->decoder);
}

static void compare(const struct sample samples[2], size_t piece, uint32_t seed, bool sound)
{
    struct decoding alone[2], both[2];
    for (unsigned i = 0; i < 2; i++) {
        decoding_begin(&alone[i], &samples[i], i);
        decoding_begin(&both[i], &samples[i], i);
        decode_alone(&alone[i]);
    }
    decode_both(both, piece, seed);
    for (unsigned i = 0; i < 2; i++) {
        size_t bytes = sure_points(&alone[i]) * alone[i].stride_bytes;
        assert_int_equal(both[i].status, alone[i].status);
        assert_int_equal(both[i].consumed, alone[i].consumed);
        assert_string_equal(both[i].err.message, alone[i].err.message);
        if (sound)
            assert_int_equal(alone[i].status, SCREE_OK);
        assert_memory_equal(both[i].records, alone[i].records, bytes);
        decoding_free(&alone[i]);
        decoding_free(&both[i]);
    }
}

/* A byte of one chunk or of both is another one, or a chunk ends early. */
static void compare_damaged(struct sample samples[2], uint32_t seed)
{
    for (unsigned round = 0; round < 9; round++) {
        size_t bytes[2] = {samples[0].chunk_bytes, samples[1].chunk_bytes}, at[2];
        uint8_t was[2];
        for (unsigned i = 0; i < 2; i++) {
            at[i] = laz_vectors_next(&seed) % bytes[i];
            was[i] = samples[i].chunk[at[i]];
            if (round % 3 != i)
                samples[i].chunk[at[i]] = (uint8_t)laz_vectors_next(&seed);
            if (round >= 6 && round % 3 != i)
                samples[i].chunk_bytes = at[i] < 100 ? 100 : at[i];
        }
        compare(samples, round % 2 && samples[0].layout.compressor != SCREE_LAZ_LAYERED ? PIECE : 0,
                seed, false);
        for (unsigned i = 0; i < 2; i++) {
            samples[i].chunk[at[i]] = was[i];
            samples[i].chunk_bytes = bytes[i];
        }
    }
}

/* Both of one scanner channel: some layers have a loop of their own then. The chunks' seeds are so far
 * apart; where both are even, both have all layers. */
static void check_one_channel(unsigned format, uint32_t extra_bytes, uint32_t seed, uint32_t apart)
{
    struct sample samples[2];
    for (unsigned i = 0; i < 2; i++)
        sample_make_of(&samples[i], format, 1, extra_bytes, seed + apart * i, point_counts[i]);
    compare(samples, 0, seed, true);
    compare(samples, PIECE, seed, true);
    sample_free(&samples[1]);
    sample_make_of(&samples[1], format, 1, extra_bytes, seed + apart, LARGE);
    for (uint32_t i = 0; i < (extra_bytes ? 1u : 3u); i++)
        compare_damaged(samples, seed + i);
    sample_free(&samples[0]);
    sample_free(&samples[1]);
}

static void check_level(enum scree__simd_level level)
{
    scree__simd_force(level);
    if (scree__simd_level() != level)
        skip();
    for (unsigned format = 0; format <= 8; format++) {
        /* Layered chunks take extra bytes that change by four and by eight. */
        static const uint32_t extra[] = {0, 3, 13, 21};
        for (unsigned e = 0; e < (format == 7 ? 4u : 2u); e++) {
            struct sample samples[2];
            uint32_t extra_bytes = extra[e];
            uint32_t seed = 77 + format * 10 + extra_bytes;
            for (unsigned i = 0; i < 2; i++)
                sample_make(&samples[i], format, extra_bytes, seed + i, point_counts[i]);
            compare(samples, 0, seed, true);
            compare(samples, PIECE, seed, true);
            compare(samples, 1, seed, true);
            if (format < 6) {
                compare_damaged(samples, seed);
            } else { /* of one size, so that both have the same blocks */
                sample_free(&samples[1]);
                sample_make(&samples[1], format, extra_bytes, seed + 1, LARGE);
                for (uint32_t i = 0; i < 4; i++)
                    compare_damaged(samples, seed + i);
            }
            sample_free(&samples[0]);
            sample_free(&samples[1]);
        }
    }
    for (unsigned format = 6; format <= 8; format++)
        check_one_channel(format, 0, 17 + format, 1); /* with angles, without, with them */
    check_one_channel(7, 1, 28, 1); /* more layers than lanes, and fewer symbols of some */
    check_one_channel(8, 3, 27, 1);
    check_one_channel(6, 0, 20, 8); /* user data of both */
    check_one_channel(8, 2, 36, 8);
    scree__simd_force(SCREE__SIMD_BEST);
}

static void plain(void **state)
{
    (void)state;
    check_level(SCREE__SIMD_PLAIN);
}

static void avx2(void **state)
{
    (void)state;
    check_level(SCREE__SIMD_AVX2);
}

static void avx512(void **state)
{
    (void)state;
    check_level(SCREE__SIMD_AVX512);
}

/* Chunks of different formats, and one without compression, go one after the other. */
static void different(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 10; format++) {
        struct sample samples[2];
        sample_make(&samples[0], format, 0, 5, LARGE);
        sample_make(&samples[1], (format + 1) % 11, 2, 6, SMALL);
        if (format == 3) { /* records as they are */
            samples[1].layout.compressor = SCREE_LAZ_NONE;
            for (unsigned i = 0; i < samples[1].layout.item_count; i++)
                samples[1].layout.items[i].version = 0;
            free(samples[1].chunk);
            samples[1].chunk_bytes = SMALL * samples[1].record_bytes;
            samples[1].chunk = malloc(samples[1].chunk_bytes);
            memcpy(samples[1].chunk, samples[1].records, samples[1].chunk_bytes);
        }
        compare(samples, 0, 1, true);
        compare(samples, PIECE, 1, true);
        sample_free(&samples[0]);
        sample_free(&samples[1]);
    }
}

/* One part's wrong arguments are its own. */
static void refused(void **state)
{
    (void)state;
    struct sample samples[2];
    struct decoding alone, both[2];
    sample_make(&samples[0], 3, 0, 5, LARGE);
    sample_make(&samples[1], 3, 0, 6, SMALL);
    decoding_begin(&alone, &samples[0], 0);
    decode_alone(&alone);
    decoding_begin(&both[0], &samples[0], 0);
    decoding_begin(&both[1], &samples[1], 0);
    struct scree_laz_part parts[2] = {
        {both[0].decoder, both[0].records, both[0].stride_bytes, LARGE, NULL, 99},
        {both[1].decoder, both[1].records, both[1].stride_bytes, SMALL + 1, &both[1].err, 99}};
    scree_laz_decoder_next_two(parts);
    assert_int_equal(parts[0].status, SCREE_OK);
    assert_memory_equal(both[0].records, alone.records, LARGE * alone.stride_bytes);
    assert_int_equal(parts[1].status, SCREE_E_ARGUMENT);
    assert_string_equal(both[1].err.message, "1201 points wanted, 1200 are left");
    for (unsigned i = 0; i < 2; i++) {
        decoding_free(&both[i]);
        sample_free(&samples[i]);
    }
    decoding_free(&alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),     cmocka_unit_test(avx2),    cmocka_unit_test(avx512),
        cmocka_unit_test(different), cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
