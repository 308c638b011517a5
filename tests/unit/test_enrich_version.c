/*
 * test_enrich_version.c - files of LAS 1.0 to 1.3 that become LAS 1.4 when they are enriched: the new header field by field, read here by the specification, all else as it was, and
 * the old header back. Values are made up.
 */
#include "enrich_made.h"
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BEHIND = 11 }; /* bytes of a writer behind its header */

static uint32_t least_header(unsigned minor)
{
    return minor == 3 ? 235 : 227;
}

/* Puts bytes behind the header, which they then are a part of. */
static void widen_header(struct las_bytes *file, unsigned minor)
{
    const size_t at = least_header(minor), rest = file->count - at;
    file->bytes = realloc(file->bytes, file->count + BEHIND);
    memmove(file->bytes + at + BEHIND, file->bytes + at, rest);
    for (int i = 0; i < BEHIND; i++)
        file->bytes[at + (size_t)i] = (uint8_t)(200 + i);
    file->count += BEHIND;
    scree__base_store16(file->bytes + 94, (uint16_t)(at + BEHIND));
    const uint32_t points = las_point_offset(file) + BEHIND;
    scree__base_store32(file->bytes + 96, points);
    if ((file->bytes[104] & 0x80) != 0)
        scree__base_store64(file->bytes + points,
                            scree__base_load64(file->bytes + points) + BEHIND);
    if (minor == 3 && scree__base_load64(file->bytes + 227) != 0)
        scree__base_store64(file->bytes + 227, scree__base_load64(file->bytes + 227) + BEHIND);
}

/* The header of LAS 1.2 on a file of 1.4. */
static void shorten_header(struct las_bytes *file)
{
    const uint32_t less = 375 - 227, points = las_point_offset(file) - less;
    memmove(file->bytes + 227, file->bytes + 375, file->count - 375);
    file->count -= less;
    file->bytes[25] = 2;
    scree__base_store16(file->bytes + 94, 227);
    scree__base_store32(file->bytes + 96, points);
    if ((file->bytes[104] & 0x80) != 0)
        scree__base_store64(file->bytes + points, scree__base_load64(file->bytes + points) - less);
}

/* A record with waveforms behind everything else, as LAS 1.3 has it; and three bytes more. */
static void add_waveforms(struct las_bytes *file)
{
    uint8_t record[60 + 9 + 3] = {0};
    memcpy(record + 2, "LASF_Spec", 9);
    scree__base_store16(record + 18, 65535);
    scree__base_store64(record + 20, 9);
    for (uint8_t i = 0; i < 12; i++)
        record[60 + i] = (uint8_t)(i + 1);
    scree__base_store64(file->bytes + 227, file->count);
    file->bytes = realloc(file->bytes, file->count + sizeof record);
    memcpy(file->bytes + file->count, record, sizeof record);
    file->count += sizeof record;
}

static struct las_bytes make_old(unsigned minor, unsigned format, uint32_t chunk_points, bool wide,
                                 bool waveforms)
{
    static const uint8_t note[5] = {1, 2, 3, 4, 5};
    const struct scree_las_vlr vlr = {.user_id = "somebody",
                                      .record_id = 7,
                                      .description = "of a test",
                                      .payload = note,
                                      .payload_bytes = sizeof note};
    struct las_recipe recipe = {.version_minor = format > 5  ? 4
                                                 : minor < 2 ? 2
                                                             : minor,
                                .point_format = format,
                                .point_count = 300,
                                .chunk_points = chunk_points,
                                .extra_bytes = format % 2 * 3,
                                .vlrs = &vlr,
                                .vlr_count = 1};
    struct las_bytes file = las_make(&recipe, NULL);
    if (format > 5) {
        shorten_header(&file);
        scree__base_store32(file.bytes + 107, 300);
    }
    file.bytes[25] = (uint8_t)minor;
    if (minor < 2) { /* reserved there, and some writers have left something */
        file.bytes[6] = 0x13;
        file.bytes[7] = 0x37;
    }
    for (int i = 0; i < 5; i++) /* as wrong as many writers have it */
        scree__base_store32(file.bytes + 111 + 4 * i, 1000u + (uint32_t)i);
    if (waveforms)
        add_waveforms(&file);
    if (wide)
        widen_header(&file, minor);
    return file;
}

