/*
 * test_amend.c - amendments: what they change, that nothing else does, and what is refused. (That
 * they are all or nothing is fault/test_amend_faults.c's.)
 */
#include "context.h"
#include "temporal_naive.h"

#include "base/bytes.h"
#include "copc/job.h"
#include "par/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_WKT                                                                         \
    "LOCAL_CS[\"somewhere, in a place with a rather long name, so that it does not fit " \
    "into the room of a short one, whatever is done\",UNIT[\"metre\",1]]"
#define SHORT_WKT "LOCAL_CS[\"here\",UNIT[\"metre\",1]]"

static char input[300], file[300], copy[300], other[300];
static char changes[4096];

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, count, out), count);
    assert_int_equal(fclose(out), 0);
}

/* A COPC file of many small nodes, so that the hierarchy has several pages where they are wanted. */
static void make_copc(const char *path, uint64_t points, uint64_t leaf_max, uint32_t stride,
                      const char *crs)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct las_recipe recipe = {
        .version_minor = 4, .point_format = 7, .point_count = points, .chunk_points = 5000};
    struct scree_convert_options options;
    struct scree_convert_job *job;
    const char *inputs[] = {input};
    struct scree_context *context = context_with(2, (uint64_t)256 << 20);
    uint8_t *records = las_make_records(&recipe);
    uint32_t noise = 1;
    for (uint64_t i = 0; i < points; i++) {
        for (uint32_t axis = 0; axis < 3; axis++) { /* in heaps with a dense middle */
            uint32_t heap = (uint32_t)(i % 2000) * (2 * axis + 1) * 2654435761u >> 16;
            noise = noise * 1664525u + 1013904223u;
            scree__base_store32(records + 36 * i + 4 * axis, heap + (256u >> (noise >> 28)));
        }
        records[36 * i + 14] = 0x21 + i % 2;
    }
    struct las_bytes made = las_make(&recipe, records);
    write_file(input, made.bytes, made.count);
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = 1;
    options.output = path;
    options.replace = true;
    options.temporal_stride = stride;
    options.crs = crs;
    if (scree_convert_open(context, &options, &job, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    job->limits.leaf_max = leaf_max;
    job->limits.leaf_min = leaf_max / 4 + 1;
    assert_int_equal(scree_convert_run(job, NULL, &err), SCREE_OK);
    scree_convert_close(job);
    scree_context_free(context);
    las_bytes_free(&made);
    free(records);
}

static void keep_change(void *user, const char *what)
{
    (void)user;
    size_t used = strlen(changes);
    snprintf(changes + used, sizeof changes - used, "%s\n", what);
}

static enum scree_status amend(struct scree_amend_options *options,
                               struct scree_amend_result *result, struct scree_error *err)
{
    struct scree_context *context = context_with(2, (uint64_t)256 << 20);
    *err = (struct scree_error)SCREE_ERROR_INIT;
    changes[0] = '\0';
    options->path = options->path != NULL ? options->path : file;
    options->change = keep_change;
    enum scree_status status = scree_amend(context, options, result, err);
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    scree_context_free(context);
    return status;
}

static struct scree_amend_result amend_well(struct scree_amend_options options)
{
    struct scree_error err;
    struct scree_amend_result result;
    struct stat info;
    if (amend(&options, &result, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(stat(options.output != NULL ? options.output
                          : options.path != NULL ? options.path
                                                 : file,
                          &info),
                     0);
    assert_int_equal(info.st_size, result.bytes_after);
    return result;
}

static void amend_badly(struct scree_amend_options options, enum scree_status wanted,
                        const char *words)
{
    struct scree_error err;
    struct scree_amend_result result;
    struct las_bytes before = las_bytes_of_file(file), after;
    enum scree_status status = amend(&options, &result, &err);
    if (status != wanted)
        fail_msg("status %d: %s", (int)status, err.message);
    if (strstr(err.message, words) == NULL)
        fail_msg("'%s' is not in: %s", words, err.message);
    after = las_bytes_of_file(file);
    assert_int_equal(before.count, after.count);
    assert_memory_equal(before.bytes, after.bytes, before.count);
    las_bytes_free(&before);
    las_bytes_free(&after);
}

static void assert_same_files(const char *a, const char *b)
{
    struct las_bytes first = las_bytes_of_file(a), second = las_bytes_of_file(b);
    assert_int_equal(first.count, second.count);
    assert_memory_equal(first.bytes, second.bytes, first.count);
    las_bytes_free(&first);
    las_bytes_free(&second);
}

static void hear(void *user, const struct scree_finding *finding)
{
    (void)user;
    fail_msg("%s: %s", finding->rule, finding->message);
}

/* No finding at all. */
static void assert_spotless(const char *path)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = context_with(2, (uint64_t)256 << 20);
    struct scree_validate_options options;
    struct scree_validate_report report;
    struct scree_source *source;
    scree_validate_options_init(&options);
    options.finding = hear;
    assert_int_equal(scree_source_open_file(path, &source, &err), SCREE_OK);
    assert_int_equal(scree_validate(context, source, &options, &report, &err), SCREE_OK);
    assert_true(report.is_copc);
    scree_source_close(source);
    scree_context_free(context);
}

static const struct scree_amend_options none = {.size = sizeof none};

static struct scree_amend_options with_index(uint32_t stride)
{
    struct scree_amend_options options = none;
    options.temporal_stride = stride;
    return options;
}

static struct scree_amend_options with_crs(const char *crs)
{
    struct scree_amend_options options = none;
    options.crs = crs;
    return options;
}

static struct scree_amend_options with_repair(void)
{
    struct scree_amend_options options = none;
    options.repair_header = true;
    return options;
}

/* --------------------------------------------------------------------------------------- indices */

static void test_index_as_converted(void **state)
{
    (void)state;
    make_copc(file, 20000, 100, 0, NULL);
    make_copc(other, 20000, 100, 7, NULL);
    struct scree_amend_result result = amend_well(with_index(7));
    assert_true(result.in_place);
    assert_int_equal(result.temporal_stride, 7);
    assert_int_equal(result.point_count, 20000);
    assert_same_files(file, other);
    /* Another stride: a new file, in which the index has the same place. */
    make_copc(other, 20000, 100, 50, NULL);
    result = amend_well(with_index(50));
    assert_false(result.in_place);
    assert_same_files(file, other);
    assert_spotless(file);
}

static void test_copy_leaves_the_file(void **state)
{
    struct scree_amend_options options = with_index(SCREE_TEMPORAL_AUTO);
    (void)state;
    make_copc(file, 3000, 100, 0, NULL);
    struct las_bytes before = las_bytes_of_file(file), after;
    options.output = copy;
    unlink(copy);
    amend_well(options);
    after = las_bytes_of_file(file);
    assert_memory_equal(before.bytes, after.bytes, before.count);
    make_copc(other, 3000, 100, SCREE_TEMPORAL_AUTO, NULL);
    assert_same_files(copy, other);
    amend_badly(options, SCREE_E_EXISTS, "exists already");
    options.output = file;
    amend_badly(options, SCREE_E_ARGUMENT, "is the file itself");
    las_bytes_free(&before);
    las_bytes_free(&after);
}

/* ------------------------------------------------------------------------------------------- CRS */

/* As a conversion with that CRS makes it, bytes for bytes. */
static void test_crs_grows(void **state)
{
    (void)state;
    make_copc(file, 20000, 1, 0, SHORT_WKT);
    make_copc(other, 20000, 1, 0, LONG_WKT);
    struct scree_amend_result result = amend_well(with_crs(LONG_WKT));
    assert_false(result.in_place);
    assert_same_files(file, other);
    assert_spotless(file);
    /* Pages below the root page have moved, too. */
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_copc *copc;
    assert_int_equal(scree_source_open_file(file, &source, &err), SCREE_OK);
    assert_int_equal(scree_las_open(source, NULL, &reader, &err), SCREE_OK);
    assert_int_equal(scree_copc_open(reader, NULL, &copc, &err), SCREE_OK);
    assert_true(scree_copc_page_count(copc) > 1);
    scree_copc_close(copc);
    scree_las_close(reader);
    scree_source_close(source);
}

/* With an index that moves along. */
static void test_crs_grows_with_index(void **state)
{
    (void)state;
    make_copc(file, 6000, 100, 3, SHORT_WKT);
    make_copc(other, 6000, 100, 3, LONG_WKT);
    amend_well(with_crs(LONG_WKT));
    assert_same_files(file, other);
}

static void test_crs_shrinks_in_its_place(void **state)
{
    (void)state;
    make_copc(file, 6000, 100, 3, LONG_WKT);
    struct las_bytes before = las_bytes_of_file(file), after;
    struct scree_amend_result result = amend_well(with_crs(SHORT_WKT));
    after = las_bytes_of_file(file);
    assert_int_equal(result.bytes_after, before.count);
    uint32_t points = las_point_offset(&before);
    assert_int_equal(las_point_offset(&after), points);
    assert_memory_equal(before.bytes + points, after.bytes + points, before.count - points);
    assert_spotless(file);
    assert_int_equal(amend_well(with_crs(SHORT_WKT)).change_count, 0);
    assert_string_equal(changes, "");
    las_bytes_free(&before);
    las_bytes_free(&after);
}

/* Where the WKT VLR begins. */
static uint8_t *wkt_header(const struct las_bytes *bytes)
{
    for (size_t i = 375; i < las_point_offset(bytes); i++)
        if (memcmp(bytes->bytes + i + 2, "LASF_Projection", 16) == 0)
            return bytes->bytes + i;
    fail_msg("no WKT VLR");
    return NULL;
}

static void test_crs_where_there_was_none(void **state)
{
    (void)state;
    make_copc(file, 3000, 100, 0, SHORT_WKT);
    struct las_bytes bytes = las_bytes_of_file(file);
    memcpy(wkt_header(&bytes) + 2, "somebody's_own", 15);
    write_file(file, bytes.bytes, bytes.count);
    amend_well(with_crs(LONG_WKT));
    assert_spotless(file);
    las_bytes_free(&bytes);
    bytes = las_bytes_of_file(file);
    assert_int_equal(scree__base_load32(bytes.bytes + 100), 4);
    assert_memory_equal(wkt_header(&bytes) + 54, LONG_WKT, sizeof LONG_WKT);
    las_bytes_free(&bytes);
}

static void test_crs_instead_of_geotiff(void **state)
{
    (void)state;
    make_copc(file, 3000, 100, 0, LONG_WKT);
    struct las_bytes bytes = las_bytes_of_file(file);
    scree__base_store16(wkt_header(&bytes) + 18, 34735);
    write_file(file, bytes.bytes, bytes.count);
    las_bytes_free(&bytes);
    amend_well(with_crs(SHORT_WKT));
    assert_spotless(file);
    bytes = las_bytes_of_file(file);
    assert_int_equal(scree__base_load32(bytes.bytes + 100), 3);
    las_bytes_free(&bytes);
}

/* ---------------------------------------------------------------------------------------- header */

static void test_header_is_repaired(void **state)
{
    (void)state;
    make_copc(other, 5000, 100, 0, NULL);
    struct las_bytes bytes = las_bytes_of_file(other);
    scree__base_store_f64(bytes.bytes + 179, 1e9);       /* max x */
    scree__base_store_f64(bytes.bytes + 203, 0.0 / 0.0); /* min y */
    scree__base_store32(bytes.bytes + 107, 17);          /* legacy count */
    scree__base_store32(bytes.bytes + 119, 3);           /* legacy returns */
    scree__base_store64(bytes.bytes + 255, 0);           /* returns */
    scree__base_store64(bytes.bytes + 367, 1);
    bytes.bytes[6] &= 0xEF;                       /* the bit for WKT */
    scree__base_store_f64(bytes.bytes + 485, -5); /* GPS times */
    scree__base_store_f64(bytes.bytes + 493, -4);
    write_file(file, bytes.bytes, bytes.count);
    struct scree_amend_result result = amend_well(with_repair());
    assert_true(result.in_place);
    assert_int_equal(result.change_count, 9);
    assert_non_null(strstr(changes, "points of return 15: 1 -> 0\n"));
    assert_same_files(file, other);
    assert_int_equal(amend_well(with_repair()).change_count, 0);
    las_bytes_free(&bytes);
}

static void test_point_count_is_repaired(void **state)
{
    (void)state;
    make_copc(other, 5000, 100, 0, NULL);
    struct las_bytes bytes = las_bytes_of_file(other);
    scree__base_store64(bytes.bytes + 247, 4000);
    write_file(file, bytes.bytes, bytes.count);
    amend_well(with_repair());
    assert_same_files(file, other);
    las_bytes_free(&bytes);
}

/* -------------------------------------------------------------------------------------- refusals */

static void test_refusals(void **state)
{
    static const char junk[] = "0123456789";
    struct scree_amend_options options = with_index(5);
    (void)state;
    make_copc(file, 3000, 100, 0, NULL);
    amend_badly(none, SCREE_E_ARGUMENT, "nothing to change");
    amend_badly(with_crs("EPSG:no"), SCREE_E_ARGUMENT, "EPSG:no");
    options.path = input;
    amend_badly(options, SCREE_E_UNSUPPORTED, "not a COPC file");
    struct las_bytes bytes = las_bytes_of_file(file);
    FILE *out = fopen(file, "ab");
    assert_non_null(out);
    assert_int_equal(fwrite(junk, 1, sizeof junk, out), sizeof junk);
    assert_int_equal(fclose(out), 0);
    amend_badly(with_index(5), SCREE_E_UNSUPPORTED, "11 bytes at byte ");
    scree__base_store32(bytes.bytes + 243, 2); /* EVLRs */
    write_file(file, bytes.bytes, bytes.count);
    amend_badly(with_index(5), SCREE_E_DATA, "2 EVLRs");
    las_bytes_free(&bytes);
}

/* A sound file of several levels with so many bytes overwritten. */
static void make_patched(uint64_t at, const void *patch, size_t patch_bytes)
{
    struct las_bytes bytes = las_bytes_of_file(other);
    memcpy(bytes.bytes + at, patch, patch_bytes);
    write_file(file, bytes.bytes, bytes.count);
    las_bytes_free(&bytes);
}

/* Where the root page has its first entry of that level. */
static uint64_t entry_of_level(uint32_t level)
{
    struct las_bytes bytes = las_bytes_of_file(other);
    uint64_t at = scree__base_load64(bytes.bytes + 469);
    const uint64_t end = at + scree__base_load64(bytes.bytes + 477);
    while (at < end && scree__base_load32(bytes.bytes + at) != level)
        at += 32;
    assert_true(at < end);
    las_bytes_free(&bytes);
    return at;
}

static void test_broken_structures_are_refused(void **state)
{
    static const uint8_t many[4] = {200}, low[8] = {100}, key[16] = {20, 0, 0, 0, 1};
    static char long_wkt[70000];
    (void)state;
    make_copc(other, 20000, 100, 0, SHORT_WKT);
    make_patched(100, many, 4);
    amend_badly(with_index(5), SCREE_E_DATA, "the header says 200 VLRs");
    make_patched(entry_of_level(1) + 16, low, 8);
    amend_badly(with_index(5), SCREE_E_DATA, "at byte 100 are not among the points");
    /* A node that others hang on is filed elsewhere. */
    make_patched(entry_of_level(1), key, 16);
    amend_badly(with_index(5), SCREE_E_DATA, "its parent is missing");
    make_copc(file, 3000, 100, 0, SHORT_WKT);
    snprintf(long_wkt, sizeof long_wkt, "LOCAL_CS[\"%066000d\",UNIT[\"metre\",1]]", 1);
    amend_badly(with_crs(long_wkt), SCREE_E_UNSUPPORTED, "a VLR holds 65535");
}

static void test_two_runs_do_not_meet(void **state)
{
    (void)state;
    make_copc(file, 3000, 100, 0, SHORT_WKT);
    int held = open(file, O_RDWR);
    assert_true(held >= 0);
    assert_int_equal(flock(held, LOCK_EX), 0);
    amend_badly(with_index(5), SCREE_E_EXISTS, "another run is changing this file");
    assert_int_equal(close(held), 0);
    amend_well(with_index(5));
}

/* The first node whose times can be swapped gets them swapped, through a chunk of its own. */
static void test_unordered_nodes_are_named(void **state)
{
    struct scree_laz_layout layout;
    struct scree_laz_encoder *encoder;
    struct naive_copc copc;
    struct scree_error err = SCREE_ERROR_INIT;
    uint8_t records[36 * 8], chunk[4096];
    size_t chunk_bytes;
    (void)state;
    /* All points in one node: the chunk is the last thing before the chunk table. */
    make_copc(file, 8, 100, 0, NULL);
    temporal_naive_open(&copc, file);
    assert_int_equal(copc.node_count, 1);
    assert_int_equal(scree_laz_layout_init(&layout, 7, 0, SCREE_LAZ_VARIABLE_CHUNKS, &err),
                     SCREE_OK);
    memset(records, 0, sizeof records);
    for (unsigned i = 0; i < 8; i++) {
        scree__base_store32(records + 36 * i, i);
        records[36 * i + 14] = 0x11;
        scree__base_store_f64(records + 36 * i + 22, i == 5 ? 3.5 : i);
    }
    void *memory = aligned_alloc(64, (scree_laz_encoder_bytes(&layout) + 63) / 64 * 64);
    assert_int_equal(
        scree_laz_encoder_init(memory, scree_laz_encoder_bytes(&layout), &layout, &encoder, &err),
        SCREE_OK);
    assert_int_equal(
        scree_laz_encode(encoder, records, 36, 8, chunk, sizeof chunk, &chunk_bytes, &err),
        SCREE_OK);
    const struct scree_copc_entry *entry = &copc.nodes[0].entry;
    assert_true(chunk_bytes <= (size_t)entry->byte_count);
    /* Smaller than the old one: readers find the size in the hierarchy. */
    memcpy(copc.file.bytes + entry->offset, chunk, chunk_bytes);
    for (size_t i = 0; i + 32 <= copc.file.count; i++) {
        struct scree_copc_entry found;
        found.offset = scree__base_load64(copc.file.bytes + i);
        if (found.offset == entry->offset &&
            scree__base_load32(copc.file.bytes + i + 8) == (uint32_t)entry->byte_count)
            scree__base_store32(copc.file.bytes + i + 8, (uint32_t)chunk_bytes);
    }
    write_file(file, copc.file.bytes, copc.file.count);
    amend_badly(with_index(5), SCREE_E_UNSUPPORTED, "node 0-0-0-0 (chunk at byte ");
    amend_badly(with_index(5), SCREE_E_UNSUPPORTED, "), point 5: GPS time 3.5 comes after 4;");
    free(memory);
    temporal_naive_close(&copc);
}

/* ---------------------------------------------------------------------------------- others' files */

static void test_files_of_others(void **state)
{
    static const char *const names[] = {"lone-star", "ellipsoid_eb8",     "simple_with_page",
                                        "rgb16",     "ign_buildings_pf8", "example"};
    const char *folder = las_data_folder();
    (void)state;
    for (unsigned i = 0; folder != NULL && i < sizeof names / sizeof names[0]; i++) {
        char path[600];
        struct naive_copc before, after;
        snprintf(path, sizeof path, "%s/copc/%s.copc.laz", folder, names[i]);
        if (access(path, R_OK) != 0)
            continue;
        temporal_naive_open(&before, path);
        write_file(file, before.file.bytes, before.file.count);
        assert_true(amend_well(with_index(10)).in_place);
        temporal_naive_open(&after, file);
        naive_check_index(&after, 10);
        /* Nothing else is another: but for where and how many EVLRs there are. */
        memcpy(after.file.bytes + 235, before.file.bytes + 235, 12);
        assert_memory_equal(before.file.bytes, after.file.bytes, before.file.count);
        temporal_naive_close(&after);
        /* Chunks as they were, somewhere else. */
        amend_well(with_crs(LONG_WKT));
        temporal_naive_open(&after, file);
        naive_check_index(&after, 10);
        assert_int_equal(before.node_count, after.node_count);
        for (size_t n = 0; n < before.node_count; n++) {
            const struct scree_copc_entry *x = &before.nodes[n].entry, *y = &after.nodes[n].entry;
            assert_int_equal(x->byte_count, y->byte_count);
            assert_memory_equal(before.file.bytes + x->offset, after.file.bytes + y->offset,
                                x->byte_count);
        }
        temporal_naive_close(&after);
        temporal_naive_close(&before);
    }
    if (folder == NULL)
        skip();
}

static int tidy(void **state)
{
    (void)state;
    unlink(input);
    unlink(file);
    unlink(copy);
    unlink(other);
    las_tidy();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_index_as_converted),
                                       cmocka_unit_test(test_copy_leaves_the_file),
                                       cmocka_unit_test(test_crs_grows),
                                       cmocka_unit_test(test_crs_grows_with_index),
                                       cmocka_unit_test(test_crs_shrinks_in_its_place),
                                       cmocka_unit_test(test_crs_where_there_was_none),
                                       cmocka_unit_test(test_crs_instead_of_geotiff),
                                       cmocka_unit_test(test_header_is_repaired),
                                       cmocka_unit_test(test_point_count_is_repaired),
                                       cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_broken_structures_are_refused),
                                       cmocka_unit_test(test_two_runs_do_not_meet),
                                       cmocka_unit_test(test_unordered_nodes_are_named),
                                       cmocka_unit_test(test_files_of_others)};
    snprintf(input, sizeof input, "%s", las_temporary_path("input.laz"));
    snprintf(file, sizeof file, "%s", las_temporary_path("file.copc.laz"));
    snprintf(copy, sizeof copy, "%s", las_temporary_path("copy.copc.laz"));
    snprintf(other, sizeof other, "%s", las_temporary_path("other.copc.laz"));
    return cmocka_run_group_tests(tests, NULL, tidy);
}
