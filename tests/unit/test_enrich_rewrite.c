/*
 * test_enrich_rewrite.c - what enrichment keeps: records, header, VLRs, EVLRs, bytes that nothing describes; that it can be taken back, and done again. Values are made up.
 */
#include "enrich_made.h"
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct made_run two = {2, (uint64_t)256 << 20};

static struct scree_las_vlr vlr_of(const char *user, uint16_t id, const void *bytes, size_t count)
{
    struct scree_las_vlr vlr = {.record_id = id, .payload = bytes, .payload_bytes = count};
    snprintf(vlr.user_id, sizeof vlr.user_id, "%s", user);
    snprintf(vlr.description, sizeof vlr.description, "of a test");
    return vlr;
}

/* A descriptor of a scalar. */
static void describe(uint8_t *raw, const char *name, unsigned type)
{
    memset(raw, 0, 192);
    raw[2] = (uint8_t)type;
    memcpy(raw + 4, name, strlen(name));
}

static void check_recipe(struct las_recipe recipe, const char *name)
{
    struct las_bytes file = las_make(&recipe, NULL);
    made_check_all(&file, name, two);
    las_bytes_free(&file);
}

/* Every format, as LAS, as LAZ of fixed and of varying chunks, without, with undocumented, and with described extra bytes. */
static void test_formats(void **state)
{
    (void)state;
    static const uint8_t note[5] = {1, 2, 3, 4, 5};
    uint8_t described[2 * 192 + 3];
    describe(described, "Amplitude", 3);
    describe(described + 192, "Mark", 1);
    memset(described + 384, 9, 3);
    for (unsigned format = 0; format <= 10; format++)
        for (unsigned kind = format % 2; kind < 9; kind += 2) {
            static const uint32_t chunks[] = {0, 40, SCREE_LAZ_VARIABLE_CHUNKS};
            char name[80];
            const unsigned extra = kind / 3;
            const bool late = format > 5 || (format + kind) % 2 == 0;
            struct scree_las_vlr vlrs[3] = {vlr_of("a", 7, note, 5),
                                            vlr_of("LASF_Spec", 4, described, sizeof described),
                                            vlr_of("b", 8, NULL, 0)};
            const struct scree_las_vlr evlrs[2] = {vlr_of("c", 9, note, 3),
                                                   vlr_of("d", 10, note, 4)};
            struct las_recipe recipe = {.version_minor = late          ? 4
                                                         : format >= 4 ? 3
                                                                       : 2,
                                        .point_format = format,
                                        .point_count = 100 + format,
                                        .chunk_points = chunks[kind % 3],
                                        .extra_bytes = extra == 0   ? 0
                                                       : extra == 1 ? 4
                                                                    : 3,
                                        .vlrs = vlrs,
                                        .vlr_count = 3,
                                        .evlrs = evlrs,
                                        .evlr_count = late ? 2 : 0};
            if (extra < 2)
                vlrs[1] = vlr_of("e", 11, note, 2);
            snprintf(name, sizeof name, "format %u, chunks %u, extra %u", format,
                     recipe.chunk_points, extra);
            check_recipe(recipe, name);
        }
}

static void test_few_points(void **state)
{
    (void)state;
    for (uint64_t count = 0; count < 3; count++)
        for (unsigned laz = 0; laz < 2; laz++)
            for (unsigned format = 1; format < 8; format += 5) {
                struct las_recipe recipe = {.version_minor = 4,
                                            .point_format = format,
                                            .point_count = count,
                                            .chunk_points = laz * 50000};
                check_recipe(recipe, "few points");
            }
}

/* 300 undocumented bytes take two descriptors. */
static void test_many_undocumented(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4,
                                .point_format = 6,
                                .point_count = 20,
                                .chunk_points = 50,
                                .extra_bytes = 300};
    check_recipe(recipe, "undocumented");
}

