/*
 * test_query_reads.c - what a query leaves alone: layers that nobody asks for, hierarchy pages of another place. A hierarchy of thousands of pages, one
 * for each node, as the smallest that the specification allows.
 */
#include "context.h"
#include "query_naive.h"
#include "las_make.h"
#include "base/bytes.h"
#include "copc/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, count, out), count);
    assert_int_equal(fclose(out), 0);
}

/* A query of one file; the first failure. */
struct asked {
    struct scree_context *context;
    struct scree_query_options options;
    struct scree_query *query;
    struct scree_error err;
    const char *path;
    uint8_t *records;
    size_t used, capacity;
};

static void begin(struct asked *asked, const char *path)
{
    memset(asked, 0, sizeof *asked);
    asked->path = path;
    asked->context = context_with(2, (uint64_t)256 << 20);
    scree_query_options_init(&asked->options);
    asked->options.inputs = &asked->path;
    asked->options.input_count = 1;
}

static void end(struct asked *asked)
{
    scree_query_close(asked->query);
    scree_context_free(asked->context);
    free(asked->records);
}

static enum scree_status keep(void *user, const uint8_t *records, uint64_t count,
                              struct scree_error *err)
{
    struct asked *asked = user;
    size_t more = (size_t)count * scree_query_header(asked->query)->record_bytes;
    (void)err;
    if (asked->used + more > asked->capacity) {
        asked->capacity = 2 * (asked->used + more);
        asked->records = realloc(asked->records, asked->capacity);
    }
    memcpy(asked->records + asked->used, records, more);
    asked->used += more;
    return SCREE_OK;
}

static enum scree_status run(struct asked *asked)
{
    enum scree_status status =
        scree_query_open(asked->context, &asked->options, &asked->query, &asked->err);
    return status == SCREE_OK ? scree_query_each(asked->query, keep, asked, NULL, &asked->err)
                              : status;
}

static void must_run(struct asked *asked)
{
    if (run(asked) != SCREE_OK)
        fail_msg("%s", asked->err.message);
}

/* ---------------------------------------------------------------------------------------- layers */

/* What lies in a chunk behind the layers of x, y and z is made nonsense of. */
static void spoil_other_layers(const struct naive_file *file, const char *path)
{
    struct las_bytes bytes = las_bytes_of_file(file->path);
    for (uint64_t u = 0; u < file->unit_count; u++) {
        const struct scree_las_unit *unit = &file->units[u];
        const uint8_t *sizes = bytes.bytes + unit->offset + file->header.record_bytes + 4;
        /* Ten layers of format 7: x, y and returns first, then z. */
        uint64_t kept = file->header.record_bytes + 4 + 10 * 4 +
                        (uint64_t)scree__base_load32(sizes) + scree__base_load32(sizes + 4);
        assert_true(kept < unit->bytes);
        memset(bytes.bytes + unit->offset + kept, 0xA5, (size_t)(unit->bytes - kept));
    }
    write_file(path, bytes.bytes, bytes.count);
    las_bytes_free(&bytes);
}

static void compare_places(const char *sound, const char *spoilt, const char *bounds_of)
{
    struct asked a, b;
    begin(&a, sound);
    begin(&b, spoilt);
    a.options.dims = b.options.dims = "x,y,z,return_number";
    if (bounds_of != NULL)
        a.options.where = b.options.where = bounds_of;
    must_run(&a);
    must_run(&b);
    assert_true(a.used > 0);
    assert_int_equal(a.used, b.used);
    assert_memory_equal(a.records, b.records, a.used);
    end(&a);
    end(&b);
}

/* Bytes of chunks that x, y, z and returns take, where chunks of so many bytes are not read as a whole. */
static uint64_t bytes_of_places(const struct naive_file *file, uint64_t whole_bytes)
{
    struct las_bytes bytes = las_bytes_of_file(file->path);
    uint64_t sum = 0;
    for (uint64_t u = 0; u < file->unit_count; u++) {
        const struct scree_las_unit *unit = &file->units[u];
        const uint8_t *sizes = bytes.bytes + unit->offset + file->header.record_bytes + 4;
        sum += unit->bytes < whole_bytes
                   ? unit->bytes
                   : (uint64_t)file->header.record_bytes + 4 + 10 * 4 + scree__base_load32(sizes) +
                         scree__base_load32(sizes + 4);
    }
    las_bytes_free(&bytes);
    return sum;
}

