/* GeoTIFF key directories: lookups with every bound checked, and the CRS that they give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "las/crs.h"

/* Payloads in the making. */
struct directory {
    uint8_t keys[8 + 8 * 40], doubles[8 * 20];
    char ascii[200];
    uint32_t key_count, double_count;
};

static void add(struct directory *d, unsigned key, unsigned location, unsigned count,
                unsigned value)
{
    uint8_t *p = d->keys + 8 + 8 * d->key_count++;
    scree__base_store16(p, (uint16_t)key);
    scree__base_store16(p + 2, (uint16_t)location);
    scree__base_store16(p + 4, (uint16_t)count);
    scree__base_store16(p + 6, (uint16_t)value);
    scree__base_store16(d->keys, 1);
    scree__base_store16(d->keys + 2, 1);
    scree__base_store16(d->keys + 6, (uint16_t)d->key_count);
}

static void add_short(struct directory *d, unsigned key, unsigned value)
{
    add(d, key, 0, 1, value);
}

static void add_double(struct directory *d, unsigned key, double value)
{
    add(d, key, SCREE__GEOTIFF_DOUBLES, 1, d->double_count);
    scree__base_store_f64(d->doubles + 8 * d->double_count++, value);
}

static void add_text(struct directory *d, unsigned key, const char *text)
{
    size_t at = strlen(d->ascii);
    add(d, key, SCREE__GEOTIFF_ASCII, (unsigned)strlen(text) + 1, (unsigned)at);
    snprintf(d->ascii + at, sizeof d->ascii - at, "%s|", text);
}

static enum scree_status read_crs(const struct directory *d, struct scree_las_crs *crs,
                                  struct scree_error *err)
{
    struct scree__las_crs_records records;
    memset(&records, 0, sizeof records);
    records.keys = d->keys;
    records.keys_bytes = 8 + 8 * d->key_count;
    records.doubles = d->doubles;
    records.doubles_bytes = 8 * d->double_count;
    records.ascii = (const uint8_t *)d->ascii;
    records.ascii_bytes = strlen(d->ascii);
    records.version_minor = 2;
    return scree__las_crs_from_records(&records, crs, err);
}

static void lookups(void **state)
{
    (void)state;
    struct directory d = {.key_count = 0};
    add_short(&d, 1024, 1);
    add_double(&d, 3080, 9.5);
    add_text(&d, 1026, "a name");
    add(&d, 3076, SCREE__GEOTIFF_DOUBLES, 1, 0);  /* a double where a short belongs */
    add(&d, 3081, SCREE__GEOTIFF_DOUBLES, 1, 99); /* outside */
    add(&d, 3082, 0, 1, 5);                       /* a short where a double belongs */
    add(&d, 3072, SCREE__GEOTIFF_KEYS, 1, 3);     /* in the directory itself: the key count */
    add(&d, 2048, SCREE__GEOTIFF_KEYS, 1, 60000);
    add(&d, 2049, SCREE__GEOTIFF_ASCII, 9000, 60000);
    add_double(&d, 3083, 0.0 / 1.0);
    scree__base_store64(d.doubles + 8, 0x7FF8000000000000u); /* NaN */
    struct scree__las_geotiff g;
    assert_int_equal(scree__las_geotiff_init(&g, d.keys, sizeof d.keys, d.doubles, 16,
                                             (const uint8_t *)d.ascii, 7, NULL),
                     SCREE_OK);
    unsigned value;
    double number;
    char text[16];
    assert_int_equal(scree__las_geotiff_short(&g, 1024, &value, NULL), SCREE_OK);
    assert_int_equal(value, 1);
    assert_int_equal(scree__las_geotiff_short(&g, 4096, &value, NULL), SCREE_OK);
    assert_int_equal(value, 0);
    assert_int_equal(scree__las_geotiff_short(&g, 3072, &value, NULL), SCREE_OK);
    assert_int_equal(value, 10);
    assert_int_equal(scree__las_geotiff_short(&g, 3076, &value, NULL), SCREE_E_DATA);
    assert_int_equal(scree__las_geotiff_short(&g, 2048, &value, NULL), SCREE_E_DATA);
    static const uint16_t keys[][3] = {{3084, 3080, 0}, {3081, 0, 0}, {3082, 0, 0}, {3083, 0, 0}};
    assert_int_equal(scree__las_geotiff_double(&g, keys[0], 3, 0, &number, NULL), SCREE_OK);
    assert_true(number == 9.5);
    for (int k = 1; k < 4; k++)
        assert_int_equal(scree__las_geotiff_double(&g, keys[k], 3, 0, &number, NULL), SCREE_E_DATA);
    scree__las_geotiff_text(&g, 1026, text, sizeof text);
    assert_string_equal(text, "a name");
    scree__las_geotiff_text(&g, 1026, text, 4);
    assert_string_equal(text, "a n");
    scree__las_geotiff_text(&g, 2049, text, sizeof text);
    assert_string_equal(text, "");
}

