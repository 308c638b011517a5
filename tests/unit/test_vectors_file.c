/*
 * test_vectors_file.c - files of vectors and index files: every format gives the same index, whatever threads, budget or level; inputs that cannot be are
 * refused before there is an output; every changed or missing byte of an index is noticed.
 */
#include "context.h"
#include "scree/vectors.h"
#include "base/bytes.h"
#include "simd/level.h"
#include "vectors/half.h"
#include "temporary.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROWS 700u
#define DIM 9u
#define K 6u

static char folder[64];
static float values[ROWS * DIM]; /* whole numbers from 0 to 255 */

struct bytes {
    uint8_t *bytes;
    size_t count;
};

static void path_of(char path[200], const char *name)
{
    snprintf(path, 200, "%s/%s", folder, name);
}

static void write_file(const char *name, const void *bytes, size_t count)
{
    char path[200];
    path_of(path, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static struct bytes read_file(const char *name)
{
    char path[200];
    struct bytes b;
    path_of(path, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    b.count = (size_t)ftell(file);
    rewind(file);
    b.bytes = malloc(b.count + 1);
    assert_non_null(b.bytes);
    assert_int_equal(fread(b.bytes, 1, b.count, file), b.count);
    fclose(file);
    return b;
}

static bool is_there(const char *name)
{
    char path[200];
    path_of(path, name);
    return access(path, F_OK) == 0;
}

/* ------------------------------------------------------------------------------------------ build */

struct way {
    unsigned threads;
    uint64_t memory_bytes;
    const char *level;
};

/* Column options whose input is `name` in the folder. */
static enum scree_status build(const char *output, struct scree_vectors_column_options *columns,
                               uint32_t count, struct scree_vectors_build_options *more,
                               const struct way *way, struct scree_vectors_build_result *result,
                               struct scree_error *err)
{
    char paths[2][200], out[200], ids[200], tags[200];
    struct scree_vectors_build_options options;
    struct scree_vectors_build_result unused;
    struct scree_vectors_column_options own[2];
    scree_vectors_build_options_init(&options);
    if (more != NULL)
        options = *more;
    for (uint32_t i = 0; i < count; i++) {
        own[i] = columns[i];
        path_of(paths[i], columns[i].input.location);
        own[i].input.location = paths[i];
    }
    path_of(out, output);
    if (options.ids != NULL) {
        path_of(ids, options.ids);
        options.ids = ids;
    }
    if (options.tags != NULL) {
        path_of(tags, options.tags);
        options.tags = tags;
    }
    options.output = out;
    options.replace = true;
    options.columns = own;
    options.column_count = count;
    struct scree_context *context = way != NULL ? context_with(way->threads, way->memory_bytes)
                                                : context_with(1, (uint64_t)128 << 20);
    struct scree_vectors_build_job *job = NULL;
    enum scree_status status = scree_vectors_build_open(context, &options, &job, err);
    if (status == SCREE_OK)
        status = scree_vectors_build_run(job, result != NULL ? result : &unused, err);
    scree_vectors_build_close(job);
    scree_context_free(context);
    return status;
}

static struct scree_vectors_column_options column_of(const char *input)
{
    return (struct scree_vectors_column_options){.name = "v",
                                                 .input = {.location = input},
                                                 .metric = SCREE_VECTORS_L2,
                                                 .bits = 1,
                                                 .rerank = SCREE_VECTORS_RERANK_FP32,
                                                 .list_count = 7};
}

/* ---------------------------------------------------------------------------------------- formats */

static size_t put_npy(uint8_t *to, const char *type, unsigned rows, unsigned dim, unsigned version)
{
    char text[128];
    int length =
        snprintf(text, sizeof text,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (%u, %u), }\n", type, rows, dim);
    memcpy(to, "\x93NUMPY", 6);
    to[6] = (uint8_t)version;
    to[7] = 0;
    if (version == 1)
        scree__base_store16(to + 8, (uint16_t)length);
    else
        scree__base_store32(to + 8, (uint32_t)length);
    size_t at = version == 1 ? 10 : 12;
    memcpy(to + at, text, (size_t)length);
    return at + (size_t)length;
}

static uint8_t *put_value(uint8_t *p, float value, unsigned kind)
{
    switch (kind) {
    case 4:
        memcpy(p, &value, 4);
        return p + 4;
    case 2:
        scree__base_store16(p, scree__vectors_float_to_half(value));
        return p + 2;
    case 8:
        scree__base_store_f64(p, value);
        return p + 8;
    default:
        *p = (uint8_t)value;
        return p + 1;
    }
}

/* prefix: each row begins with its dim. */
static void write_rows(const char *name, const uint8_t *head, size_t head_bytes, bool prefix,
                       unsigned kind)
{
    uint8_t *bytes = malloc(head_bytes + ROWS * (4 + 8 * DIM)), *p = bytes;
    assert_non_null(bytes);
    memcpy(p, head, head_bytes);
    p += head_bytes;
    for (unsigned i = 0; i < ROWS; i++) {
        if (prefix) {
            scree__base_store32(p, DIM);
            p += 4;
        }
        for (unsigned d = 0; d < DIM; d++)
            p = put_value(p, values[i * DIM + d], kind);
    }
    write_file(name, bytes, (size_t)(p - bytes));
    free(bytes);
}

static void write_formats(void)
{
    uint8_t head[256];
    const uint8_t none = 0;
    write_rows("v.fvecs", &none, 0, true, 4);
    write_rows("v.bvecs", &none, 0, true, 1);
    write_rows("v.f4", &none, 0, false, 4);
    write_rows("v.f2", &none, 0, false, 2);
    write_rows("v.f8", &none, 0, false, 8);
    write_rows("v.u1", &none, 0, false, 1);
    write_rows("v4.npy", head, put_npy(head, "<f4", ROWS, DIM, 1), false, 4);
    write_rows("v2.npy", head, put_npy(head, "<f2", ROWS, DIM, 2), false, 2);
    write_rows("v8.npy", head, put_npy(head, "<f8", ROWS, DIM, 3), false, 8);
    write_rows("v1.npy", head, put_npy(head, "|u1", ROWS, DIM, 1), false, 1);
    scree__base_store32(head, ROWS);
    scree__base_store32(head + 4, DIM);
    write_rows("v.fbin", head, 8, false, 4);
    write_rows("v.u8bin", head, 8, false, 1);
}

static void every_format_gives_the_same(void **state)
{
    static const struct {
        const char *name;
        enum scree_vectors_format format;
    } inputs[] = {{"v.fvecs", SCREE_VECTORS_FORMAT_AUTO}, {"v.bvecs", SCREE_VECTORS_FORMAT_AUTO},
                  {"v4.npy", SCREE_VECTORS_FORMAT_AUTO},  {"v2.npy", SCREE_VECTORS_FORMAT_AUTO},
                  {"v8.npy", SCREE_VECTORS_FORMAT_AUTO},  {"v1.npy", SCREE_VECTORS_FORMAT_AUTO},
                  {"v.fbin", SCREE_VECTORS_FORMAT_AUTO},  {"v.u8bin", SCREE_VECTORS_FORMAT_AUTO},
                  {"v.f4", SCREE_VECTORS_FORMAT_F4},      {"v.f2", SCREE_VECTORS_FORMAT_F2},
                  {"v.f8", SCREE_VECTORS_FORMAT_F8},      {"v.u1", SCREE_VECTORS_FORMAT_U1}};
    struct bytes first = {NULL, 0};
    (void)state;
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_vectors_column_options column = column_of(inputs[i].name);
        column.input.format = inputs[i].format;
        column.input.dim = inputs[i].format != SCREE_VECTORS_FORMAT_AUTO ? DIM : 0;
        if (build("o.svx", &column, 1, NULL, NULL, NULL, &err) != SCREE_OK)
            fail_msg("%s: %s", inputs[i].name, err.message);
        struct bytes now = read_file("o.svx");
        if (i == 0) {
            first = now;
            continue;
        }
        if (now.count != first.count || memcmp(now.bytes, first.bytes, now.count) != 0)
            fail_msg("%s: another index", inputs[i].name);
        free(now.bytes);
    }
    free(first.bytes);
}

/* Two columns, all pieces of the format. */
static void rich_columns(struct scree_vectors_column_options *columns)
{
    columns[0] = column_of("v.fvecs");
    columns[0].metric = SCREE_VECTORS_COSINE;
    columns[0].bits = 4;
    columns[0].rerank = SCREE_VECTORS_RERANK_SQ8;
    columns[1] = column_of("v.fvecs");
    columns[1].name = "other";
    columns[1].metric = SCREE_VECTORS_IP;
    columns[1].rerank = SCREE_VECTORS_RERANK_FP16;
}

static void same_bytes_always(void **state)
{
    static const struct way ways[] = {{1, (uint64_t)64 << 20, "plain"},
                                      {2, (uint64_t)64 << 20, NULL},
                                      {3, (uint64_t)96 << 20, NULL},
                                      {4, (uint64_t)1 << 30, "avx2"}};
    struct bytes first = {NULL, 0};
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_vectors_column_options columns[2];
        struct scree_vectors_build_options options;
        scree_vectors_build_options_init(&options);
        options.tags = "tags";
        options.ids = "ids";
        rich_columns(columns);
        if (scree_cpu_force(ways[i].level, NULL) != SCREE_OK)
            continue;
        enum scree_status status = build("o.svx", columns, 2, &options, &ways[i], NULL, &err);
        assert_int_equal(scree_cpu_force(NULL, NULL), SCREE_OK);
        if (status != SCREE_OK)
            fail_msg("%s", err.message);
        struct bytes now = read_file("o.svx");
        if (first.bytes == NULL) {
            first = now;
            continue;
        }
        assert_int_equal(now.count, first.count);
        assert_memory_equal(now.bytes, first.bytes, now.count);
        free(now.bytes);
    }
    free(first.bytes);
}

/* ------------------------------------------------------------------------------- what is refused */

struct refused {
    const char *name, *text;
    size_t bytes;
    enum scree_status status;
    const char *says;
};

#define NPY(text) "\x93NUMPY\1\0\x60\0" text

static void inputs_that_cannot_be(void **state)
{
    static const struct refused cases[] = {
        {"a.fvecs", "", 0, SCREE_E_DATA, "no vectors"},
        {"a.fvecs", "\2\0\0\0abcdabc", 11, SCREE_E_DATA, "truncated"},
        {"a.fvecs", "\1\0\0\0abcd", 8, SCREE_E_DATA, "expected 2 to 65536"},
        {"a.fvecs", "\xff\xff\xff\xff", 4, SCREE_E_DATA, "expected 2 to 65536"},
        {"a.bvecs", "\2\0\0\0ab\3\0\0\0ab", 12, SCREE_E_DATA, "row 1 at byte 6 has 3"},
        {"a.fbin", "\2\0\0\0\2\0\0\0aaaa", 12, SCREE_E_DATA, "truncated"},
        {"a.fbin", "\xff\xff\xff\xff\0\0\1\0", 8, SCREE_E_DATA, "truncated"},
        {"a.u8bin", "\1\0\0\0\2\0\0\0abc", 11, SCREE_E_DATA, "lie behind"},
        {"a.u8bin", "\0\0\0\0\2\0\0\0", 8, SCREE_E_DATA, "holds no vectors"},
        {"a.npy", "\x93NUMPX\1\0", 8, SCREE_E_DATA, "truncated"},
        {"a.npy", "not numbers at all", 18, SCREE_E_DATA, "does not begin like"},
        {"a.npy", "\x93NUMPY\1\0\xff\xff{'descr'", 18, SCREE_E_DATA, "truncated"},
        {"a.npy", "\x93NUMPY\2\0\xff\xff\xff\xff{'descr'", 20, SCREE_E_DATA, "truncated"},
        {"a.npy",
         NPY("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }                "
             "                               abcdefgh"),
         114, SCREE_E_UNSUPPORTED, "Fortran"},
        {"a.npy",
         NPY("{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615, "
             "65536), }                      abcdefgh"),
         114, SCREE_E_DATA, "cannot be"},
        {"a.npy",
         NPY("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, "
             "2), }                          abcdefgh"),
         114, SCREE_E_DATA, "length of an axis"},
        {"a.npy",
         NPY("{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2), }               "
             "                               abcdefgh"),
         114, SCREE_E_UNSUPPORTED, "type >f4"},
        {"a.npy",
         NPY("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 1), }            "
             "                               abcdefgh"),
         114, SCREE_E_UNSUPPORTED, "two axes"},
        {"a.npy",
         NPY("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }                 "
             "                               abcdefgh"),
         114, SCREE_E_DATA, "1 axes"},
        {"a.npy",
         NPY("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }               "
             "                               abcdefgh"),
         114, SCREE_E_UNSUPPORTED, "type <i4"},
        {"a.unknown", "abcd", 4, SCREE_E_ARGUMENT, "--format"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_vectors_column_options column = column_of(cases[i].name);
        write_file(cases[i].name, cases[i].text, cases[i].bytes);
        enum scree_status status = build("none.svx", &column, 1, NULL, NULL, NULL, &err);
        if (status != cases[i].status || strstr(err.message, cases[i].says) == NULL)
            fail_msg("case %zu: status %d, '%s'; expected %d, '%s'", i, status, err.message,
                     cases[i].status, cases[i].says);
        assert_false(is_there("none.svx"));
        assert_false(is_there("none.svx.part"));
    }
}

static void names_and_settings(void **state)
{
    static const struct {
        const char *name, *says;
    } names[] = {{"", "is empty"},
                 {"svx.mine", "reserved"},
                 {"tab\there", "control"},
                 {"\xc2\x85", "control"},
                 {"\xff", "UTF-8"},
                 {"\xe2\x82", "UTF-8"},
                 {"0123456789012345678901234567890123456789012345678901234567890123+", "64 bytes"},
                 {"other", "two columns"}};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_vectors_column_options columns[2];
        rich_columns(columns);
        columns[0].name = names[i].name;
        assert_int_equal(build("none.svx", columns, 2, NULL, NULL, NULL, &err), SCREE_E_ARGUMENT);
        if (strstr(err.message, names[i].says) == NULL)
            fail_msg("'%s', expected '%s'", err.message, names[i].says);
    }
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_vectors_column_options columns[2];
    rich_columns(columns);
    write_file("few.bvecs", "\2\0\0\0ab", 6);
    columns[1].input.location = "few.bvecs";
    assert_int_equal(build("none.svx", columns, 2, NULL, NULL, NULL, &err), SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "1 rows, but column 'v' has 700"));
    err = (struct scree_error)SCREE_ERROR_INIT;
    struct scree_vectors_column_options column = column_of("v.fvecs");
    column.input.dim = DIM + 1;
    assert_int_equal(build("none.svx", &column, 1, NULL, NULL, NULL, &err), SCREE_E_ARGUMENT);
    assert_non_null(strstr(err.message, "expected 10"));
    err = (struct scree_error)SCREE_ERROR_INIT;
    column = column_of("v.fvecs");
    const struct way small = {1, (uint64_t)63 << 20, NULL};
    assert_int_equal(build("none.svx", &column, 1, NULL, &small, NULL, &err), SCREE_E_BUDGET);
    assert_int_equal(err.need_bytes, (uint64_t)64 << 20);
    assert_false(is_there("none.svx"));
}