/* LAS 1.0: a signature before the points, records that begin with another one. */
static void test_oldest(void **state)
{
    (void)state;
    static const uint8_t note[2] = {0xDD, 0xCC};
    const struct scree_las_vlr vlr = vlr_of("LASF_Projection", 34735, note, 2);
    struct las_recipe recipe = {
        .version_minor = 2, .point_format = 1, .point_count = 50, .vlrs = &vlr, .vlr_count = 1};
    struct las_bytes file = las_make(&recipe, NULL);
    file.bytes[25] = 0;
    scree__base_store16(file.bytes + 227, 0xAABB);
    /* The payload becomes the signature: 2 bytes of no record. */
    scree__base_store16(file.bytes + 227 + 20, 0);
    made_check_all(&file, "LAS 1.0", two);
    struct made_change made;
    made_change(&made, 1, false, false, 3);
    struct las_bytes out = made_rewrite_well(&file, &made);
    const uint32_t points = las_point_offset(&out);
    assert_memory_equal(out.bytes + points - 2, note, 2);
    assert_int_equal(scree__base_load16(out.bytes + 227 + 54), 0xAABB);
    las_bytes_free(&out);
    las_bytes_free(&file);
}

/* What lies behind the points of a LAS file and belongs to no record, waveforms of LAS 1.3 among it. */
static void test_bytes_behind(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 3, .point_format = 4, .point_count = 30};
    struct las_bytes file = las_make(&recipe, NULL);
    const size_t end = file.count;
    file.bytes = realloc(file.bytes, end + 90);
    file.count = end + 90;
    for (size_t i = 0; i < 90; i++)
        file.bytes[end + i] = (uint8_t)(i * 3);
    scree__base_store64(file.bytes + 227, end + 10);
    struct made_change made;
    made_change(&made, 7, false, false, 3);
    struct las_bytes out = made_rewrite_well(&file, &made);
    assert_memory_equal(out.bytes + out.count - 90, file.bytes + end, 90);
    assert_int_equal(scree__base_load64(out.bytes + 227), out.count - 80);
    made_check_comes_back(&out, &file);
    las_bytes_free(&out);
    las_bytes_free(&file);
}

/* Descriptors in an EVLR: it grows, and what lies behind it moves farther than what lies before. */
static void test_descriptors_behind(void **state)
{
    (void)state;
    static const uint8_t packets[7] = {1, 2, 3, 4, 5, 6, 7};
    uint8_t described[192];
    describe(described, "Mark", 1);
    const struct scree_las_vlr evlrs[3] = {vlr_of("before", 9, packets, 3),
                                           vlr_of("LASF_Spec", 4, described, sizeof described),
                                           vlr_of("LASF_Spec", 65535, packets, 7)};
    for (unsigned chunk = 0; chunk < 2; chunk++) {
        struct las_recipe recipe = {.version_minor = 4,
                                    .point_format = 9,
                                    .point_count = 40,
                                    .chunk_points = chunk * 30,
                                    .extra_bytes = 1,
                                    .evlrs = evlrs,
                                    .evlr_count = 3};
        struct las_bytes file = las_make(&recipe, NULL);
        scree__base_store64(file.bytes + 227, file.count - 67);
        struct made_change made;
        made_change(&made, 15, false, false, 3);
        struct las_bytes out = made_rewrite_well(&file, &made);
        assert_int_equal(scree__base_load64(out.bytes + 227), out.count - 67);
        assert_memory_equal(out.bytes + out.count - 67, file.bytes + file.count - 67, 67);
        made_check_comes_back(&out, &file);
        made_check_all(&file, "descriptors in an EVLR", two);
        las_bytes_free(&out);
        las_bytes_free(&file);
    }
}

/* LAS comes back to the byte, and so does LAZ that the same encoder made. */
static void test_whole_file_comes_back(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 10; format++)
        for (unsigned chunk = 0; chunk < 2; chunk++) {
            struct las_recipe recipe = {.version_minor = 4,
                                        .point_format = format,
                                        .point_count = 120,
                                        .chunk_points = chunk * 50,
                                        .extra_bytes = format % 2};
            struct las_bytes file = las_make(&recipe, NULL);
            struct made_change made;
            made_change(&made, scree_enrich_mode_features(SCREE_ENRICH_CORE), true, false, 3);
            struct las_bytes out = made_rewrite_well(&file, &made);
            made_check_comes_back(&out, &file);
            las_bytes_free(&out);
            las_bytes_free(&file);
        }
}

