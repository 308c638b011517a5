/*
 * test_octree_naive.c - the converter against naive_octree.c, node by node and point by point, on
 * 200 made-up sets of points; and that the order and the cutting of the input do not show in the
 * output.
 *
 * With two numbers as arguments, the sets from the first to before the second are tried instead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scree/copc.h"
#include "copc/job.h"
#include "naive_octree.h"
#include "octree_sets.h"
#include "temporary.h"

#define SETS 200
#define FILES_MAX 3

static char folder[64];
static struct scree_context *contexts[3];
static unsigned first_set, end_set = SETS;
static size_t sets_tried, sets_halved, total_rebuilds, total_single, total_level_30, total_taken,
    total_exhausted, total_robbed, total_given, total_cascades;
static int32_t deepest_level;

/* ---------------------------------------------------------------------------------------- files */

#define OK(set, call)                                                             \
    do {                                                                          \
        struct scree_error err = SCREE_ERROR_INIT;                                \
        if ((call) != SCREE_OK)                                                   \
            fail_msg("set %u (%s): %s", (set)->number, (set)->kind, err.message); \
    } while (0)

static const char *path_of(const char *stem, unsigned number, const char *ending)
{
    static char paths[8][128];
    static unsigned at;
    char *path = paths[at++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s%u%s", folder, stem, number, ending);
    return path;
}

static const char *write_input(const struct octree_set *set, unsigned number, size_t begin,
                               size_t end)
{
    const char *path = path_of("in", number, ".las");
    const uint8_t *records = set->records + begin * set->record_bytes;
    struct scree_las_header header;
    struct scree_las_summary summary;
    struct scree_las_writer *writer;
    struct scree_sink *sink;
    memset(&header, 0, sizeof header);
    header.version_major = 1;
    header.version_minor = 4;
    header.point_format = (uint8_t)set->point_format;
    header.record_bytes = (uint16_t)set->record_bytes;
    header.global_encoding = SCREE_LAS_GPS_STANDARD_TIME;
    header.creation_day = 1;
    header.creation_year = 2024;
    memcpy(header.scale, set->scale, sizeof header.scale);
    memcpy(header.offset, set->offset, sizeof header.offset);
    scree_las_summary_init(&summary);
    scree_las_summary_add(&summary, set->point_format, records, set->record_bytes, end - begin);
    OK(set, scree_sink_open_file(path, true, &sink, &err));
    OK(set, scree_las_writer_new(sink, &header, NULL, 0, NULL, &writer, &err));
    OK(set, scree_las_writer_add_records(writer, records, end - begin, &err));
    OK(set, scree_las_writer_finish(writer, &summary, &err));
    scree_las_writer_free(writer);
    OK(set, scree_sink_commit(sink, &err));
    scree_sink_close(sink);
    return path;
}

static size_t batches_enlarged;

/* batch_points: 0 in memory; else through scratch, so many points at a time, and twice as many while points at one position need more. */
static const char *convert(const struct octree_set *set, unsigned number, unsigned files,
                           unsigned threads, uint64_t batch_points)
{
    const char *inputs[FILES_MAX];
    struct scree_convert_options options;
    struct scree_convert_result result;
    struct scree_convert_job *job;
    for (unsigned f = 0; f < files; f++)
        inputs[f] = write_input(set, f, set->count * f / files, set->count * (f + 1) / files);
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = files;
    options.output = path_of("out", number, ".copc.laz");
    options.replace = true;
#if SCREE_HAVE_LZ4
    options.compress_scratch = set->number % 2 == 1;
#endif
    enum scree_status status;
    do {
        struct scree_error refused = SCREE_ERROR_INIT;
        OK(set, scree_convert_open(contexts[threads - 1], &options, &job, &err));
        job->limits.leaf_max = set->leaf_max;
        job->limits.leaf_min = set->leaf_min;
        job->batch_points = batch_points;
        status = scree_convert_run(job, &result, &refused);
        scree_convert_close(job);
        if (status == SCREE_E_BUDGET && batch_points > 0 && batch_points < 2 * set->count) {
            batches_enlarged++;
            batch_points *= 2;
        } else if (status != SCREE_OK) {
            fail_msg("set %u (%s): %s", set->number, set->kind, refused.message);
        }
    } while (status != SCREE_OK);
    assert_int_equal(result.points_out, set->count);
    return options.output;
}

static uint8_t *load_file(const char *path, size_t *count)
{
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    assert_int_equal(fseek(stream, 0, SEEK_END), 0);
    *count = (size_t)ftell(stream);
    rewind(stream);
    uint8_t *bytes = malloc(*count + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *count, stream), *count);
    fclose(stream);
    return bytes;
}