static void empty_directories_are_no_crs(void **state)
{
    (void)state;
    struct directory d = {.key_count = 0};
    struct scree_las_crs crs;
    assert_int_equal(read_crs(&d, &crs, NULL), SCREE_OK);
    assert_int_equal(crs.origin, SCREE_CRS_NONE);
    assert_null(crs.wkt);
    d.key_count = 3; /* zeros */
    assert_int_equal(read_crs(&d, &crs, NULL), SCREE_OK);
    assert_int_equal(crs.origin, SCREE_CRS_NONE);
    scree__base_store16(d.keys, 1); /* a header of no keys */
    assert_int_equal(read_crs(&d, &crs, NULL), SCREE_OK);
    assert_null(crs.wkt);
}

static void cut_directories_are_errors(void **state)
{
    (void)state;
    struct directory d = {.key_count = 0};
    add_short(&d, 1024, 1);
    add_short(&d, 3072, 25832);
    for (uint64_t bytes = 1; bytes < 24; bytes++) {
        uint8_t *copy = malloc(bytes); /* exact, for the sanitizer */
        assert_non_null(copy);
        memcpy(copy, d.keys, bytes);
        struct scree__las_crs_records records = {.keys = copy, .keys_bytes = bytes};
        struct scree_las_crs crs;
        struct scree_error err = SCREE_ERROR_INIT;
        assert_int_equal(scree__las_crs_from_records(&records, &crs, &err), SCREE_E_DATA);
        assert_non_null(strstr(err.message, "34735"));
        free(copy);
    }
}

#if SCREE_HAVE_PROJ

/* The CRS of the directory is `text`, as a person would say it. */
static void expect(const struct directory *d, const char *text)
{
    struct scree_las_crs crs, wanted;
    struct scree_error err = SCREE_ERROR_INIT;
    if (read_crs(d, &crs, &err) != SCREE_OK)
        fail_msg("%s: %s", text, err.message);
    assert_int_equal(crs.origin, SCREE_CRS_GEOTIFF);
    assert_int_equal(scree_las_crs_from_text(text, &wanted, &err), SCREE_OK);
    if (!scree_las_crs_equal(&crs, &wanted))
        fail_msg("%s\nis not %s", crs.wkt, text);
    assert_null(strchr(crs.wkt, '\n'));
    scree_las_crs_release(&crs);
    scree_las_crs_release(&wanted);
}

static void codes(void **state)
{
    (void)state;
    struct directory d = {.key_count = 0};
    add_short(&d, 1024, 1);
    add_short(&d, 3072, 25832);
    add_short(&d, 3076, 9001);
    expect(&d, "EPSG:25832");
    add_short(&d, 4096, 7837);
    add_short(&d, 4099, 9001);
    expect(&d, "EPSG:25832+7837");
    struct directory g = {.key_count = 0};
    add_short(&g, 1024, 2);
    add_short(&g, 2048, 4326);
    expect(&g, "EPSG:4326");
    add_short(&g, 4096, 5773);
    expect(&g, "EPSG:4326+5773");
    struct directory c = {.key_count = 0};
    add_short(&c, 1024, 3);
    add_short(&c, 2048, 4326);
    expect(&c, "EPSG:4978");
    struct directory no_model = {.key_count = 0};
    add_short(&no_model, 3072, 2154);
    add_short(&no_model, 0, 0);
    expect(&no_model, "EPSG:2154");
}