static void expect_failure(const struct las_bytes *file, struct made_change *made,
                           enum scree_status status, const char *part)
{
    struct las_bytes out;
    struct scree_error err;
    assert_int_equal(made_rewrite(file, made, two, &out, &err), status);
    if (strstr(err.message, part) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, part);
}

static void test_foreign_name(void **state)
{
    (void)state;
    uint8_t described[192];
    describe(described, "Planarity", 10);
    const struct scree_las_vlr vlr = vlr_of("LASF_Spec", 4, described, sizeof described);
    struct las_recipe recipe = {.version_minor = 4,
                                .point_format = 6,
                                .point_count = 10,
                                .extra_bytes = 8,
                                .vlrs = &vlr,
                                .vlr_count = 1};
    struct las_bytes file = las_make(&recipe, NULL);
    struct made_change made;
    made_change(&made, SCREE_FEATURE_BIT(SCREE_FEATURE_PLANARITY), false, false, 1);
    expect_failure(&file, &made, SCREE_E_MISMATCH, "has a dimension 'Planarity' already");
    made_change(&made, SCREE_FEATURE_BIT(SCREE_FEATURE_PLANARITY), false, true, 1);
    struct las_bytes out = made_rewrite_well(&file, &made);
    las_bytes_free(&out);
    las_bytes_free(&file);
}

/* 341 descriptors fit a record, 342 do not. */
static void test_limit(void **state)
{
    (void)state;
    enum { OTHERS = 339 };
    uint8_t *described = malloc(OTHERS * 192);
    char name[8];
    for (int i = 0; i < OTHERS; i++) {
        snprintf(name, sizeof name, "f%d", i);
        describe(described + 192 * i, name, 1);
    }
    const struct scree_las_vlr vlr = vlr_of("LASF_Spec", 4, described, OTHERS * 192);
    struct las_recipe recipe = {.version_minor = 4,
                                .point_format = 6,
                                .point_count = 10,
                                .extra_bytes = OTHERS,
                                .vlrs = &vlr,
                                .vlr_count = 1};
    struct las_bytes file = las_make(&recipe, NULL);
    struct made_change made;
    made_change(&made, 7, false, false, 1);
    expect_failure(&file, &made, SCREE_E_UNSUPPORTED, "342 dimensions");
    made_change(&made, 3, false, false, 1);
    struct las_bytes out = made_rewrite_well(&file, &made);
    las_bytes_free(&out);
    las_bytes_free(&file);
    free(described);
}

/* Records that would be longer than LAS can say. */
static void test_record_limit(void **state)
{
    (void)state;
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = 3, .extra_bytes = 65535 - 30 - 8};
    struct las_bytes file = las_make(&recipe, NULL);
    struct made_change made;
    made_change(&made, 7, false, false, 1);
    expect_failure(&file, &made, SCREE_E_UNSUPPORTED, "a record would have 65539 bytes");
    las_bytes_free(&file);
}

static void test_descriptors_beyond_the_record(void **state)
{
    (void)state;
    uint8_t described[384];
    describe(described, "a", 1);
    describe(described + 192, "b", 10);
    const struct scree_las_vlr vlr = vlr_of("LASF_Spec", 4, described, sizeof described);
    struct las_recipe recipe = {.version_minor = 4,
                                .point_format = 6,
                                .point_count = 10,
                                .extra_bytes = 1,
                                .vlrs = &vlr,
                                .vlr_count = 1};
    struct las_bytes file = las_make(&recipe, NULL);
    struct made_change made;
    made_change(&made, 1, false, false, 1);
    expect_failure(&file, &made, SCREE_E_UNSUPPORTED, "do not fit its records");
    las_bytes_free(&file);
}

