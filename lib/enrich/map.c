/*
 * map.c - the raster of a report as a picture: height above ground, building score, and where score and class 6 disagree; side by side, north up, shaded by the relief of
 * the highest points so that roofs and crowns can be told apart.
 */
#include "enrich/map_font.h"
#include "enrich/png.h"
#include "enrich/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MARGIN 24u
#define TITLE_HEIGHT 64u
#define LEGEND_HEIGHT 64u
#define LETTER 2u /* pixels a dot */
#define PANEL_LEAST 480u
#define PANELS_MOST 3u

struct color {
    uint8_t r, g, b;
};

static const struct color paper = {252, 251, 248}, ink = {40, 44, 52}, faint = {130, 134, 140},
                          nothing = {238, 236, 231};

enum panel_kind { PANEL_HEIGHT, PANEL_SCORE, PANEL_MATCH };

struct map {
    const struct scree__enrich_report *report;
    const struct scree_enrich_result *result;
    uint8_t *rgb;
    uint32_t width, height; /* of the picture */
    uint32_t zoom;          /* pixels a cell */
    enum panel_kind panels[PANELS_MOST];
    uint32_t panel_count, panel_width, panel_height;
};

/* ---------------------------------------------------------------------------------------- drawing */

static void dot(struct map *map, uint32_t x, uint32_t y, struct color color)
{
    if (x >= map->width || y >= map->height)
        return;
    uint8_t *to = map->rgb + 3 * ((uint64_t)y * map->width + x);
    to[0] = color.r;
    to[1] = color.g;
    to[2] = color.b;
}

static void fill(struct map *map, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
                 struct color color)
{
    for (uint32_t j = 0; j < h; j++)
        for (uint32_t i = 0; i < w; i++)
            dot(map, x + i, y + j, color);
}

static uint32_t text_width(const char *text, uint32_t size)
{
    return (uint32_t)strlen(text) * (SCREE__ENRICH_GLYPH_WIDTH + 1) * size;
}

static void write_text(struct map *map, uint32_t x, uint32_t y, uint32_t size, const char *text,
                       struct color color)
{
    for (; *text != '\0'; text++, x += (SCREE__ENRICH_GLYPH_WIDTH + 1) * size) {
        const uint8_t *rows = scree__enrich_glyph(*text);
        for (uint32_t j = 0; j < SCREE__ENRICH_GLYPH_HEIGHT; j++)
            for (uint32_t i = 0; i < SCREE__ENRICH_GLYPH_WIDTH; i++)
                if ((rows[j] >> (SCREE__ENRICH_GLYPH_WIDTH - 1 - i) & 1) != 0)
                    fill(map, x + i * size, y + j * size, size, size, color);
    }
}

static struct color mix(struct color a, struct color b, double share)
{
    return (struct color){(uint8_t)(a.r + (b.r - a.r) * share + 0.5),
                          (uint8_t)(a.g + (b.g - a.g) * share + 0.5),
                          (uint8_t)(a.b + (b.b - a.b) * share + 0.5)};
}

static struct color shaded(struct color color, double shade)
{
    const double r = color.r * shade, g = color.g * shade, b = color.b * shade;
    return (struct color){(uint8_t)(r > 255 ? 255 : r), (uint8_t)(g > 255 ? 255 : g),
                          (uint8_t)(b > 255 ? 255 : b)};
}

/* ----------------------------------------------------------------------------------------- colours */

struct stop {
    double at;
    struct color color;
};

static struct color ramp(const struct stop *stops, unsigned count, double value)
{
    if (value <= stops[0].at)
        return stops[0].color;
    for (unsigned i = 1; i < count; i++)
        if (value < stops[i].at)
            return mix(stops[i - 1].color, stops[i].color,
                       (value - stops[i - 1].at) / (stops[i].at - stops[i - 1].at));
    return stops[count - 1].color;
}

static const struct stop heights[] = {
    {-1, {196, 160, 140}}, {0, {238, 230, 212}}, {1, {206, 220, 170}}, {3, {140, 190, 130}},
    {6, {72, 156, 130}},   {12, {44, 110, 150}}, {20, {62, 66, 140}},  {35, {84, 30, 100}},
};
static const struct stop scores[] = {
    {0, {244, 242, 236}},  {0.3, {250, 224, 160}}, {0.5, {244, 168, 80}},
    {0.75, {216, 84, 52}}, {1, {142, 16, 40}},
};
static const struct color agreed = {64, 116, 180}, missed = {196, 32, 122},
                          false_alarm = {238, 136, 20}, quiet = {224, 222, 216};