static void units(void **state)
{
    (void)state;
    struct directory d = {.key_count = 0};
    add_short(&d, 1024, 1);
    add_short(&d, 3072, 26995); /* in metres, says the EPSG; in US survey feet, says the file */
    add_short(&d, 3076, 9003);
    add_short(&d, 4096, 5103); /* NAVD88, by its number in the GeoTIFF tables */
    add_short(&d, 4099, 9003);
    expect(&d, "EPSG:2255+6360");
}

static void lambert(struct directory *d)
{
    add_short(d, 1024, 1);
    add_short(d, 2048, 4171);
    add_short(d, 3072, 32767);
    add_text(d, 3073, "my Lambert");
    add_short(d, 3075, 8);
    add_short(d, 3076, 9001);
    add_double(d, 3078, 49);
    add_double(d, 3079, 44);
    add_double(d, 3084, 3);
    add_double(d, 3085, 46.5);
    add_double(d, 3086, 700000);
    add_double(d, 3087, 6600000);
}

static void own_projections(void **state)
{
    (void)state;
    struct directory d = {.key_count = 0};
    lambert(&d);
    expect(&d, "EPSG:2154");
    struct directory utm = {.key_count = 0};
    add_short(&utm, 3072, 32767);
    add_short(&utm, 2050, 6258);
    add_short(&utm, 3074, 16032);
    expect(&utm, "EPSG:25832");
    struct directory polar = {.key_count = 0};
    add_short(&polar, 3072, 32767);
    add_short(&polar, 2048, 4326);
    add_short(&polar, 3075, 15);
    add_double(&polar, 3081, -71);
    expect(&polar, "EPSG:3031");
    static const struct {
        unsigned method;
        const char *definition;
    } cases[] = {
        {1, "+proj=tmerc +lat_0=40 +lon_0=9 +k=0.9996 +x_0=10 +y_0=20"},
        {7, "+proj=merc +lon_0=9 +k=0.9996 +x_0=10 +y_0=20"},
        {9, "+proj=lcc +lat_1=40 +lat_0=40 +lon_0=9 +k_0=0.9996 +x_0=10 +y_0=20"},
        {10, "+proj=laea +lat_0=40 +lon_0=9 +x_0=10 +y_0=20"},
        {11, "+proj=aea +lat_0=40 +lon_0=9 +lat_1=41 +lat_2=45 +x_0=10 +y_0=20"},
        {16, "+proj=sterea +lat_0=40 +lon_0=9 +k=0.9996 +x_0=10 +y_0=20"},
        {3, "+proj=omerc +no_uoff +lat_0=40 +lonc=9 +alpha=30 +gamma=90 +k=0.9996 +x_0=10 "
            "+y_0=20"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct directory own = {.key_count = 0};
        char text[200];
        add_short(&own, 2048, 4326);
        add_short(&own, 3072, 32767);
        add_short(&own, 3075, cases[i].method);
        add_double(&own, 3080, 9);
        add_double(&own, 3081, cases[i].method == 7 ? 0 : 40);
        add_double(&own, 3092, 0.9996);
        add_double(&own, 3082, 10);
        add_double(&own, 3083, 20);
        add_double(&own, 3094, 30);
        if (cases[i].method == 11) {
            add_double(&own, 3078, 41);
            add_double(&own, 3079, 45);
        }
        snprintf(text, sizeof text, "%s +datum=WGS84 +units=m", cases[i].definition);
        expect(&own, text);
    }
}

static void expect_status(const struct directory *d, enum scree_status status, const char *word)
{
    struct scree_las_crs crs;
    struct scree_error err = SCREE_ERROR_INIT;
    assert_int_equal(read_crs(d, &crs, &err), status);
    assert_non_null(strstr(err.message, word));
    assert_null(crs.wkt);
}

/* Datums that are said by an ellipsoid and a meridian, by code or by numbers. */
static void own_datums(void **state)
{
    static const struct {
        unsigned key;
        double value; /* of keys that are numbers; else `code` */
        unsigned code;
    } keys[][4] = {
        {{2056, 0, 7030}},
        {{2056, 0, 32767}, {2057, 6378137, 0}, {2058, 6356752.314245179, 0}},
        {{2057, 6378137, 0}, {2059, 298.257222101, 0}},
        {{2056, 0, 7030}, {2051, 0, 8903}},
        {{2056, 0, 7030}, {2051, 0, 32767}, {2061, 2.5, 0}},
    };
    static const char *const said[] = {
        "+proj=longlat +ellps=WGS84 +type=crs",
        "+proj=longlat +ellps=WGS84 +type=crs",
        "+proj=longlat +ellps=GRS80 +type=crs",
        "+proj=longlat +ellps=WGS84 +pm=2.33722917 +type=crs",
        "+proj=longlat +ellps=WGS84 +pm=2.5 +type=crs",
    };
    (void)state;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        struct directory d = {.key_count = 0};
        add_short(&d, 1024, 2);
        add_short(&d, 2048, 32767);
        for (unsigned k = 0; k < 4 && keys[i][k].key != 0; k++)
            if (keys[i][k].value > 0)
                add_double(&d, keys[i][k].key, keys[i][k].value);
            else
                add_short(&d, keys[i][k].key, keys[i][k].code);
        expect(&d, said[i]);
    }
    struct directory flat = {.key_count = 0};
    add_short(&flat, 2048, 32767);
    add_double(&flat, 2057, 5);
    expect_status(&flat, SCREE_E_DATA, "no ellipsoid");
}

