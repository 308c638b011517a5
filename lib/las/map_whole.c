/*
 * map_whole.c - records of formats 0 to 3 in formats 6 and 7, every field in one go: a third of the time that a loop for each field takes. Or only what has to be
 * known of them and their coordinates, when the rest may wait.
 */
#include "las/map_parts.h"

/* A shift by more would not leave room for a coordinate beside it. */
#define SHIFT_MAX ((int64_t)1 << 32)

/* The same value shifted; what does not fit 32 bits leaves bits in *lost. */
static inline uint32_t shifted(const uint8_t *in, int64_t shift, uint64_t *lost)
{
    int64_t value = scree__base_load_i32(in) + shift;
    *lost |= (uint64_t)value ^ (uint64_t)(int64_t)(int32_t)(uint32_t)(uint64_t)value;
    return (uint32_t)(uint64_t)value;
}

/* The largest of red, green, blue and `top`. */
static inline unsigned top_color(const uint8_t *rgb, unsigned top)
{
    unsigned red_green = scree__base_load32(rgb), blue = scree__base_load16(rgb + 4);
    unsigned red = red_green & 65535, green = red_green >> 16;
    unsigned most = red > green ? red : green;
    most = blue > most ? blue : most;
    return most > top ? most : top;
}

/* in_format: a constant at every call, so that each is a loop of its own. */
static inline bool whole(const struct scree__las_map *map, const uint8_t *in, size_t count,
                         uint8_t *out, unsigned in_format, struct scree__las_map_stats *stats)
{
    const unsigned gps_at = SCREE__LAS_MAP_OLD_GPS(in_format);
    const unsigned rgb_at = SCREE__LAS_MAP_OLD_RGB(in_format);
    size_t in_bytes = map->in_bytes, out_bytes = map->out_bytes;
    int64_t x = map->shift[0], y = map->shift[1], z = map->shift[2];
    bool colored = map->out_format == 7;
    struct scree__las_map_core core = {0};
    uint64_t lost = 0;
    unsigned top = stats->color_max;
    for (size_t i = 0; i < count; i++, in += in_bytes, out += out_bytes) {
        scree__base_store32(out, shifted(in, x, &lost));
        scree__base_store32(out + 4, shifted(in + 4, y, &lost));
        scree__base_store32(out + 8, shifted(in + 8, z, &lost));
        if (rgb_at != 0)
            top = top_color(in + rgb_at, top);
        scree__las_map_old_core(in, out, &core);
        scree__las_map_old_rest(in, out, gps_at, rgb_at, colored);
    }
    if (lost != 0)
        return false;
    scree__las_map_add_core(stats, &core);
    stats->color_max = (uint16_t)top;
    return true;
}

static bool is_usual(const struct scree__las_map *map)
{
    static const uint8_t in_bytes[4] = {20, 28, 26, 34};
    if (map->in_format > 3 || map->out_format > 7 || map->scale_colors)
        return false;
    for (int axis = 0; axis < 3; axis++)
        if (!map->exact[axis] || map->shift[axis] > SHIFT_MAX || map->shift[axis] < -SHIFT_MAX)
            return false;
    return map->in_bytes == in_bytes[map->in_format] &&
           map->out_bytes == (map->out_format == 6 ? 30u : 36u);
}

bool scree__las_map_whole(const struct scree__las_map *map, const uint8_t *in, size_t count,
                          uint8_t *out, struct scree__las_map_stats *stats)
{
    if (!is_usual(map))
        return false;
    switch (map->in_format) {
    case 0:
        return whole(map, in, count, out, 0, stats);
    case 1:
        return whole(map, in, count, out, 1, stats);
    case 2:
        return whole(map, in, count, out, 2, stats);
    default:
        return whole(map, in, count, out, 3, stats);
    }
}

/* --------------------------------------------------------------------------------- the rest may wait */

bool scree__las_map_may_wait(const struct scree__las_map *map)
{
    bool colored = map->in_format == 2 || map->in_format == 3;
    return is_usual(map) && !map->fix_returns && map->out_format == (colored ? 7u : 6u);
}

/* Counts what scree__las_map_whole() counts. */
static inline void look(const uint8_t *records, size_t count, unsigned format, size_t bytes,
                        struct scree__las_map_stats *stats)
{
    const unsigned rgb_at = SCREE__LAS_MAP_OLD_RGB(format);
    struct scree__las_map_core core = {0};
    unsigned top = stats->color_max;
    for (size_t i = 0; i < count; i++, records += bytes) {
        scree__las_map_count_old(&core, records[14], records[15]);
        if (rgb_at != 0)
            top = top_color(records + rgb_at, top);
    }
    scree__las_map_add_core(stats, &core);
    stats->color_max = (uint16_t)top;
}

/* In place. Coordinates that do not fit become 0, and are counted. */
static void shift_here(const struct scree__las_map *map, uint8_t *records, size_t count,
                       struct scree__las_map_stats *stats)
{
    for (size_t i = 0; i < count; i++, records += map->in_bytes) {
        uint64_t lost = 0;
        for (int axis = 0; axis < 3; axis++) {
            uint64_t lost_here = 0;
            uint32_t at = shifted(records + 4 * axis, map->shift[axis], &lost_here);
            scree__base_store32(records + 4 * axis, lost_here == 0 ? at : 0);
            lost |= lost_here;
        }
        if (lost != 0 && stats->out_of_range++ == 0)
            stats->first_out_of_range = i;
    }
}

void scree__las_map_wait(const struct scree__las_map *map, uint8_t *records, size_t count,
                         struct scree__las_map_stats *stats)
{
    if (map->shift[0] != 0 || map->shift[1] != 0 || map->shift[2] != 0)
        shift_here(map, records, count, stats);
}

void scree__las_map_count_waiting(unsigned in_format, const uint8_t *records, size_t count,
                                  struct scree__las_map_stats *stats)
{
    switch (in_format) {
    case 0:
        look(records, count, 0, 20, stats);
        break;
    case 2:
        look(records, count, 2, 26, stats);
        break;
    case 3:
        look(records, count, 3, 34, stats);
        break;
    default:
        look(records, count, 1, 28, stats);
        break;
    }
}