/* What LAS 1.4 has beside the older fields. */
static void check_new_fields(const struct las_bytes *file, const struct las_bytes *out,
                             unsigned format, bool waveforms)
{
    uint64_t count, returns[16] = {0};
    uint32_t bytes;
    uint8_t *records = made_records(file, &count, &bytes);
    for (uint64_t i = 0; i < count; i++)
        returns[records[i * bytes + 14] & (format < 6 ? 7 : 15)]++;
    free(records);
    assert_true(returns[6] > 0 && returns[7] > 0); /* which older headers do not count */
    assert_int_equal(scree__base_load64(out->bytes + 247), count);
    assert_int_equal(scree__base_load32(out->bytes + 107), format < 6 ? count : 0);
    for (int i = 0; i < 15; i++)
        assert_int_equal(scree__base_load64(out->bytes + 255 + 8 * i), returns[i + 1]);
    for (int i = 0; i < 5; i++)
        assert_int_equal(scree__base_load32(out->bytes + 111 + 4 * i),
                         format < 6 ? returns[i + 1] : 0);
    const uint64_t evlr = scree__base_load64(out->bytes + 235);
    assert_int_equal(scree__base_load32(out->bytes + 243), waveforms);
    assert_int_equal(evlr, waveforms ? out->count - 72 : 0);
    assert_int_equal(scree__base_load64(out->bytes + 227), evlr);
}

static void check_header(const struct las_bytes *file, const struct las_bytes *out, unsigned minor,
                         bool wide)
{
    const uint32_t common = least_header(minor);
    assert_int_equal(out->bytes[24], 1);
    assert_int_equal(out->bytes[25], 4);
    assert_int_equal(scree__base_load16(out->bytes + 94), 375 + (wide ? BEHIND : 0));
    assert_int_equal(scree__base_load16(out->bytes + 6),
                     minor < 2 ? 0 : scree__base_load16(file->bytes + 6));
    for (uint32_t i = 0; i < common; i++) {
        const bool changes = i == 25 || i == 6 || i == 7 || (i >= 94 && i < 104) ||
                             (i >= 105 && i < 131) || i >= 227;
        if (!changes && out->bytes[i] != file->bytes[i])
            fail_msg("header byte %u is %d, was %d", i, out->bytes[i], file->bytes[i]);
    }
    if (wide)
        assert_memory_equal(out->bytes + 375, file->bytes + common, BEHIND);
    assert_memory_equal(out->bytes + scree__base_load16(out->bytes + 94),
                        file->bytes + scree__base_load16(file->bytes + 94), 54);
}

static void check_identical(const struct las_bytes *a, const struct las_bytes *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->bytes, b->bytes, a->count);
}

/* The values and the old bytes of all points are those of a file that keeps its version. */
static void check_records(const struct las_bytes *out, const struct las_bytes *kept)
{
    uint64_t counts[2];
    uint32_t bytes[2];
    uint8_t *a = made_records(out, &counts[0], &bytes[0]);
    uint8_t *b = made_records(kept, &counts[1], &bytes[1]);
    assert_int_equal(counts[0], counts[1]);
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(a, b, counts[0] * bytes[0]);
    free(a);
    free(b);
}

static void check_old(unsigned minor, unsigned format, uint32_t chunk_points, bool wide,
                      bool waveforms)
{
    struct las_bytes file = make_old(minor, format, chunk_points, wide, waveforms);
    struct made_change up, same, other;
    made_change(&up, 7, false, false, 3);
    made_change(&same, 7, false, false, 3);
    made_change(&other, 15, true, false, 4);
    up.change.las14 = other.change.las14 = true;
    struct las_bytes out = made_rewrite_well(&file, &up);
    struct las_bytes kept = made_rewrite_well(&file, &same);
    assert_int_equal(kept.bytes[25], minor);
    check_header(&file, &out, minor, wide);
    check_new_fields(&file, &out, format, waveforms);
    check_records(&out, &kept);
    made_check_comes_back(&out, &file);
    made_check_comes_back(&kept, &file);
    struct las_bytes again = made_rewrite_well(&out, &up);
    check_identical(&again, &out);
    struct las_bytes back = made_rewrite_well(&out, &same);
    check_identical(&back, &kept);
    struct las_bytes on = made_rewrite_well(&kept, &up);
    check_identical(&on, &out);
    struct las_bytes changed = made_rewrite_well(&out, &other);
    struct las_bytes direct = made_rewrite_well(&file, &other);
    check_identical(&changed, &direct);
    made_check_comes_back(&changed, &file);
    struct las_bytes *all[] = {&file, &out, &kept, &again, &back, &on, &changed, &direct};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        las_bytes_free(all[i]);
}

static void test_versions(void **state)
{
    (void)state;
    static const unsigned formats[4] = {2, 2, 4, 6};
    static const uint32_t chunks[3] = {0, 70, SCREE_LAZ_VARIABLE_CHUNKS};
    for (unsigned minor = 0; minor < 4; minor++)
        for (unsigned format = 0; format < formats[minor]; format++)
            for (unsigned kind = 0; kind < 3; kind++)
                check_old(minor, format, chunks[kind], (format + kind) % 2 == 0,
                          minor == 3 && kind + 2 > format % 4);
}

