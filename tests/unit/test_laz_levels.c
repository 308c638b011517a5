/*
 * Every level of lib/simd gives the same bytes and the same points as plain C: generated records of
 * all formats and item versions, whole and with chosen fields, in several splits, sound and damaged.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "laz_vectors.h"
#include "simd/level.h"

#define POINTS 2600u

struct sample {
    unsigned format, channels;
    uint32_t extra_bytes;
    struct scree_laz_layout layout;
    uint8_t *records, *chunk;
    size_t record_bytes, chunk_bytes;
};

static void sample_make(struct sample *sample, unsigned format, unsigned version, unsigned channels,
                        uint32_t extra_bytes, uint32_t seed)
{
    sample->format = format;
    sample->channels = channels;
    sample->extra_bytes = extra_bytes;
    sample->layout = laz_vectors_layout(format, version, extra_bytes);
    sample->records =
        laz_vectors_records(format, channels, extra_bytes, seed, POINTS, &sample->record_bytes);
    scree__simd_force(SCREE__SIMD_PLAIN);
    sample->chunk =
        laz_vectors_encode(&sample->layout, sample->records, POINTS, &sample->chunk_bytes);
}

static void sample_free(struct sample *sample)
{
    free(sample->records);
    free(sample->chunk);
}

/* Decoded by the level in force, in calls of `step` points, as by plain C in one call. */
static void compare_decoded(const struct sample *sample, enum scree__simd_level level,
                            uint32_t fields, size_t step)
{
    size_t bytes = POINTS * sample->record_bytes;
    uint8_t *plain = calloc(1, bytes), *ours = calloc(1, bytes);
    scree__simd_force(SCREE__SIMD_PLAIN);
    assert_int_equal(laz_vectors_decode(&sample->layout, fields, sample->chunk, sample->chunk_bytes,
                                        POINTS, 0, plain, NULL, NULL),
                     SCREE_OK);
    scree__simd_force(level);
    assert_int_equal(laz_vectors_decode(&sample->layout, fields, sample->chunk, sample->chunk_bytes,
                                        POINTS, step, ours, NULL, NULL),
                     SCREE_OK);
    assert_memory_equal(plain, ours, bytes);
    if (fields == SCREE_LAZ_FIELD_ALL)
        assert_memory_equal(plain, sample->records, bytes);
    free(plain);
    free(ours);
}

static void compare_encoded(const struct sample *sample, enum scree__simd_level level)
{
    size_t bytes;
    scree__simd_force(level);
    uint8_t *chunk = laz_vectors_encode(&sample->layout, sample->records, POINTS, &bytes);
    assert_int_equal(bytes, sample->chunk_bytes);
    assert_memory_equal(chunk, sample->chunk, bytes);
    free(chunk);
}

/* A damaged chunk ends in the same way, after the same points. */
static void compare_damaged(struct sample *sample, enum scree__simd_level level, uint32_t seed)
{
    size_t bytes = POINTS * sample->record_bytes;
    uint8_t *plain = calloc(1, bytes), *ours = calloc(1, bytes);
    for (unsigned i = 0; i < 10; i++) {
        struct scree_error plain_error = SCREE_ERROR_INIT, our_error = SCREE_ERROR_INIT;
        uint8_t *byte = sample->chunk + laz_vectors_next(&seed) % sample->chunk_bytes, was = *byte;
        *byte = (uint8_t)laz_vectors_next(&seed);
        scree__simd_force(SCREE__SIMD_PLAIN);
        enum scree_status expected =
            laz_vectors_decode(&sample->layout, SCREE_LAZ_FIELD_ALL, sample->chunk,
                               sample->chunk_bytes, POINTS, 700, plain, NULL, &plain_error);
        scree__simd_force(level);
        assert_int_equal(laz_vectors_decode(&sample->layout, SCREE_LAZ_FIELD_ALL, sample->chunk,
                                            sample->chunk_bytes, POINTS, 700, ours, NULL,
                                            &our_error),
                         expected);
        if (expected != SCREE_OK)
            assert_string_equal(plain_error.message, our_error.message);
        assert_memory_equal(plain, ours, bytes);
        *byte = was;
    }
    free(plain);
    free(ours);
}

static void check_sample(struct sample *sample, enum scree__simd_level level, uint32_t seed)
{
    static const size_t steps[] = {0, 7, 1024, 1025, 2048};
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++)
        compare_decoded(sample, level, SCREE_LAZ_FIELD_ALL, steps[i]);
    for (unsigned i = 0; sample->format >= 6 && i < 24; i++)
        compare_decoded(sample, level, laz_vectors_next(&seed), 0);
    if (sample->layout.items[0].version == 2 || sample->layout.items[0].version == 3)
        compare_encoded(sample, level);
    compare_damaged(sample, level, seed);
}

