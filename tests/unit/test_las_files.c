/* test_las_files.c - files of other writers: good ones decode completely, twins decode to the same
 * records, bad ones end in an error or in all their points. Skipped where the files are not there.
 */
#include "las_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define BUDGET ((uint64_t)16 << 20)

static const char *const las_and_laz[] = {".las", ".laz", NULL};
static const char *const las_only[] = {".las", NULL};

/* The files of a folder of samples; skips the test when there is none. */
static void list_files(const char *folder, const char *const *endings, struct scree_path_list *list)
{
    struct scree_error err = SCREE_ERROR_INIT;
    char path[4096];
    memset(list, 0, sizeof *list);
    if (las_data_folder() == NULL) {
        print_message("no sample files: SCREE_TEST_DATA can name their folder\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/%s", las_data_folder(), folder);
    if (scree_paths_expand(path, endings, list, &err) != SCREE_OK) {
        print_message("%s\n", err.message);
        skip();
    }
}

static struct las_outcome read_file(const char *path)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source;
    if (scree_source_open_file(path, &source, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    struct las_outcome outcome = las_read_source(source, BUDGET, 4096);
    scree_source_close(source);
    return outcome;
}

static void check_good(const char *folder)
{
    struct scree_path_list list;
    list_files(folder, las_and_laz, &list);
    uint64_t points = 0;
    for (uint64_t i = 0; i < list.count; i++) {
        struct las_outcome outcome = read_file(list.paths[i]);
        if (outcome.status != SCREE_OK)
            fail_msg("%s", outcome.err.message);
        points += outcome.point_count;
        las_outcome_free(&outcome);
    }
    print_message("%s: %llu files, %llu points\n", folder, (unsigned long long)list.count,
                  (unsigned long long)points);
    scree_path_list_release(&list);
}

static void test_lidar(void **state)
{
    (void)state;
    check_good("lidar");
}

static void test_copc(void **state)
{
    (void)state;
    check_good("copc");
}

static void test_twins(void **state)
{
    (void)state;
    struct scree_path_list list;
    list_files("lidar", las_only, &list);
    unsigned twins = 0;
    for (uint64_t i = 0; i < list.count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s", list.paths[i]);
        path[strlen(path) - 1] = 'z';
        if (access(path, R_OK) != 0)
            continue;
        struct las_outcome las = read_file(list.paths[i]), laz = read_file(path);
        assert_int_equal(las.status, SCREE_OK);
        assert_int_equal(laz.status, SCREE_OK);
        assert_int_equal(las.point_count, laz.point_count);
        assert_int_equal(las.record_bytes, laz.record_bytes);
        size_t bytes = (size_t)las.point_count * las.record_bytes;
        if (bytes > 0 && memcmp(las.records, laz.records, bytes) != 0)
            fail_msg("%s: the records differ from those of the LAS file", path);
        las_outcome_free(&las);
        las_outcome_free(&laz);
        twins++;
    }
    print_message("%u twins\n", twins);
    assert_true(twins >= 10);
    scree_path_list_release(&list);
}

/* What must be refused, and what must be read in spite of its faults. Others may be either. */
static const struct {
    const char *ending;
    enum scree_status status;
} verdicts[] = {{"broken_coder.laz", SCREE_E_UNSUPPORTED},
                {"broken_compressor.laz", SCREE_E_UNSUPPORTED},
                {"broken_type.laz", SCREE_E_UNSUPPORTED},
                {"1.2-with-color-clipped.las", SCREE_E_DATA},
                {"1.2-no-points.las", SCREE_E_DATA},
                {"10_points_format_9.laz", SCREE_E_DATA},
                {"bad-ellipsoid.copc.laz", SCREE_E_DATA},
                {"_nok.laz", SCREE_E_DATA},
                {"_cut05.laz", SCREE_E_DATA},
                {"_cut50.laz", SCREE_E_DATA},
                {"_offbig.laz", SCREE_E_DATA},
                {"_offbig.las", SCREE_E_DATA},
                {"_reclen.laz", SCREE_E_DATA},
                {"_scale0.laz", SCREE_E_DATA},
                {"_scalenan.las", SCREE_E_DATA},
                {"_npts.laz", SCREE_E_DATA},
                {"_npts.las", SCREE_E_DATA},
                {"_nvlr.laz", SCREE_OK},
                {"_nvlr.las", SCREE_OK},
                {"_bbox.laz", SCREE_OK},
                {"_ctneg.laz", SCREE_OK},
                {"_ctbig.laz", SCREE_OK},
                {"_ctself.laz", SCREE_OK},
                {"_ctcount.laz", SCREE_OK},
                {"ellipsoid_pf3_draft.copc.laz", SCREE_OK},
                {"1.2-empty-geotiff-vlrs.las", SCREE_OK},
                {"bad-geotiff-keys.las", SCREE_OK},
                {"bad_vlr_count.las", SCREE_OK},
                {"malformed_extrabytes.las", SCREE_OK},
                {"gps-time-nan.las", SCREE_OK},
                {"lots_of_vlr.las", SCREE_OK},
                {"wontcompress3.las", SCREE_OK}};

static void check_verdict(const char *path, const struct las_outcome *outcome)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        size_t ending = strlen(verdicts[i].ending);
        if (length < ending || strcmp(path + length - ending, verdicts[i].ending) != 0)
            continue;
        if (outcome->status != verdicts[i].status)
            fail_msg("%s: status %d expected, it is %d: %s", path, verdicts[i].status,
                     outcome->status, outcome->err.message);
    }
    if (outcome->status != SCREE_OK && strncmp(outcome->err.message, path, length) != 0)
        fail_msg("%s: not named in: %s", path, outcome->err.message);
}

static void test_bad(void **state)
{
    (void)state;
    struct scree_path_list list;
    list_files("bad", las_and_laz, &list);
    for (uint64_t i = 0; i < list.count; i++) {
        time_t before = time(NULL);
        struct las_outcome outcome = read_file(list.paths[i]);
        if (outcome.status != SCREE_OK && outcome.status != SCREE_E_DATA &&
            outcome.status != SCREE_E_UNSUPPORTED)
            fail_msg("%s", outcome.err.message);
        check_verdict(list.paths[i], &outcome);
        assert_true(time(NULL) - before < 10);
        las_outcome_free(&outcome);
    }
    scree_path_list_release(&list);
}

static int tear_down(void **state)
{
    (void)state;
    las_tidy();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lidar), cmocka_unit_test(test_copc),
                                       cmocka_unit_test(test_twins), cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