/* A format of LAS 1.4 in an older file, which some programs write: its chunks are layered. */
static void test_newer_format(void **state)
{
    (void)state;
    check_old(2, 6, 0, true, false);
    check_old(2, 7, 70, false, false);
}

/* A file of LAS 1.4 stays what it is. */
static void test_new_stays(void **state)
{
    (void)state;
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 1, .point_count = 40, .chunk_points = 30};
    struct las_bytes file = las_make(&recipe, NULL);
    struct made_change up, same;
    made_change(&up, 7, false, false, 3);
    made_change(&same, 7, false, false, 3);
    up.change.las14 = true;
    struct las_bytes a = made_rewrite_well(&file, &up), b = made_rewrite_well(&file, &same);
    check_identical(&a, &b);
    made_check_comes_back(&a, &file);
    las_bytes_free(&a);
    las_bytes_free(&b);
    las_bytes_free(&file);
}

/* Other kinds: LAS to LAZ, and LAZ to LAS. */
static void test_other_kind(void **state)
{
    (void)state;
    for (uint32_t chunk = 0; chunk < 2; chunk++) {
        struct las_bytes file = make_old(2, 1, chunk * 60, false, false);
        struct made_change up;
        made_change(&up, 7, false, false, 3);
        up.change.las14 = true;
        up.change.kind = chunk > 0 ? SCREE__ENRICH_LAS : SCREE__ENRICH_LAZ;
        struct las_bytes out = made_rewrite_well(&file, &up);
        assert_int_equal(out.bytes[104] & 0x80, chunk > 0 ? 0 : 0x80);
        check_new_fields(&file, &out, 1, false);
        struct made_change strip;
        made_change(&strip, 0, false, false, 0);
        struct las_bytes bare = made_rewrite_well(&out, &strip);
        assert_int_equal(bare.bytes[25], 2);
        assert_int_equal(scree__base_load16(bare.bytes + 94), 227);
        check_records(&bare, &file);
        las_bytes_free(&bare);
        las_bytes_free(&out);
        las_bytes_free(&file);
    }
}

/* Another program has put an EVLR into it, for which older versions have no room, or has made another format of the points: it stays LAS 1.4. */
static void test_foreign_hands(void **state)
{
    (void)state;
    struct las_bytes file = make_old(2, 1, 0, false, false);
    struct made_change up, strip;
    made_change(&up, 7, false, false, 3);
    made_change(&strip, 0, false, false, 0);
    up.change.las14 = true;
    struct las_bytes out = made_rewrite_well(&file, &up);
    uint8_t record[63] = {0};
    memcpy(record + 2, "theirs", 6);
    scree__base_store64(record + 20, 3);
    struct las_bytes more = {malloc(out.count + sizeof record), out.count + sizeof record};
    memcpy(more.bytes, out.bytes, out.count);
    memcpy(more.bytes + out.count, record, sizeof record);
    scree__base_store64(more.bytes + 235, out.count);
    scree__base_store32(more.bytes + 243, 1);
    struct las_bytes bare = made_rewrite_well(&more, &strip);
    assert_int_equal(bare.bytes[25], 4);
    assert_int_equal(scree__base_load32(bare.bytes + 243), 1);
    assert_memory_equal(bare.bytes + scree__base_load64(bare.bytes + 235), record, sizeof record);
    check_records(&bare, &file);
    las_bytes_free(&bare);
    out.bytes[104] = 0; /* format 0, and 8 bytes more that nothing describes */
    bare = made_rewrite_well(&out, &strip);
    assert_int_equal(bare.bytes[25], 4);
    las_bytes_free(&bare);
    las_bytes_free(&more);
    las_bytes_free(&out);
    las_bytes_free(&file);
}

/* A header that would be longer than its field counts. */
static void test_too_long(void **state)
{
    (void)state;
    struct las_bytes file = make_old(2, 0, 0, false, false), out;
    const size_t more = 65500 - 227, rest = file.count - 227;
    file.bytes = realloc(file.bytes, file.count + more);
    memmove(file.bytes + 227 + more, file.bytes + 227, rest);
    memset(file.bytes + 227, 1, more);
    file.count += more;
    scree__base_store16(file.bytes + 94, 65500);
    scree__base_store32(file.bytes + 96, las_point_offset(&file) + (uint32_t)more);
    struct made_change up;
    struct scree_error err;
    made_change(&up, 7, false, false, 3);
    up.change.las14 = true;
    assert_int_equal(made_rewrite(&file, &up, (struct made_run){1, (uint64_t)64 << 20}, &out, &err),
                     SCREE_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, "would have more than 65535"));
    las_bytes_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),      cmocka_unit_test(test_newer_format),
        cmocka_unit_test(test_new_stays),     cmocka_unit_test(test_other_kind),
        cmocka_unit_test(test_foreign_hands), cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, las_tear_down);
}