static void rows_that_are_no_numbers(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY, 2e16f};
    static const char *const says[] = {"NaN", "infinite", "infinite", "beyond 1e16"};
    uint8_t head[256];
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_vectors_build_options options;
        struct scree_vectors_build_result result;
        struct scree_vectors_column_options column = column_of("bad.npy");
        float kept = values[300 * DIM + 4], kept_too = values[600 * DIM];
        values[300 * DIM + 4] = bad[i];
        values[600 * DIM] = bad[i];
        write_rows("bad.npy", head, put_npy(head, "<f4", ROWS, DIM, 1), false, 4);
        values[300 * DIM + 4] = kept;
        values[600 * DIM] = kept_too;
        assert_int_equal(build("none.svx", &column, 1, NULL, NULL, NULL, &err), SCREE_E_DATA);
        if (strstr(err.message, "row 300, column 4") == NULL ||
            strstr(err.message, says[i]) == NULL)
            fail_msg("'%s'", err.message);
        assert_false(is_there("none.svx"));
        err = (struct scree_error)SCREE_ERROR_INIT;
        scree_vectors_build_options_init(&options);
        options.skip_invalid = true;
        if (build("skip.svx", &column, 1, &options, NULL, &result, &err) != SCREE_OK)
            fail_msg("%s", err.message);
        assert_int_equal(result.columns[0].skipped_count, 2);
        assert_int_equal(result.columns[0].vector_count, ROWS - 2);
    }
}