#define COUNT_OF(array) ((unsigned)(sizeof(array) / sizeof *(array)))

static struct color match_color(const struct scree__enrich_map_cell *cell)
{
    const uint32_t wrong = cell->missed > cell->false_alarms ? cell->missed : cell->false_alarms;
    if (cell->found == 0 && wrong == 0)
        return quiet;
    const struct color color = cell->found >= wrong    ? agreed
                               : cell->missed == wrong ? missed
                                                       : false_alarm;
    const uint32_t most = cell->found >= wrong ? cell->found : wrong;
    const double share = (double)most / (cell->points > most ? cell->points : most);
    return mix(quiet, color, 0.35 + 0.65 * share);
}

static struct color color_of(enum panel_kind kind, const struct scree__enrich_map_cell *cell)
{
    switch (kind) {
    case PANEL_HEIGHT:
        return cell->height == SCREE__ENRICH_NO_HEIGHT
                   ? nothing
                   : ramp(heights, COUNT_OF(heights), cell->height / 1000.0);
    case PANEL_SCORE:
        return cell->score == 255 ? nothing : ramp(scores, COUNT_OF(scores), cell->score / 254.0);
    case PANEL_MATCH:
        break;
    }
    return match_color(cell);
}

/* ------------------------------------------------------------------------------------------ cells */

static const struct scree__enrich_map_cell *cell_at(const struct map *map, int64_t x, int64_t y)
{
    const struct scree__enrich_report *report = map->report;
    if (x < 0 || y < 0 || x >= report->width || y >= report->height)
        return NULL;
    const struct scree__enrich_map_cell *cell = &report->cells[y * report->width + x];
    return cell->points > 0 ? cell : NULL;
}

/* The cell, or one beside it where no point fell into it: a map with pinholes is hard to read. */
static const struct scree__enrich_map_cell *near_cell(const struct map *map, int64_t x, int64_t y)
{
    static const int8_t around[][2] = {{0, 0},  {1, 0},   {-1, 0}, {0, 1},  {0, -1},
                                       {1, 1},  {-1, -1}, {1, -1}, {-1, 1}, {2, 0},
                                       {-2, 0}, {0, 2},   {0, -2}};
    const struct scree__enrich_map_cell *found = NULL;
    for (unsigned i = 0; i < COUNT_OF(around) && found == NULL; i++)
        found = cell_at(map, x + around[i][0], y + around[i][1]);
    return found;
}

/* Light from the north-west, 45 degrees high; 1 on flat ground. */
static double shade_of(const struct map *map, int64_t x, int64_t y)
{
    const struct scree__enrich_report *report = map->report;
    double z[3][3];
    const struct scree__enrich_map_cell *middle = near_cell(map, x, y);
    for (int j = 0; j < 3; j++)
        for (int i = 0; i < 3; i++) {
            const struct scree__enrich_map_cell *cell = near_cell(map, x + i - 1, y + j - 1);
            z[j][i] = (cell != NULL ? cell : middle)->top * report->scale[2];
        }
    const double run = 8 * report->cell_size;
    const double dx = (z[0][2] + 2 * z[1][2] + z[2][2] - z[0][0] - 2 * z[1][0] - z[2][0]) / run;
    const double dy = (z[2][0] + 2 * z[2][1] + z[2][2] - z[0][0] - 2 * z[0][1] - z[0][2]) / run;
    const double light = (dx - dy + 1.41421356) / (1.41421356 * sqrt(1 + dx * dx + dy * dy));
    const double shade = 0.62 + 0.38 * light;
    return shade < 0.45 ? 0.45 : shade;
}

static void draw_cells(struct map *map, enum panel_kind kind, uint32_t left, uint32_t top)
{
    const struct scree__enrich_report *report = map->report;
    for (uint32_t y = 0; y < report->height; y++)
        for (uint32_t x = 0; x < report->width; x++) {
            const struct scree__enrich_map_cell *cell = near_cell(map, x, y);
            struct color color = nothing;
            if (cell != NULL)
                color = shaded(color_of(kind, cell), shade_of(map, x, y));
            fill(map, left + x * map->zoom, top + (report->height - 1 - y) * map->zoom, map->zoom,
                 map->zoom, color);
        }
}