static void check_level(enum scree__simd_level level)
{
    scree__simd_force(level);
    if (scree__simd_level() != level)
        skip();
    for (unsigned format = 0; format <= 10; format++) {
        for (unsigned round = 0; round < 3; round++) {
            struct sample sample;
            unsigned version = format < 6 ? 2 : round == 1 ? 4 : 3;
            sample_make(&sample, format, version, format < 6 ? 1 : 1 + round,
                        (format < 6 ? 2 : 18) * round, 12345 + round);
            check_sample(&sample, level, 1 + format + 100 * round);
            sample_free(&sample);
        }
    }
    scree__simd_force(SCREE__SIMD_BEST);
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

/* By name; what the machine has not is refused, whatever machine this is. */
static void by_name(void **state)
{
    struct scree_error err = SCREE_ERROR_INIT, unknown = SCREE_ERROR_INIT;
    enum scree__simd_level level = SCREE__SIMD_BEST;
    (void)state;
    assert_int_equal(scree__simd_choose("plain", SCREE__SIMD_PLAIN, &level, NULL), SCREE_OK);
    assert_int_equal(level, SCREE__SIMD_PLAIN);
    assert_int_equal(scree__simd_choose("avx2", SCREE__SIMD_AVX512, &level, NULL), SCREE_OK);
    assert_int_equal(level, SCREE__SIMD_AVX2);
    assert_int_equal(scree__simd_choose("avx512", SCREE__SIMD_AVX2, &level, &err),
                     SCREE_E_UNSUPPORTED);
    assert_string_equal(err.message, "this processor has no avx512; 'avx2' is the most it can do");
    assert_int_equal(scree__simd_choose("avx2", SCREE__SIMD_PLAIN, &level, NULL),
                     SCREE_E_UNSUPPORTED);
    assert_int_equal(level, SCREE__SIMD_AVX2);
    assert_int_equal(scree_cpu_force("neon", &unknown), SCREE_E_ARGUMENT);
    assert_non_null(strstr(unknown.message, "'neon'"));
    assert_int_equal(scree_cpu_force("plain", NULL), SCREE_OK);
    assert_string_equal(scree_cpu_level(), "plain");
    assert_int_equal(scree_cpu_force(NULL, NULL), SCREE_OK);
    assert_true(scree__simd_level() < SCREE__SIMD_BEST);
}

/* Forcing more than the machine has changes nothing. */
static void forced(void **state)
{
    (void)state;
    scree__simd_force(SCREE__SIMD_PLAIN);
    assert_int_equal(scree__simd_level(), SCREE__SIMD_PLAIN);
    scree__simd_force(SCREE__SIMD_BEST);
    assert_true(scree__simd_level() < SCREE__SIMD_BEST);
}

/* Records shorter than what a writer stores before its stream: nothing outside is touched. */
static void short_records(void **state)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), points = 200;
    uint8_t records[5 * 200], decoded[5 * 200];
    /* A page that traps, and the output right behind it. */
    uint8_t *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    (void)state;
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages, page, PROT_NONE), 0);
    scree__simd_force(SCREE__SIMD_BEST);
    for (unsigned i = 0; i < sizeof records; i++)
        records[i] = (uint8_t)(i * i / 7);
    for (uint32_t record_bytes = 1; record_bytes <= 5; record_bytes++) {
        struct scree_laz_layout layout = laz_vectors_layout(0, 2, 0);
        struct scree_laz_encoder *encoder;
        size_t chunk_bytes = 0;
        layout.item_count = 1;
        layout.items[0].type = SCREE_LAZ_BYTE;
        layout.items[0].bytes = (uint16_t)record_bytes;
        layout.record_bytes = record_bytes;
        size_t memory_bytes = scree_laz_encoder_bytes(&layout);
        size_t bound = scree_laz_encode_bound(&layout, points);
        void *memory = laz_vectors_aligned(memory_bytes);
        assert_true(bound <= 2 * page);
        assert_int_equal(scree_laz_encoder_init(memory, memory_bytes, &layout, &encoder, NULL),
                         SCREE_OK);
        assert_int_equal(scree_laz_encode(encoder, records, record_bytes, points, pages + page,
                                          bound, &chunk_bytes, NULL),
                         SCREE_OK);
        free(memory);
        assert_int_equal(laz_vectors_decode(&layout, SCREE_LAZ_FIELD_ALL, pages + page, chunk_bytes,
                                            points, 0, decoded, NULL, NULL),
                         SCREE_OK);
        assert_memory_equal(decoded, records, points * record_bytes);
    }
    munmap(pages, 3 * page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avx2),   cmocka_unit_test(avx512),        cmocka_unit_test(by_name),
        cmocka_unit_test(forced), cmocka_unit_test(short_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
