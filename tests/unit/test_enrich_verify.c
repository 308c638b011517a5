/*
 * test_enrich_verify.c - heights above ground that lies as ground seldom does: on one line, on two, around an empty middle, at one place, a few points of it. The run and
 * a scan of everything for each point, which share no way of finding triangles, have to agree to the bit.
 */
#include "conversion.h"
#include "scree/features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { POINTS = 400, RECORD_BYTES = 30 };

enum ground {
    ALONG_X,
    DIAGONAL,
    LINE_AND_ONE,
    TWO_LINES,
    HOLLOW,
    ONE_PLACE,
    ONE,
    TWO,
    THREE,
    FOUR,
    NOBODY
};

static uint32_t noise;

static int32_t some(int32_t below)
{
    noise = noise * 1664525u + 1013904223u;
    return (int32_t)(noise >> 8) % below;
}

/* Units of a centimetre; ground in every second record as long as there is some left to place. */
static bool place_ground(enum ground ground, unsigned i, int32_t at[3])
{
    const int32_t along = some(4000);
    at[2] = some(50);
    at[0] = along;
    at[1] = 2000;
    switch (ground) {
    case ALONG_X:
        return true;
    case DIAGONAL:
        at[1] = along;
        return true;
    case LINE_AND_ONE:
        at[1] = i == 100 ? 2500 : 2000;
        return true;
    case TWO_LINES:
        at[1] = i % 4 == 0 ? 1000 : 3000;
        return true;
    case HOLLOW: /* the rim of a square */
        at[i / 2 % 2] = along;
        at[1 - i / 2 % 2] = i % 8 < 4 ? 0 : 4000;
        return true;
    case ONE_PLACE:
        at[0] = at[1] = 2000;
        return true;
    case NOBODY:
        return false;
    default:
        at[1] = some(4000);
        return i / 2 < (unsigned)(ground - ONE) + 1;
    }
}

static void make_input(const char *path, enum ground ground)
{
    const struct las_recipe recipe = {
        .version_minor = 4, .point_format = 6, .point_count = POINTS, .chunk_points = 150};
    uint8_t *records = las_make_records(&recipe);
    noise = 7 + (uint32_t)ground;
    for (unsigned i = 0; i < POINTS; i++) {
        uint8_t *record = records + (size_t)i * RECORD_BYTES;
        int32_t at[3] = {0, 0, 0};
        const bool is_ground = i % 2 == 0 && place_ground(ground, i, at);
        if (!is_ground) { /* above: anywhere, on the lines, at their ends, at one place */
            at[0] = i % 5 == 0 ? 2000 : i % 7 == 0 ? 0 : some(4000);
            at[1] = i % 3 == 0 ? 2000 : i % 11 == 0 ? at[0] : some(4000);
            at[2] = 100 + some(900);
        }
        memcpy(record, at, sizeof at);
        record[14] = 0x11;
        record[15] = 0;
        record[16] = is_ground ? 2 : 1;
    }
    conversion_make_file(path, &recipe, records);
    free(records);
}

static void check(const char *input, enum ground ground, enum scree_ground_mode mode, double reach,
                  double cell)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = conversion_context(3, (uint64_t)64 << 20);
    struct scree_enrich_options options;
    struct scree_enrich_result result;
    struct scree_enrich_job *job = NULL;
    scree_enrich_options_init(&options);
    options.input = input;
    options.output = conversion_path("out.laz");
    options.replace = true;
    options.neighbors = SCREE_NEIGHBORS_NONE;
    options.features = SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND);
    options.ground_mode = mode;
    options.ground_reach = reach;
    options.ground_cell = cell;
    options.verify_count = POINTS;
    if (scree_enrich_open(context, &options, &job, &err) != SCREE_OK ||
        scree_enrich_run(job, &result, &err) != SCREE_OK)
        fail_msg("ground %d, mode %d, reach %g: %s", (int)ground, (int)mode, reach, err.message);
    assert_int_equal(result.verified_count, POINTS);
    if (ground == NOBODY)
        assert_int_equal(result.no_data[SCREE_FEATURE_HEIGHT_ABOVE_GROUND], POINTS);
    else if (reach > 60)
        assert_int_equal(result.no_data[SCREE_FEATURE_HEIGHT_ABOVE_GROUND], 0);
    scree_enrich_close(job);
    scree_context_free(context);
}

static void test_ground(void **state)
{
    static const enum scree_ground_mode modes[3] = {SCREE_GROUND_TIN, SCREE_GROUND_NEAREST,
                                                    SCREE_GROUND_IDW};
    char input[300];
    (void)state;
    snprintf(input, sizeof input, "%s", conversion_path("ground.laz"));
    for (int ground = ALONG_X; ground <= NOBODY; ground++) {
        make_input(input, (enum ground)ground);
        for (int i = 0; i < 9; i++)
            check(input, (enum ground)ground, modes[i % 3], i < 3 ? 100 : 12, i < 6 ? 0 : 1.7);
    }
    unlink(input);
    unlink(conversion_path("out.laz"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ground)};
    return cmocka_run_group_tests(tests, conversion_make_folder, conversion_remove_folder);
}
