/* Random questions of larger files and of files that other programs wrote, answered by the query and by looking at every point. */
#include "query_naive.h"
#include "las_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static uint64_t ask_many(const char *path, uint64_t first, unsigned count)
{
    struct naive_file file;
    struct naive_question question;
    uint64_t points = 0;
    naive_open(&file, path);
    for (uint64_t seed = first; seed < first + count && file.count > 0; seed++) {
        naive_ask(&question, &file, seed);
        points += naive_compare(&file, &question, seed, 1u << seed % 3);
    }
    naive_close(&file);
    return points;
}

static void of_made_octrees(void **state)
{
    (void)state;
    char path[256];
    for (unsigned format = 6; format <= 8; format++) {
        snprintf(path, sizeof path, "%s", naive_make_copc(format, 150000, 2000, "q.copc.laz"));
        assert_true(ask_many(path, 100000 + format * 1000, 250) > 0);
        unlink(path);
    }
}

static void of_files(const char *folder, const char *const *names, unsigned count)
{
    char path[512];
    if (las_data_folder() == NULL) {
        printf("no sample files: SCREE_TEST_DATA is not set\n");
        skip();
    }
    for (unsigned i = 0; names[i] != NULL; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", las_data_folder(), folder, names[i]);
        if (access(path, R_OK) != 0) {
            printf("%s is not there\n", path);
            skip();
        }
        assert_true(ask_many(path, 200000 + i * 1000, count) > 0);
    }
}

/* By PDAL, untwine, LAStools and others: the manifest says who. */
static void of_foreign_octrees(void **state)
{
    (void)state;
    static const char *const names[] = {"1.2-with-color.copc.laz",
                                        "autzen.copc.laz",
                                        "autzen_clip_native.copc.laz",
                                        "ellipsoid.copc.laz",
                                        "ellipsoid_eb8.copc.laz",
                                        "example.copc.laz",
                                        "ign_buildings_pf8.copc.laz",
                                        "lone-star.copc.laz",
                                        "rgb.copc.laz",
                                        "rgb16.copc.laz",
                                        "simple_with_page.copc.laz",
                                        "test_data_pixel_point.copc.laz",
                                        NULL};
    of_files("copc", names, 40);
}

static void of_foreign_files(void **state)
{
    (void)state;
    static const char *const names[] = {"point-version-1-point-wise.laz",
                                        "TO_core_last_zoom.laz",
                                        "fullwave.laz",
                                        "fwf.laz",
                                        "extrabytes.las",
                                        "extrabytes.laz",
                                        "pdrf5-1.3.laz",
                                        "pdrf9-1.4.laz",
                                        "pdrf10-1.4.laz",
                                        "point-time-color.las",
                                        "las_with_origin_dsmMarker.laz",
                                        "test_data_77055_627755_LA93_IGN69_extra_dims.laz",
                                        "ellipsoid-1.4.laz",
                                        NULL};
    of_files("lidar", names, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_made_octrees),
        cmocka_unit_test(of_foreign_octrees),
        cmocka_unit_test(of_foreign_files),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    las_tidy();
    return failed;
}
