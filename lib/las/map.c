/* map.c - the fields of a record, from any point format to 6, 7 or 8. Block by block, field by
 * field; coordinates are in map_grid.c, the usual records of old formats in map_whole.c. */
#include "las/map.h"
#include "las/map_parts.h"
#include "base/bytes.h"

static const struct scree__las_map_places parts_of[11] = {
    {20, 0, 0, 0, 0},    {28, 20, 0, 0, 0},   {26, 0, 20, 0, 0},    {34, 20, 28, 0, 0},
    {57, 20, 0, 0, 28},  {63, 20, 28, 0, 34}, {30, 22, 0, 0, 0},    {36, 22, 30, 0, 0},
    {38, 22, 30, 36, 0}, {59, 22, 0, 0, 30},  {67, 22, 30, 36, 38},
};

static void core_old(const struct scree__las_map *map, const uint8_t *in, size_t count,
                     uint8_t *out, struct scree__las_map_stats *stats)
{
    size_t in_bytes = map->in_bytes, out_bytes = map->out_bytes;
    struct scree__las_map_core core = {0};
    for (size_t i = 0; i < count; i++, in += in_bytes, out += out_bytes)
        scree__las_map_old_core(in, out, &core);
    scree__las_map_add_core(stats, &core);
}

/* The core of formats 6 to 10 is the same bytes. */
static void core_new(const struct scree__las_map *map, const uint8_t *in, size_t count,
                     uint8_t *out, struct scree__las_map_stats *stats)
{
    size_t in_bytes = map->in_bytes, out_bytes = map->out_bytes;
    struct scree__las_map_core core = {0};
    for (size_t i = 0; i < count; i++, in += in_bytes, out += out_bytes) {
        memcpy(out + 12, in + 12, 18);
        scree__las_map_count_return(&core, in[14]);
    }
    scree__las_map_add_core(stats, &core);
}

/* The same `bytes` bytes of every record; from NULL: zeros. Small sizes are loads and stores. */
static void copy_column(const uint8_t *from, size_t from_stride, uint8_t *to, size_t to_stride,
                        size_t count, size_t bytes)
{
#define EACH(statement)                                                      \
    for (size_t i = 0; i < count; i++, from += from_stride, to += to_stride) \
    statement
    switch (bytes) {
    case 1:
        EACH(*to = *from;)
        break;
    case 2:
        EACH(memcpy(to, from, 2);)
        break;
    case 4:
        EACH(memcpy(to, from, 4);)
        break;
    case 8:
        EACH(memcpy(to, from, 8);)
        break;
    default:
        EACH(memcpy(to, from, bytes);)
        break;
    }
#undef EACH
}

static void zero_column(uint8_t *to, size_t stride, size_t count, size_t bytes)
{
    for (size_t i = 0; i < count; i++)
        memset(to + i * stride, 0, bytes);
}

static void gps_times(const struct scree__las_map *map, const struct scree__las_map_places *parts,
                      const uint8_t *in, size_t count, uint8_t *out)
{
    if (parts->gps != 0)
        copy_column(in + parts->gps, map->in_bytes, out + 22, map->out_bytes, count, 8);
    else
        zero_column(out + 22, map->out_bytes, count, 8);
}

/* 8-bit colours as 16-bit ones: 255 becomes 65535. What was 16-bit already is full scale. */
static inline uint16_t scale_color(unsigned v)
{
    return (uint16_t)(v > 255 ? 65535 : v * 257);
}

static void scale_colors(const struct scree__las_map *map, uint8_t *out, size_t count)
{
    size_t out_bytes = map->out_bytes;
    for (size_t i = 0; i < count; i++) {
        uint8_t *color = out + i * out_bytes + 30;
        for (int c = 0; c < 3; c++)
            scree__base_store16(color + 2 * c, scale_color(scree__base_load16(color + 2 * c)));
    }
}

static void find_color_max(const uint8_t *rgb, size_t stride, size_t count, uint16_t *color_max)
{
    unsigned top = *color_max;
    for (size_t i = 0; i < count; i++, rgb += stride) {
        unsigned r = scree__base_load16(rgb), g = scree__base_load16(rgb + 2);
        unsigned b = scree__base_load16(rgb + 4);
        unsigned rg = r > g ? r : g, rgb_top = rg > b ? rg : b;
        top = rgb_top > top ? rgb_top : top;
    }
    *color_max = (uint16_t)top;
}

static void colors(const struct scree__las_map *map, const struct scree__las_map_places *parts,
                   const uint8_t *in, size_t count, uint8_t *out,
                   struct scree__las_map_stats *stats)
{
    size_t in_bytes = map->in_bytes, out_bytes = map->out_bytes;
    if (parts->rgb != 0)
        find_color_max(in + parts->rgb, in_bytes, count, &stats->color_max);
    if (map->out_format == 6)
        return;
    if (parts->rgb == 0) {
        zero_column(out + 30, out_bytes, count, 6);
    } else {
        for (size_t i = 0; i < count; i++)
            memcpy(out + i * out_bytes + 30, in + i * in_bytes + parts->rgb, 6);
        if (map->scale_colors)
            scale_colors(map, out, count);
    }
    if (map->out_format == 7)
        return;
    if (parts->nir == 0)
        zero_column(out + 36, out_bytes, count, 2);
    else
        copy_column(in + parts->nir, in_bytes, out + 36, out_bytes, count, 2);
}

