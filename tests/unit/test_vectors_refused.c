/*
 * test_vectors_refused.c - what builds, searches and evaluations of vectors do not take, and heads of indexes, manifests and lists of deleted ids in which one field cannot
 * be, all CRCs made to fit: each is refused, and it is said which.
 */
#include "conversion.h"
#include "base/bytes.h"
#include "scree/vectors.h"
#include "simd/crc32c.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 120, DIM = 6 };

static struct scree_context *context;
static float rows[ROWS * DIM];
static char sound[300], changed[300], segmented[300], tags[300];

static struct scree_vectors_input in_memory(void)
{
    return (struct scree_vectors_input){
        .format = SCREE_VECTORS_FORMAT_F4, .dim = DIM, .memory = rows, .memory_bytes = sizeof rows};
}

static struct scree_vectors_column_options column_of(const char *name)
{
    return (struct scree_vectors_column_options){.name = name,
                                                 .input = in_memory(),
                                                 .bits = 2,
                                                 .rerank = SCREE_VECTORS_RERANK_FP32,
                                                 .list_count = 4};
}

static struct scree_vectors_build_options
build_of(const char *output, const struct scree_vectors_column_options *columns, uint32_t count)
{
    struct scree_vectors_build_options options;
    scree_vectors_build_options_init(&options);
    options.output = output;
    options.columns = columns;
    options.column_count = count;
    options.replace = true;
    return options;
}

static enum scree_status build(const struct scree_vectors_build_options *options,
                               struct scree_error *err)
{
    static struct scree_vectors_build_result result;
    struct scree_vectors_build_job *job = NULL;
    *err = (struct scree_error)SCREE_ERROR_INIT;
    enum scree_status status = scree_vectors_build_open(context, options, &job, err);
    if (status == SCREE_OK)
        status = scree_vectors_build_run(job, &result, err);
    scree_vectors_build_close(job);
    return status;
}

static void says(enum scree_status status, const struct scree_error *err, const char *part)
{
    if (status == SCREE_OK || strstr(err->message, part) == NULL)
        fail_msg("status %d, '%s' instead of '%s'", (int)status, err->message, part);
}

static void build_refused(const struct scree_vectors_build_options *options, const char *part)
{
    struct scree_error err;
    const enum scree_status status = build(options, &err);
    says(status, &err, part);
}

/* ---------------------------------------------------------------------------------------- options */

static void test_builds(void **state)
{
    struct scree_vectors_column_options columns[2] = {column_of("a"), column_of("b")};
    struct scree_vectors_build_options options = build_of(NULL, columns, 1);
    (void)state;
    build_refused(&options, "no output is named");
    options = build_of(changed, columns, 0);
    build_refused(&options, "0 columns");
    options = build_of(changed, columns, 65);
    build_refused(&options, "65 columns");
    static const char *const names[] = {"", "svx.a", "a\nb", "a\xff", "a\xc2\x80", "a\xe2\x82"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        columns[0] = column_of(names[i]);
        options = build_of(changed, columns, 1);
        build_refused(&options, "its name");
    }
    columns[0] = column_of("b");
    options = build_of(changed, columns, 2);
    build_refused(&options, "two columns are called 'b'");
    columns[0] = column_of("a");
    columns[0].bits = 9;
    options = build_of(changed, columns, 1);
    build_refused(&options, "9 bits");
    columns[0] = column_of("a");
    columns[0].metric = (enum scree_vectors_metric)7;
    build_refused(&options, "unknown metric");
    columns[0] = column_of("a");
    columns[0].list_count = UINT32_MAX;
    build_refused(&options, "lists; expected at most");
    columns[0] = column_of("a");
    columns[0].input.dim = 0;
    build_refused(&options, "--dim says how many");
    /* Nothing but NaN. */
    float kept[ROWS * DIM];
    memcpy(kept, rows, sizeof rows);
    for (size_t i = 0; i < ROWS * DIM; i++)
        rows[i] = NAN;
    columns[0] = column_of("a");
    options.skip_invalid = true;
    build_refused(&options, "without NaN or infinity");
    memcpy(rows, kept, sizeof rows);
    /* Appends: the index's own columns, each once. */
    options = build_of("", columns, 1);
    options.append = true;
    build_refused(&options, "no index is named");
    struct scree_vectors_column_options twice[2] = {column_of("a"), column_of("a")};
    options = build_of(segmented, twice, 2);
    options.append = true;
    build_refused(&options, "two columns are called 'a'");
    columns[0] = column_of("z");
    options = build_of(segmented, columns, 1);
    options.append = true;
    build_refused(&options, "z");
}

