/* Coordinate reference systems: from a person, from WKT records, compared by meaning, and those of
 * real files where they are at hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "las/crs.h"

static struct scree_las_crs from_wkt(const char *wkt, size_t bytes)
{
    struct scree__las_crs_records records = {.wkt = (const uint8_t *)wkt, .wkt_bytes = bytes};
    struct scree_las_crs crs;
    struct scree_error err = SCREE_ERROR_INIT;
    if (scree__las_crs_from_records(&records, &crs, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return crs;
}

static const char local[] = "LOCAL_CS[\"unknown\",UNIT[\"metre\",1]]";

static void wkt1_keeps_its_bytes(void **state)
{
    (void)state;
    static const char padded[] = "  LOCAL_CS[\"unknown\",UNIT[\"metre\",1]] \n\0\0garbage";
    struct scree_las_crs crs = from_wkt(padded, sizeof padded);
    assert_int_equal(crs.origin, SCREE_CRS_WKT);
    assert_string_equal(crs.wkt, local);
    assert_string_equal(crs.name, "unknown");
    assert_string_equal(crs.note, "");
    struct scree_las_crs cut = from_wkt(local, sizeof local - 1); /* without a NUL */
    assert_true(scree_las_crs_equal(&crs, &cut));
    scree_las_crs_release(&crs);
    scree_las_crs_release(&cut);
}

static void blank_is_none(void **state)
{
    (void)state;
    static const char *const blanks[] = {"", " ", "\0\0\0", "\n\t \0"};
    struct scree_las_crs none = {.origin = SCREE_CRS_NONE};
    for (int i = 0; i < 4; i++) {
        struct scree_las_crs crs = from_wkt(blanks[i], i == 2 ? 3 : strlen(blanks[i]));
        assert_int_equal(crs.origin, SCREE_CRS_NONE);
        assert_null(crs.wkt);
        assert_true(scree_las_crs_equal(&crs, &none));
    }
    struct scree_las_crs known = from_wkt(local, sizeof local);
    assert_false(scree_las_crs_equal(&known, &none));
    assert_false(scree_las_crs_equal(&none, &known));
    scree_las_crs_release(&known);
    scree_las_crs_release(&known);
    scree_las_crs_release(NULL);
}

#if SCREE_HAVE_PROJ

