/* map_whole.c - records of formats 0 to 3 in formats 6 and 7, every field in one go: a third of the time that a loop for each field takes. */
#include "las/map_parts.h"

/* A shift by more would not leave room for a coordinate beside it. */
#define SHIFT_MAX ((int64_t)1 << 32)

/* The same value shifted; what does not fit 32 bits leaves bits in *lost. */
static inline void shift_to(uint8_t *out, const uint8_t *in, int64_t shift, uint64_t *lost)
{
    int64_t value = scree__base_load_i32(in) + shift;
    *lost |= (uint64_t)value ^ (uint64_t)(int64_t)(int32_t)(uint32_t)(uint64_t)value;
    scree__base_store32(out, (uint32_t)(uint64_t)value);
}

/* gps_at, rgb_at: of the input, 0 where it has none. Constants at every call, so that each is a loop of its own. */
static inline bool whole(const struct scree__las_map *map, const uint8_t *in, size_t count,
                         uint8_t *out, unsigned gps_at, unsigned rgb_at,
                         struct scree__las_map_stats *stats)
{
    size_t in_bytes = map->in_bytes, out_bytes = map->out_bytes;
    int64_t x = map->shift[0], y = map->shift[1], z = map->shift[2];
    bool colored = map->out_format == 7;
    struct scree__las_map_core core = {0};
    uint64_t lost = 0;
    unsigned top = stats->color_max;
    for (size_t i = 0; i < count; i++, in += in_bytes, out += out_bytes) {
        shift_to(out, in, x, &lost);
        shift_to(out + 4, in + 4, y, &lost);
        shift_to(out + 8, in + 8, z, &lost);
        scree__las_map_old_core(in, out, &core);
        scree__base_store64(out + 22, gps_at != 0 ? scree__base_load64(in + gps_at) : 0);
        unsigned red_green = rgb_at != 0 ? scree__base_load32(in + rgb_at) : 0;
        unsigned blue = rgb_at != 0 ? scree__base_load16(in + rgb_at + 4) : 0;
        if (rgb_at != 0) {
            unsigned red = red_green & 65535, green = red_green >> 16;
            unsigned most = red > green ? red : green;
            most = blue > most ? blue : most;
            top = most > top ? most : top;
        }
        if (colored) {
            scree__base_store32(out + 30, red_green);
            scree__base_store16(out + 34, (uint16_t)blue);
        }
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
        return whole(map, in, count, out, 0, 0, stats);
    case 1:
        return whole(map, in, count, out, 20, 0, stats);
    case 2:
        return whole(map, in, count, out, 0, 20, stats);
    default:
        return whole(map, in, count, out, 20, 28, stats);
    }
}