static uint64_t bytes_read(const struct naive_file *file, const char *dims, const char *where)
{
    struct asked asked;
    struct scree_query_result result;
    begin(&asked, file->path);
    asked.options.dims = dims;
    asked.options.where = where;
    must_run(&asked);
    if (scree_query_each(asked.query, keep, &asked, &result, &asked.err) != SCREE_OK)
        fail_msg("%s", asked.err.message);
    end(&asked);
    return result.bytes_read;
}

/* Of large chunks only what is wanted; all of it if a condition, or what comes out, needs the last layer. */
static void layers_nobody_asks_for_are_not_read(void **state)
{
    struct naive_file file;
    (void)state;
    naive_open(&file, naive_make_copc(7, 40000, 4000, "parts.copc.laz"));
    uint64_t all = 0, places = bytes_of_places(&file, 16384);
    for (uint64_t u = 0; u < file.unit_count; u++)
        all += file.units[u].bytes;
    assert_true(places < all / 4 * 3);
    assert_int_equal(bytes_read(&file, "x,y,z", NULL), places);
    assert_int_equal(bytes_read(&file, "x,y,z", "return_number > 0"), places);
    assert_true(bytes_read(&file, "x,y", NULL) < places);
    assert_int_equal(bytes_read(&file, "x,y", "z > -1000000"), places);
    assert_int_equal(bytes_read(&file, "x,y", "red >= 0"), all);
    assert_int_equal(bytes_read(&file, NULL, NULL), all);
    unlink(file.path);
    naive_close(&file);
}

static void layers_nobody_asks_for_are_not_decoded(void **state)
{
    struct naive_file file;
    struct asked asked;
    struct scree_query_statistics statistics;
    struct scree_query_result result;
    char path[256], spoilt[256];
    (void)state;
    snprintf(path, sizeof path, "%s", naive_make_copc(7, 30000, 2000, "sound.copc.laz"));
    snprintf(spoilt, sizeof spoilt, "%s", las_temporary_path("spoilt.copc.laz"));
    naive_open(&file, path);
    spoil_other_layers(&file, spoilt);
    /* It is spoilt. */
    begin(&asked, spoilt);
    enum scree_status status = run(&asked);
    assert_true(status == SCREE_E_DATA || memcmp(asked.records, file.records, asked.used) != 0);
    end(&asked);
    compare_places(path, spoilt, NULL);
    compare_places(path, spoilt, "z > 0 && return_number == 1");
    /* Statistics and counts, too. */
    begin(&asked, spoilt);
    asked.options.dims = "z";
    assert_int_equal(scree_query_open(asked.context, &asked.options, &asked.query, &asked.err),
                     SCREE_OK);
    if (scree_query_stats(asked.query, &statistics, NULL, &asked.err) != SCREE_OK)
        fail_msg("%s", asked.err.message);
    assert_int_equal(statistics.dimension_count, 1);
    assert_int_equal(statistics.dimensions[0].count, file.count);
    scree_query_statistics_release(&statistics);
    end(&asked);
    begin(&asked, spoilt);
    char where[80];
    snprintf(where, sizeof where, "return_number = 1 and y > %.2f",
             (file.header.min[1] + file.header.max[1]) / 2);
    asked.options.where = where;
    assert_int_equal(scree_query_open(asked.context, &asked.options, &asked.query, &asked.err),
                     SCREE_OK);
    if (scree_query_count(asked.query, &result, &asked.err) != SCREE_OK)
        fail_msg("%s", asked.err.message);
    assert_true(result.points_matched > 0 && result.points_matched < file.count);
    end(&asked);
    naive_close(&file);
    unlink(path);
    unlink(spoilt);
}

/* ----------------------------------------------------------------------------------------- order */