static void test_searches(void **state)
{
    struct scree_vectors_index *index = NULL;
    struct scree_vectors_search_options options;
    struct scree_vectors_eval_options eval;
    struct scree_vectors_eval_point points[SCREE_VECTORS_EVAL_POINTS];
    struct scree_error err = SCREE_ERROR_INIT;
    const struct scree_vectors_id_range backwards = {9, 3};
    uint64_t ids[10];
    float distances[10];
    uint32_t count;
    (void)state;
    struct scree_vectors_column_options columns[2] = {column_of("a"), column_of("b")};
    columns[0].rerank = SCREE_VECTORS_RERANK_NONE;
    const struct scree_vectors_build_options two = build_of(changed, columns, 2);
    assert_int_equal(build(&two, &err), SCREE_OK);
    assert_int_equal(scree_vectors_open(context, changed, NULL, &index, &err), SCREE_OK);
    scree_vectors_search_options_init(&options);
    says(scree_vectors_search(index, &options, rows, 1, ids, distances, NULL, NULL, &err), &err,
         "has 2 columns; which one?");
    err = (struct scree_error)SCREE_ERROR_INIT;
    options.column = "a";
    options.id_ranges = &backwards;
    options.id_range_count = 1;
    says(scree_vectors_search(index, &options, rows, 1, ids, distances, NULL, NULL, &err), &err,
         "a range of ids begins at 9");
    err = (struct scree_error)SCREE_ERROR_INIT;
    scree_vectors_eval_options_init(&eval);
    scree_vectors_search_options_init(&options);
    options.column = "a";
    eval.search = &options;
    says(scree_vectors_eval(index, &eval, points, &count, &err), &err, "has no rows of floats");
    err = (struct scree_error)SCREE_ERROR_INIT;
    options.column = "b";
    eval.query_count = 0;
    says(scree_vectors_eval(index, &eval, points, &count, &err), &err, "needs queries");
    scree_vectors_close(index);
    err = (struct scree_error)SCREE_ERROR_INIT;
    const struct scree_vectors_recall_info recalls[257] = {{1, 1, 1, 0.5F}};
    says(scree_vectors_recalls_store(changed, 7, recalls, 1, 5, &err), &err, "has no column 7");
    err = (struct scree_error)SCREE_ERROR_INIT;
    says(scree_vectors_recalls_store(changed, 0, recalls, 257, 5, &err), &err, "257 recalls");

    /* Merges of nothing, to nowhere, of what takes a build of two columns. */
    struct scree_vectors_merge_options merge;
    struct scree_vectors_merge_result result;
    const char *inputs[] = {changed};
    scree_vectors_merge_options_init(&merge);
    merge.inputs = inputs;
    merge.input_count = 1;
    err = (struct scree_error)SCREE_ERROR_INIT;
    says(scree_vectors_merge(context, &merge, &result, &err), &err, "no output is named");
    merge.output = changed;
    merge.input_count = 0;
    err = (struct scree_error)SCREE_ERROR_INIT;
    says(scree_vectors_merge(context, &merge, &result, &err), &err, "0 indexes");
    merge.input_count = 1;
    merge.replace = true;
    merge.retrain = true;
    err = (struct scree_error)SCREE_ERROR_INIT;
    says(scree_vectors_merge(context, &merge, &result, &err), &err, "for one column");
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* More of the nearest than are kept in order while codes are looked at: as the slow way finds them, for each row. */
static void test_many_nearest(void **state)
{
    enum { K = 50 };
    struct scree_vectors_index *index = NULL;
    struct scree_vectors_search_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    static uint64_t ids[ROWS * K];
    static float found[ROWS * K], all[ROWS];
    (void)state;
    assert_int_equal(scree_vectors_open(context, sound, NULL, &index, &err), SCREE_OK);
    scree_vectors_search_options_init(&options);
    options.k = K;
    options.nprobe = 4;
    options.deviations = 8;
    if (scree_vectors_search(index, &options, rows, ROWS, ids, found, NULL, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    for (unsigned q = 0; q < ROWS; q++) {
        for (unsigned i = 0; i < ROWS; i++) {
            all[i] = 0;
            for (unsigned d = 0; d < DIM; d++) {
                const float off = rows[q * DIM + d] - rows[i * DIM + d];
                all[i] += off * off;
            }
        }
        qsort(all, ROWS, sizeof *all, by_value);
        for (unsigned i = 0; i < K; i++)
            if (fabsf(found[q * K + i] - all[i]) > 1e-3F * (1 + all[i]))
                fail_msg("query %u: %g is %u-th, expected %g", q, (double)found[q * K + i], i,
                         (double)all[i]);
    }
    scree_vectors_close(index);
}

/* ----------------------------------------------------------------------------------------- inputs */

static void test_npy(void **state)
{
    static const struct {
        const char *head, *said; /* said NULL: taken */
    } heads[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 6), }", NULL},
        {"{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (2, 6)}", NULL},
        {"['descr']", "expected a dictionary"},
        {"{'descr' '<f4'}", "expected a key and a colon"},
        {"{'descr", "expected a key and a colon"},
        {"{descr: '<f4'}", "expected a key and a colon"},
        {"{'descr': '<f4', 'fortran_order': 0}", "expected True or False"},
        {"{'descr': '<f4', 'weight': 7}", "an unknown key"},
        {"{'descr': '<f4' 'fortran_order': False}", "expected a comma or the end"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': 12, }", "expected a shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 6), }",
         "expected a comma or the end of"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (x, 6), }", "expected the length"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "a number instead of an array"},
        {"{'descr': '<f4', 'fortran_order': False}", "is missing"},
        {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2, 6), }", "plain numbers"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 6), }", ""},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (2, 6), }", ""},
    };
    uint8_t file[10 + 118 + 48];
    const char *path = conversion_path("heads.npy");
    (void)state;
    for (size_t i = 0; i <= sizeof heads / sizeof *heads; i++) {
        const bool newer = i == sizeof heads / sizeof *heads; /* a version that there is not */
        const char *said = newer ? "version 9 of the npy format" : heads[i].said;
        struct scree_vectors_input input = {.location = path};
        struct scree_vectors_rows *opened = NULL;
        struct scree_error err = SCREE_ERROR_INIT;
        memset(file, 0, sizeof file);
        memcpy(file, "\x93NUMPY", 6);
        file[6] = newer ? 9 : 1;
        scree__base_store16(file + 8, 118);
        memset(file + 10, ' ', 117);
        file[127] = '\n';
        memcpy(file + 10, heads[newer ? 0 : i].head, strlen(heads[newer ? 0 : i].head));
        conversion_write_file(path, file, sizeof file);
        const enum scree_status status =
            scree_vectors_rows_open(context, &input, NULL, NULL, &opened, &err);
        if (said != NULL)
            says(status, &err, said);
        else if (status != SCREE_OK)
            fail_msg("%s: %s", heads[i].head, err.message);
        if (status == SCREE_OK) {
            float values[24];
            says(scree_vectors_rows_read(opened, 1, 2, values, &err), &err, "has 2 rows");
        }
        scree_vectors_rows_close(opened);
    }
}

