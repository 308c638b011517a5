/* test_enrich_report.c - a building score against class 6, counted a second time by plain pairs; the raster; warnings; texts. */
#include "base/bytes.h"
#include "enrich/report.h"
#include "las_make.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

enum { POINTS = 1500 };

struct made {
    struct las_bytes file;
    struct scree_source *source;
    struct scree_las_reader *reader;
    uint8_t *records;
    float rows[POINTS][5]; /* planarity, height, wall, roof, score */
};

enum { HEIGHT = 1, WALL, ROOF, SCORE };
enum side { ANY, WALLS, ROOFS };

static const enum scree_feature features[5] = {
    SCREE_FEATURE_PLANARITY, SCREE_FEATURE_HEIGHT_ABOVE_GROUND, SCREE_FEATURE_WALL_SCORE,
    SCREE_FEATURE_ROOF_SCORE, SCREE_FEATURE_BUILDING_SCORE};

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Scores in steps of a thousandth, so that a histogram of a thousand steps is exact. */
static void make(struct made *made, unsigned format)
{
    struct las_recipe recipe = {.version_minor = 4, .point_format = format, .point_count = POINTS};
    uint32_t state = 7;
    made->records = las_make_records(&recipe);
    const uint32_t bytes = scree_las_format_bytes(format);
    for (unsigned i = 0; i < POINTS; i++) {
        static const uint8_t classes[] = {6, 6, 1, 2, 5, 7};
        uint8_t *class = made->records + (size_t)i * bytes + (format < 6 ? 15 : 16);
        *class = classes[next(&state) % 6];
        made->rows[i][0] = 0.5F;
        made->rows[i][1] = (float)(next(&state) % 3000) / 100 - 1;
        const float high = (float)((*class == 6 ? 300 : 0) + next(&state) % 700) / 1000;
        const unsigned kind = next(&state) % 5; /* a wall, both alike, a roof */
        made->rows[i][WALL] = kind < 3 ? high : high / 2;
        made->rows[i][ROOF] = kind > 1 ? high : high / 2;
        made->rows[i][SCORE] = high;
        const bool none = next(&state) % 20 == 0;
        for (unsigned f = WALL; none && f <= SCORE; f++)
            made->rows[i][f] = SCREE_FEATURE_NO_DATA;
        if (format < 6)
            *class |= 0x80; /* withheld: not part of the class */
    }
    made->file = las_make(&recipe, made->records);
    assert_int_equal(scree_source_open_memory(made->file.bytes, made->file.count, "made.las",
                                              &made->source, NULL),
                     SCREE_OK);
    assert_int_equal(scree_las_open(made->source, NULL, &made->reader, NULL), SCREE_OK);
}

static void unmake(struct made *made)
{
    scree_las_close(made->reader);
    scree_source_close(made->source);
    las_bytes_free(&made->file);
    free(made->records);
}

/* In pieces; kept: NULL, or who frees it. */
static struct scree_enrich_result run_in(struct made *made, unsigned format, double threshold,
                                         unsigned piece, bool forwards,
                                         struct scree__enrich_report **kept)
{
    struct scree_enrich_options options;
    struct scree__enrich_report *report;
    struct scree_enrich_result result;
    scree_enrich_options_init(&options);
    options.building_threshold = threshold;
    assert_int_equal(
        scree__enrich_report_new(NULL, made->reader, &options, 1, features, 5, &report, NULL),
        SCREE_OK);
    const uint32_t bytes = scree_las_format_bytes(format);
    for (unsigned end = POINTS; end > 0; end -= piece) {
        const unsigned first = forwards ? POINTS - end : end - piece;
        scree__enrich_report_add(report, made->records + (size_t)first * bytes, bytes,
                                 made->rows[first], piece);
    }
    memset(&result, 0, sizeof result);
    result.point_count = POINTS;
    result.features = SCREE_FEATURE_BIT(SCREE_FEATURE_BUILDING_SCORE) |
                      SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND);
    assert_int_equal(scree__enrich_report_finish(report, &result, NULL), SCREE_OK);
    if (kept != NULL)
        *kept = report;
    else
        scree__enrich_report_free(report);
    return result;
}

static struct scree_enrich_result run(struct made *made, unsigned format, double threshold,
                                      struct scree__enrich_report **kept)
{
    return run_in(made, format, threshold, 500, false, kept);
}

static bool is_of(const float *row, enum side side)
{
    return side == ANY || (row[WALL] > row[ROOF]) == (side == WALLS);
}

