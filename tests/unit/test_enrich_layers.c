/*
 * test_enrich_layers.c - chunks whose old layers are copied: the same bytes as when all of it is encoded, whether points were decoded before or not, with points of
 * several scanner channels and of one; and when taken away again, the input's chunks.
 */
#include "enrich_made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct made_run two = {2, (uint64_t)256 << 20};

static void look(void *user, uint64_t first, uint32_t count, uint8_t *records,
                 uint32_t record_bytes, const float *values)
{
    (void)user, (void)first, (void)count, (void)records, (void)record_bytes, (void)values;
}

static struct las_bytes rewrite(const struct las_bytes *file, struct made_change *made)
{
    struct las_bytes out;
    struct scree_error err;
    if (made_rewrite(file, made, two, &out, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return out;
}

static void check_same(const struct las_bytes *a, const struct las_bytes *b, unsigned format,
                       const char *what)
{
    if (a->count != b->count || memcmp(a->bytes, b->bytes, a->count) != 0)
        fail_msg("format %u: %s: other bytes", format, what);
}

/* Points in compressed form. */
static void check_chunks(const struct las_bytes *a, const struct las_bytes *b, unsigned format)
{
    const size_t x = las_point_offset(a) + 8, y = las_point_offset(b) + 8;
    size_t end = 0;
    memcpy(&end, a->bytes + x - 8, sizeof end); /* where the table is */
    if (end < x || end > a->count || memcmp(a->bytes + x, b->bytes + y, end - x) != 0)
        fail_msg("format %u: other chunks when taken away", format);
}

enum { CHUNK_POINTS = 700, POINTS = 3001, CHUNKS = (POINTS + CHUNK_POINTS - 1) / CHUNK_POINTS };

/* Scanner channels: of each point its own; one; of every second chunk one, which is another one each time. */
enum channels { ANY, ONE, BY_CHUNK };

static void set_channels(uint8_t *records, uint32_t bytes, enum channels channels,
                         uint8_t known[CHUNKS])
{
    unsigned all = 0;
    memset(known, 0, CHUNKS);
    for (uint32_t i = 0; i < POINTS; i++) {
        uint8_t *at = records + (size_t)i * bytes + 15;
        const unsigned chunk = i / CHUNK_POINTS;
        if (channels == ONE)
            *at = (uint8_t)((*at & ~0x30u) | 0x20);
        else if (channels == BY_CHUNK && chunk % 2 == 0)
            *at = (uint8_t)((*at & ~0x30u) | (chunk + 1) % 4 << 4);
        known[chunk] |= (uint8_t)(1u << (*at >> 4 & 3));
        all |= known[chunk];
    }
    assert_int_equal(all, channels == ONE ? 4 : 15);
}

static void check(unsigned format, uint32_t extra_bytes, enum channels channels)
{
    const struct las_recipe recipe = {.version_minor = 4,
                                      .point_format = format,
                                      .extra_bytes = extra_bytes,
                                      .point_count = POINTS,
                                      .chunk_points = CHUNK_POINTS};
    const uint32_t bytes = scree_las_format_bytes(format) + extra_bytes;
    const uint64_t some = SCREE_FEATURE_BIT(SCREE_FEATURE_NORMAL_Z) |
                          SCREE_FEATURE_BIT(SCREE_FEATURE_PLANARITY) |
                          SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND);
    uint8_t *records = las_make_records(&recipe);
    uint8_t known[CHUNKS];
    set_channels(records, bytes, channels, known);
    struct las_bytes file = las_make(&recipe, records);
    struct made_change made, strip;
    made_change(&strip, 0, false, false, 0);
    for (int compact = 0; compact < 2; compact++) {
        made_change(&made, some, compact != 0, false, 3);
        made.change.touch = look;
        struct las_bytes encoded = rewrite(&file, &made);
        made.change.touch = NULL;
        struct las_bytes copied = rewrite(&file, &made);
        check_same(&encoded, &copied, format, "copied");
        made.change.checked = true;
        struct las_bytes selected = rewrite(&file, &made);
        check_same(&encoded, &selected, format, "copied by a look at the channels");
        made.change.channels = known;
        struct las_bytes blind = rewrite(&file, &made);
        check_same(&encoded, &blind, format, "copied without a look");
        struct las_bytes again = rewrite(&copied, &made);
        check_same(&encoded, &again, format, "once more");
        struct las_bytes bare = rewrite(&copied, &strip);
        check_chunks(&file, &bare, format);
        las_bytes_free(&bare);
        las_bytes_free(&again);
        las_bytes_free(&blind);
        las_bytes_free(&selected);
        las_bytes_free(&copied);
        las_bytes_free(&encoded);
    }
    las_bytes_free(&file);
    free(records);
}

static void layers(void **state)
{
    (void)state;
    for (unsigned format = 6; format <= 10; format++) {
        check(format, 0, ANY);
        check(format, 5, BY_CHUNK);
        check(format, 3, ONE);
    }
}

/* A chunk that is broken is an error as long as nobody has looked at it before. */
static void broken(void **state)
{
    (void)state;
    const struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = 2000, .chunk_points = 500};
    uint8_t *records = las_make_records(&recipe);
    struct las_bytes file = las_make(&recipe, records), out;
    struct made_change made;
    struct scree_error err;
    made_change(&made, SCREE_FEATURE_BIT(SCREE_FEATURE_PLANARITY), false, false, 3);
    file.bytes[las_point_offset(&file) + 8 + 30]++; /* the first chunk's number of points */
    assert_int_equal(made_rewrite(&file, &made, two, &out, &err), SCREE_E_DATA);
    made.change.checked = true;
    made.change.channels = (const uint8_t[4]){1, 2, 4, 8};
    assert_int_equal(made_rewrite(&file, &made, two, &out, &err), SCREE_E_DATA);
    file.bytes[las_point_offset(&file) + 8 + 30]--;
    file.bytes[las_point_offset(&file) + 8 + 37]++; /* a layer of more than 2^24 bytes */
    assert_int_equal(made_rewrite(&file, &made, two, &out, &err), SCREE_E_DATA);
    las_bytes_free(&file);
    free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers),
        cmocka_unit_test(broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