static void test_ids_and_tags(void **state)
{
    struct scree_vectors_column_options column = column_of("a");
    struct scree_vectors_build_options options = build_of(changed, &column, 1);
    static char text[70000];
    const char *path = conversion_path("texts.txt");
    (void)state;
    memset(text, 'x', sizeof text);
    conversion_write_file(path, text, sizeof text);
    options.tags = path;
    build_refused(&options, "line 1 is longer than");
    memset(text, 'x', 300);
    text[300] = '\n';
    conversion_write_file(path, text, 301);
    build_refused(&options, "a tag of 300 bytes");
    size_t bytes = 0;
    for (int i = 0; i < 300; i++)
        bytes += (size_t)snprintf(text + bytes, sizeof text - bytes, "t%d,", i);
    text[bytes - 1] = '\n';
    conversion_write_file(path, text, bytes);
    build_refused(&options, "tags in a row");
    options.tags = NULL;
    options.ids = path;
    build_refused(&options, "");
}

/* ------------------------------------------------------------------------------------- one field */

struct field {
    unsigned at, bytes;
    uint64_t value;
    const char *said;
};

static void store(uint8_t *to, const struct field *field)
{
    if (field->bytes == 8)
        scree__base_store64(to, field->value);
    else if (field->bytes == 4)
        scree__base_store32(to, (uint32_t)field->value);
    else
        scree__base_store16(to, (uint16_t)field->value);
}