/* ------------------------------------------------------------------------------------------- marks */

static void draw_frame(struct map *map, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
                       struct color color)
{
    fill(map, x, y, w, 1, color);
    fill(map, x, y + h - 1, w, 1, color);
    fill(map, x, y, 1, h, color);
    fill(map, x + w - 1, y, 1, h, color);
}

/* The number of a place beside its frame, on the side where there is room for it. */
static void draw_number(struct map *map, uint32_t number, const uint32_t frame[4], uint32_t right)
{
    char text[12];
    snprintf(text, sizeof text, "%u", number);
    const uint32_t wide = text_width(text, LETTER) + LETTER,
                   high = (SCREE__ENRICH_GLYPH_HEIGHT + 2) * LETTER;
    uint32_t x = frame[0] + frame[2] + 2;
    if (x + wide > right)
        x = frame[0] > wide + 2 ? frame[0] - wide - 2 : 0;
    fill(map, x, frame[1], wide, high, paper);
    write_text(map, x + LETTER, frame[1] + LETTER, LETTER, text, ink);
}

/* The largest clusters of the report, numbered as in its list. */
static void draw_marks(struct map *map, uint32_t left, uint32_t top)
{
    const struct scree__enrich_report *report = map->report;
    const double pixels = map->zoom / report->cell_size;
    const double up = report->origin[1] + report->height * report->cell_size;
    for (uint32_t i = map->result->largest_count; i-- > 0;) {
        const struct scree_enrich_cluster *cluster = &map->result->largest[i];
        const uint32_t frame[4] = {
            left + (uint32_t)((cluster->min[0] - report->origin[0]) * pixels + 0.5),
            top + (uint32_t)((up - cluster->max[1]) * pixels + 0.5),
            (uint32_t)((cluster->max[0] - cluster->min[0]) * pixels + 0.5),
            (uint32_t)((cluster->max[1] - cluster->min[1]) * pixels + 0.5)};
        draw_frame(map, frame[0], frame[1], frame[2], frame[3], ink);
        draw_number(map, i + 1, frame, left + report->width * map->zoom);
    }
}

/* ----------------------------------------------------------------------------------------- legends */

static void draw_ramp(struct map *map, const struct stop *stops, unsigned count, double from,
                      double to, const double *labels, unsigned label_count, uint32_t x, uint32_t y)
{
    const uint32_t wide = 300;
    for (uint32_t i = 0; i < wide; i++)
        fill(map, x + i, y, 1, 14, ramp(stops, count, from + (to - from) * i / wide));
    for (unsigned i = 0; i < label_count; i++) {
        char text[16];
        const uint32_t at = x + (uint32_t)(wide * (labels[i] - from) / (to - from));
        snprintf(text, sizeof text, "%g", labels[i]);
        fill(map, at, y + 14, 1, 5, ink);
        write_text(map, at - text_width(text, LETTER) / 2 + LETTER / 2, y + 23, LETTER, text, ink);
    }
}

static uint32_t draw_key(struct map *map, struct color color, const char *text, uint32_t x,
                         uint32_t y)
{
    fill(map, x, y, 14, 14, color);
    write_text(map, x + 20, y, LETTER, text, ink);
    return x + 20 + text_width(text, LETTER) + 18;
}

static void draw_legend(struct map *map, enum panel_kind kind, uint32_t x, uint32_t y)
{
    static const double metres[] = {0, 5, 10, 20, 30}, shares[] = {0, 0.5, 1};
    if (kind == PANEL_HEIGHT)
        draw_ramp(map, heights, COUNT_OF(heights), -1, 35, metres, COUNT_OF(metres), x + 6, y);
    if (kind == PANEL_SCORE)
        draw_ramp(map, scores, COUNT_OF(scores), 0, 1, shares, COUNT_OF(shares), x + 6, y);
    if (kind != PANEL_MATCH)
        return;
    x = draw_key(map, agreed, "agree", x, y);
    x = draw_key(map, missed, "missed", x, y);
    draw_key(map, false_alarm, "extra", x, y);
}

