/* conversion.c - see conversion.h. */
#include "conversion.h"

#include "base/bytes.h"
#include "copc/job.h"
#include "scree/copc.h"
#include "scree/synth.h"
#include "temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[256];
char conversion_warnings[CONVERSION_WARNING_BYTES];

const char *conversion_path(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void keep_warning(void *user, enum scree_log_level level, const char *message)
{
    (void)user;
    size_t used = strlen(conversion_warnings);
    if (level == SCREE_LOG_WARNING && used + 1 < sizeof conversion_warnings)
        snprintf(conversion_warnings + used, sizeof conversion_warnings - used, "%s\n", message);
}

struct scree_context *conversion_context(unsigned threads, uint64_t memory_bytes)
{
    struct scree_context_options options;
    struct scree_context *context;
    scree_context_options_init(&options);
    options.threads = threads;
    options.memory_bytes = memory_bytes;
    options.log = keep_warning;
    conversion_warnings[0] = '\0';
    assert_int_equal(scree_context_new(&options, &context, NULL), SCREE_OK);
    return context;
}

struct scree_convert_options conversion_options(const char *const *inputs, uint64_t count,
                                                const char *output)
{
    struct scree_convert_options options;
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = count;
    options.output = output;
    options.replace = true;
    return options;
}

enum scree_status conversion_run(struct scree_context *context,
                                 const struct scree_convert_options *options,
                                 struct scree_convert_result *result, struct scree_error *err)
{
    struct scree_convert_job *job = NULL;
    enum scree_status status = scree_convert_open(context, options, &job, err);
    if (status == SCREE_OK)
        status = scree_convert_run(job, result, err);
    scree_convert_close(job);
    return status;
}

void conversion_succeeds(const struct scree_convert_options *options, unsigned threads,
                         struct scree_convert_result *result)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = conversion_context(threads, (uint64_t)1 << 30);
    struct scree_convert_result own;
    enum scree_status status =
        conversion_run(context, options, result != NULL ? result : &own, &err);
    if (status != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
}

enum scree_status conversion_fails(const struct scree_convert_options *options, char *message,
                                   size_t message_bytes)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_convert_result result;
    struct scree_context *context = conversion_context(2, (uint64_t)1 << 30);
    enum scree_status status = conversion_run(context, options, &result, &err);
    scree_context_free(context);
    assert_int_not_equal(status, SCREE_OK);
    assert_int_equal(err.status, status);
    snprintf(message, message_bytes, "%s", err.message);
    return status;
}

bool conversion_file_is_there(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

void conversion_left_nothing(const char *path)
{
    char part[600];
    snprintf(part, sizeof part, "%s.part", path);
    assert_false(conversion_file_is_there(path));
    assert_false(conversion_file_is_there(part));
}

void conversion_same_files(const char *a, const char *b)
{
    struct las_bytes first = las_bytes_of_file(a), second = las_bytes_of_file(b);
    assert_int_equal(first.count, second.count);
    assert_memory_equal(first.bytes, second.bytes, first.count);
    las_bytes_free(&first);
    las_bytes_free(&second);
}

void conversion_is_valid(const char *path)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = conversion_context(2, (uint64_t)1 << 30);
    struct scree_validate_options options;
    struct scree_validate_report report;
    struct scree_source *source;
    scree_validate_options_init(&options);
    assert_int_equal(scree_source_open_file(path, &source, &err), SCREE_OK);
    assert_int_equal(scree_validate(context, source, &options, &report, &err), SCREE_OK);
    assert_true(report.is_copc);
    assert_int_equal(report.error_count, 0);
    assert_int_equal(report.points_checked, report.point_count);
    scree_source_close(source);
    scree_context_free(context);
}

void conversion_write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

void conversion_make_file(const char *path, const struct las_recipe *recipe, const uint8_t *records)
{
    struct las_bytes file = las_make(recipe, records);
    conversion_write_file(path, file.bytes, file.count);
    las_bytes_free(&file);
}

void conversion_make_survey(const char *path, uint64_t points, uint32_t tiles, unsigned format)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = conversion_context(2, (uint64_t)1 << 30);
    struct scree_synth_options options;
    struct scree_synth_result result;
    scree_synth_options_init(&options);
    options.output = path;
    options.point_count = points;
    options.tile_count = tiles;
    options.point_format = format;
    options.replace = true;
    options.crs = "";
    if (scree_synth_run(context, &options, &result, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
}

uint64_t conversion_records(const char *path, struct las_outcome *outcome)
{
    struct scree_source *source;
    assert_int_equal(scree_source_open_file(path, &source, NULL), SCREE_OK);
    *outcome = las_read_source(source, 0, 1000);
    scree_source_close(source);
    assert_int_equal(outcome->status, SCREE_OK);
    return outcome->point_count;
}

int conversion_make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/scree-convert-XXXXXX", temporary_base());
    return mkdtemp(folder) != NULL ? 0 : -1;
}

int conversion_remove_folder(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}