/* Another program has put a field behind ours: ours are replaced where they are, theirs stay. */
static void test_field_behind(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 6, .point_count = 25};
    struct las_bytes file = las_make(&recipe, NULL);
    struct made_change made;
    made_change(&made, 3, false, false, 1);
    struct las_bytes enriched = made_rewrite_well(&file, &made);
    uint64_t count;
    uint32_t bytes;
    uint8_t *ours = made_records(&enriched, &count, &bytes);
    uint8_t described[3 * 192];
    describe(described, "NormalX", 9);
    describe(described + 192, "NormalY", 9);
    describe(described + 384, "Theirs", 3);
    const struct scree_las_vlr vlrs[2] = {
        vlr_of("LASF_Spec", 4, described, sizeof described),
        vlr_of("scree", 1, made.parameters, strlen(made.parameters))};
    recipe.vlrs = vlrs;
    recipe.vlr_count = 2;
    recipe.extra_bytes = 10;
    uint8_t *wider = malloc(count * 40);
    for (uint64_t i = 0; i < count; i++) {
        memcpy(wider + 40 * i, ours + bytes * i, 38);
        scree__base_store16(wider + 40 * i + 38, (uint16_t)(1000 + i));
    }
    struct las_bytes theirs = las_make(&recipe, wider);
    made_change(&made, 1 << SCREE_FEATURE_LINEARITY, true, false, 5);
    struct las_bytes out = made_rewrite_well(&theirs, &made);
    uint8_t *then = made_records(&out, &count, &bytes);
    assert_int_equal(bytes, 34);
    for (uint64_t i = 0; i < count; i++) {
        assert_memory_equal(then + bytes * i, ours + 38 * i, 30);
        assert_int_equal(scree__base_load16(then + bytes * i + 32), 1000 + i);
    }
    las_bytes_free(&file);
    las_bytes_free(&enriched);
    las_bytes_free(&theirs);
    las_bytes_free(&out);
    free(ours);
    free(wider);
    free(then);
}

/* One byte of the parameter record changed: an error or another result, and never a crash; half of ours gone is an error. */
static void test_foreign_hands(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 4, .point_format = 1, .point_count = 15};
    struct las_bytes file = las_make(&recipe, NULL);
    struct made_change made, strip;
    made_change(&made, 3, false, false, 1);
    made_change(&strip, 0, false, false, 0);
    struct las_bytes enriched = made_rewrite_well(&file, &made);
    const char *text = "{\"scree\":\"test 1\"";
    uint8_t *at = enriched.bytes;
    while (memcmp(at, text, strlen(text)) != 0)
        at++;
    for (size_t i = 0; i < strlen(made.parameters) + 40; i++) {
        struct las_bytes out;
        struct scree_error err;
        const uint8_t was = at[i];
        at[i] ^= 1;
        if (made_rewrite(&enriched, &strip, two, &out, &err) == SCREE_OK)
            las_bytes_free(&out);
        at[i] = was;
    }
    uint8_t *name = enriched.bytes;
    while (memcmp(name, "NormalY\0\0\0", 10) != 0)
        name++;
    name[6] = 'Z';
    expect_failure(&enriched, &strip, SCREE_E_DATA, "another program has removed some");
    las_bytes_free(&enriched);
    las_bytes_free(&file);
}

/* The same bytes for any number of threads and any budget. */
static void test_determinism(void **state)
{
    (void)state;
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 7, .point_count = 30000, .chunk_points = 3000};
    struct las_bytes file = las_make(&recipe, NULL), outs[3];
    static const struct made_run runs[3] = {
        {1, (uint64_t)256 << 20}, {4, (uint64_t)256 << 20}, {4, (uint64_t)8 << 20}};
    struct made_change made;
    made_change(&made, scree_enrich_mode_features(SCREE_ENRICH_CORE), false, false, 1);
    for (int i = 0; i < 3; i++) {
        struct scree_error err;
        if (made_rewrite(&file, &made, runs[i], &outs[i], &err) != SCREE_OK)
            fail_msg("%s", err.message);
        assert_int_equal(outs[i].count, outs[0].count);
        assert_memory_equal(outs[i].bytes, outs[0].bytes, outs[0].count);
    }
    for (int i = 0; i < 3; i++)
        las_bytes_free(&outs[i]);
    las_bytes_free(&file);
}