static struct scree_las_crs from_text(const char *text)
{
    struct scree_las_crs crs;
    struct scree_error err = SCREE_ERROR_INIT;
    if (scree_las_crs_from_text(text, &crs, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return crs;
}

static void what_a_person_gives(void **state)
{
    (void)state;
    static const struct {
        const char *text, *begin, *name;
        bool geographic, geocentric;
    } cases[] = {
        {"EPSG:2154", "PROJCS[\"RGF93", "RGF93", false, false},
        {" epsg:25832\n", "PROJCS[", "ETRS89 / UTM zone 32N", false, false},
        {"EPSG:2154+5720", "COMPD_CS[", "RGF93", false, false},
        {"EPSG:4326", "GEOGCS[", "WGS 84", true, false},
        {"EPSG:4979", "COMPD_CS[", "WGS 84", true, false},
        {"EPSG:4978", "GEOCCS[", "WGS 84", false, true},
        {"EPSG:4326+5773", "COMPD_CS[", "WGS 84 + EGM96 height", true, false},
        {"+proj=utm +zone=32 +datum=WGS84", "PROJCS[", "unknown", false, false},
        {local, local, "unknown", false, false},
        {"urn:ogc:def:crs:EPSG::2154", "PROJCS[", "RGF93", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scree_las_crs crs = from_text(cases[i].text);
        assert_int_equal(crs.origin, SCREE_CRS_WKT);
        assert_memory_equal(crs.wkt, cases[i].begin, strlen(cases[i].begin));
        assert_memory_equal(crs.name, cases[i].name, strlen(cases[i].name));
        assert_int_equal(crs.geographic, cases[i].geographic);
        assert_int_equal(crs.geocentric, cases[i].geocentric);
        assert_null(strchr(crs.wkt, '\n'));
        scree_las_crs_release(&crs);
    }
}

static void what_is_no_crs(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        " ",
                                        "Lambert",
                                        "EPSG:99999",
                                        "EPSG:",
                                        "PROJCS[\"x",
                                        "+proj=nonsense",
                                        "{\"type\":\"x\"}",
                                        "EPSG:5720",
                                        "EPSG:2154+",
                                        "EPSG:5720+2154",
                                        "ELLIPSOID[\"x\",6378137,298]",
                                        "+proj=pipeline +step +proj=utm +zone=32",
                                        "2154"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct scree_las_crs crs;
        struct scree_error err = SCREE_ERROR_INIT;
        if (scree_las_crs_from_text(texts[i], &crs, &err) != SCREE_E_ARGUMENT)
            fail_msg("%s", texts[i]);
        assert_null(crs.wkt);
        assert_true(err.message[0] != '\0');
    }
}

static const char lambert_wkt2[] =
    "PROJCRS[\"RGF93 / Lambert-93\",BASEGEOGCRS[\"RGF93\",DATUM[\"Reseau Geodesique Francais "
    "1993\",ELLIPSOID[\"GRS "
    "1980\",6378137,298.2572221,LENGTHUNIT[\"metre\",1]],ID[\"EPSG\",6171]],ID[\"EPSG\",4171]],"
    "CONVERSION[\"Lambert-93\",METHOD[\"Lambert Conic Conformal "
    "(2SP)\",ID[\"EPSG\",9802]],PARAMETER[\"Latitude of false "
    "origin\",46.5,ANGLEUNIT[\"degree\",0.0174532925199433]],PARAMETER[\"Longitude of false "
    "origin\",3,ANGLEUNIT[\"degree\",0.0174532925199433]],PARAMETER[\"Latitude of 1st standard "
    "parallel\",49,ANGLEUNIT[\"degree\",0.0174532925199433]],PARAMETER[\"Latitude of 2nd standard "
    "parallel\",44,ANGLEUNIT[\"degree\",0.0174532925199433]],PARAMETER[\"Easting at false "
    "origin\",700000,LENGTHUNIT[\"metre\",1]],PARAMETER[\"Northing at false "
    "origin\",6600000,LENGTHUNIT[\"metre\",1]],ID[\"EPSG\",18085]],CS[Cartesian,2],AXIS[\"Easting "
    "(X)\",east],AXIS[\"Northing (Y)\",north],LENGTHUNIT[\"metre\",1],ID[\"EPSG\",2154]]";

static const char nad83_utm_towgs84[] =
    "PROJCS[\"NAD83 / UTM zone 19N\",GEOGCS[\"NAD83\",DATUM[\"North_American_Datum_1983\","
    "SPHEROID[\"GRS 1980\",6378137,298.257222101],TOWGS84[0,0,0,0,0,0,0]],PRIMEM[\"Greenwich\",0],"
    "UNIT[\"degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],"
    "PARAMETER[\"latitude_of_origin\",0],PARAMETER[\"central_meridian\",-69],"
    "PARAMETER[\"scale_factor\",0.9996],PARAMETER[\"false_easting\",500000],"
    "PARAMETER[\"false_northing\",0],UNIT[\"metre\",1]]";

static void wkt2_becomes_wkt1(void **state)
{
    (void)state;
    struct scree_las_crs crs = from_wkt(lambert_wkt2, sizeof lambert_wkt2);
    assert_memory_equal(crs.wkt, "PROJCS[", 7);
    assert_string_equal(crs.name, "RGF93 / Lambert-93");
    assert_string_equal(crs.note, "");
    struct scree_las_crs epsg = from_text("EPSG:2154"), other = from_text("EPSG:3949");
    assert_true(scree_las_crs_equal(&crs, &epsg));
    assert_false(scree_las_crs_equal(&crs, &other));
    scree_las_crs_release(&crs);
    scree_las_crs_release(&epsg);
    scree_las_crs_release(&other);
}

static void compare(const char *a, const char *b, bool equal)
{
    struct scree_las_crs crs_a = from_text(a), crs_b = from_text(b);
    if (scree_las_crs_equal(&crs_a, &crs_b) != equal ||
        scree_las_crs_equal(&crs_b, &crs_a) != equal)
        fail_msg("%s\n%s\nshould be %s", a, b, equal ? "equal" : "different");
    scree_las_crs_release(&crs_a);
    scree_las_crs_release(&crs_b);
}

static void same_meaning(void **state)
{
    (void)state;
    compare("EPSG:2154", lambert_wkt2, true);
    compare("EPSG:26919", nad83_utm_towgs84, true);
    compare("EPSG:5972", "EPSG:25832+5941", true);
    compare("EPSG:32632", "+proj=utm +zone=32 +datum=WGS84", true);
    compare("EPSG:4326", "OGC:CRS84", true); /* axis order aside */
    compare("EPSG:25832", "EPSG:25833", false);
    compare("EPSG:25832", "EPSG:32632", false); /* another datum */
    compare("EPSG:25832", "EPSG:25832+7837", false);
    compare("EPSG:25832+5783", "EPSG:25832+7837", false);
    compare("EPSG:2255", "EPSG:26995", false);            /* feet and metres */
    compare("EPSG:26915+5703", "EPSG:26915+6360", false); /* heights in feet */
    compare(local, "EPSG:4326", false);
    compare(local, "LOCAL_CS[\"unknown\",UNIT[\"foot\",0.3048]]", false);
}

/* PROJ would take a name, or a code, for what it stands for: a file's record is WKT or nothing. */
static void a_name_is_no_wkt(void **state)
{
    (void)state;
    static const char *const texts[] = {"WGS 84", "RGF93 / Lambert-93", "EPSG:4326",
                                        "+proj=longlat +type=crs"};
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        struct scree_las_crs crs = from_wkt(texts[t], strlen(texts[t]));
        assert_string_equal(crs.wkt, texts[t]);
        assert_string_equal(crs.name, "");
        assert_non_null(strstr(crs.note, "it is not WKT"));
        scree_las_crs_release(&crs);
    }
}

static void wkt_that_proj_cannot_read(void **state)
{
    (void)state;
    static const char broken[] = "COMPD_CS[\"Projected\", PROJCS[\"x\", GEOGCS [ \"y\" ";
    struct scree_las_crs crs = from_wkt(broken, sizeof broken);
    assert_int_equal(crs.origin, SCREE_CRS_WKT);
    assert_memory_equal(crs.wkt, broken, strlen(broken) - 1);
    assert_string_equal(crs.name, "Projected");
    assert_non_null(strstr(crs.note, "PROJ cannot read"));
    struct scree_las_crs same = from_wkt(broken, sizeof broken), other = from_text("EPSG:4326");
    assert_true(scree_las_crs_equal(&crs, &same));
    assert_false(scree_las_crs_equal(&crs, &other));
    scree_las_crs_release(&crs);
    scree_las_crs_release(&same);
    scree_las_crs_release(&other);
    for (unsigned byte = 1; byte < 256; byte += 6) { /* noise */
        char noise[64];
        memset(noise, (int)byte, sizeof noise);
        memcpy(noise, lambert_wkt2, byte % 60);
        struct scree_las_crs any = from_wkt(noise, sizeof noise);
        scree_las_crs_release(&any);
    }
}

static void keys_or_wkt(void **state)
{
    (void)state;
    static const uint8_t keys[] = {1, 0, 1, 0, 0, 0, 1, 0, 0, 12, 0, 0, 1, 0, 0xE8, 0x64};
    static const uint8_t unknown[] = {1, 0, 1, 0, 0, 0, 1, 0, 0, 12, 0, 0, 1, 0, 9, 0};
    struct scree__las_crs_records records = {.wkt = (const uint8_t *)lambert_wkt2,
                                             .wkt_bytes = sizeof lambert_wkt2,
                                             .keys = keys,
                                             .keys_bytes = sizeof keys};
    struct scree_las_crs crs;
    for (int c = 0; c < 6; c++) {
        records.version_minor = (uint8_t)(c < 3 ? 2 : 4);
        records.wkt_bit = c % 3 == 1;
        records.keys = c % 3 == 2 ? unknown : keys;
        assert_int_equal(scree__las_crs_from_records(&records, &crs, NULL), SCREE_OK);
        assert_int_equal(crs.origin, c == 0 ? SCREE_CRS_GEOTIFF : SCREE_CRS_WKT);
        assert_string_equal(crs.name, c == 0 ? "ETRS89 / UTM zone 32N" : "RGF93 / Lambert-93");
        assert_int_equal(crs.note[0] != '\0', c == 2);
        scree_las_crs_release(&crs);
    }
    records.wkt_bytes = 0; /* an empty record */
    records.wkt_bit = true;
    records.keys = keys;
    assert_int_equal(scree__las_crs_from_records(&records, &crs, NULL), SCREE_OK);
    assert_int_equal(crs.origin, SCREE_CRS_GEOTIFF);
    scree_las_crs_release(&crs);
}

/* ----------------------------------------------------------------------------------- real files */

static const struct {
    const char *file, *crs; /* "": none */
} files[] = {
    {"lidar/1.2_3.las", "EPSG:26915"},
    {"lidar/32-1-472-150-76.laz", "EPSG:25832+5941"},
    {"lidar/bcts_1.laz", "EPSG:3005+5713"},
    {"lidar/lone-star.laz", "EPSG:4978"},
    {"lidar/isprs_FSite5_orig-utm.laz", "EPSG:32632"},
    {"lidar/point-version-1-point-wise.laz", "EPSG:2271"},
    {"lidar/mvk-thin.las", "EPSG:2255"},
    {"lidar/autzen_trim.laz", "EPSG:2994"},
    {"lidar/append-bug.laz", "EPSG:2154"},
    {"lidar/test_data_empty.las", "EPSG:2154"},
    {"lidar/fullwave.laz", "EPSG:32723"},
    {"lidar/test_epsg_4326.las", "EPSG:4326"},
    {"lidar/fwf.laz", ""},
    {"lidar/nocrs.las", ""},
    {"bad/1.2-empty-geotiff-vlrs.las", ""},
    {"bad/bad-geotiff-keys.las", "EPSG:32617"},
};

static void check_file(const char *path, const char *wanted)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    struct scree_las_crs crs;
    if (scree_source_open_file(path, &source, &err) != SCREE_OK ||
        scree_las_open(source, NULL, &reader, &err) != SCREE_OK ||
        scree_las_crs_read(reader, &crs, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    if (wanted[0] == '\0') {
        assert_int_equal(crs.origin, SCREE_CRS_NONE);
    } else {
        struct scree_las_crs other = from_text(wanted);
        if (!scree_las_crs_equal(&crs, &other))
            fail_msg("%s: %s\nis not %s", path, crs.wkt, wanted);
        scree_las_crs_release(&other);
    }
    struct scree_las_crs glanced;
    if (scree__las_crs_glance(reader, &glanced, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(glanced.origin, crs.origin);
    assert_string_equal(glanced.name, crs.name);
    if (crs.wkt != NULL)
        assert_string_equal(glanced.wkt, crs.wkt);
    else
        assert_null(glanced.wkt);
    scree_las_crs_release(&glanced);
    scree_las_crs_release(&crs);
    scree_las_close(reader);
    scree_source_close(source);
}

static void real_files(void **state)
{
    (void)state;
    const char *folder = getenv("SCREE_TEST_DATA");
    if (folder == NULL)
        folder = SCREE_SOURCE_DIR "/../shared/data";
    size_t missing = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[1000];
        snprintf(path, sizeof path, "%s/%s", folder, files[i].file);
        FILE *there = fopen(path, "rb");
        missing += there == NULL;
        if (there == NULL)
            continue;
        fclose(there);
        check_file(path, files[i].crs);
    }
    if (missing > 0)
        print_message("%zu of %zu files are not in %s\n", missing, sizeof files / sizeof *files,
                      folder);
    if (missing == sizeof files / sizeof *files)
        skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wkt1_keeps_its_bytes),
        cmocka_unit_test(blank_is_none),
#if SCREE_HAVE_PROJ
        cmocka_unit_test(what_a_person_gives),
        cmocka_unit_test(what_is_no_crs),
        cmocka_unit_test(wkt2_becomes_wkt1),
        cmocka_unit_test(same_meaning),
        cmocka_unit_test(a_name_is_no_wkt),
        cmocka_unit_test(wkt_that_proj_cannot_read),
        cmocka_unit_test(keys_or_wkt),
        cmocka_unit_test(real_files),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
