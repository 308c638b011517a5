/* test_slow_enrich_files.c - the promises of test_enrich_rewrite.c on every sample file. */
#include "enrich_made.h"
#include "scree/copc.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

static uint64_t errors_of(const struct las_bytes *file)
{
    struct scree_validate_options options;
    struct scree_validate_report report;
    struct scree_context *context;
    struct scree_source *source;
    scree_validate_options_init(&options);
    assert_int_equal(scree_context_new(NULL, &context, NULL), SCREE_OK);
    assert_int_equal(scree_source_open_memory(file->bytes, file->count, "made", &source, NULL),
                     SCREE_OK);
    assert_int_equal(scree_validate(context, source, &options, &report, NULL), SCREE_OK);
    scree_source_close(source);
    scree_context_free(context);
    return report.error_count;
}

/* Enrichment breaks no rule that the file did not break before. */
static void check_rules(const struct las_bytes *file, const char *name)
{
    struct made_change made;
    made_change(&made, scree_enrich_mode_features(SCREE_ENRICH_BUILDING), true, false, 3);
    struct las_bytes out = made_rewrite_well(file, &made);
    const uint64_t before = errors_of(file), after = errors_of(&out);
    if (after > before)
        fail_msg("%s: %d errors before, %d after", name, (int)before, (int)after);
    las_bytes_free(&out);
}

static unsigned check_folder(const char *folder)
{
    DIR *stream = opendir(folder);
    unsigned count = 0;
    if (stream == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        char path[1200];
        const size_t length = strlen(entry->d_name);
        if (length < 4 || (strcasecmp(entry->d_name + length - 4, ".las") != 0 &&
                           strcasecmp(entry->d_name + length - 4, ".laz") != 0))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        struct las_bytes file = las_bytes_of_file(path);
        if (file.count < (size_t)6 << 20) {
            printf("%s\n", path);
            made_check_all(&file, entry->d_name, (struct made_run){2, (uint64_t)512 << 20});
            check_rules(&file, entry->d_name);
            count++;
        }
        las_bytes_free(&file);
    }
    closedir(stream);
    return count;
}

static void test_files(void **state)
{
    (void)state;
    static const char *const folders[] = {"lidar", "copc"};
    char path[1100];
    if (las_data_folder() == NULL)
        skip();
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", las_data_folder(), folders[i]);
        assert_true(check_folder(path) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
