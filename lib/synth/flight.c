/* flight.c - from options to lines, from slots to shots. */
#include "synth/flight.h"
#include "base/error.h"

#define DENSITY_MIN 0.0001
#define DENSITY_MAX 10000.0
#define SIDE_MIN 1000
/* Coordinates are 32-bit millimetres; trees lean out a little, and crowns are looked for beyond. */
#define EXTENT_MAX 2000000000

/* At least three lines where the survey is wide enough; a drone at 80 m below, an aircraft at 960 m
 * above. */
#define SWATH_MIN 60000
#define SWATH_MAX 700000
#define OVERLAP_PERCENT 30
#define ALTITUDE_MILLI 1374 /* of the swath: half a swath is seen under 20 degrees */
#define SPEED_MAX 70000     /* a tenth of the swath a second, no more than an aircraft's 70 m/s */
#define TURN_SECONDS 180

#define TICKS_A_SECOND ((uint64_t)1 << 24)
/* 2024-06-11 as adjusted standard GPS time. From 2^28 to 2^29 a double has 24 binary places. */
#define FIRST_SECOND 402105600u

static uint64_t square_root(uint64_t v)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit != 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= v)
            root += bit;
    return root;
}

static int64_t clamp(int64_t v, int64_t min, int64_t max)
{
    return v < min ? min : (v > max ? max : v);
}

static uint32_t columns_for(uint32_t tiles)
{
    uint32_t columns = (uint32_t)square_root(tiles);
    return (uint64_t)columns * columns < tiles ? columns + 1 : columns;
}

enum scree_status scree__synth_survey_init(struct scree__synth_survey *survey,
                                           const struct scree_synth_options *options,
                                           struct scree_error *err)
{
    double density = options->points_per_m2;
    if (!(density >= DENSITY_MIN && density <= DENSITY_MAX))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%g points per square metre: must be from %g to %g", density,
                                DENSITY_MIN, DENSITY_MAX);
    *survey = (struct scree__synth_survey){.seed = options->seed,
                                           .point_count = options->point_count,
                                           .tile_count = options->tile_count};
    survey->columns = columns_for(options->tile_count);
    survey->rows = (options->tile_count + survey->columns - 1) / survey->columns;
    double tile_area = (double)options->point_count / options->tile_count / density * 1e6;
    uint32_t along = survey->columns; /* never fewer than rows */
    double extent = (double)EXTENT_MAX / along;
    if (tile_area > extent * extent)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%llu points at %g a square metre: the survey would be wider than "
                                "%d km; a higher density makes it smaller",
                                (unsigned long long)options->point_count, density,
                                EXTENT_MAX / 1000000);
    survey->side = clamp((int64_t)square_root((uint64_t)tile_area) + 1, SIDE_MIN, EXTENT_MAX);
    if (survey->side > EXTENT_MAX / along)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%u tiles: too many", options->tile_count);
    survey->width = survey->side * survey->columns;
    survey->height = survey->side * survey->rows;
    survey->swath = clamp(survey->width * 5 / 12, SWATH_MIN, SWATH_MAX);
    survey->spacing = survey->swath * (100 - OVERLAP_PERCENT) / 100;
    survey->altitude = survey->swath * ALTITUDE_MILLI / 1000;
    survey->speed = clamp(survey->swath / 10, 1, SPEED_MAX);
    /* The first swath begins half an overlap outside. */
    survey->first_line = survey->spacing / 2;
    survey->line_count = (uint32_t)((survey->width + survey->spacing - 1) / survey->spacing);
    return SCREE_OK;
}

uint64_t scree__synth_points_before(const struct scree__synth_survey *survey, uint32_t tile)
{
    uint64_t each = survey->point_count / survey->tile_count;
    uint64_t left = survey->point_count % survey->tile_count;
    return each * tile + (tile < left ? tile : left); /* the first tiles take what is left over */
}

static int64_t tile_west(const struct scree__synth_survey *survey, uint32_t tile)
{
    return tile % survey->columns * survey->side;
}

static int64_t tile_south(const struct scree__synth_survey *survey, uint32_t tile)
{
    return tile / survey->columns * survey->side;
}

static int64_t line_middle(const struct scree__synth_survey *survey, uint32_t line)
{
    return survey->first_line + line * survey->spacing;
}

void scree__synth_tile_lines(const struct scree__synth_survey *survey, uint32_t tile,
                             uint32_t *first, uint32_t *end)
{
    int64_t west = tile_west(survey, tile), east = west + survey->side;
    int64_t half = survey->swath / 2;
    /* The first line whose east edge is beyond west; the first whose west edge is not before east.
     */
    int64_t from = west - half - survey->first_line;
    *first = from < 0 ? 0 : (uint32_t)(from / survey->spacing + 1);
    int64_t to = east + half - survey->first_line;
    *end = (uint32_t)((to + survey->spacing - 1) / survey->spacing);
    if (*end > survey->line_count)
        *end = survey->line_count;
}

