/* record.c - point records of formats 0 to 10. */
#include "synth/record.h"
#include "base/bytes.h"

#include <string.h>

/* Colours as an orthophoto has them, in 8 bits; spread: how far the tint of a thing moves them. */
static const struct {
    uint8_t red, green, blue, infrared, spread;
} palette[SCREE__SYNTH_SURFACES] = {
    [SCREE__SYNTH_MEADOW] = {128, 140, 84, 176, 0}, [SCREE__SYNTH_ROAD] = {120, 120, 122, 96, 0},
    [SCREE__SYNTH_WATER] = {54, 76, 88, 14, 0},     [SCREE__SYNTH_ROOF] = {150, 96, 78, 120, 60},
    [SCREE__SYNTH_WALL] = {170, 160, 148, 124, 40}, [SCREE__SYNTH_CROWN] = {66, 92, 48, 190, 40},
    [SCREE__SYNTH_SHRUB] = {92, 110, 60, 182, 0},   [SCREE__SYNTH_METAL] = {110, 112, 116, 90, 0},
    [SCREE__SYNTH_AIR] = {160, 170, 180, 80, 0},
};

struct layout {
    uint8_t time_at, colour_at; /* offset in the record; 0: not there */
    bool infrared;
};

static const struct layout layouts[11] = {
    {0, 0, false},  {20, 0, false},  {0, 20, false}, {20, 28, false},
    {20, 0, false}, {20, 28, false}, {22, 0, false}, {22, 30, false},
    {22, 30, true}, {22, 0, false},  {22, 30, true},
};

/* All returns of a pulse have the colour that the photograph shows there: that of the first. */
struct colour {
    uint16_t red, green, blue, infrared;
};

static uint16_t channel(int32_t v)
{
    return (uint16_t)((v < 0 ? 0 : (v > 255 ? 255 : v)) * 256);
}

static struct colour colour_of(const struct scree__synth_world *world,
                               const struct scree__synth_hit *hit)
{
    /* The photograph's pixels are 20 cm; light and shade change over some metres. */
    int64_t x = hit->x / 200, y = hit->y / 200;
    uint64_t seed = world->layer[SCREE__SYNTH_TEXTURE];
    uint64_t grain = scree__synth_hash(seed, x, y);
    int32_t shade = scree__synth_noise(seed, hit->x, hit->y, 12) / 2048 + (int32_t)(grain & 15) - 8;
    int32_t tint =
        hit->tint * palette[hit->surface].spread / 255 - palette[hit->surface].spread / 2;
    struct colour colour;
    colour.red = channel(palette[hit->surface].red + shade + tint + (int32_t)(grain >> 8 & 3));
    colour.green =
        channel(palette[hit->surface].green + shade + tint / 2 + (int32_t)(grain >> 16 & 3));
    colour.blue =
        channel(palette[hit->surface].blue + shade + tint / 3 + (int32_t)(grain >> 24 & 3));
    colour.infrared = channel(palette[hit->surface].infrared + shade * 2 - tint / 2);
    return colour;
}

static uint16_t source_id(uint32_t line)
{
    return (uint16_t)(1 + line % 65535);
}

/* Formats 0 to 5: wire, tower and high noise have no class of their own yet; points of the overlap
 * have one, instead of a flag. */
static void store_legacy(uint8_t *record, const struct scree__synth_pulse *pulse, unsigned index,
                         const struct scree__synth_hit *hit)
{
    uint32_t class = hit->classification;
    if (class == SCREE__SYNTH_CLASS_WIRE || class == SCREE__SYNTH_CLASS_TOWER)
        class = SCREE__SYNTH_CLASS_OTHER;
    if (class == SCREE__SYNTH_CLASS_HIGH_NOISE)
        class = SCREE__SYNTH_CLASS_LOW_NOISE;
    if (class == SCREE__SYNTH_CLASS_GROUND && pulse->shot.overlap)
        class = SCREE__SYNTH_CLASS_OVERLAP;
    int32_t angle = pulse->shot.scan_angle;
    record[14] = (uint8_t)((index + 1) | pulse->count << 3 | (uint32_t)pulse->shot.forward << 6 |
                           (uint32_t)pulse->shot.edge << 7);
    record[15] = (uint8_t)(class | (hit->flags & 7u) << 5);
    record[16] = (uint8_t)(int8_t)((angle * 6 + (angle < 0 ? -500 : 500)) / 1000);
}

