/*
 * The validator on files of others: sound ones have no error but those that they are known for,
 * damaged ones are survived. Skipped where the files are not there.
 */
#include "las_make.h"
#include "par/context.h"
#include "scree/copc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

static const char *const las_and_laz[] = {".las", ".laz", NULL};

struct heard {
    char errors[8192]; /* rules of errors, each once: "R5 S1 " */
    char all[65536];
    size_t used;
};

static void hear(void *user, const struct scree_finding *finding)
{
    struct heard *heard = user;
    char rule[64];
    (void)snprintf(rule, sizeof rule, "%s ", finding->rule);
    if (finding->severity == SCREE_FINDING_ERROR && strstr(heard->errors, rule) == NULL)
        strncat(heard->errors, rule, sizeof heard->errors - strlen(heard->errors) - 1);
    int n = snprintf(heard->all + heard->used, sizeof heard->all - heard->used, "%s %s\n",
                     finding->rule, finding->message);
    assert_true(n > 0 && (size_t)n < sizeof heard->all - heard->used);
    heard->used += (size_t)n;
}

/* Under a budget that no file's own claims may exceed; all of it is given back. */
static void judge(const char *path, unsigned threads, bool shallow, struct heard *heard,
                  struct scree_validate_report *report)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context_options context_options;
    scree_context_options_init(&context_options);
    context_options.threads = threads;
    context_options.memory_bytes = 64u << 20;
    struct scree_context *context;
    struct scree_source *source = NULL;
    if (scree_context_new(&context_options, &context, &err) != SCREE_OK ||
        scree_source_open_file(path, &source, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    struct scree_validate_options options;
    scree_validate_options_init(&options);
    options.shallow = shallow;
    options.user = heard;
    options.finding = hear;
    memset(heard, 0, sizeof *heard);
    if (scree_validate(context, source, &options, report, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    scree_source_close(source);
    scree_context_free(context);
}

static void list_files(const char *folder, struct scree_path_list *list)
{
    struct scree_error err = SCREE_ERROR_INIT;
    char path[4096];
    memset(list, 0, sizeof *list);
    if (las_data_folder() == NULL) {
        print_message("no sample files: SCREE_TEST_DATA can name their folder\n");
        skip();
    }
    (void)snprintf(path, sizeof path, "%s/%s", las_data_folder(), folder);
    if (scree_paths_expand(path, las_and_laz, list, &err) != SCREE_OK) {
        print_message("%s\n", err.message);
        skip();
    }
}

/* What is truly wrong with published files, each looked at. */
static const char *known_errors(const char *path)
{
    static const struct {
        const char *name, *errors;
    } known[] = {
        /* an early PDAL: the range in the info VLR is [42, 42], times go up to 42.99999 */
        {"/ellipsoid.copc.laz", "COPC-gps-range "},
        /* a WKT record of 0 bytes */
        {"/rgb16.copc.laz", "R5 "},
        /* header: no point of returns 1 to 4; there are 9,900 of each */
        {"/test_data_pixel_point.copc.laz", "LAS-return-counts "},
        /* made by a program: the counts by return are not those of the points */
        {"/10_points_with_extra_bytes_format_", "LAS-return-counts "},
        /* header of LAS 1.3: what stands where counts by return are is text */
        {"/fwf.laz", "LAS-return-sum LAS-return-counts "},
        /* bounds in units of 0.001 */
        {"/simple1_3.las", "LAS-bounds-points "},
        /* formats 7 and 6 without the bit that says WKT; all return numbers are 0 */
        {"/simple1_4.las", "LAS-wkt-bit LAS-return-counts "},
        {"/unregistered_extra_bytes.las", "LAS-wkt-bit "},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strstr(path, known[i].name) != NULL)
            return known[i].errors;
    }
    return "";
}

static void published_files_pass(void **state)
{
    (void)state;
    static struct heard one, four;
    struct scree_path_list list;
    list_files("copc", &list);
    for (uint64_t i = 0; i < list.count; i++) {
        struct scree_validate_report report;
        judge(list.paths[i], 1, false, &one, &report);
        assert_true(report.is_copc && report.is_laz);
        assert_int_equal(report.points_checked, report.point_count);
        if (strcmp(one.errors, known_errors(list.paths[i])) != 0)
            fail_msg("%s:\n%s", list.paths[i], one.all);
        judge(list.paths[i], 4, false, &four, &report);
        assert_string_equal(one.all, four.all);
        judge(list.paths[i], 2, true, &four, &report);
        assert_int_equal(report.points_checked, report.node_count);
    }
    scree_path_list_release(&list);
}

/* All of them; the largest once. */
static void published_surveys_pass(void **state)
{
    (void)state;
    static struct heard one, four;
    struct scree_path_list list;
    struct stat info;
    list_files("lidar", &list);
    assert_true(list.count > 100);
    for (uint64_t i = 0; i < list.count; i++) {
        struct scree_validate_report report;
        assert_int_equal(stat(list.paths[i], &info), 0);
        judge(list.paths[i], info.st_size > 4 << 20 ? 4 : 1, false, &one, &report);
        assert_int_equal(report.points_checked, report.point_count);
        if (strcmp(one.errors, known_errors(list.paths[i])) != 0)
            fail_msg("%s:\n%s", list.paths[i], one.all);
        if (info.st_size > 4 << 20)
            continue;
        judge(list.paths[i], 4, false, &four, &report);
        assert_string_equal(one.all, four.all);
    }
    scree_path_list_release(&list);
}

static void damaged_files_are_survived(void **state)
{
    (void)state;
    static struct heard one, four;
    struct scree_path_list list;
    list_files("bad", &list);
    for (uint64_t i = 0; i < list.count; i++) {
        struct scree_validate_report report;
        const time_t begun = time(NULL);
        judge(list.paths[i], 1, false, &one, &report);
        judge(list.paths[i], 4, false, &four, &report);
        assert_string_equal(one.all, four.all);
        judge(list.paths[i], 1, true, &four, &report);
        if (time(NULL) - begun > 30)
            fail_msg("%s took too long", list.paths[i]);
        const char *made = strstr(list.paths[i], "/syn_simple_with_page");
        if (made != NULL && report.error_count == 0 && one.errors[0] == 0 &&
            strstr(made, "_hdr") == NULL)
            fail_msg("%s: no error\n%s", list.paths[i], one.all);
    }
    scree_path_list_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_files_pass),
        cmocka_unit_test(published_surveys_pass),
        cmocka_unit_test(damaged_files_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