/* A file of rows: x, y and z of every point in the order of the file. */
static void check_rows(const struct naive_file *file, const char *path)
{
    struct las_bytes bytes = las_bytes_of_file(path);
    size_t head = 10 + (size_t)scree__base_load16(bytes.bytes + 8);
    assert_int_equal(bytes.count, head + file->count * 24);
    for (uint64_t i = 0; i < file->count; i++)
        for (unsigned axis = 0; axis < 3; axis++) {
            const uint8_t *at = file->records + i * file->header.record_bytes + 4 * axis;
            double expected =
                scree__base_load_i32(at) * file->header.scale[axis] + file->header.offset[axis];
            double found = scree__base_load_f64(bytes.bytes + head + i * 24 + 8 * axis);
            assert_memory_equal(&found, &expected, sizeof found);
        }
    las_bytes_free(&bytes);
}

/* Where rows go to their places, and where points are only counted, nodes are decoded in order of their sizes; the same query hands out
 * the file's order before and after that. */
static void nodes_may_be_decoded_in_any_order(void **state)
{
    struct naive_file file;
    struct asked asked;
    struct scree_query_output output;
    struct scree_query_result result;
    char path[256], rows[256];
    (void)state;
    snprintf(path, sizeof path, "%s", naive_make_copc(7, 60000, 2500, "order.copc.laz"));
    snprintf(rows, sizeof rows, "%s", las_temporary_path("order.npy"));
    naive_open(&file, path);
    assert_true(file.unit_count > 24);
    begin(&asked, path);
    asked.options.dims = "x,y,z";
    must_run(&asked);
    scree_query_output_init(&output);
    output.path = rows;
    output.replace = true;
    for (unsigned turn = 0; turn < 2; turn++) {
        uint8_t *before = asked.records;
        size_t before_bytes = asked.used;
        asked.records = NULL;
        asked.used = asked.capacity = 0;
        if (scree_query_run(asked.query, &output, &result, &asked.err) != SCREE_OK ||
            scree_query_count(asked.query, &result, &asked.err) != SCREE_OK ||
            scree_query_each(asked.query, keep, &asked, NULL, &asked.err) != SCREE_OK)
            fail_msg("%s", asked.err.message);
        check_rows(&file, rows);
        assert_int_equal(result.points_matched, file.count);
        assert_int_equal(asked.used, before_bytes);
        assert_memory_equal(asked.records, before, before_bytes);
        free(before);
    }
    end(&asked);
    naive_close(&file);
    unlink(path);
    unlink(rows);
}

/* ----------------------------------------------------------------------------------------- pages */

struct octree {
    struct scree_copc_entry *entries; /* each begins with its key */
    uint64_t *pages;                  /* where each entry's page begins */
    uint64_t count;
};