static void store_modern(uint8_t *record, const struct scree__synth_pulse *pulse, unsigned index,
                         const struct scree__synth_hit *hit, uint32_t line)
{
    uint32_t scanner = line % 4 == 3; /* the second channel flies now and then */
    record[14] = (uint8_t)((index + 1) | pulse->count << 4);
    record[15] = (uint8_t)(hit->flags | (pulse->shot.overlap ? SCREE__SYNTH_FLAG_OVERLAP : 0) |
                           scanner << 4 | (uint32_t)pulse->shot.forward << 6 |
                           (uint32_t)pulse->shot.edge << 7);
    record[16] = hit->classification;
    scree__base_store16(record + 18, (uint16_t)pulse->shot.scan_angle);
}

static void store(uint8_t *record, unsigned point_format, const struct scree__synth_pulse *pulse,
                  unsigned index, const struct scree__synth_hit *hit, uint32_t line,
                  const struct colour *colour)
{
    const struct layout *layout = &layouts[point_format];
    scree__base_store32(record, (uint32_t)hit->x);
    scree__base_store32(record + 4, (uint32_t)hit->y);
    scree__base_store32(record + 8, (uint32_t)hit->z);
    scree__base_store16(record + 12, hit->intensity);
    if (point_format < 6)
        store_legacy(record, pulse, index, hit);
    else
        store_modern(record, pulse, index, hit, line);
    scree__base_store16(record + (point_format < 6 ? 18 : 20), source_id(line));
    if (layout->time_at != 0) /* exact: see flight.h on ticks */
        scree__base_store_f64(record + layout->time_at, (double)pulse->shot.ticks * 0x1p-24);
    if (layout->colour_at != 0) {
        scree__base_store16(record + layout->colour_at, colour->red);
        scree__base_store16(record + layout->colour_at + 2, colour->green);
        scree__base_store16(record + layout->colour_at + 4, colour->blue);
    }
    if (layout->infrared)
        scree__base_store16(record + layout->colour_at + 6, colour->infrared);
}

void scree__synth_records_make(const struct scree__synth_plan *plan, unsigned point_format,
                               uint32_t record_bytes, uint64_t begin, uint64_t end,
                               struct scree__synth_scene *scene, struct scree__synth_block *block,
                               uint8_t *records)
{
    bool coloured = layouts[point_format].colour_at != 0;
    struct scree__synth_walk walk;
    /* What formats have beyond these fields (user data, wave packets) is zero. */
    memset(records, 0, (size_t)(end - begin) * record_bytes);
    scree__synth_walk_to(&walk, plan, begin);
    for (;;) {
        scree__synth_block_make(block, scene, &walk);
        uint64_t point = walk.begin;
        for (uint32_t i = 0; i < block->pulse_count; i++) {
            const struct scree__synth_pulse *pulse = &block->pulses[i];
            const struct scree__synth_hit *hits = &block->hits[pulse->first_hit];
            struct colour colour = {0, 0, 0, 0};
            if (coloured && pulse->count > 0)
                colour = colour_of(&scene->world, &hits[0]);
            for (uint32_t k = 0; k < pulse->count; k++, point++)
                if (point >= begin && point < end)
                    store(records + (point - begin) * record_bytes, point_format, pulse, k,
                          &hits[k], walk.strip.line, &colour);
        }
        if (walk.end >= end)
            break;
        scree__synth_walk_next(&walk);
    }
}
