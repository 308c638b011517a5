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
#include "temporary.h"

#define SETS 200
#define POINTS_MAX 20000
#define FILES_MAX 3

struct set {
    const char *kind;
    unsigned number, threads, point_format;
    uint64_t random, leaf_max, leaf_min;
    size_t count, record_bytes;
    double scale[3], offset[3];
    int32_t (*at)[3];
    uint8_t *records;
};

struct kind {
    const char *name;
    void (*place)(struct set *set); /* sets the count, at[], and what else is special */
};

static char folder[64];
static struct scree_context *contexts[3];
static unsigned first_set, end_set = SETS;
static size_t sets_tried, sets_halved, total_rebuilds, total_single, total_level_30, total_taken,
    total_exhausted, total_robbed, total_given, total_cascades;
static int32_t deepest_level;

/* --------------------------------------------------------------------------------------- chance */

static uint64_t next_random(struct set *set)
{
    uint64_t z = set->random += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Of [low, high]. */
static int32_t between(struct set *set, int64_t low, int64_t high)
{
    return (int32_t)(low + (int64_t)(next_random(set) % (uint64_t)(high - low + 1)));
}

static bool chance(struct set *set, unsigned of)
{
    return next_random(set) % of == 0;
}

/* Every order of magnitude is as likely as the next. */
static int64_t magnitude(struct set *set, int64_t low, int64_t high)
{
    double part = (double)(next_random(set) >> 11) / 9007199254740992.0;
    return (int64_t)((double)low * pow((double)high / (double)low, part));
}

static void in_box(struct set *set, size_t begin, size_t end, int64_t x, int64_t y, int64_t z,
                   int64_t width, int64_t depth, int64_t height)
{
    for (size_t i = begin; i < end; i++) {
        set->at[i][0] = between(set, x, x + width);
        set->at[i][1] = between(set, y, y + depth);
        set->at[i][2] = between(set, z, z + height);
    }
}

/* -------------------------------------------------------------------------------- kinds of sets */

static void place_cube(struct set *set)
{
    int64_t size = magnitude(set, 3, 2000000);
    in_box(set, 0, set->count, -size / 3, 12345, -size, size, size, size);
}

static void place_surface(struct set *set)
{
    int64_t size = magnitude(set, 100, 100000);
    in_box(set, 0, set->count, 0, 0, 500, size, size, chance(set, 2) ? 0 : size / 50);
}

static void place_waves(struct set *set)
{
    int64_t size = magnitude(set, 200, 3000);
    in_box(set, 0, set->count, 0, 0, 0, size, size, 0);
    for (size_t i = 0; i < set->count; i++) {
        double x = set->at[i][0], y = set->at[i][1], high = (double)size;
        set->at[i][2] = (int32_t)(high / 8 * sin(9 * x / high) * cos(7 * y / high));
    }
}

static void place_line(struct set *set)
{
    int64_t size = magnitude(set, 50, 10000000);
    int across = between(set, 0, 3);
    for (size_t i = 0; i < set->count; i++) {
        int32_t way = between(set, 0, size);
        set->at[i][0] = way;
        set->at[i][1] = way / 2 + between(set, 0, across);
        set->at[i][2] = (int32_t)size - way;
    }
}

static void place_column(struct set *set)
{
    int64_t size = magnitude(set, 200, 1000000);
    in_box(set, 0, set->count, 77, -77, 0, 0, 0, size);
    set->count = (size_t)between(set, 1000, POINTS_MAX / 2);
    in_box(set, 0, set->count, 77, -77, 0, 0, 0, size);
}

static void place_two_clusters(struct set *set)
{
    int64_t size = magnitude(set, 1, 100000);
    size_t half = set->count / 2;
    in_box(set, 0, half, INT32_MIN, INT32_MIN, INT32_MIN, size, size, size / 9);
    in_box(set, half, set->count, INT32_MAX - size, INT32_MAX - size, INT32_MAX - size, size, size,
           size);
}

static void place_coincident(struct set *set)
{
    in_box(set, 0, set->count, between(set, INT32_MIN, INT32_MAX), 3, -9, 0, 0, 0);
}

static void place_few_positions(struct set *set)
{
    int32_t positions[40][3];
    int32_t size = (int32_t)magnitude(set, 1, INT32_MAX);
    int32_t count = between(set, 2, 40);
    for (int p = 0; p < 40; p++)
        for (int a = 0; a < 3; a++)
            positions[p][a] = between(set, 0, size);
    for (size_t i = 0; i < set->count; i++)
        memcpy(set->at[i], positions[between(set, 0, count - 1)], sizeof set->at[i]);
}

static void place_dense_in_large(struct set *set)
{
    int64_t size = magnitude(set, 2, 300);
    set->count = (size_t)between(set, 3000, POINTS_MAX);
    size_t thin = set->count / 20;
    in_box(set, 0, thin, -1000000000, -1000000000, -1000000, 2000000000, 2000000000, 2000000);
    in_box(set, thin, set->count, 123456789, -98765432, 4321, size, size, size);
}

static void place_lattice(struct set *set)
{
    int side = between(set, 2, 27), step = (int)magnitude(set, 1, 100000);
    set->count = (size_t)side * side * side;
    for (int i = 0; i < (int)set->count; i++) {
        set->at[i][0] = i % side * step - 40;
        set->at[i][1] = i / side % side * step;
        set->at[i][2] = i / side / side * step;
    }
}

static void place_fine_z(struct set *set)
{
    int64_t size = magnitude(set, 100, 20000);
    set->scale[2] = 0.001;
    in_box(set, 0, set->count, 0, 0, 0, size, size, 1 + size * between(set, 0, 30));
}

static void place_factors(struct set *set)
{
    static const double finest[] = {0.001, 0.0001, 0.00025, 0.1, 1.0 / 1024};
    static const int factors[] = {1, 2, 3, 7, 10, 64, 100};
    double scale = finest[between(set, 0, 4)];
    int64_t size = magnitude(set, 20, 100000);
    for (int a = 0; a < 3; a++)
        set->scale[a] = scale * factors[between(set, 0, 6)];
    set->scale[between(set, 0, 2)] = scale;
    in_box(set, 0, set->count, -size, 5, 7, size, size / 2, size);
}

/* Positions closer than the finest cell: the factor is so large that 42 levels do not reach them.
 */
static void place_large_factors(struct set *set)
{
    double factor = chance(set, 4) ? 300 : chance(set, 2) ? 10000 : 4000;
    int wide = between(set, 0, 1), near = between(set, 1, 20);
    set->scale[0] = set->scale[1] = 1;
    set->scale[2] = 1 / factor;
    in_box(set, 0, set->count, INT32_MIN, 0, 0, UINT32_MAX, UINT32_MAX / 2, UINT32_MAX / 2);
    for (size_t i = 0; i < set->count; i++)
        if (!chance(set, 10)) {
            set->at[i][0] = between(set, 4, 4 + wide);
            set->at[i][1] = 4;
            set->at[i][2] = between(set, 1000, 1000 + (wide ? 100000 : near));
        }
}

static void place_odd_scales(struct set *set)
{
    int64_t size = magnitude(set, 5, 1000000);
    set->scale[0] = 0.003;
    set->scale[1] = 0.007;
    set->scale[2] = chance(set, 2) ? 0.003 : 0.011;
    in_box(set, 0, set->count, 0, -size, 0, size, size, chance(set, 2) ? size : 0);
}

/* Offsets where doubles are about to end, and beyond. */
static void place_far_away(struct set *set)
{
    static const double offsets[] = {1e9, 1e10, 7e10, 1e11, 1e12, 4e12};
    int64_t size = magnitude(set, 100, 100000);
    for (int a = 0; a < 3; a++) {
        set->scale[a] = 0.001;
        set->offset[a] = offsets[between(set, 0, 5)] * (chance(set, 3) ? -1 : 1);
    }
    in_box(set, 0, set->count, 0, -size, 0, size, size, size / 20);
}

static void place_for_times(struct set *set)
{
    int64_t size = magnitude(set, 2, 1000);
    in_box(set, 0, set->count, 0, 0, 0, size, size / 2, 1);
}

static void place_negative(struct set *set)
{
    int64_t size = magnitude(set, 100, 1000000);
    for (int a = 0; a < 3; a++)
        set->offset[a] = -4000000.5 * a;
    in_box(set, 0, set->count, -2000000000, -3 * size, -size, size, size, size / 100);
}

static void place_one(struct set *set)
{
    set->count = 1;
    in_box(set, 0, 1, INT32_MIN, INT32_MIN, INT32_MIN, UINT32_MAX, UINT32_MAX, UINT32_MAX);
}

static void place_two(struct set *set)
{
    int64_t size = magnitude(set, 1, INT32_MAX);
    set->count = 2;
    set->leaf_max = 1;
    set->leaf_min = (uint64_t)between(set, 0, 1);
    in_box(set, 0, 2, 0, 0, 0, size, size, size);
}

static void place_corners(struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        for (int a = 0; a < 3; a++)
            set->at[i][a] = chance(set, 2) ? INT32_MIN + between(set, 0, 1)
                                           : INT32_MAX - between(set, 0, chance(set, 9) ? 999 : 1);
}

static void place_powers(struct set *set)
{
    int high = between(set, 3, 30);
    for (size_t i = 0; i < set->count; i++)
        for (int a = 0; a < 3; a++)
            set->at[i][a] = (1 << between(set, 0, high)) + between(set, -1, 1);
    memset(set->at[0], 0, sizeof set->at[0]);
}

static void place_nested(struct set *set)
{
    set->count = (size_t)between(set, 5000, POINTS_MAX);
    for (size_t i = 0; i < set->count; i++) {
        int64_t size = magnitude(set, 1, INT32_MAX);
        in_box(set, i, i + 1, 1 - size / 3, 1 - size / 5, -size / 2, size, size, size);
    }
}

static void place_tiny(struct set *set)
{
    int32_t size = between(set, 1, 40);
    set->count = (size_t)between(set, 100, POINTS_MAX);
    in_box(set, 0, set->count, 900, 900, 900, size, between(set, 0, size), between(set, 0, size));
}

/* Cubes with exactly leaf_max points, one more, one less; leaves around leaf_min. */
static void place_at_limits(struct set *set)
{
    size_t done = 0;
    set->leaf_max = (uint64_t)between(set, 20, 200);
    set->leaf_min = set->leaf_max / 2;
    for (int octant = 0; octant < 8; octant++) {
        uint64_t limit = chance(set, 2) ? set->leaf_max : set->leaf_min;
        size_t size = limit - 1 + (size_t)between(set, 0, 2);
        int64_t corner[3];
        for (int a = 0; a < 3; a++)
            corner[a] = (octant >> a & 1) * 1024 + (int64_t)between(set, 0, 3) * 128;
        in_box(set, done, done + size, corner[0], corner[1], corner[2], 1, 1, 2);
        done += size;
    }
    in_box(set, done, done + 1, 0, 0, 0, 0, 0, 0);
    in_box(set, done + 1, done + 2, 2047, 2047, 2047, 0, 0, 0);
    set->count = done + 2;
}

/* Chains: each point alone in a cube beside the crowd, so that split cubes get no point by
 * themselves. */
static void place_chains(struct set *set)
{
    int bits = between(set, 12, 30), crowd = between(set, 0, 2);
    for (size_t i = 0; i < set->count; i++) {
        int level = between(set, 0, bits), axes = between(set, 1, 7);
        for (int a = 0; a < 3; a++)
            set->at[i][a] = between(set, 0, crowd) + (axes >> a & 1) * (int32_t)(1u << level >> 1);
    }
}

static const struct kind kinds[] = {
    {"cube", place_cube},
    {"surface", place_surface},
    {"waves", place_waves},
    {"line", place_line},
    {"column", place_column},
    {"two clusters, far apart", place_two_clusters},
    {"all at one position", place_coincident},
    {"few positions", place_few_positions},
    {"dense in large", place_dense_in_large},
    {"full lattice", place_lattice},
    {"scale of z finer", place_fine_z},
    {"factors", place_factors},
    {"large factors", place_large_factors},
    {"scales without a common unit", place_odd_scales},
    {"offsets far away", place_far_away},
    {"GPS times of all kinds", place_for_times},
    {"negative coordinates", place_negative},
    {"one point", place_one},
    {"two points", place_two},
    {"corners of the 32-bit range", place_corners},
    {"powers of two", place_powers},
    {"nested clusters", place_nested},
    {"tiny extent", place_tiny},
    {"counts at the limits", place_at_limits},
    {"chains", place_chains},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

/* -------------------------------------------------------------------------------------- records */

static double make_time(struct set *set, int mode, size_t index)
{
    static const uint64_t special[] = {
        0x0000000000000000u, 0x8000000000000000u, 0x7FF8000000000000u, 0xFFF8000000000000u,
        0x7FF8000000000123u, 0x7FF0000000000000u, 0xFFF0000000000000u, 0x0000000000000001u,
        0x8000000000000001u, 0x3FF0000000000000u, 0xBFF0000000000000u, 0x41B0000000000000u,
    };
    double time;
    switch (mode) {
    case 0:
        return 1e8 + (double)index * 0.001;
    case 1:
        return between(set, -2, 2);
    case 2:
        return (double)next_random(set) / 1e10;
    case 3:
        return 4711;
    case 4: /* close together, and far from the others */
        return chance(set, 20) ? 0 : 1e8 + between(set, 0, 300) * 3e-8;
    default:
        memcpy(&time, &special[between(set, 0, 11)], sizeof time);
        return time;
    }
}

static void make_records(struct set *set)
{
    int mode = strncmp(set->kind, "GPS", 3) == 0 ? 5 : between(set, 0, 4);
    bool duplicates = chance(set, 2);
    set->records = calloc(set->count, set->record_bytes);
    assert_non_null(set->records);
    for (size_t i = 0; i < set->count; i++) {
        uint8_t *record = set->records + i * set->record_bytes;
        double time = make_time(set, mode, i);
        bool blank = chance(set, 4);
        for (size_t b = 12; b < set->record_bytes; b++)
            record[b] = blank ? 0 : (uint8_t)next_random(set);
        memcpy(record, set->at[i], 12);
        memcpy(record + 22, &time, 8);
        if (!duplicates || i == 0 || !chance(set, 5))
            continue;
        /* all of another record, or its position, or its position and time */
        const uint8_t *other = set->records + next_random(set) % i * set->record_bytes;
        memcpy(record, other, chance(set, 2) ? set->record_bytes : 12);
        if (chance(set, 2)) {
            memcpy(record, other, 12);
            memcpy(record + 22, other + 22, 8);
        }
    }
}

static void shuffle(struct set *set)
{
    uint8_t swap[64];
    for (size_t i = set->count; i > 1; i--) {
        uint8_t *a = set->records + (i - 1) * set->record_bytes;
        uint8_t *b = set->records + next_random(set) % i * set->record_bytes;
        memcpy(swap, a, set->record_bytes);
        memmove(a, b, set->record_bytes);
        memcpy(b, swap, set->record_bytes);
    }
}

static void make_set(struct set *set, unsigned number)
{
    static const double offsets[] = {0, 500000, 4500000.25, -1234567.89};
    const struct kind *kind = &kinds[number % KINDS];
    memset(set, 0, sizeof *set);
    set->kind = kind->name;
    set->number = number;
    set->random = number * 1000003u + 17;
    set->threads = 1 + number % 3;
    set->point_format = chance(set, 5) ? 7 : 6;
    set->record_bytes = scree_las_format_bytes(set->point_format);
    set->count = (size_t)magnitude(set, 20, POINTS_MAX);
    set->leaf_max = (uint64_t)magnitude(set, 20, 500);
    set->leaf_min = chance(set, 4) ? 0 : (uint64_t)between(set, 0, 50);
    if (set->leaf_min > set->leaf_max)
        set->leaf_min = set->leaf_max;
    for (int a = 0; a < 3; a++) {
        set->scale[a] = 0.01;
        set->offset[a] = offsets[between(set, 0, 3)];
    }
    set->at = calloc(POINTS_MAX, sizeof *set->at);
    assert_non_null(set->at);
    kind->place(set);
    make_records(set);
}

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

static const char *write_input(const struct set *set, unsigned number, size_t begin, size_t end)
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
static const char *convert(const struct set *set, unsigned number, unsigned files, unsigned threads,
                           uint64_t batch_points)
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

static void check_same_bytes(const struct set *set, const char *path_a, const char *path_b)
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

static void complain(const struct set *set, const struct naive_octree *naive, size_t node,
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

static void check_cube(const struct set *set, const struct scree_copc_info *info,
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

static void check_points(const struct set *set, const struct naive_octree *naive, size_t index,
                         struct scree_las_cursor *cursor)
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

static void check_nodes(const struct set *set, const struct naive_octree *naive,
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

static void check_file(const struct set *set, const char *path)
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
    struct set set;
    make_set(&set, number);
    const char *path = convert(&set, 0, 1, set.threads, 0);
    check_file(&set, path);
    if (number % 2 == 0) {
        shuffle(&set);
        unsigned files = number % 4 == 0 ? 1 : (unsigned)between(&set, 2, FILES_MAX);
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
    size_t kind = (size_t)((const struct kind *)*state - kinds);
    for (unsigned number = first_set; number < end_set; number++)
        if (number % KINDS == kind)
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
    struct CMUnitTest tests[KINDS + 1];
    if (argument_count == 3) {
        first_set = (unsigned)strtoul(arguments[1], NULL, 10);
        end_set = (unsigned)strtoul(arguments[2], NULL, 10);
    }
    memset(tests, 0, sizeof tests);
    for (size_t k = 0; k < KINDS; k++) {
        tests[k].name = kinds[k].name;
        tests[k].test_func = sets_of_a_kind;
        tests[k].initial_state = (void *)&kinds[k];
    }
    tests[KINDS].name = "every rule was tried";
    tests[KINDS].test_func = every_rule_was_tried;
    return cmocka_run_group_tests_name("octree", tests, set_up, tear_down);
}