static void check_open(const char *path, const char *said, unsigned at)
{
    struct scree_vectors_index *index = NULL;
    struct scree_error err = SCREE_ERROR_INIT;
    const enum scree_status status = scree_vectors_open(context, path, NULL, &index, &err);
    scree_vectors_close(index);
    if (status == SCREE_OK || strstr(err.message, said) == NULL)
        fail_msg("byte %u: status %d, '%s' instead of '%s'", at, (int)status, err.message, said);
}

static void test_index_heads(void **state)
{
    static const struct field super[] = {
        {8, 2, 2, "version 2 of the format"},
        {12, 4, 0x80000000u, "features"},
        {24, 8, 100, "head_bytes"},
        {32, 4, 0, "column_count"},
        {32, 4, 65, "column_count"},
        {40, 8, 320, "the offset of the column table"},
        {56, 4, 5, "id_bytes"},
        {60, 4, 3, "tag_bytes"},
        {72, 8, (uint64_t)1 << 40, "the size of the tags"},
        {72, 8, 0, "the size of the tags"},
        {64, 8, 64, "the offset of the tags"},
        {96, 4, 7, "the size of the recalls"},
        {96, 4, 0x10000000, "the size of the recalls"},
    };
    static const struct field column[] = {
        {0, 4, 1, "its name cannot be"},
        {64, 4, 9, "metric"},
        {68, 4, 1, "dim"},
        {72, 4, 7, "dim"},
        {76, 4, 0, "bits"},
        {80, 4, 4, "rerank"},
        {84, 4, 0, "list_count"},
        {88, 8, (uint64_t)1 << 60, "vector_count"},
        {112, 4, 1, "rotation"},
        {104, 8, 32, "rotation"},
        {120, 8, 32, "directory"},
        {136, 8, 32, "centroids"},
        {144, 8, 64, "codes"},
        {152, 8, (uint64_t)1 << 60, "codes"},
        {168, 8, 3, "rows"},
        {160, 8, 64, "rows"},
        {184, 4, 8, "rerank"},
    };
    struct las_bytes file = las_bytes_of_file(sound);
    uint8_t *was = malloc(file.count);
    (void)state;
    memcpy(was, file.bytes, file.count);
    for (size_t i = 0; i < sizeof super / sizeof *super + sizeof column / sizeof *column; i++) {
        const bool of_column = i >= sizeof super / sizeof *super;
        const struct field *field =
            of_column ? &column[i - sizeof super / sizeof *super] : &super[i];
        memcpy(file.bytes, was, file.count);
        store(file.bytes + (of_column ? 256 : 0) + field->at, field);
        scree__base_store32(file.bytes + 36, scree__simd_crc32c(0, file.bytes + 256, 256));
        scree__base_store32(file.bytes + 252, scree__simd_crc32c(0, file.bytes, 252));
        conversion_write_file(changed, file.bytes, file.count);
        check_open(changed, field->said, field->at);
    }
    free(was);
    las_bytes_free(&file);
}