static int compare_keys(const void *a, const void *b)
{
    const struct scree_copc_key *k = a, *l = b;
    int32_t x[4] = {k->level, k->x, k->y, k->z}, y[4] = {l->level, l->x, l->y, l->z};
    for (unsigned i = 0; i < 4; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

/* The number of the entry with that key, or count. Entries are in order of level, x, y, z. */
static uint64_t find(const struct octree *octree, struct scree_copc_key key)
{
    const struct scree_copc_entry *found =
        bsearch(&key, octree->entries, octree->count, sizeof *octree->entries, compare_keys);
    return found != NULL ? (uint64_t)(found - octree->entries) : octree->count;
}

static void read_octree(const char *path, struct octree *octree)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_copc *copc;
    assert_int_equal(scree_source_open_file(path, &source, &err), SCREE_OK);
    assert_int_equal(scree_las_open(source, NULL, &reader, &err), SCREE_OK);
    assert_int_equal(scree_copc_open(reader, NULL, &copc, &err), SCREE_OK);
    octree->count = scree_copc_entry_count(copc);
    octree->entries = malloc(octree->count * sizeof *octree->entries);
    octree->pages = malloc(octree->count * sizeof *octree->pages);
    memcpy(octree->entries, scree_copc_entries(copc), octree->count * sizeof *octree->entries);
    scree_copc_close(copc);
    scree_las_close(reader);
    scree_source_close(source);
}

/* The number of a child, or count. */
static uint64_t child(const struct octree *octree, uint64_t i, int c)
{
    struct scree_copc_key key = octree->entries[i].key;
    return find(octree, (struct scree_copc_key){key.level + 1, key.x * 2 + (c & 1),
                                                key.y * 2 + (c >> 1 & 1), key.z * 2 + (c >> 2)});
}

static uint64_t page_bytes(const struct octree *octree, uint64_t i)
{
    uint64_t entries = 1;
    for (int c = 0; c < 8; c++)
        entries += child(octree, i, c) < octree->count;
    return 32 * entries;
}

/* The file again, with a page for each node: its entry and pointers to its children's. The hierarchy is the last EVLR. Returns the number of pages. */
static uint64_t make_a_page_a_node(const char *path, const char *to)
{
    struct octree octree;
    struct las_bytes file = las_bytes_of_file(path);
    uint64_t record = scree__base_load64(file.bytes + 235), at = record + 60;
    read_octree(path, &octree);
    assert_int_equal(scree__base_load32(file.bytes + 243), 1);
    assert_int_equal(record + 60 + scree__base_load64(file.bytes + record + 20), file.count);
    for (uint64_t i = 0; i < octree.count; i++) {
        octree.pages[i] = at;
        at += page_bytes(&octree, i);
    }
    uint8_t *bytes = calloc(1, (size_t)at);
    memcpy(bytes, file.bytes, (size_t)record + 60);
    scree__base_store64(bytes + record + 20, at - record - 60);
    scree__base_store64(bytes + 469, octree.pages[0]);
    scree__base_store64(bytes + 477, page_bytes(&octree, 0));
    for (uint64_t i = 0; i < octree.count; i++) {
        uint8_t *p = bytes + octree.pages[i];
        scree__copc_entry_store(p, &octree.entries[i]);
        for (int c = 0; c < 8; c++) {
            uint64_t below = child(&octree, i, c);
            if (below == octree.count)
                continue;
            struct scree_copc_entry pointer = {octree.entries[below].key, octree.pages[below],
                                               (int32_t)page_bytes(&octree, below), -1};
            scree__copc_entry_store(p += 32, &pointer);
        }
    }
    write_file(to, bytes, (size_t)at);
    free(bytes);
    free(octree.entries);
    free(octree.pages);
    las_bytes_free(&file);
    return octree.count;
}

static void thousands_of_pages(void **state)
{
    struct naive_file file;
    struct naive_question question;
    struct asked asked;
    char path[256], paged[256];
    (void)state;
    snprintf(path, sizeof path, "%s", naive_make_copc(6, 300000, 20, "one.copc.laz"));
    snprintf(paged, sizeof paged, "%s", las_temporary_path("many.copc.laz"));
    uint64_t pages = make_a_page_a_node(path, paged);
    if (pages < 2000)
        fail_msg("%llu pages", (unsigned long long)pages);
    naive_open(&file, paged);
    assert_int_equal(file.count, 300000);
    for (uint64_t seed = 1; seed <= 15; seed++) {
        naive_ask(&question, &file, seed);
        (void)naive_compare(&file, &question, seed, (unsigned)(1 + seed % 3));
    }
    /* Of a small place, and of few levels, few pages are read. */
    begin(&asked, paged);
    asked.options.bounds_axes = 2;
    for (unsigned axis = 0; axis < 2; axis++) {
        double low = file.header.min[axis], size = file.header.max[axis] - low;
        asked.options.bounds_min[axis] = low + size * 0.4;
        asked.options.bounds_max[axis] = low + size * 0.42;
    }
    must_run(&asked);
    assert_true(scree_query_plan(asked.query)->page_count < pages / 20);
    end(&asked);
    begin(&asked, paged);
    asked.options.level = 1;
    must_run(&asked);
    assert_true(asked.used > 0 && scree_query_plan(asked.query)->page_count <= 1 + 8 + 64);
    end(&asked);
    naive_close(&file);
    unlink(path);
    unlink(paged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_nobody_asks_for_are_not_decoded),
        cmocka_unit_test(layers_nobody_asks_for_are_not_read),
        cmocka_unit_test(nodes_may_be_decoded_in_any_order),
        cmocka_unit_test(thousands_of_pages),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    las_tidy();
    return failed;
}