/* Heights by their datum; heights that are none; heights of what has heights; units of a size. */
static void heights(void **state)
{
    static const struct {
        unsigned model, key, value;
        const char *wkt, *note;
    } cases[] = {
        {1, 4098, 5119, "IGN69", NULL},
        {1, 4096, 4326, NULL, "left out"},
        {3, 4096, 5773, NULL, "has heights"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct directory d = {.key_count = 0};
        struct scree_las_crs crs;
        add_short(&d, 1024, cases[i].model);
        add_short(&d, cases[i].model == 3 ? 2048 : 3072, cases[i].model == 3 ? 4326 : 2154);
        add_short(&d, cases[i].key, cases[i].value);
        assert_int_equal(read_crs(&d, &crs, NULL), SCREE_OK);
        if ((cases[i].wkt != NULL && strstr(crs.wkt, cases[i].wkt) == NULL) ||
            (cases[i].note != NULL && strstr(crs.note, cases[i].note) == NULL))
            fail_msg("%u: %s: %s", (unsigned)i, crs.note, crs.wkt);
        scree_las_crs_release(&crs);
    }
    struct directory d = {.key_count = 0};
    lambert(&d);
    scree__base_store16(d.keys + 8 + 8 * 5 + 6, 32767); /* the linear unit is one's own */
    add_double(&d, 3077, 0.5);
    struct scree_las_crs crs;
    assert_int_equal(read_crs(&d, &crs, NULL), SCREE_OK);
    assert_non_null(strstr(crs.wkt, "UNIT[\"unknown\",0.5"));
    scree_las_crs_release(&crs);
    scree__base_store16(d.keys, 2);
    expect_status(&d, SCREE_E_DATA, "of version 2, not 1");
}

static void refused(void **state)
{
    (void)state;
    struct directory unknown = {.key_count = 0};
    add_short(&unknown, 3072, 9);
    expect_status(&unknown, SCREE_E_UNSUPPORTED, "--crs");
    struct directory method = {.key_count = 0};
    add_short(&method, 3072, 32767);
    add_short(&method, 2048, 4326);
    add_short(&method, 3075, 25);
    expect_status(&method, SCREE_E_UNSUPPORTED, "method 25");
    struct directory no_base = {.key_count = 0};
    add_short(&no_base, 3072, 32767);
    add_short(&no_base, 3075, 1);
    expect_status(&no_base, SCREE_E_UNSUPPORTED, "geographic");
    struct directory no_parallel = {.key_count = 0};
    add_short(&no_parallel, 3072, 32767);
    add_short(&no_parallel, 2048, 4326);
    add_short(&no_parallel, 3075, 8);
    expect_status(&no_parallel, SCREE_E_UNSUPPORTED, "3078");
    struct directory outside = {.key_count = 0};
    lambert(&outside);
    outside.double_count = 3;
    expect_status(&outside, SCREE_E_DATA, "34736");
}

static void notes(void **state)
{
    (void)state;
    static const struct {
        unsigned key, value;
        const char *word;
    } cases[] = {{4096, 32767, "left out"},
                 {4096, 5030, "ellipsoid"},
                 {3076, 65535, "65535"},
                 {4098, 1, "left out"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct directory d = {.key_count = 0};
        struct scree_las_crs crs;
        add_short(&d, 3072, 25832);
        add_short(&d, cases[i].key, cases[i].value);
        assert_int_equal(read_crs(&d, &crs, NULL), SCREE_OK);
        assert_non_null(crs.wkt);
        assert_non_null(strstr(crs.note, cases[i].word));
        scree_las_crs_release(&crs);
    }
}

static void random_directories(void **state)
{
    (void)state;
    static const unsigned keys[] = {1024, 1026, 2048, 2049, 2050, 2051, 2054, 2055, 2056, 2057,
                                    2059, 2061, 2062, 3072, 3073, 3074, 3075, 3076, 3077, 3078,
                                    3079, 3080, 3081, 3082, 3088, 3092, 4096, 4097, 4098, 4099};
    static const unsigned values[] = {0,    1,    2,    3,    7,     8,     15,    9001,  9003,
                                      9102, 4326, 6258, 7019, 32767, 25832, 16032, 65535, 5773};
    uint32_t seed = 12345;
    for (int round = 0; round < 400; round++) {
        struct directory d = {.key_count = 0};
        int count = 2 + round % 20;
        for (int k = 0; k < count; k++) {
            seed = seed * 1664525 + 1013904223;
            unsigned key = keys[(seed >> 8) % 30], value = values[(seed >> 16) % 18];
            static const unsigned locations[] = {0, 0, 0, 34735, 34736, 34736, 34737, 9};
            add(&d, key, locations[(seed >> 27) % 8], (seed >> 5) % 3, value);
        }
        d.double_count = 10;
        for (int i = 0; i < 10; i++)
            scree__base_store64(d.doubles + 8 * i, (uint64_t)seed << (i * 7) | seed);
        struct scree_las_crs crs;
        struct scree_error err = SCREE_ERROR_INIT;
        enum scree_status status = read_crs(&d, &crs, &err);
        assert_true(status == SCREE_OK || status == SCREE_E_DATA || status == SCREE_E_UNSUPPORTED);
        assert_true((crs.origin == SCREE_CRS_NONE) == (crs.wkt == NULL));
        scree_las_crs_release(&crs);
    }
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups),
        cmocka_unit_test(empty_directories_are_no_crs),
        cmocka_unit_test(cut_directories_are_errors),
#if SCREE_HAVE_PROJ
        cmocka_unit_test(codes),
        cmocka_unit_test(units),
        cmocka_unit_test(own_projections),
        cmocka_unit_test(own_datums),
        cmocka_unit_test(heights),
        cmocka_unit_test(refused),
        cmocka_unit_test(notes),
        cmocka_unit_test(random_directories),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
