/* octree_sets.c - see octree_sets.h. */
#include "octree_sets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scree/las.h"

#define POINTS_MAX OCTREE_SET_POINTS

struct kind {
    const char *name;
    void (*place)(struct octree_set *set); /* sets the count, at[], and what else is special */
};

/* --------------------------------------------------------------------------------------- chance */

static uint64_t next_random(struct octree_set *set)
{
    uint64_t z = set->random += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Of [low, high]. */
int32_t octree_set_between(struct octree_set *set, int64_t low, int64_t high)
{
    return (int32_t)(low + (int64_t)(next_random(set) % (uint64_t)(high - low + 1)));
}

static bool chance(struct octree_set *set, unsigned of)
{
    return next_random(set) % of == 0;
}

/* Every order of magnitude is as likely as the next. */
static int64_t magnitude(struct octree_set *set, int64_t low, int64_t high)
{
    double part = (double)(next_random(set) >> 11) / 9007199254740992.0;
    return (int64_t)((double)low * pow((double)high / (double)low, part));
}

static void in_box(struct octree_set *set, size_t begin, size_t end, int64_t x, int64_t y,
                   int64_t z, int64_t width, int64_t depth, int64_t height)
{
    for (size_t i = begin; i < end; i++) {
        set->at[i][0] = octree_set_between(set, x, x + width);
        set->at[i][1] = octree_set_between(set, y, y + depth);
        set->at[i][2] = octree_set_between(set, z, z + height);
    }
}

/* -------------------------------------------------------------------------------- kinds of sets */

static void place_cube(struct octree_set *set)
{
    int64_t size = magnitude(set, 3, 2000000);
    in_box(set, 0, set->count, -size / 3, 12345, -size, size, size, size);
}

static void place_surface(struct octree_set *set)
{
    int64_t size = magnitude(set, 100, 100000);
    in_box(set, 0, set->count, 0, 0, 500, size, size, chance(set, 2) ? 0 : size / 50);
}

static void place_waves(struct octree_set *set)
{
    int64_t size = magnitude(set, 200, 3000);
    in_box(set, 0, set->count, 0, 0, 0, size, size, 0);
    for (size_t i = 0; i < set->count; i++) {
        double x = set->at[i][0], y = set->at[i][1], high = (double)size;
        set->at[i][2] = (int32_t)(high / 8 * sin(9 * x / high) * cos(7 * y / high));
    }
}

static void place_line(struct octree_set *set)
{
    int64_t size = magnitude(set, 50, 10000000);
    int across = octree_set_between(set, 0, 3);
    for (size_t i = 0; i < set->count; i++) {
        int32_t way = octree_set_between(set, 0, size);
        set->at[i][0] = way;
        set->at[i][1] = way / 2 + octree_set_between(set, 0, across);
        set->at[i][2] = (int32_t)size - way;
    }
}

static void place_column(struct octree_set *set)
{
    int64_t size = magnitude(set, 200, 1000000);
    in_box(set, 0, set->count, 77, -77, 0, 0, 0, size);
    set->count = (size_t)octree_set_between(set, 1000, POINTS_MAX / 2);
    in_box(set, 0, set->count, 77, -77, 0, 0, 0, size);
}

static void place_two_clusters(struct octree_set *set)
{
    int64_t size = magnitude(set, 1, 100000);
    size_t half = set->count / 2;
    in_box(set, 0, half, INT32_MIN, INT32_MIN, INT32_MIN, size, size, size / 9);
    in_box(set, half, set->count, INT32_MAX - size, INT32_MAX - size, INT32_MAX - size, size, size,
           size);
}

static void place_coincident(struct octree_set *set)
{
    in_box(set, 0, set->count, octree_set_between(set, INT32_MIN, INT32_MAX), 3, -9, 0, 0, 0);
}

static void place_few_positions(struct octree_set *set)
{
    int32_t positions[40][3];
    int32_t size = (int32_t)magnitude(set, 1, INT32_MAX);
    int32_t count = octree_set_between(set, 2, 40);
    for (int p = 0; p < 40; p++)
        for (int a = 0; a < 3; a++)
            positions[p][a] = octree_set_between(set, 0, size);
    for (size_t i = 0; i < set->count; i++)
        memcpy(set->at[i], positions[octree_set_between(set, 0, count - 1)], sizeof set->at[i]);
}

static void place_dense_in_large(struct octree_set *set)
{
    int64_t size = magnitude(set, 2, 300);
    set->count = (size_t)octree_set_between(set, 3000, POINTS_MAX);
    size_t thin = set->count / 20;
    in_box(set, 0, thin, -1000000000, -1000000000, -1000000, 2000000000, 2000000000, 2000000);
    in_box(set, thin, set->count, 123456789, -98765432, 4321, size, size, size);
}

static void place_lattice(struct octree_set *set)
{
    int side = octree_set_between(set, 2, 27), step = (int)magnitude(set, 1, 100000);
    set->count = (size_t)side * side * side;
    for (int i = 0; i < (int)set->count; i++) {
        set->at[i][0] = i % side * step - 40;
        set->at[i][1] = i / side % side * step;
        set->at[i][2] = i / side / side * step;
    }
}

static void place_fine_z(struct octree_set *set)
{
    int64_t size = magnitude(set, 100, 20000);
    set->scale[2] = 0.001;
    in_box(set, 0, set->count, 0, 0, 0, size, size, 1 + size * octree_set_between(set, 0, 30));
}

static void place_factors(struct octree_set *set)
{
    static const double finest[] = {0.001, 0.0001, 0.00025, 0.1, 1.0 / 1024};
    static const int factors[] = {1, 2, 3, 7, 10, 64, 100};
    double scale = finest[octree_set_between(set, 0, 4)];
    int64_t size = magnitude(set, 20, 100000);
    for (int a = 0; a < 3; a++)
        set->scale[a] = scale * factors[octree_set_between(set, 0, 6)];
    set->scale[octree_set_between(set, 0, 2)] = scale;
    in_box(set, 0, set->count, -size, 5, 7, size, size / 2, size);
}

/* Positions closer than the finest cell: the factor is so large that 42 levels do not reach them.
 */
static void place_large_factors(struct octree_set *set)
{
    double factor = chance(set, 4) ? 300 : chance(set, 2) ? 10000 : 4000;
    int wide = octree_set_between(set, 0, 1), near = octree_set_between(set, 1, 20);
    set->scale[0] = set->scale[1] = 1;
    set->scale[2] = 1 / factor;
    in_box(set, 0, set->count, INT32_MIN, 0, 0, UINT32_MAX, UINT32_MAX / 2, UINT32_MAX / 2);
    for (size_t i = 0; i < set->count; i++)
        if (!chance(set, 10)) {
            set->at[i][0] = octree_set_between(set, 4, 4 + wide);
            set->at[i][1] = 4;
            set->at[i][2] = octree_set_between(set, 1000, 1000 + (wide ? 100000 : near));
        }
}

static void place_odd_scales(struct octree_set *set)
{
    int64_t size = magnitude(set, 5, 1000000);
    set->scale[0] = 0.003;
    set->scale[1] = 0.007;
    set->scale[2] = chance(set, 2) ? 0.003 : 0.011;
    in_box(set, 0, set->count, 0, -size, 0, size, size, chance(set, 2) ? size : 0);
}

/* Offsets where doubles are about to end, and beyond. */
static void place_far_away(struct octree_set *set)
{
    static const double offsets[] = {1e9, 1e10, 7e10, 1e11, 1e12, 4e12};
    int64_t size = magnitude(set, 100, 100000);
    for (int a = 0; a < 3; a++) {
        set->scale[a] = 0.001;
        set->offset[a] = offsets[octree_set_between(set, 0, 5)] * (chance(set, 3) ? -1 : 1);
    }
    in_box(set, 0, set->count, 0, -size, 0, size, size, size / 20);
}

static void place_for_times(struct octree_set *set)
{
    int64_t size = magnitude(set, 2, 1000);
    in_box(set, 0, set->count, 0, 0, 0, size, size / 2, 1);
}

static void place_negative(struct octree_set *set)
{
    int64_t size = magnitude(set, 100, 1000000);
    for (int a = 0; a < 3; a++)
        set->offset[a] = -4000000.5 * a;
    in_box(set, 0, set->count, -2000000000, -3 * size, -size, size, size, size / 100);
}

static void place_one(struct octree_set *set)
{
    set->count = 1;
    in_box(set, 0, 1, INT32_MIN, INT32_MIN, INT32_MIN, UINT32_MAX, UINT32_MAX, UINT32_MAX);
}

static void place_two(struct octree_set *set)
{
    int64_t size = magnitude(set, 1, INT32_MAX);
    set->count = 2;
    set->leaf_max = 1;
    set->leaf_min = (uint64_t)octree_set_between(set, 0, 1);
    in_box(set, 0, 2, 0, 0, 0, size, size, size);
}

static void place_corners(struct octree_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        for (int a = 0; a < 3; a++)
            set->at[i][a] = chance(set, 2)
                                ? INT32_MIN + octree_set_between(set, 0, 1)
                                : INT32_MAX - octree_set_between(set, 0, chance(set, 9) ? 999 : 1);
}

static void place_powers(struct octree_set *set)
{
    int high = octree_set_between(set, 3, 30);
    for (size_t i = 0; i < set->count; i++)
        for (int a = 0; a < 3; a++)
            set->at[i][a] =
                (1 << octree_set_between(set, 0, high)) + octree_set_between(set, -1, 1);
    memset(set->at[0], 0, sizeof set->at[0]);
}

static void place_nested(struct octree_set *set)
{
    set->count = (size_t)octree_set_between(set, 5000, POINTS_MAX);
    for (size_t i = 0; i < set->count; i++) {
        int64_t size = magnitude(set, 1, INT32_MAX);
        in_box(set, i, i + 1, 1 - size / 3, 1 - size / 5, -size / 2, size, size, size);
    }
}

static void place_tiny(struct octree_set *set)
{
    int32_t size = octree_set_between(set, 1, 40);
    set->count = (size_t)octree_set_between(set, 100, POINTS_MAX);
    in_box(set, 0, set->count, 900, 900, 900, size, octree_set_between(set, 0, size),
           octree_set_between(set, 0, size));
}

/* Cubes with exactly leaf_max points, one more, one less; leaves around leaf_min. */
static void place_at_limits(struct octree_set *set)
{
    size_t done = 0;
    set->leaf_max = (uint64_t)octree_set_between(set, 20, 200);
    set->leaf_min = set->leaf_max / 2;
    for (int octant = 0; octant < 8; octant++) {
        uint64_t limit = chance(set, 2) ? set->leaf_max : set->leaf_min;
        size_t size = limit - 1 + (size_t)octree_set_between(set, 0, 2);
        int64_t corner[3];
        for (int a = 0; a < 3; a++)
            corner[a] = (octant >> a & 1) * 1024 + (int64_t)octree_set_between(set, 0, 3) * 128;
        in_box(set, done, done + size, corner[0], corner[1], corner[2], 1, 1, 2);
        done += size;
    }
    in_box(set, done, done + 1, 0, 0, 0, 0, 0, 0);
    in_box(set, done + 1, done + 2, 2047, 2047, 2047, 0, 0, 0);
    set->count = done + 2;
}

/* Chains: each point alone in a cube beside the crowd, so that split cubes get no point by
 * themselves. */
static void place_chains(struct octree_set *set)
{
    int bits = octree_set_between(set, 12, 30), crowd = octree_set_between(set, 0, 2);
    for (size_t i = 0; i < set->count; i++) {
        int level = octree_set_between(set, 0, bits), axes = octree_set_between(set, 1, 7);
        for (int a = 0; a < 3; a++)
            set->at[i][a] =
                octree_set_between(set, 0, crowd) + (axes >> a & 1) * (int32_t)(1u << level >> 1);
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

_Static_assert(sizeof kinds / sizeof kinds[0] == OCTREE_SET_KINDS, "the number of kinds");

const char *octree_set_kind(unsigned kind)
{
    return kinds[kind].name;
}

/* -------------------------------------------------------------------------------------- records */

static double make_time(struct octree_set *set, int mode, size_t index)
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
        return octree_set_between(set, -2, 2);
    case 2:
        return (double)next_random(set) / 1e10;
    case 3:
        return 4711;
    case 4: /* close together, and far from the others */
        return chance(set, 20) ? 0 : 1e8 + octree_set_between(set, 0, 300) * 3e-8;
    default:
        memcpy(&time, &special[octree_set_between(set, 0, 11)], sizeof time);
        return time;
    }
}

static void make_records(struct octree_set *set)
{
    int mode = strncmp(set->kind, "GPS", 3) == 0 ? 5 : octree_set_between(set, 0, 4);
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

void octree_set_shuffle(struct octree_set *set)
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

void octree_set_make(struct octree_set *set, unsigned number)
{
    static const double offsets[] = {0, 500000, 4500000.25, -1234567.89};
    const struct kind *kind = &kinds[number % OCTREE_SET_KINDS];
    memset(set, 0, sizeof *set);
    set->kind = kind->name;
    set->number = number;
    set->random = number * 1000003u + 17;
    set->threads = 1 + number % 3;
    set->point_format = chance(set, 5) ? 7 : 6;
    set->record_bytes = scree_las_format_bytes(set->point_format);
    set->count = (size_t)magnitude(set, 20, POINTS_MAX);
    set->leaf_max = (uint64_t)magnitude(set, 20, 500);
    set->leaf_min = chance(set, 4) ? 0 : (uint64_t)octree_set_between(set, 0, 50);
    if (set->leaf_min > set->leaf_max)
        set->leaf_min = set->leaf_max;
    for (int a = 0; a < 3; a++) {
        set->scale[a] = 0.01;
        set->offset[a] = offsets[octree_set_between(set, 0, 3)];
    }
    set->at = calloc(POINTS_MAX, sizeof *set->at);
    assert_non_null(set->at);
    kind->place(set);
    make_records(set);
}
