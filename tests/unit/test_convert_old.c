/*
 * test_convert_old.c - surveys of formats 0 to 3, whose records wait in memory as they are read: the same bytes as by way of scratch, where they are mapped
 * at once, also where the points turn out not to fit after they were read.
 */
#include "conversion.h"

#include "base/bytes.h"
#include "copc/job.h"
#include "copc/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PLENTY ((uint64_t)1 << 30)

/* Twins at one position with other attributes, and points of one time, are among them. */
static uint8_t *make_records(const struct las_recipe *recipe, const struct scree__copc_form *form)
{
    uint8_t *records = las_make_records(recipe);
    uint64_t random = recipe->point_format + 1;
    for (uint64_t i = 1; i < recipe->point_count; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint8_t *record = records + i * form->bytes;
        const uint8_t *other = records + (random >> 33) % i * form->bytes;
        if (random >> 20 & 3)
            memcpy(record, other, 12);
        if (form->gps_at != 0 && (random >> 22 & 1))
            memcpy(record + form->gps_at, other + form->gps_at, 8);
    }
    return records;
}

enum way { IN_MEMORY, BY_SCRATCH, READ_THEN_BY_SCRATCH };

/* As when what comes after reading has no room beside the points. */
static enum scree_status read_then_by_scratch(struct scree_convert_job *job,
                                              struct scree_convert_result *result,
                                              struct scree_error *err)
{
    struct scree__copc_read_to to;
    void *records;
    memset(&to, 0, sizeof to);
    enum scree_status status =
        scree__mem_alloc(scree__par_budget(job->context), job->plan.point_count * job->form.bytes,
                         &records, "the points", err);
    to.records = records;
    if (status == SCREE_OK)
        status = scree__copc_read(job, &to, err);
    to.largest_node = 1;
    return status == SCREE_OK ? scree__copc_build_spilled(job, &to, result, err) : status;
}

static void convert(const struct scree_convert_options *options, unsigned threads, enum way way,
                    struct scree_convert_result *result)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_convert_job *job;
    struct scree_context *context = conversion_context(threads, PLENTY);
    if (scree_convert_open(context, options, &job, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_true(scree__copc_form_waits(&job->form));
    job->batch_points = way == IN_MEMORY ? 0 : 9000;
    job->limits.leaf_max = 2000;
    job->limits.leaf_min = 40;
    memset(result, 0, sizeof *result);
    if ((way == READ_THEN_BY_SCRATCH ? read_then_by_scratch(job, result, &err)
                                     : scree_convert_run(job, result, &err)) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_true((result->scratch_bytes > 0) == (way != IN_MEMORY));
    scree_convert_close(job);
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    scree_context_free(context);
}

static void the_same_as_by_way_of_scratch(void **state)
{
    (void)state;
    for (unsigned format = 0; format <= 3; format++) {
        const struct scree__copc_form form = scree__copc_form_old(format);
        struct las_recipe recipe = {
            .version_minor = 2, .point_format = format, .point_count = 20000, .chunk_points = 1000};
        assert_int_equal(form.bytes, scree_las_format_bytes(format));
        uint8_t *records = make_records(&recipe, &form);
        struct las_bytes first = las_make(&recipe, records);
        struct las_bytes second = las_make(&recipe, records);
        /* The second one is half a tile off: its records are not on the output's grid. */
        scree__base_store_f64(second.bytes + 155, scree__base_load_f64(second.bytes + 155) + 64);
        conversion_write_file(conversion_path("a.laz"), first.bytes, first.count);
        conversion_write_file(conversion_path("b.laz"), second.bytes, second.count);
        const char *inputs[] = {conversion_path("a.laz"), conversion_path("b.laz")};
        struct scree_convert_options options =
            conversion_options(inputs, 2, conversion_path("waited.copc.laz"));
        struct scree_convert_result result;
        convert(&options, 1, IN_MEMORY, &result);
        assert_true(result.node_count > 10);
        conversion_is_valid(conversion_path("waited.copc.laz"));
        for (unsigned threads = 1; threads <= 2; threads++)
            for (enum way way = IN_MEMORY; way <= READ_THEN_BY_SCRATCH; way++) {
                /* Names are good for a few calls. */
                inputs[0] = conversion_path("a.laz");
                inputs[1] = conversion_path("b.laz");
                options = conversion_options(inputs, 2, conversion_path("other.copc.laz"));
                convert(&options, threads, way, &result);
                conversion_same_files(conversion_path("waited.copc.laz"),
                                      conversion_path("other.copc.laz"));
            }
        las_bytes_free(&first);
        las_bytes_free(&second);
        free(records);
    }
}

/* Where something else than the format changes, records do not wait. */
static void not_every_old_record_waits(void **state)
{
    (void)state;
    struct las_recipe recipe = {.version_minor = 2, .point_format = 1, .point_count = 100};
    conversion_make_file(conversion_path("one.las"), &recipe, NULL);
    recipe.point_format = 0;
    conversion_make_file(conversion_path("nought.las"), &recipe, NULL);
    recipe.extra_bytes = 3;
    conversion_make_file(conversion_path("extra.las"), &recipe, NULL);
    const char *inputs[] = {conversion_path("one.las"), conversion_path("nought.las"),
                            conversion_path("extra.las")};
    static const struct {
        unsigned first, count;
        double scale;
        bool fix_returns, waits;
    } cases[] = {{0, 1, 0, false, true},     {1, 1, 0, false, true}, {0, 2, 0, false, false},
                 {2, 1, 0, false, false},    {0, 1, 0, true, false}, {0, 1, 0.003, false, false},
                 {1, 1, 0.003, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scree_convert_options options = conversion_options(
            inputs + cases[i].first, cases[i].count, conversion_path("form.copc.laz"));
        options.fix_returns = cases[i].fix_returns;
        for (int a = 0; a < 3; a++)
            options.scale[a] = cases[i].scale;
        struct scree_convert_job *job;
        struct scree_context *context = conversion_context(1, PLENTY);
        assert_int_equal(scree_convert_open(context, &options, &job, NULL), SCREE_OK);
        assert_int_equal(scree__copc_form_waits(&job->form), cases[i].waits);
        assert_int_equal(scree_convert_run(job, NULL, NULL), SCREE_OK);
        scree_convert_close(job);
        scree_context_free(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_as_by_way_of_scratch),
                                       cmocka_unit_test(not_every_old_record_waits)};
    return cmocka_run_group_tests(tests, conversion_make_folder, conversion_remove_folder);
}