static void ids_and_tags_that_cannot_be(void **state)
{
    static const struct {
        const char *text, *says;
        bool ids;
    } cases[] = {{"1\n2\n", "2 rows, but there are 700", true},
                 {"1\nx\n", "line 2: expected a whole number", true},
                 {"1\n-2\n", "line 2: expected a whole number", true},
                 {"18446744073709551616\n", "line 1: expected a whole number", true},
                 {"a,b\n", "1 rows, but there are 700", false},
                 {"a\n\001\n", "line 2: a tag with control characters", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree_vectors_column_options column = column_of("v.fvecs");
        struct scree_vectors_build_options options;
        scree_vectors_build_options_init(&options);
        *(cases[i].ids ? &options.ids : &options.tags) = "names";
        write_file("names", cases[i].text, strlen(cases[i].text));
        assert_int_not_equal(build("none.svx", &column, 1, &options, NULL, NULL, &err), SCREE_OK);
        if (strstr(err.message, cases[i].says) == NULL)
            fail_msg("'%s', expected '%s'", err.message, cases[i].says);
        assert_false(is_there("none.svx"));
    }
}

/* ------------------------------------------------------------------------------- changed bytes */

struct found {
    uint64_t ids[K];
    float distances[K];
};

/* SCREE_OK: opened and searched; verified: so is verify. */
static enum scree_status look(struct scree_context *context, const uint8_t *bytes, size_t count,
                              struct found *found, enum scree_status *verified)
{
    struct scree_source *source = NULL;
    struct scree_vectors_index *index = NULL;
    struct scree_vectors_search_options options;
    scree_vectors_search_options_init(&options);
    options.column = "v";
    options.k = K;
    options.nprobe = 7;
    *verified = SCREE_E_DATA;
    enum scree_status status = scree_source_open_memory(bytes, count, "index", &source, NULL);
    if (status == SCREE_OK)
        status = scree_vectors_open_source(context, source, NULL, &index, NULL);
    if (status == SCREE_OK) {
        *verified = scree_vectors_verify(index, NULL);
        status = scree_vectors_search(index, &options, values, 1, found->ids, found->distances,
                                      NULL, NULL, NULL);
    }
    scree_vectors_close(index);
    scree_source_close(source);
    return status;
}

static void every_byte_matters(void **state)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_vectors_column_options columns[2];
    struct scree_vectors_build_options options;
    struct found expected, found;
    enum scree_status verified;
    (void)state;
    scree_vectors_build_options_init(&options);
    rich_columns(columns);
    for (unsigned i = 0; i < 2; i++) { /* 40 rows: few bytes, and a last pack that is not whole */
        columns[i].input.location = "small.f4";
        columns[i].input.format = SCREE_VECTORS_FORMAT_F4;
        columns[i].input.dim = DIM;
        columns[i].list_count = 2;
    }
    write_file("small.f4", values, 40 * DIM * sizeof *values);
    char tags[64] = "a\nb,a\n";
    memset(tags + 6, '\n', 37);
    memcpy(tags + 43, "c\n", 3);
    write_file("small.tags", tags, 45);
    options.tags = "small.tags";
    if (build("small.svx", columns, 2, &options, NULL, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    struct bytes file = read_file("small.svx");
    struct scree_context *context = context_with(1, (uint64_t)128 << 20);
    assert_int_equal(look(context, file.bytes, file.count, &expected, &verified), SCREE_OK);
    assert_int_equal(verified, SCREE_OK);
    assert_int_equal(expected.ids[0], 0);
    for (size_t at = 0; at < file.count; at++) {
        file.bytes[at] ^= (uint8_t)(1u << at % 8);
        enum scree_status status = look(context, file.bytes, file.count, &found, &verified);
        file.bytes[at] ^= (uint8_t)(1u << at % 8);
        if (verified == SCREE_OK)
            fail_msg("a change of byte %zu is not noticed by verify", at);
        if (status == SCREE_OK && memcmp(&found, &expected, sizeof found) != 0)
            fail_msg("a change of byte %zu changes a search", at);
    }
    for (size_t count = 0; count < file.count; count++) {
        if (look(context, file.bytes, count, &found, &verified) == SCREE_OK)
            fail_msg("%zu bytes of %zu are taken for an index", count, file.count);
    }
    scree_context_free(context);
    free(file.bytes);
}

static void recalls_are_kept(void **state)
{
    char path[200];
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_vectors_column_options column = column_of("v.fvecs");
    struct scree_vectors_recall_info points[2] = {{10, 2, 0, 0.5f}, {10, 4, 0, 0.75f}}, one;
    struct scree_vectors_column_info info;
    struct scree_vectors_index *index;
    struct scree_context *context = context_with(1, (uint64_t)128 << 20);
    (void)state;
    assert_int_equal(build("recall.svx", &column, 1, NULL, NULL, NULL, &err), SCREE_OK);
    path_of(path, "recall.svx");
    for (unsigned turn = 0; turn < 3; turn++) { /* of k 10, of k 20, of k 10 again */
        points[0].k = points[1].k = turn == 1 ? 20 : 10;
        points[1].recall = 0.75f + 0.0625f * (float)turn;
        if (scree_vectors_recalls_store(path, 0, points, 2, 100, &err) != SCREE_OK)
            fail_msg("%s", err.message);
    }
    assert_int_equal(scree_vectors_open(context, path, NULL, &index, &err), SCREE_OK);
    scree_vectors_column_info(index, 0, &info);
    assert_int_equal(info.recall_count, 4);
    scree_vectors_recall_info(index, 0, 1, &one);
    assert_int_equal(one.k, 10);
    assert_int_equal(one.nprobe, 4);
    assert_true(one.recall == 0.875f);
    assert_int_equal(scree_vectors_verify(index, &err), SCREE_OK);
    scree_vectors_close(index);
    scree_context_free(context);
}

static int begin(void **state)
{
    uint64_t seed = 5;
    char text[ROWS * 24] = "", tags[ROWS * 8] = "";
    size_t used = 0, tags_used = 0;
    (void)state;
    snprintf(folder, sizeof folder, "%s/scree_vectors_XXXXXX", temporary_base());
    if (mkdtemp(folder) == NULL)
        return 1;
    for (unsigned i = 0; i < ROWS; i++) {
        for (unsigned d = 0; d < DIM; d++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            values[i * DIM + d] = (float)(seed >> 58) + (float)(i % 7 * 14 * (d % 3));
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%llu\n",
                                 (unsigned long long)i * 1000000007u);
        tags_used += (size_t)snprintf(tags + tags_used, sizeof tags - tags_used, "%s\n",
                                      i % 3 == 0   ? "x, y"
                                      : i % 3 == 1 ? "y"
                                                   : "");
    }
    write_file("ids", text, used);
    write_file("tags", tags, tags_used);
    write_formats();
    return 0;
}

static int end(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_gives_the_same),
        cmocka_unit_test(same_bytes_always),
        cmocka_unit_test(inputs_that_cannot_be),
        cmocka_unit_test(names_and_settings),
        cmocka_unit_test(rows_that_are_no_numbers),
        cmocka_unit_test(ids_and_tags_that_cannot_be),
        cmocka_unit_test(every_byte_matters),
        cmocka_unit_test(recalls_are_kept),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