/* The same by pairs. */
static void check(const struct made *made, unsigned format, double low, double high, enum side side,
                  double threshold, const struct scree_enrich_match *match)
{
    const uint32_t bytes = scree_las_format_bytes(format);
    uint64_t building = 0, found = 0, other = 0, false_count = 0;
    double pairs = 0;
    for (unsigned i = 0; i < POINTS; i++) {
        const unsigned class = scree__enrich_class_of(format, made->records + (size_t)i * bytes);
        const float score = made->rows[i][SCORE], height = made->rows[i][HEIGHT];
        if (score == SCREE_FEATURE_NO_DATA || class == 7 || (double)height < low ||
            (double)height >= high || !is_of(made->rows[i], side))
            continue;
        building += class == 6;
        other += class != 6;
        found += class == 6 && score >= (float)threshold;
        false_count += class != 6 && score >= (float)threshold;
        for (unsigned j = 0; j < POINTS && class == 6; j++) {
            const unsigned its = scree__enrich_class_of(format, made->records + (size_t)j * bytes);
            const float than = made->rows[j][SCORE];
            if (its == 6 || its == 7 || than == SCREE_FEATURE_NO_DATA ||
                (double)made->rows[j][HEIGHT] < low || (double)made->rows[j][HEIGHT] >= high ||
                !is_of(made->rows[j], side))
                continue;
            pairs += score > than ? 1 : score == than ? 0.5 : 0;
        }
    }
    assert_int_equal(match->building_count, building);
    assert_int_equal(match->other_count, other);
    assert_int_equal(match->found_count, found);
    assert_int_equal(match->false_count, false_count);
    assert_true(building > 20 && other > 20);
    const double precision = (double)found / (double)(found + false_count);
    const double recall = (double)found / (double)building;
    assert_true(fabs(match->precision - precision) < 1e-12);
    assert_true(fabs(match->recall - recall) < 1e-12);
    assert_true(fabs(match->f1 - 2 * precision * recall / (precision + recall)) < 1e-12);
    if (fabs(match->auc - pairs / (double)building / (double)other) > 1e-9)
        fail_msg("AUC %g, by pairs %g", match->auc, pairs / (double)building / (double)other);
}

static void test_numbers(void **state)
{
    (void)state;
    static const double limits[] = {-100, 2, 5, 10, 20, 1000};
    static struct made made;
    for (unsigned format = 1; format <= 6; format += 5) {
        make(&made, format);
        struct scree_enrich_result result = run(&made, format, 0.4, NULL);
        assert_true(result.is_judged);
        check(&made, format, -100, 1000, ANY, 0.4, &result.whole);
        for (unsigned b = 0; b < SCREE_ENRICH_BANDS; b++)
            check(&made, format, limits[b], limits[b + 1], ANY, 0.4, &result.bands[b]);
        assert_true(result.is_split);
        check(&made, format, -100, 1000, WALLS, 0.4, &result.walls);
        check(&made, format, -100, 1000, ROOFS, 0.4, &result.roofs);
        unmake(&made);
    }
}

static void test_histogram(void **state)
{
    (void)state;
    static struct made made;
    uint64_t building[SCREE_ENRICH_SCORE_BINS] = {0}, other[SCREE_ENRICH_SCORE_BINS] = {0};
    make(&made, 6);
    struct scree_enrich_result result = run(&made, 6, 0.4, NULL);
    for (unsigned i = 0; i < POINTS; i++) {
        const unsigned class = made.records[(size_t)i * 30 + 16];
        const unsigned thousandths = (unsigned)(made.rows[i][SCORE] * 1000.0F + 0.5F);
        if (made.rows[i][SCORE] != SCREE_FEATURE_NO_DATA && class != 7)
            (class == 6 ? building : other)[thousandths == 1000 ? 19 : thousandths / 50]++;
    }
    for (unsigned b = 0; b < SCREE_ENRICH_SCORE_BINS; b++) {
        assert_int_equal(result.building_scores[b], building[b]);
        assert_int_equal(result.other_scores[b], other[b]);
    }
    unmake(&made);
}

/* Neither the order of the points nor the pieces in which they come show. */
static void test_order(void **state)
{
    (void)state;
    static struct made made;
    make(&made, 6);
    const struct scree_enrich_result a = run_in(&made, 6, 0.4, 500, false, NULL),
                                     b = run_in(&made, 6, 0.4, 1, true, NULL);
    struct scree__enrich_text texts[2] = {0};
    scree__enrich_report_json(&texts[0], "a", &a);
    scree__enrich_report_json(&texts[1], "a", &b);
    assert_true(a.cluster_count > 1 && a.is_covered);
    assert_string_equal(texts[0].text, texts[1].text);
    scree__enrich_text_release(&texts[0]);
    scree__enrich_text_release(&texts[1]);
    unmake(&made);
}