static void draw_panel(struct map *map, uint32_t index)
{
    static const char *const titles[] = {"Height above ground, m", "Building score",
                                         "Score against class 6"};
    const enum panel_kind kind = map->panels[index];
    const uint32_t left = MARGIN + index * (map->panel_width + MARGIN), top = TITLE_HEIGHT + 24;
    char figures[64] = "";
    write_text(map, left, TITLE_HEIGHT, LETTER, titles[kind], ink);
    if (kind == PANEL_MATCH)
        snprintf(figures, sizeof figures, "F1 %.2f  AUC %.2f", map->result->whole.f1,
                 map->result->whole.auc);
    const uint32_t wide = text_width(figures, LETTER);
    if (wide + text_width(titles[kind], LETTER) + 20 < map->panel_width)
        write_text(map, left + map->panel_width - wide, TITLE_HEIGHT, LETTER, figures, faint);
    fill(map, left, top, map->panel_width, map->panel_height, nothing);
    const uint32_t cells_left = left + (map->panel_width - map->report->width * map->zoom) / 2,
                   cells_top = top + (map->panel_height - map->report->height * map->zoom) / 2;
    draw_cells(map, kind, cells_left, cells_top);
    if (kind == PANEL_MATCH)
        draw_marks(map, cells_left, cells_top);
    draw_legend(map, kind, left, top + map->panel_height + 14);
}

/* A round length of about a quarter of a panel. */
static void draw_scale(struct map *map, uint32_t y)
{
    const double pixel = map->report->cell_size * map->report->metres / map->zoom;
    const double most = map->panel_width * pixel / 4;
    double length = pow(10, floor(log10(most)));
    length *= most / length >= 5 ? 5 : most / length >= 2 ? 2 : 1;
    char text[32];
    snprintf(text, sizeof text, length < 1000 ? "%g m" : "%g m", length);
    const uint32_t wide = (uint32_t)(length / pixel), x = map->width - MARGIN - wide;
    fill(map, x, y + 8, wide, 3, ink);
    fill(map, x, y + 2, 2, 9, ink);
    fill(map, x + wide - 2, y + 2, 2, 9, ink);
    write_text(map, x - text_width(text, LETTER) - 8, y, LETTER, text, ink);
}

static void draw(struct map *map, const char *name)
{
    char title[80];
    const char *slash = strrchr(name, '/');
    snprintf(title, sizeof title, "%s", slash != NULL ? slash + 1 : name);
    fill(map, 0, 0, map->width, map->height, paper);
    const uint32_t room = (map->width - 2 * MARGIN) / (3 * (SCREE__ENRICH_GLYPH_WIDTH + 1));
    if (room < sizeof title)
        title[room] = '\0';
    write_text(map, MARGIN, 20, 3, title, ink);
    for (uint32_t i = 0; i < map->panel_count; i++)
        draw_panel(map, i);
    draw_scale(map, map->height - 24);
}

/* ------------------------------------------------------------------------------------------ whole */

static void choose_panels(struct map *map)
{
    const struct scree__enrich_report *report = map->report;
    const uint32_t longer = report->width > report->height ? report->width : report->height;
    map->zoom = 1;
    while (longer * (map->zoom + 1) <= PANEL_LEAST * 3 / 2)
        map->zoom++;
    map->panel_width = report->width * map->zoom;
    map->panel_height = report->height * map->zoom;
    map->panel_width = map->panel_width < PANEL_LEAST ? PANEL_LEAST : map->panel_width;
    map->panels[map->panel_count++] = PANEL_HEIGHT;
    if (report->score_at >= 0)
        map->panels[map->panel_count++] = PANEL_SCORE;
    if (map->result->is_judged)
        map->panels[map->panel_count++] = PANEL_MATCH;
    map->width = MARGIN + map->panel_count * (map->panel_width + MARGIN);
    map->height = TITLE_HEIGHT + 24 + map->panel_height + LEGEND_HEIGHT + MARGIN;
}

enum scree_status scree__enrich_map_save(const struct scree__enrich_report *report,
                                         const char *name, const struct scree_enrich_result *result,
                                         const char *path, struct scree_error *err)
{
    struct map map = {.report = report, .result = result};
    void *memory;
    choose_panels(&map);
    const uint64_t bytes = (uint64_t)3 * map.width * map.height;
    enum scree_status status = scree__mem_alloc(report->budget, bytes, &memory, "a picture", err);
    if (status != SCREE_OK)
        return status;
    map.rgb = memory;
    draw(&map, name);
    status = scree__enrich_png_save(report->budget, path, map.width, map.height, map.rgb, err);
    scree__mem_free(report->budget, memory, bytes);
    return status;
}