/* A file that ends in a CRC of itself, with one field after the other changed: what is said of the index that it belongs to. The file is as it was then. */
static void check_fields(const char *path, const char *index, const struct field *fields,
                         size_t count)
{
    struct las_bytes file = las_bytes_of_file(path);
    uint8_t *was = malloc(file.count);
    memcpy(was, file.bytes, file.count);
    for (size_t i = 0; i < count; i++) {
        memcpy(file.bytes, was, file.count);
        store(file.bytes + fields[i].at, &fields[i]);
        scree__base_store32(file.bytes + file.count - 4,
                            scree__simd_crc32c(0, file.bytes, file.count - 4));
        conversion_write_file(path, file.bytes, file.count);
        check_open(index, fields[i].said, fields[i].at);
    }
    conversion_write_file(path, was, file.count);
    free(was);
    las_bytes_free(&file);
}

static void test_manifests(void **state)
{
    static const struct field fields[] = {
        {8, 2, 2, "version 2"},
        {12, 4, 1, "features"},
        {16, 8, 7, "cannot be"},
        {32, 4, 0, "its number of segments cannot be"},
        {32, 4, 257, "its number of segments cannot be"},
        {40, 4, 7, "segments or recalls lie outside"},
        {48, 8, 3, "segments or recalls lie outside"},
        {36, 4, 1, "numbers of segments are not in order"},
        {64 + 32, 8, 3, "the head of a segment lies outside"},
        {64 + 48, 8, 3, "deleted ids lie outside"},
        {64 + 56, 8, (uint64_t)1 << 60, "deleted ids lie outside"},
        {64 + 96, 4, 0, "numbers of segments are not in order"},
        {64 + 40, 8, 64, "is cut off"},
    };
    (void)state;
    check_fields(segmented, segmented, fields, sizeof fields / sizeof *fields);
}

/* The file beside an index that lists what is deleted. */
static void test_deletions(void **state)
{
    static const struct field fields[] = {
        {0, 4, 7, "not a list of deleted ids"},
        {8, 4, 2, "version 2"},
        {16, 8, 1000, "ids do not make"},
    };
    const uint64_t some[] = {3, 9};
    uint64_t deleted;
    struct scree_error err = SCREE_ERROR_INIT;
    char beside[310];
    (void)state;
    struct las_bytes file = las_bytes_of_file(sound);
    conversion_write_file(changed, file.bytes, file.count);
    las_bytes_free(&file);
    assert_int_equal(scree_vectors_delete(context, changed, some, 2, &deleted, &err), SCREE_OK);
    snprintf(beside, sizeof beside, "%s.del", changed);
    check_fields(beside, changed, fields, sizeof fields / sizeof *fields);
}

static int set_up(void **state)
{
    struct scree_error err = SCREE_ERROR_INIT;
    if (conversion_make_folder(state) != 0)
        return -1;
    context = conversion_context(2, (uint64_t)64 << 20);
    for (unsigned i = 0; i < ROWS * DIM; i++)
        rows[i] = (float)(i * i % 31) - 11;
    snprintf(sound, sizeof sound, "%s", conversion_path("sound.svx"));
    snprintf(changed, sizeof changed, "%s", conversion_path("changed.svx"));
    snprintf(segmented, sizeof segmented, "%s", conversion_path("segmented.svx"));
    snprintf(tags, sizeof tags, "%s", conversion_path("tags.txt"));
    char text[ROWS * 4];
    for (unsigned i = 0; i < ROWS; i++)
        memcpy(text + 4 * i, i % 2 == 0 ? "odd\n" : "eve\n", 4);
    conversion_write_file(tags, text, sizeof text);
    struct scree_vectors_column_options column = column_of("a");
    struct scree_vectors_build_options options = build_of(sound, &column, 1);
    options.tags = tags;
    if (build(&options, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    options.output = segmented;
    assert_int_equal(build(&options, &err), SCREE_OK);
    options.append = true;
    if (build(&options, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return 0;
}

static int tear_down(void **state)
{
    scree_context_free(context);
    return conversion_remove_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builds),       cmocka_unit_test(test_searches),
        cmocka_unit_test(test_many_nearest), cmocka_unit_test(test_npy),
        cmocka_unit_test(test_ids_and_tags), cmocka_unit_test(test_index_heads),
        cmocka_unit_test(test_manifests),    cmocka_unit_test(test_deletions),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