/* Bytes that the copies fill. */
static uint64_t copied_bytes(const struct scree__las_map *map)
{
    uint64_t sum = 0;
    for (uint32_t c = 0; c < map->copy_count; c++)
        sum += map->copies[c].bytes;
    return sum;
}

static void extra_bytes(const struct scree__las_map *map, const struct scree__las_map_places *parts,
                        const uint8_t *in, size_t count, uint8_t *out)
{
    uint32_t out_base = parts_of[map->out_format].base_bytes;
    size_t bytes = map->out_bytes - out_base;
    if (bytes == 0)
        return;
    if (copied_bytes(map) < bytes) {
        if (map->extra_defaults == NULL)
            zero_column(out + out_base, map->out_bytes, count, bytes);
        else
            copy_column(map->extra_defaults, 0, out + out_base, map->out_bytes, count, bytes);
    }
    for (uint32_t c = 0; c < map->copy_count; c++) {
        const struct scree__las_map_copy *copy = &map->copies[c];
        copy_column(in + parts->base_bytes + copy->from, map->in_bytes, out + out_base + copy->to,
                    map->out_bytes, count, copy->bytes);
    }
}

static void count_waves(const uint8_t *wave, size_t stride, size_t count, uint64_t *packets)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += wave[i * stride] != 0;
    *packets += sum;
}

/* Return number 0 becomes 1, then a number of returns below it becomes the return number. */
static void fix_returns(const struct scree__las_map *map, uint8_t *out, size_t count,
                        uint64_t *fixed)
{
    uint64_t changed = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t *byte = out + i * map->out_bytes + 14;
        unsigned number = *byte & 15, of = *byte >> 4;
        number += number == 0;
        of = of < number ? number : of;
        uint8_t fixed_byte = (uint8_t)(number | of << 4);
        changed += fixed_byte != *byte;
        *byte = fixed_byte;
    }
    *fixed += changed;
}

bool scree__las_map_is_identity(const struct scree__las_map *map)
{
    uint32_t bytes = map->in_bytes;
    if (map->in_format != map->out_format || bytes != map->out_bytes || map->scale_colors)
        return false;
    for (int axis = 0; axis < 3; axis++)
        if (!map->exact[axis] || map->shift[axis] != 0)
            return false;
    for (uint32_t c = 0; c < map->copy_count; c++)
        if (map->copies[c].from != map->copies[c].to)
            return false;
    return copied_bytes(map) == bytes - parts_of[map->in_format].base_bytes;
}

void scree__las_map_in_place(const struct scree__las_map *map, uint8_t *records, size_t count,
                             struct scree__las_map_stats *stats)
{
    const struct scree__las_map_places *parts = &parts_of[map->in_format];
    size_t stride = map->in_bytes;
    struct scree__las_map_core core = {0};
    for (size_t i = 0; i < count; i++)
        scree__las_map_count_return(&core, records[i * stride + 14]);
    scree__las_map_add_core(stats, &core);
    if (parts->rgb != 0)
        find_color_max(records + parts->rgb, stride, count, &stats->color_max);
    if (map->fix_returns)
        fix_returns(map, records, count, &stats->fixed_returns);
}

static void map_block(const struct scree__las_map *map, const struct scree__las_map_places *parts,
                      const uint8_t *in, size_t count, uint8_t *out, size_t first_index,
                      struct scree__las_map_stats *stats)
{
    if (scree__las_map_whole(map, in, count, out, stats))
        return;
    scree__las_map_coordinates(map, in, count, out, first_index, stats);
    if (map->in_format < 6) {
        core_old(map, in, count, out, stats);
        gps_times(map, parts, in, count, out);
    } else {
        core_new(map, in, count, out, stats);
    }
    colors(map, parts, in, count, out, stats);
    extra_bytes(map, parts, in, count, out);
    if (parts->wave != 0)
        count_waves(in + parts->wave, map->in_bytes, count, &stats->wave_packets);
}

void scree__las_map_records(const struct scree__las_map *map, const uint8_t *in, size_t count,
                            uint8_t *out, struct scree__las_map_stats *stats)
{
    const struct scree__las_map_places *parts = &parts_of[map->in_format];
    if (scree__las_map_is_identity(map)) {
        memcpy(out, in, count * map->in_bytes);
        scree__las_map_in_place(map, out, count, stats);
        return;
    }
    for (size_t done = 0; done < count;) {
        size_t block = count - done < SCREE__LAS_MAP_BLOCK ? count - done : SCREE__LAS_MAP_BLOCK;
        map_block(map, parts, in, block, out, done, stats);
        if (map->fix_returns)
            fix_returns(map, out, block, &stats->fixed_returns);
        in += block * map->in_bytes;
        out += block * map->out_bytes;
        done += block;
    }
}