static void test_texts(void **state)
{
    (void)state;
    static struct made made;
    struct scree__enrich_text json = {0}, text = {0};
    make(&made, 6);
    struct scree_enrich_result result = run(&made, 6, 0.4, NULL);
    scree__enrich_report_json(&json, "a/tile \"1\"\n\xFF.laz", &result);
    scree__enrich_report_text(&text, "a/tile.laz", &result);
    cJSON *root = cJSON_Parse(json.text);
    assert_non_null(root);
    assert_string_equal(cJSON_GetObjectItem(root, "file")->valuestring, "tile \"1\"\n\xC3\xBF.laz");
    const cJSON *building = cJSON_GetObjectItem(root, "building");
    assert_true(cJSON_GetObjectItem(building, "f1")->valuedouble == result.whole.f1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(building, "by_height")), 5);
    const cJSON *surfaces = cJSON_GetObjectItem(building, "by_surface");
    assert_true(cJSON_GetObjectItem(cJSON_GetObjectItem(surfaces, "wall"), "recall")->valuedouble ==
                result.walls.recall);
    assert_true(cJSON_GetObjectItem(cJSON_GetObjectItem(surfaces, "roof"), "auc")->valuedouble ==
                result.roofs.auc);
    const cJSON *places = cJSON_GetObjectItem(building, "disagreement");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(places, "largest")),
                     result.largest_count);
    assert_true(result.largest_count > 1);
    const cJSON *gap = cJSON_GetObjectItem(cJSON_GetObjectItem(root, "ground"), "largest_gap");
    assert_true(cJSON_GetObjectItem(gap, "radius")->valuedouble == result.gap_radius);
    const cJSON *scores = cJSON_GetObjectItem(building, "score_histogram");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(scores, "class_6")), 20);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(scores, "others")), 20);
    static const char *const words[] = {"against class 6",
                                        "like a wall",
                                        "like a roof",
                                        "disagree: ",
                                        "0.95 to 1.00",
                                        "Without a ground point of this file: a circle of ",
                                        "points of class 6 have no score"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(text.text, words[i]) == NULL)
            fail_msg("the text does not say \"%s\"", words[i]);
    cJSON_Delete(root);
    scree__enrich_text_release(&json);
    scree__enrich_text_release(&text);
    unmake(&made);
}

/* Every point that is no noise lies in the cell over it. */
static void test_map(void **state)
{
    (void)state;
    static struct made made;
    struct scree__enrich_report *report;
    make(&made, 6);
    (void)run(&made, 6, 0.4, &report);
    uint64_t points = 0, noise = 0;
    assert_non_null(report->cells);
    for (uint64_t i = 0; i < (uint64_t)report->width * report->height; i++)
        points += report->cells[i].points;
    const struct scree_las_header *header = scree_las_header(made.reader);
    for (unsigned i = 0; i < POINTS; i++) {
        const uint8_t *record = made.records + (size_t)i * 30;
        const double x = scree__base_load_i32(record) * header->scale[0] + header->offset[0];
        const double y = scree__base_load_i32(record + 4) * header->scale[1] + header->offset[1];
        const uint64_t column = (uint64_t)((x - header->min[0]) / report->cell_size);
        const uint64_t row = (uint64_t)((y - header->min[1]) / report->cell_size);
        if (record[16] == 7) {
            noise++;
            continue;
        }
        assert_true(column < report->width && row < report->height);
        assert_true(report->cells[row * report->width + column].top >=
                    scree__base_load_i32(record + 8));
    }
    assert_int_equal(points + noise, POINTS);
    scree__enrich_report_free(report);
    unmake(&made);
}

/* What a report warns of, and what it does not. */
static void expect_warnings(struct made *made, const char *wanted, const char *other)
{
    const struct scree_enrich_result result = run(made, 6, 0.4, NULL);
    if (strcmp(result.warnings, wanted) != 0)
        fail_msg("%s: warnings are \"%s\"", wanted, result.warnings);
    assert_null(strstr(result.warnings, other));
}

static void set_all(struct made *made, unsigned from, unsigned to)
{
    for (unsigned i = 0; i < POINTS; i++)
        if (made->records[(size_t)i * 30 + 16] == from)
            made->records[(size_t)i * 30 + 16] = (uint8_t)to;
}