static void check_same_bytes(const struct octree_set *set, const char *path_a, const char *path_b)
{
    size_t count_a, count_b;
    uint8_t *a = load_file(path_a, &count_a), *b = load_file(path_b, &count_b);
    if (count_a != count_b || memcmp(a, b, count_a) != 0)
        fail_msg("set %u (%s): the order or cutting of the input shows in the output", set->number,
                 set->kind);
    free(a);
    free(b);
}

/* ----------------------------------------------------------------------------------- comparison */

static void complain(const struct octree_set *set, const struct naive_octree *naive, size_t node,
                     const char *what)
{
    const struct naive_node *n = &naive->nodes[node];
    fail_msg(
        "set %u (%s): %zu points, leaf_max %llu, leaf_min %llu; should be %zu nodes to level %d%s; "
        "chunk %zu should be %d-%d-%d-%d with %zu points: %s",
        set->number, set->kind, set->count, (unsigned long long)set->leaf_max,
        (unsigned long long)set->leaf_min, naive->node_count, (int)naive->deepest,
        naive->halved ? ", by halving" : "", node, (int)n->level, (int)n->x, (int)n->y, (int)n->z,
        n->count, what);
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-15 * fmax(fabs(a), fabs(b));
}

static void check_cube(const struct octree_set *set, const struct scree_copc_info *info,
                       const struct naive_octree *naive)
{
    double size = 0;
    for (int a = 0; a < 3; a++) {
        /* the center is the sum of a coordinate and half a side, and rounded like those */
        size = fmax(size, fabs(naive->center[a]) + naive->halfsize);
        if (fabs(info->center[a] - naive->center[a]) > 1e-15 * size)
            fail_msg("set %u (%s): center %.17g on axis %d, should be %.17g", set->number,
                     set->kind, info->center[a], a, naive->center[a]);
    }
    /* without a common unit the side is a difference of coordinates */
    if (fabs(info->halfsize - naive->halfsize) > 1e-15 * (naive->halved ? size : naive->halfsize))
        fail_msg("set %u (%s): halfsize %.17g, should be %.17g", set->number, set->kind,
                 info->halfsize, naive->halfsize);
    if (!near(info->spacing, 2 * info->halfsize / 128) ||
        (!naive->halved && !near(info->spacing, naive->spacing)))
        fail_msg("set %u (%s): spacing %.17g, should be %.17g", set->number, set->kind,
                 info->spacing, naive->spacing);
}