static void strip_sides(const struct scree__synth_survey *survey, uint32_t tile, uint32_t line,
                        struct scree__synth_strip *strip)
{
    int64_t west = tile_west(survey, tile), east = west + survey->side;
    strip->middle = line_middle(survey, line);
    strip->x0 = strip->middle - survey->swath / 2;
    strip->x1 = strip->middle + survey->swath / 2;
    strip->west_edge = strip->x0 >= west;
    strip->east_edge = strip->x1 <= east;
    if (!strip->west_edge)
        strip->x0 = west;
    if (!strip->east_edge)
        strip->x1 = east;
}

uint64_t scree__synth_tile_area(const struct scree__synth_survey *survey, uint32_t tile)
{
    uint32_t first, end;
    uint64_t width = 0;
    scree__synth_tile_lines(survey, tile, &first, &end);
    for (uint32_t line = first; line < end; line++) {
        struct scree__synth_strip strip;
        strip_sides(survey, tile, line, &strip);
        width += (uint64_t)(strip.x1 - strip.x0);
    }
    return width * (uint64_t)survey->side;
}

/* Each line takes its length at the aircraft's speed, and a turn. */
static uint64_t line_begin(const struct scree__synth_survey *survey, uint32_t line)
{
    uint64_t flight = (uint64_t)(survey->height / survey->speed) + 1;
    return (FIRST_SECOND + line * (flight + TURN_SECONDS)) * TICKS_A_SECOND;
}

void scree__synth_strip_init(const struct scree__synth_survey *survey, uint32_t tile, uint32_t line,
                             uint64_t slot_area, struct scree__synth_strip *strip)
{
    *strip = (struct scree__synth_strip){.line = line, .tile = tile};
    strip_sides(survey, tile, line, strip);
    strip->y0 = tile_south(survey, tile);
    strip->north = line % 2 == 0;
    strip->west_neighbour = line > 0;
    strip->east_neighbour = line + 1 < survey->line_count;
    uint64_t width = (uint64_t)(strip->x1 - strip->x0), side = (uint64_t)survey->side;
    uint64_t slots = width * side / slot_area;
    strip->block_count = slots / SCREE__SYNTH_BLOCK_SLOTS + 1;
    strip->slot_count = strip->block_count * SCREE__SYNTH_BLOCK_SLOTS;
    uint64_t apart = square_root(slot_area);
    strip->scan_slots = width > apart ? width / apart : 1;
    strip->y_step = (side << 24) / strip->slot_count;
    int64_t flown = strip->north ? strip->y0 : survey->height - strip->y0 - survey->side;
    strip->first_tick =
        line_begin(survey, line) + (uint64_t)(flown / survey->speed) * TICKS_A_SECOND +
        (uint64_t)(flown % survey->speed) * TICKS_A_SECOND / (uint64_t)survey->speed;
    uint64_t ticks = side * TICKS_A_SECOND / (uint64_t)survey->speed;
    strip->tick_step = (ticks << 20) / strip->slot_count;
}

/* atan by its series: within half a unit up to 25 degrees. One radian is 9549.297 units. */
static int16_t angle_of(int32_t tangent)
{
    int64_t t = tangent < 0 ? -tangent : tangent;
    int64_t t2 = t * t >> 16, t3 = t * t2 >> 16, t5 = t3 * t2 >> 16, t7 = t5 * t2 >> 16;
    int64_t angle = ((t - t3 / 3 + t5 / 5 - t7 / 7) * 9549297 / 1000 + 32768) >> 16;
    return (int16_t)(tangent < 0 ? -angle : angle);
}

void scree__synth_shoot(const struct scree__synth_survey *survey,
                        const struct scree__synth_strip *strip, uint64_t slot, uint32_t part,
                        struct scree__synth_shot *shot)
{
    uint64_t swing = slot / strip->scan_slots, at = slot % strip->scan_slots;
    bool eastward = (swing % 2 == 0) == strip->north;
    uint64_t parts = slot * SCREE__SYNTH_SLOT_PARTS + part;
    int64_t flown = (int64_t)(parts * strip->y_step >> 29);
    int64_t across =
        (int64_t)((at * SCREE__SYNTH_SLOT_PARTS + part) * (uint64_t)(strip->x1 - strip->x0) /
                  (strip->scan_slots * SCREE__SYNTH_SLOT_PARTS));
    shot->ray.y = strip->north ? strip->y0 + flown : strip->y0 + survey->side - 1 - flown;
    shot->ray.x = eastward ? strip->x0 + across : strip->x1 - 1 - across;
    int64_t off = shot->ray.x - strip->middle;
    shot->ray.tangent = (int32_t)(off * 65536 / survey->altitude);
    shot->ray.certain = false;
    shot->ticks = strip->first_tick + (parts * strip->tick_step >> 25);
    shot->scan_angle = angle_of(shot->ray.tangent);
    if (!strip->north)
        shot->scan_angle = (int16_t)-shot->scan_angle;
    shot->forward = eastward == strip->north;
    shot->edge = at + 1 == strip->scan_slots && (eastward ? strip->east_edge : strip->west_edge);
    /* Beyond the middle between two lines the neighbour sees better. */
    shot->overlap = (off > survey->spacing / 2 && strip->east_neighbour) ||
                    (off < -survey->spacing / 2 && strip->west_neighbour);
}