static void test_warnings(void **state)
{
    (void)state;
    static struct made made;
    make(&made, 6);
    for (unsigned i = 0; i < POINTS; i++) /* a score that is right */
        made.rows[i][SCORE] = made.records[(size_t)i * 30 + 16] == 6 ? 0.9F : 0.1F;
    expect_warnings(&made, "", "F1");
    for (unsigned i = 0; i < POINTS; i += 2) /* and one that is wrong for every other point */
        made.rows[i][SCORE] = 1 - made.rows[i][SCORE];
    struct scree_enrich_result result = run(&made, 6, 0.4, NULL);
    char wanted[200];
    assert_true(result.whole.f1 < 0.6 && result.whole.auc < 0.85);
    snprintf(wanted, sizeof wanted,
             "F1 against class 6 is %.2f, below 0.60\nAUC against class 6 is %.2f, below 0.85",
             result.whole.f1, result.whole.auc);
    expect_warnings(&made, wanted, "cannot");
    set_all(&made, 2, 1);
    snprintf(
        wanted, sizeof wanted,
        "no point of class 2 (ground): the building score cannot be verified\nF1 against class "
        "6 is %.2f, below 0.60\nAUC against class 6 is %.2f, below 0.85",
        result.whole.f1, result.whole.auc);
    expect_warnings(&made, wanted, "(building)");
    set_all(&made, 6, 1);
    expect_warnings(
        &made,
        "no point of class 2 (ground) or 6 (building): the building score cannot be verified",
        "F1");
    set_all(&made, 5, 2);
    expect_warnings(&made, "no point of class 6 (building): the building score cannot be verified",
                    "(ground)");
    unmake(&made);
}

/* Counts that are full, and points that are nowhere, are told. */
static void test_limits(void **state)
{
    (void)state;
    static struct made made;
    struct scree__enrich_report *report;
    struct scree_enrich_result result = {.point_count = POINTS};
    make(&made, 6);
    (void)run(&made, 6, 0.4, &report);
    assert_int_equal(report->outside, 0);
    for (uint64_t i = 0; i < (uint64_t)report->width * report->height; i++)
        report->cells[i].points = UINT32_MAX;
    scree__enrich_report_add(report, made.records, 30, made.rows[0], POINTS);
    assert_true(report->overflow);
    for (uint64_t i = 0; i < (uint64_t)report->width * report->height; i++)
        assert_true(report->cells[i].points == UINT32_MAX);
    report->origin[0] += 1e6;
    scree__enrich_report_add(report, made.records, 30, made.rows[0], POINTS);
    assert_int_equal(report->outside, POINTS);
    assert_int_equal(scree__enrich_report_finish(report, &result, NULL), SCREE_OK);
    assert_non_null(strstr(result.warnings, "1500 points lie beyond the bounds"));
    assert_non_null(strstr(result.warnings, "a place has more than 4294967295 points"));
    scree__enrich_report_free(report);
    unmake(&made);
}

/* Bounds that say nothing: a raster or none, and an end. */
static void test_bounds(void **state)
{
    (void)state;
    static struct made made;
    static const double wide[] = {0, 5e-324, 1e-310, 1e300, 1e308, INFINITY, NAN, -5};
    make(&made, 6);
    struct scree_las_header *header = (struct scree_las_header *)scree_las_header(made.reader);
    for (size_t i = 0; i < 64; i++) {
        struct scree__enrich_report *report;
        header->max[0] = header->min[0] = header->max[1] = header->min[1] = 0;
        header->max[0] += wide[i % 8];
        header->max[1] += wide[i / 8];
        const struct scree_enrich_result result = run(&made, 6, 0.4, &report);
        assert_true(isfinite(wide[i % 8]) && isfinite(wide[i / 8]) && i % 8 != 7 && i / 8 != 7
                        ? report->cells != NULL
                        : report->cells == NULL);
        assert_true(report->width <= 1441 && report->height <= 1441);
        check(&made, 6, -100, 1000, ANY, 0.4, &result.whole);
        scree__enrich_report_free(report);
    }
    unmake(&made);
}

