/* Damaged chunks: an error or wrong points, never a stray access (run under a sanitizer), never a
 * hang. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "laz_vectors.h"

struct sample {
    unsigned format, version;
};

static const struct sample samples[] = {{0, 1}, {3, 1}, {5, 1}, {0, 2},  {3, 2}, {5, 2},
                                        {6, 3}, {7, 3}, {8, 4}, {10, 3}, {10, 4}};

#define SAMPLES (sizeof samples / sizeof samples[0])
#define POINTS 120u

struct chunk {
    struct scree_laz_layout layout;
    uint8_t *bytes, *work, *decoded;
    size_t size;
};

static struct chunk chunk_of(const struct sample *sample)
{
    struct chunk chunk;
    size_t record_bytes;
    chunk.layout = laz_vectors_layout(sample->format, sample->version, 2);
    uint8_t *records = laz_vectors_records(sample->format, 3, 2, 5150, POINTS, &record_bytes);
    chunk.bytes = laz_vectors_encode(&chunk.layout, records, POINTS, &chunk.size);
    chunk.work = malloc(chunk.size);
    chunk.decoded = malloc(POINTS * record_bytes);
    free(records);
    return chunk;
}

static void chunk_release(struct chunk *chunk)
{
    free(chunk->bytes);
    free(chunk->work);
    free(chunk->decoded);
}

static enum scree_status attempt(struct chunk *chunk, size_t bytes, struct scree_error *err)
{
    return laz_vectors_decode(&chunk->layout, SCREE_LAZ_FIELD_ALL, chunk->work, bytes, POINTS, 50,
                              chunk->decoded, NULL, err);
}

static void truncation_is_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct chunk chunk = chunk_of(&samples[i]);
        memcpy(chunk.work, chunk.bytes, chunk.size);
        for (size_t cut = 0; cut < chunk.size; cut++) {
            struct scree_error err = SCREE_ERROR_INIT;
            assert_int_equal(attempt(&chunk, cut, &err), SCREE_E_DATA);
            assert_true(err.message[0] != '\0');
        }
        chunk_release(&chunk);
    }
}

static void flipped_bits(void **state)
{
    uint32_t seed = 99;
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct chunk chunk = chunk_of(&samples[i]);
        for (unsigned round = 0; round < 400; round++) {
            memcpy(chunk.work, chunk.bytes, chunk.size);
            for (unsigned flips = 0; flips <= round % 4; flips++)
                chunk.work[laz_vectors_next(&seed) % chunk.size] ^=
                    (uint8_t)(1u << laz_vectors_next(&seed) % 8);
            enum scree_status status = attempt(&chunk, chunk.size, NULL);
            assert_true(status == SCREE_OK || status == SCREE_E_DATA);
        }
        chunk_release(&chunk);
    }
}

/* Streams of noise, of zeros, of ones: the coder's state is driven to its corners. */
static void replaced_streams(void **state)
{
    uint32_t seed = 7;
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct chunk chunk = chunk_of(&samples[i]);
        size_t fixed = chunk.layout.compressor == SCREE_LAZ_LAYERED
                           ? scree_laz_layered_fixed_bytes(&chunk.layout)
                           : chunk.layout.record_bytes;
        for (unsigned round = 0; round < 60; round++) {
            memcpy(chunk.work, chunk.bytes, chunk.size);
            for (size_t j = fixed; j < chunk.size; j++)
                chunk.work[j] = round == 0   ? 0
                                : round == 1 ? 0xFF
                                             : (uint8_t)(laz_vectors_next(&seed) >> 11);
            enum scree_status status = attempt(&chunk, chunk.size, NULL);
            assert_true(status == SCREE_OK || status == SCREE_E_DATA);
        }
        chunk_release(&chunk);
    }
}

static void layer_sizes_that_lie(void **state)
{
    uint32_t seed = 17;
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        if (samples[i].version < 3)
            continue;
        struct chunk chunk = chunk_of(&samples[i]);
        size_t begin = chunk.layout.record_bytes;
        size_t end = scree_laz_layered_fixed_bytes(&chunk.layout);
        for (unsigned round = 0; round < 500; round++) {
            memcpy(chunk.work, chunk.bytes, chunk.size);
            size_t at = begin + 4 + laz_vectors_next(&seed) % ((end - begin - 4) / 4) * 4;
            uint32_t v = laz_vectors_next(&seed) >> laz_vectors_next(&seed) % 32;
            if (round % 5 == 0)
                v = 0xFFFFFFFFu - v % 70;
            memcpy(chunk.work + at, &v, 4);
            enum scree_status status = attempt(&chunk, chunk.size, NULL);
            assert_true(status == SCREE_OK || status == SCREE_E_DATA);
        }
        chunk_release(&chunk);
    }
}

/* A call after a failed one says so; a new chunk makes the decoder usable again. */
static void life_after_failure(void **state)
{
    struct chunk chunk = chunk_of(&samples[7]);
    struct scree_laz_decoder *decoder = NULL;
    size_t state_bytes = scree_laz_decoder_bytes(&chunk.layout);
    size_t stride = chunk.layout.record_bytes;
    void *memory = laz_vectors_aligned(state_bytes);
    (void)state;
    assert_int_equal(scree_laz_decoder_init(memory, state_bytes, &chunk.layout, SCREE_LAZ_FIELD_ALL,
                                            &decoder, NULL),
                     SCREE_OK);
    assert_int_equal(scree_laz_decoder_next(decoder, chunk.decoded, stride, 1, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_decoder_begin(decoder, chunk.bytes, 50, POINTS, NULL), SCREE_E_DATA);
    assert_int_equal(scree_laz_decoder_next(decoder, chunk.decoded, stride, 1, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_decoder_begin(decoder, chunk.bytes, chunk.size, 0, NULL),
                     SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_decoder_begin(decoder, chunk.bytes, chunk.size, POINTS, NULL),
                     SCREE_OK);
    assert_int_equal(scree_laz_decoder_end(decoder, NULL, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_laz_decoder_next(decoder, chunk.decoded, stride, POINTS, NULL),
                     SCREE_OK);
    assert_int_equal(scree_laz_decoder_end(decoder, NULL, NULL), SCREE_OK);
    free(memory);
    chunk_release(&chunk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncation_is_an_error), cmocka_unit_test(flipped_bits),
        cmocka_unit_test(replaced_streams),       cmocka_unit_test(layer_sizes_that_lie),
        cmocka_unit_test(life_after_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