static int compare_offsets(const void *left, const void *right)
{
    const struct scree_copc_entry *a = left, *b = right;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static void check_points(const struct octree_set *set, const struct naive_octree *naive,
                         size_t index, struct scree_las_cursor *cursor)
{
    const struct naive_node *node = &naive->nodes[index];
    uint8_t *records = malloc((node->count + 1) * set->record_bytes);
    size_t count, done = 0;
    assert_non_null(records);
    OK(set, scree_las_cursor_open(cursor, index, &err));
    do {
        OK(set, scree_las_cursor_next(cursor, records + done * set->record_bytes,
                                      node->count + 1 - done, &count, &err));
        done += count;
    } while (count > 0 && done <= node->count);
    if (done != node->count)
        complain(set, naive, index, "another number of points");
    for (size_t i = 0; i < node->count; i++)
        if (memcmp(records + i * set->record_bytes, node->records[i], set->record_bytes) != 0)
            complain(set, naive, index, "another point, or the points in another order");
    free(records);
}

static void check_nodes(const struct octree_set *set, const struct naive_octree *naive,
                        const struct scree_las_reader *reader, const struct scree_copc *copc)
{
    size_t count = scree_copc_entry_count(copc);
    struct scree_copc_entry *entries = malloc((count + 1) * sizeof *entries);
    struct scree_las_cursor *cursor;
    assert_non_null(entries);
    memcpy(entries, scree_copc_entries(copc), count * sizeof *entries);
    qsort(entries, count, sizeof *entries, compare_offsets);
    OK(set, scree_las_cursor_new(reader, SCREE_LAZ_FIELD_ALL, &cursor, &err));
    for (size_t i = 0; i < count && i < naive->node_count; i++) {
        const struct naive_node *node = &naive->nodes[i];
        const struct scree_copc_entry *entry = &entries[i];
        struct scree_las_unit unit;
        char found[120];
        snprintf(found, sizeof found, "found %d-%d-%d-%d with %d", (int)entry->key.level,
                 (int)entry->key.x, (int)entry->key.y, (int)entry->key.z, (int)entry->point_count);
        if (entry->key.level != node->level || entry->key.x != node->x || entry->key.y != node->y ||
            entry->key.z != node->z || entry->point_count <= 0 ||
            (size_t)entry->point_count != node->count)
            complain(set, naive, i, found);
        if (i >= scree_las_unit_count(reader))
            complain(set, naive, i, "there is no such chunk");
        scree_las_unit(reader, i, &unit);
        if (unit.offset != entry->offset || unit.bytes != (uint64_t)entry->byte_count ||
            unit.point_count != node->count)
            complain(set, naive, i, "chunk table and hierarchy differ");
        check_points(set, naive, i, cursor);
    }
    if (count != naive->node_count || count != scree_las_unit_count(reader))
        fail_msg("set %u (%s): %zu nodes, should be %zu", set->number, set->kind, count,
                 naive->node_count);
    scree_las_cursor_free(cursor);
    free(entries);
}

static void count_rules(const struct naive_octree *naive)
{
    sets_tried++;
    sets_halved += naive->halved;
    total_rebuilds += naive->rebuilds;
    total_single += naive->single_leaves;
    total_level_30 += naive->level_30_leaves;
    total_taken += naive->taken;
    total_exhausted += naive->exhausted;
    total_robbed += naive->robbed;
    total_given += naive->given;
    total_cascades += naive->cascades;
    if (naive->deepest > deepest_level)
        deepest_level = naive->deepest;
}

static void check_file(const struct octree_set *set, const char *path)
{
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_copc *copc;
    struct naive_octree naive;
    OK(set, scree_source_open_file(path, &source, &err));
    OK(set, scree_las_open(source, NULL, &reader, &err));
    OK(set, scree_copc_open(reader, NULL, &copc, &err));
    const struct scree_las_header *header = scree_las_header(reader);
    const struct scree_copc_info *info = scree_copc_info(copc);
    assert_int_equal(header->point_count, set->count);
    assert_int_equal(header->record_bytes, set->record_bytes);
    assert_memory_equal(header->scale, set->scale, sizeof set->scale);
    assert_memory_equal(header->offset, set->offset, sizeof set->offset);
    struct naive_input input = {.records = set->records,
                                .count = set->count,
                                .record_bytes = set->record_bytes,
                                .leaf_max = set->leaf_max,
                                .leaf_min = set->leaf_min,
                                .file_halfsize = info->halfsize};
    memcpy(input.scale, set->scale, sizeof input.scale);
    memcpy(input.offset, set->offset, sizeof input.offset);
    memcpy(input.file_center, info->center, sizeof input.file_center);
    naive_octree_build(&input, &naive);
    check_cube(set, info, &naive);
    check_nodes(set, &naive, reader, copc);
    count_rules(&naive);
    naive_octree_release(&naive);
    scree_copc_close(copc);
    scree_las_close(reader);
    scree_source_close(source);
}

/* ---------------------------------------------------------------------------------------- tests */

static void try_set(unsigned number)
{
    struct octree_set set;
    octree_set_make(&set, number);
    const char *path = convert(&set, 0, 1, set.threads, 0);
    check_file(&set, path);
    if (number % 2 == 0) {
        octree_set_shuffle(&set);
        unsigned files = number % 4 == 0 ? 1 : (unsigned)octree_set_between(&set, 2, FILES_MAX);
        if (files > set.count)
            files = 1;
        check_same_bytes(&set, path, convert(&set, 1, files, 1 + set.threads % 3, 0));
    }
    /* Through scratch, in a few batches or in many. */
    check_same_bytes(
        &set, path, convert(&set, 1, 1, 1 + number % 3, set.count / (number % 4 < 2 ? 3 : 17) + 1));
    free(set.records);
    free(set.at);
}

static void sets_of_a_kind(void **state)
{
    const unsigned kind = *(const unsigned *)*state;
    for (unsigned number = first_set; number < end_set; number++)
        if (number % OCTREE_SET_KINDS == kind)
            try_set(number);
}

static void every_rule_was_tried(void **state)
{
    (void)state;
    print_message(
        "%zu sets: %zu by halving, %zu rebuilds, %zu leaves of one position, %zu of level "
        "30, %zu points taken (%zu from cubes with no other), %zu cubes exhausted, %zu "
        "leaves given up (%zu had been split), down to level %d\n",
        sets_tried, sets_halved, total_rebuilds, total_single, total_level_30, total_taken,
        total_robbed, total_exhausted, total_given, total_cascades, (int)deepest_level);
    print_message("batches made larger for points that lie together: %zu times\n",
                  batches_enlarged);
    assert_int_equal(sets_tried, end_set - first_set);
    if (sets_tried < SETS)
        return;
    assert_true(sets_halved > 0 && total_rebuilds > 0 && total_single > 0 && total_level_30 > 0);
    assert_true(total_taken > 0 && total_robbed > 0 && total_exhausted > 0 && total_given > 0 &&
                total_cascades > 0);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s/scree-octree-XXXXXX", temporary_base());
    if (mkdtemp(folder) == NULL)
        return -1;
    for (unsigned i = 0; i < 3; i++) {
        struct scree_context_options options;
        scree_context_options_init(&options);
        options.threads = i + 1;
        options.memory_bytes = (uint64_t)1 << 30;
        if (scree_context_new(&options, &contexts[i], NULL) != SCREE_OK)
            return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        scree_context_free(contexts[i]);
    for (unsigned i = 0; i < FILES_MAX; i++)
        unlink(path_of("in", i, ".las"));
    for (unsigned i = 0; i < 2; i++)
        unlink(path_of("out", i, ".copc.laz"));
    return rmdir(folder);
}

int main(int argument_count, char **arguments)
{
    static unsigned kinds[OCTREE_SET_KINDS];
    struct CMUnitTest tests[OCTREE_SET_KINDS + 1];
    if (argument_count == 3) {
        first_set = (unsigned)strtoul(arguments[1], NULL, 10);
        end_set = (unsigned)strtoul(arguments[2], NULL, 10);
    }
    memset(tests, 0, sizeof tests);
    for (unsigned k = 0; k < OCTREE_SET_KINDS; k++) {
        kinds[k] = k;
        tests[k].name = octree_set_kind(k);
        tests[k].test_func = sets_of_a_kind;
        tests[k].initial_state = &kinds[k];
    }
    tests[OCTREE_SET_KINDS].name = "every rule was tried";
    tests[OCTREE_SET_KINDS].test_func = every_rule_was_tried;
    return cmocka_run_group_tests_name("octree", tests, set_up, tear_down);
}