/* Noise and withheld points are no ground, but when they are told to be. */
static void test_ground(void **state)
{
    (void)state;
    static struct made made;
    make(&made, 6);
    for (unsigned told = 0; told < 4; told++) {
        struct scree_enrich_options options;
        struct scree__enrich_report *report;
        struct scree_enrich_result result = {.point_count = POINTS};
        scree_enrich_options_init(&options);
        options.ground_classes[0] = (uint64_t)1 << 7 | (uint64_t)1 << 2;
        options.noise_neighbors = told & 1;
        options.withheld_neighbors = told & 2;
        set_all(&made, 2, 1);
        made.records[16] = 7;
        made.records[30 + 16] = 2;
        made.records[30 + 15] |= 4;
        assert_int_equal(
            scree__enrich_report_new(NULL, made.reader, &options, 1, features, 5, &report, NULL),
            SCREE_OK);
        if (told < 2)
            scree__enrich_report_add(report, made.records, 30, made.rows[0], 1);
        if (told != 1)
            scree__enrich_report_add(report, made.records + 30, 30, made.rows[0], 1);
        assert_int_equal(scree__enrich_report_finish(report, &result, NULL), SCREE_OK);
        uint64_t cells = 0;
        for (uint64_t i = 0; i < (uint64_t)report->width * report->height; i++)
            cells += report->cells[i].ground;
        assert_int_equal(cells, told != 0);
        scree__enrich_report_free(report);
    }
    unmake(&made);
}

/* The places of the report are on the map: without them it is another one. */
static void test_marks(void **state)
{
    (void)state;
    static struct made made;
    struct scree__enrich_report *report;
    struct las_bytes maps[2];
    make(&made, 6);
    struct scree_enrich_result result = run(&made, 6, 0.4, &report);
    const char *path = las_temporary_path("map.png");
    assert_true(result.largest_count > 0);
    for (int i = 0; i < 2; i++, result.largest_count = 0) {
        assert_int_equal(scree__enrich_map_save(report, "a", &result, path, NULL), SCREE_OK);
        maps[i] = las_bytes_of_file(path);
    }
    assert_true(maps[0].count != maps[1].count ||
                memcmp(maps[0].bytes, maps[1].bytes, maps[0].count) != 0);
    for (int i = 0; i < 2; i++)
        las_bytes_free(&maps[i]);
    scree__enrich_report_free(report);
    unmake(&made);
}

/* A slope is its own network but for rounding; noise on it shows. The order of the points does not. */
static void test_residuals(void **state)
{
    (void)state;
    enum { SIDE = 150 };
    struct scree_las_header header = {.point_count = SIDE * SIDE};
    for (int axis = 0; axis < 3; axis++) {
        header.scale[axis] = 0.01;
        header.max[axis] = SIDE;
    }
    double p95[3];
    for (int run = 0; run < 3; run++) {
        struct scree__enrich_residuals residuals;
        struct scree__enrich_spread spread;
        assert_int_equal(scree__enrich_residuals_init(&residuals, NULL, &header, NULL), SCREE_OK);
        for (int n = 0; n < SIDE * SIDE; n++) {
            const int i = run == 2 ? SIDE * SIDE - 1 - n : n;
            uint32_t noise = (uint32_t)i * 2654435761u;
            const int32_t x = i % SIDE * 100 + (int32_t)(noise >> 16) % 90;
            const int32_t y = i / SIDE * 100 + (int32_t)(noise >> 8) % 90;
            const int32_t at[3] = {x, y, x / 4 + (run > 0 ? (int32_t)(noise >> 4) % 200 : 0)};
            scree__enrich_residuals_add(&residuals, at);
        }
        assert_int_equal(scree__enrich_residuals_finish(&residuals, &spread, NULL), SCREE_OK);
        scree__enrich_residuals_release(&residuals);
        assert_true(spread.count > 100);
        assert_true(spread.p50 <= spread.p95 && spread.p95 <= spread.most);
        p95[run] = spread.p95;
    }
    assert_true(p95[0] <= 1);
    assert_true(p95[1] > 50 && p95[1] < 200);
    assert_true(p95[1] == p95[2]);
}

/* Numbers read back the same. */
static void test_json_numbers(void **state)
{
    (void)state;
    static const double numbers[] = {0.1,          1.0 / 3,           1e300, -2.5, 0,
                                     123456789.25, 0.3048006096012192};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct scree__enrich_text text = {0};
        scree__enrich_text_add_number(&text, numbers[i]);
        assert_true(strtod(text.text, NULL) == numbers[i]);
        scree__enrich_text_release(&text);
    }
    struct scree__enrich_text text = {0};
    scree__enrich_text_add_number(&text, (double)NAN);
    assert_string_equal(text.text, "null");
    scree__enrich_text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_order),     cmocka_unit_test(test_texts),
        cmocka_unit_test(test_map),       cmocka_unit_test(test_marks),
        cmocka_unit_test(test_warnings),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_ground),    cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_residuals), cmocka_unit_test(test_json_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, las_tear_down);
}