/* A budget that one chunk does not fit: the error names one that does. */
static void test_small_budget(void **state)
{
    (void)state;
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = 30000, .chunk_points = 30000};
    struct las_bytes file = las_make(&recipe, NULL), out;
    struct made_change made;
    struct scree_error err;
    made_change(&made, scree_enrich_mode_features(SCREE_ENRICH_CORE), false, false, 1);
    assert_int_equal(made_rewrite(&file, &made, (struct made_run){2, 3 << 20}, &out, &err),
                     SCREE_E_BUDGET);
    const struct made_run enough = {2, err.need_bytes};
    if (made_rewrite(&file, &made, enough, &out, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    las_bytes_free(&out);
    las_bytes_free(&file);
}

/* The descriptors to the byte, by the table of the specification and not by our code. */
static void test_descriptors(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 2, .point_format = 0, .point_count = 1};
    struct las_bytes file = las_make(&recipe, NULL);
    struct made_change made;
    made_change(&made, 1 | SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND), true, false, 1);
    struct las_bytes out = made_rewrite_well(&file, &made);
    uint8_t expected[384] = {0};
    /* reserved[2], data_type, options, name[32], unused[4], no_data[24], min[24], max[24], scale[24], offset[24], description[32] */
    expected[2] = 4; /* short */
    expected[3] = 1 | 8;
    memcpy(expected + 4, "NormalX", 7);
    scree__base_store64(expected + 40, (uint64_t)INT64_C(-32768));
    scree__base_store_f64(expected + 112, 1.0 / 32767);
    memcpy(expected + 160, "k20 e3, upwards", 15);
    expected[194] = 6; /* long, of 4 bytes */
    expected[195] = 1 | 8;
    memcpy(expected + 196, "HeightAboveGround", 17);
    scree__base_store64(expected + 232, (uint64_t)INT64_C(-2147483648));
    scree__base_store_f64(expected + 304, 0.001);
    memcpy(expected + 352, "z-ground TIN m", 14);
    uint8_t header[54] = {0};
    memcpy(header + 2, "LASF_Spec", 9);
    header[18] = 4;
    scree__base_store16(header + 20, 384);
    memcpy(header + 22, "Extra Bytes Record", 18);
    assert_memory_equal(out.bytes + 227, header, sizeof header);
    assert_memory_equal(out.bytes + 227 + 54, expected, sizeof expected);
    las_bytes_free(&out);
    made_change(&made, SCREE_FEATURE_BIT(SCREE_FEATURE_DENSITY), false, true, 1);
    out = made_rewrite_well(&file, &made);
    memset(expected, 0, 192);
    expected[2] = 9; /* float */
    expected[3] = 1;
    memcpy(expected + 4, "density", 7);
    scree__base_store_f64(expected + 40, -9999.0);
    memcpy(expected + 160, "k20 n/(4/3 pi r^3) 1/m3", 23);
    assert_memory_equal(out.bytes + 227 + 54, expected, 192);
    las_bytes_free(&out);
    las_bytes_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_few_points),
        cmocka_unit_test(test_many_undocumented),
        cmocka_unit_test(test_oldest),
        cmocka_unit_test(test_bytes_behind),
        cmocka_unit_test(test_descriptors_behind),
        cmocka_unit_test(test_whole_file_comes_back),
        cmocka_unit_test(test_foreign_name),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_record_limit),
        cmocka_unit_test(test_descriptors_beyond_the_record),
        cmocka_unit_test(test_field_behind),
        cmocka_unit_test(test_foreign_hands),
        cmocka_unit_test(test_determinism),
        cmocka_unit_test(test_small_budget),
        cmocka_unit_test(test_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, las_tear_down);
}
