/* query_naive.c - see query_naive.h. */
#include "query_naive.h"
#include "las_make.h"
#include "base/bytes.h"
#include "copc/job.h"
#include "query/job.h"
#include "scree/synth.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---------------------------------------------------------------------------------------- reading */

static void find_levels(struct naive_file *file, const struct scree_las_reader *reader)
{
    struct scree_copc *copc;
    struct scree_error err = SCREE_ERROR_INIT;
    if (!scree_copc_is(reader))
        return;
    if (scree_copc_open(reader, NULL, &copc, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    file->spacing = scree_copc_info(copc)->spacing;
    for (uint64_t u = 0; u < scree_las_unit_count(reader); u++) {
        struct scree_las_unit unit;
        scree_las_unit(reader, u, &unit);
        for (uint64_t i = 0; i < scree_copc_entry_count(copc); i++) {
            const struct scree_copc_entry *entry = &scree_copc_entries(copc)[i];
            if (entry->point_count > 0 && entry->offset == unit.offset)
                memset(file->levels + unit.first_point, entry->key.level, unit.point_count);
        }
    }
    scree_copc_close(copc);
}

static void find_times(struct naive_file *file)
{
    double value;
    file->gps_min = INFINITY;
    file->gps_max = -INFINITY;
    for (uint64_t i = 0; i < file->count; i++) {
        if (!naive_field(file, file->records + i * file->header.record_bytes, "gps_time", &value))
            return;
        file->gps_min = fmin(file->gps_min, value);
        file->gps_max = fmax(file->gps_max, value);
    }
}

void naive_open(struct naive_file *file, const char *path)
{
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_las_cursor *cursor;
    struct scree_error err = SCREE_ERROR_INIT;
    memset(file, 0, sizeof *file);
    snprintf(file->path, sizeof file->path, "%s", path);
    if (scree_source_open_file(path, &source, &err) != SCREE_OK ||
        scree_las_open(source, NULL, &reader, &err) != SCREE_OK ||
        scree_las_cursor_new(reader, SCREE_LAZ_FIELD_ALL, &cursor, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    file->header = *scree_las_header(reader);
    file->count = file->header.point_count;
    file->records = malloc(file->count * file->header.record_bytes + 1);
    file->levels = calloc(file->count + 1, 1);
    file->extra_count = scree_las_extra_byte_count(reader);
    file->extras = calloc(file->extra_count + 1, sizeof *file->extras);
    for (uint32_t i = 0; i < file->extra_count; i++)
        file->extras[i] = *scree_las_extra_byte(reader, i);
    file->unit_count = scree_las_unit_count(reader);
    file->units = calloc(file->unit_count + 1, sizeof *file->units);
    for (uint64_t u = 0; u < file->unit_count; u++)
        scree_las_unit(reader, u, &file->units[u]);
    uint8_t *to = file->records;
    for (uint64_t u = 0; u < scree_las_unit_count(reader); u++) {
        size_t count = 1;
        if (scree_las_cursor_open(cursor, u, &err) != SCREE_OK)
            fail_msg("%s", err.message);
        while (count > 0) {
            if (scree_las_cursor_next(cursor, to, 10000, &count, &err) != SCREE_OK)
                fail_msg("%s", err.message);
            to += count * file->header.record_bytes;
        }
    }
    find_levels(file, reader);
    find_times(file);
    scree_las_cursor_free(cursor);
    scree_las_close(reader);
    scree_source_close(source);
}

void naive_close(struct naive_file *file)
{
    free(file->units);
    free(file->records);
    free(file->levels);
    free(file->extras);
}

/* ---------------------------------------------------------------------------------------- fields */

static bool old_field(const uint8_t *r, const char *name, double *value)
{
    if (strcmp(name, "return_number") == 0)
        *value = r[14] % 8;
    else if (strcmp(name, "number_of_returns") == 0)
        *value = r[14] / 8 % 8;
    else if (strcmp(name, "classification") == 0)
        *value = r[15] % 32;
    else if (strcmp(name, "withheld") == 0)
        *value = r[15] / 128;
    else if (strcmp(name, "scan_direction") == 0)
        *value = r[14] / 64 % 2;
    else if (strcmp(name, "scan_angle") == 0)
        *value = (int8_t)r[16];
    else if (strcmp(name, "point_source_id") == 0)
        *value = r[18] + 256 * r[19];
    else
        return false;
    return true;
}

static bool new_field(const uint8_t *r, const char *name, double *value)
{
    if (strcmp(name, "return_number") == 0)
        *value = r[14] % 16;
    else if (strcmp(name, "number_of_returns") == 0)
        *value = r[14] / 16;
    else if (strcmp(name, "classification") == 0)
        *value = r[16];
    else if (strcmp(name, "withheld") == 0)
        *value = r[15] / 4 % 2;
    else if (strcmp(name, "overlap") == 0)
        *value = r[15] / 8 % 2;
    else if (strcmp(name, "scanner_channel") == 0)
        *value = r[15] / 16 % 4;
    else if (strcmp(name, "scan_direction") == 0)
        *value = r[15] / 64 % 2;
    else if (strcmp(name, "scan_angle") == 0)
        *value = (int16_t)(r[18] + 256 * r[19]) * 0.006;
    else if (strcmp(name, "point_source_id") == 0)
        *value = r[20] + 256 * r[21];
    else
        return false;
    return true;
}

static bool extra_field(const struct naive_file *file, const uint8_t *record, const char *name,
                        double *value)
{
    for (uint32_t i = 0; i < file->extra_count; i++) {
        const struct scree_las_extra_byte *extra = &file->extras[i];
        const uint8_t *p =
            record + scree_las_format_bytes(file->header.point_format) + extra->offset;
        if (strcmp(extra->name, name) != 0)
            continue;
        switch (extra->data_type) {
        case 1:
            *value = p[0];
            break;
        case 3:
            *value = scree__base_load16(p);
            break;
        case 4:
            *value = (int16_t)scree__base_load16(p);
            break;
        case 5:
            *value = scree__base_load32(p);
            break;
        case 9: {
            uint32_t bits = scree__base_load32(p);
            float f;
            memcpy(&f, &bits, 4);
            *value = (double)f;
            break;
        }
        case 10:
            *value = scree__base_load_f64(p);
            break;
        default:
            return false;
        }
        if ((extra->options & 24) != 0) {
            double scale = (extra->options & 8) != 0 ? scree__base_load_f64(extra->raw + 112) : 1;
            double offset = (extra->options & 16) != 0 ? scree__base_load_f64(extra->raw + 136) : 0;
            *value = *value * scale + offset;
        }
        return true;
    }
    return false;
}

bool naive_field(const struct naive_file *file, const uint8_t *record, const char *name,
                 double *value)
{
    static const int gps[] = {0, 20, 0, 20, 20, 20, 22, 22, 22, 22, 22};
    static const int rgb[] = {0, 0, 20, 28, 0, 28, 0, 30, 30, 0, 30};
    static const int nir[] = {0, 0, 0, 0, 0, 0, 0, 0, 36, 0, 36};
    unsigned format = file->header.point_format;
    if (name[1] == '\0' && name[0] >= 'x' && name[0] <= 'z') {
        int a = name[0] - 'x';
        *value =
            scree__base_load_i32(record + 4 * a) * file->header.scale[a] + file->header.offset[a];
        return true;
    }
    if (strcmp(name, "intensity") == 0)
        *value = scree__base_load16(record + 12);
    else if (strcmp(name, "user_data") == 0)
        *value = record[17];
    else if (strcmp(name, "gps_time") == 0 && gps[format] != 0)
        *value = scree__base_load_f64(record + gps[format]);
    else if (strcmp(name, "red") == 0 && rgb[format] != 0)
        *value = scree__base_load16(record + rgb[format]);
    else if (strcmp(name, "blue") == 0 && rgb[format] != 0)
        *value = scree__base_load16(record + rgb[format] + 4);
    else if (strcmp(name, "nir") == 0 && nir[format] != 0)
        *value = scree__base_load16(record + nir[format]);
    else if (!(format < 6 ? old_field(record, name, value) : new_field(record, name, value)))
        return extra_field(file, record, name, value);
    return true;
}

/* ---------------------------------------------------------------------------------------- asking */

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static unsigned below(uint64_t *state, unsigned n)
{
    return (unsigned)(next(state) % n);
}

static double share(uint64_t *state)
{
    return (double)(next(state) >> 11) * 0x1p-53;
}

static const uint8_t *some_record(const struct naive_file *file, uint64_t *state)
{
    return file->records + next(state) % file->count * file->header.record_bytes;
}

/* A coordinate of the file: of a point, to the bit, or of no point. */
static double some_coordinate(const struct naive_file *file, int axis, uint64_t *state)
{
    double value, low = file->header.min[axis], high = file->header.max[axis];
    const char name[2] = {(char)('x' + axis), 0};
    if (below(state, 2) == 0 && naive_field(file, some_record(file, state), name, &value))
        return value;
    return low + (high - low) * (share(state) * 1.2 - 0.1);
}

static void ask_bounds(struct naive_question *q, const struct naive_file *file, uint64_t *state)
{
    q->options.bounds_axes = 2 + below(state, 2);
    for (int a = 0; a < 3; a++) {
        double u = some_coordinate(file, a, state), v = some_coordinate(file, a, state);
        q->options.bounds_min[a] = fmin(u, v);
        q->options.bounds_max[a] = fmax(u, v);
    }
}

static void ask_circle(struct naive_question *q, const struct naive_file *file, uint64_t *state)
{
    q->options.has_circle = true;
    q->options.circle[0] = some_coordinate(file, 0, state);
    q->options.circle[1] = some_coordinate(file, 1, state);
    q->options.circle[2] = (file->header.max[0] - file->header.min[0]) * share(state) * 0.6;
}

/* One or two polygons, each of an outer ring and perhaps a hole; vertices at random, so that rings may cross themselves; some lie
 * on points. */
static void ask_polygon(struct naive_question *q, const struct naive_file *file, uint64_t *state)
{
    bool geojson = below(state, 2) == 0;
    int polygons = 1 + (int)below(state, 2);
    size_t at = 0, room = sizeof q->polygon;
    at += (size_t)snprintf(q->polygon, room, "%s",
                           geojson ? "{\"type\": \"MultiPolygon\", \"coordinates\": ["
                                   : "MULTIPOLYGON (");
    for (int p = 0; p < polygons; p++) {
        int rings = 1 + (int)below(state, 2);
        at += (size_t)snprintf(q->polygon + at, room - at, "%s%s", p > 0 ? ", " : "",
                               geojson ? "[" : "(");
        for (int r = 0; r < rings; r++) {
            int i = q->ring_count++, vertices = 3 + (int)below(state, 8);
            q->rings[i].count = vertices;
            q->rings[i].owner = p;
            at += (size_t)snprintf(q->polygon + at, room - at, "%s%s", r > 0 ? ", " : "",
                                   geojson ? "[" : "(");
            for (int v = 0; v <= vertices; v++) {
                if (v < vertices) {
                    q->rings[i].x[v] = v > 0 && below(state, 4) == 0
                                           ? q->rings[i].x[v - 1]
                                           : some_coordinate(file, 0, state);
                    q->rings[i].y[v] = v > 0 && below(state, 4) == 0
                                           ? q->rings[i].y[v - 1]
                                           : some_coordinate(file, 1, state);
                    /* Where a file is but one position: a ring needs three. */
                    if (v > 0 && v < 3 && q->rings[i].x[v] == q->rings[i].x[v - 1] &&
                        q->rings[i].y[v] == q->rings[i].y[v - 1])
                        q->rings[i].x[v] += 1 + v;
                }
                at += (size_t)snprintf(
                    q->polygon + at, room - at, geojson ? "%s[%.17g, %.17g]" : "%s%.17g %.17g",
                    v > 0 ? ", " : "", q->rings[i].x[v % vertices], q->rings[i].y[v % vertices]);
            }
            at += (size_t)snprintf(q->polygon + at, room - at, geojson ? "]" : ")");
        }
        at += (size_t)snprintf(q->polygon + at, room - at, geojson ? "]" : ")");
    }
    snprintf(q->polygon + at, room - at, geojson ? "]}" : ")");
    q->options.polygon = q->polygon;
}

static void ask_time(struct naive_question *q, const struct naive_file *file, uint64_t *state)
{
    double u, v;
    if (!(file->gps_min <= file->gps_max))
        return;
    if (below(state, 2) != 0 || !naive_field(file, some_record(file, state), "gps_time", &u) ||
        isnan(u))
        u = file->gps_min + (file->gps_max - file->gps_min) * share(state);
    v = u + (file->gps_max - file->gps_min) * share(state) * 0.5;
    double other;
    if (below(state, 2) == 0 && naive_field(file, some_record(file, state), "gps_time", &other) &&
        other >= u)
        v = other;
    snprintf(q->time, sizeof q->time, "%.17g,%.17g", u, v);
    q->t0 = u;
    q->t1 = v;
    q->options.time = q->time;
}

static void ask_classes(struct naive_question *q, const struct naive_file *file, uint64_t *state)
{
    double value = 0;
    (void)naive_field(file, some_record(file, state), "classification", &value);
    unsigned first = (unsigned)value, second = below(state, 8), last = second + below(state, 4);
    snprintf(q->classes, sizeof q->classes, "%u,%u-%u", first, second, last);
    q->class_wanted[first] = true;
    for (unsigned c = second; c <= last; c++)
        q->class_wanted[c] = true;
    q->options.classes = q->classes;
}

static void ask_returns(struct naive_question *q, uint64_t *state)
{
    static const char *const words[] = {"first", "last", "intermediate", "single", "2", "3"};
    bool *flags[] = {&q->first,  &q->last,      &q->intermediate,
                     &q->single, &q->number[2], &q->number[3]};
    unsigned first = below(state, 6), second = below(state, 6);
    *flags[first] = *flags[second] = true;
    snprintf(q->returns, sizeof q->returns, "%s,%s", words[first], words[second]);
    q->options.returns = q->returns;
}

static int ask_leaf(struct naive_question *q, const struct naive_file *file, uint64_t *state)
{
    static const char *const names[] = {"intensity",
                                        "x",
                                        "z",
                                        "return_number",
                                        "number_of_returns",
                                        "gps_time",
                                        "red",
                                        "nir",
                                        "classification",
                                        "scan_angle",
                                        "user_data",
                                        "withheld",
                                        "overlap",
                                        "scanner_channel",
                                        "scan_direction",
                                        "blue",
                                        "y",
                                        "point_source_id"};
    static const char *const ops[] = {"<", "<=", ">", ">=", "==", "!=", "in", "nin"};
    struct naive_condition *leaf = &q->tree[q->tree_count];
    double value;
    snprintf(leaf->op, sizeof leaf->op, "%s", ops[below(state, 8)]);
    do {
        unsigned which = below(state, 18 + file->extra_count);
        snprintf(leaf->field, sizeof leaf->field, "%s",
                 which < 18 ? names[which] : file->extras[which - 18].name);
    } while (!naive_field(file, file->records, leaf->field, &value));
    leaf->value_count = leaf->op[0] == 'i' || leaf->op[0] == 'n' ? 1 + (int)below(state, 4) : 1;
    for (int i = 0; i < leaf->value_count; i++) {
        (void)naive_field(file, some_record(file, state), leaf->field, &leaf->values[i]);
        if (!isfinite(leaf->values[i]))
            leaf->values[i] = 0;
    }
    return q->tree_count++;
}

static int ask_node(struct naive_question *q, const struct naive_file *file, uint64_t *state,
                    int depth)
{
    unsigned kind = below(state, 5);
    if (depth == 0 || kind < 2 || q->tree_count > NAIVE_TREE - 6)
        return ask_leaf(q, file, state);
    int index = q->tree_count++;
    snprintf(q->tree[index].op, sizeof q->tree[index].op, "%s",
             kind == 2   ? "!"
             : kind == 3 ? "&&"
                         : "||");
    q->tree[index].left = ask_node(q, file, state, depth - 1);
    if (kind != 2)
        q->tree[index].right = ask_node(q, file, state, depth - 1);
    return index;
}

static void write_condition(const struct naive_question *q, int index, char *text, size_t room)
{
    const struct naive_condition *c = &q->tree[index];
    char left[900], right[900];
    if (c->op[0] == '!' && c->op[1] == '\0') {
        write_condition(q, c->left, left, sizeof left);
        snprintf(text, room, "!(%s)", left);
    } else if (c->op[0] == '&' || c->op[0] == '|') {
        write_condition(q, c->left, left, sizeof left);
        write_condition(q, c->right, right, sizeof right);
        snprintf(text, room, "(%s) %s (%s)", left, c->op, right);
    } else if (c->op[0] == 'i' || c->op[0] == 'n') {
        size_t at = (size_t)snprintf(text, room, "\"%s\" %s (", c->field,
                                     c->op[0] == 'i' ? "in" : "not in");
        for (int i = 0; i < c->value_count; i++)
            at +=
                (size_t)snprintf(text + at, room - at, "%s%.17g", i > 0 ? ", " : "", c->values[i]);
        snprintf(text + at, room - at, ")");
    } else {
        snprintf(text, room, "\"%s\" %s %.17g", c->field, c->op, c->values[0]);
    }
}

void naive_ask(struct naive_question *q, const struct naive_file *file, uint64_t seed)
{
    uint64_t state = seed * 977 + 5;
    memset(q, 0, sizeof *q);
    scree_query_options_init(&q->options);
    q->inputs[0] = file->path;
    q->options.inputs = q->inputs;
    q->options.input_count = 1;
    unsigned place = below(&state, 5);
    if (place == 1)
        ask_bounds(q, file, &state);
    if (place == 2)
        ask_polygon(q, file, &state);
    if (place == 3)
        ask_circle(q, file, &state);
    if (place == 4 && below(&state, 2) == 0) {
        ask_bounds(q, file, &state);
        ask_circle(q, file, &state);
    }
    if (below(&state, 5) == 0)
        ask_time(q, file, &state);
    if (below(&state, 5) == 0)
        ask_classes(q, file, &state);
    if (below(&state, 5) == 0)
        ask_returns(q, &state);
    if (below(&state, 3) == 0) {
        q->root = ask_node(q, file, &state, 3);
        write_condition(q, q->root, q->where, sizeof q->where);
        q->options.where = q->where;
    }
    if (below(&state, 6) == 0)
        q->options.level = (int)below(&state, 4);
    else if (below(&state, 6) == 0 && file->spacing > 0)
        q->options.resolution = file->spacing / (1 + below(&state, 9));
    if (below(&state, 6) == 0)
        q->options.limit = 1 + below(&state, (unsigned)file->count);
}

void naive_print(const struct naive_question *q, uint64_t seed)
{
    const struct scree_query_options *o = &q->options;
    printf("question %llu of %s: bounds %u [%.17g %.17g %.17g, %.17g %.17g %.17g] circle %d "
           "[%.17g %.17g %.17g]\n polygon %s\n time %s class %s return %s where %s level %d "
           "resolution %g limit %llu\n",
           (unsigned long long)seed, q->inputs[0], o->bounds_axes, o->bounds_min[0],
           o->bounds_min[1], o->bounds_min[2], o->bounds_max[0], o->bounds_max[1], o->bounds_max[2],
           o->has_circle, o->circle[0], o->circle[1], o->circle[2], q->polygon, q->time, q->classes,
           q->returns, q->where, o->level, o->resolution, (unsigned long long)o->limit);
}

/* ------------------------------------------------------------------------------------ answering */

static bool in_rings(const struct naive_question *q, double x, double y)
{
    bool odd[2] = {false, false};
    for (int r = 0; r < q->ring_count; r++) {
        int n = q->rings[r].count;
        for (int i = 0; i < n; i++) {
            int j = (i + 1) % n;
            bool up = q->rings[r].y[i] <= q->rings[r].y[j];
            double ax = q->rings[r].x[up ? i : j], ay = q->rings[r].y[up ? i : j];
            double bx = q->rings[r].x[up ? j : i], by = q->rings[r].y[up ? j : i];
            if (ay <= y && y < by && (bx - ax) * (y - ay) > (x - ax) * (by - ay))
                odd[q->rings[r].owner] = !odd[q->rings[r].owner];
        }
    }
    return odd[0] || odd[1];
}

static bool holds(const struct naive_file *file, const struct naive_question *q, int index,
                  const uint8_t *record)
{
    const struct naive_condition *c = &q->tree[index];
    double value = 0;
    if (c->op[0] == '!' && c->op[1] == '\0')
        return !holds(file, q, c->left, record);
    if (c->op[0] == '&')
        return holds(file, q, c->left, record) && holds(file, q, c->right, record);
    if (c->op[0] == '|')
        return holds(file, q, c->left, record) || holds(file, q, c->right, record);
    (void)naive_field(file, record, c->field, &value);
    if (c->op[0] == 'i' || c->op[0] == 'n') {
        bool found = false;
        for (int i = 0; i < c->value_count; i++)
            found = found || value == c->values[i];
        return found == (c->op[0] == 'i');
    }
    if (strcmp(c->op, "<") == 0)
        return value < c->values[0];
    if (strcmp(c->op, "<=") == 0)
        return value <= c->values[0];
    if (strcmp(c->op, ">") == 0)
        return value > c->values[0];
    if (strcmp(c->op, ">=") == 0)
        return value >= c->values[0];
    return (value == c->values[0]) == (c->op[0] == '=');
}

static bool in_place(const struct naive_file *file, const struct naive_question *q,
                     const uint8_t *record)
{
    double at[3];
    const struct scree_query_options *o = &q->options;
    for (int a = 0; a < 3; a++)
        at[a] =
            scree__base_load_i32(record + 4 * a) * file->header.scale[a] + file->header.offset[a];
    for (unsigned a = 0; a < o->bounds_axes; a++)
        if (at[a] < o->bounds_min[a] || at[a] >= o->bounds_max[a])
            return false;
    double dx = at[0] - o->circle[0], dy = at[1] - o->circle[1];
    if (o->has_circle && dx * dx + dy * dy > o->circle[2] * o->circle[2])
        return false;
    return o->polygon == NULL || in_rings(q, at[0], at[1]);
}

static bool is_returned(const struct naive_file *file, const struct naive_question *q,
                        const uint8_t *record)
{
    double number = 0, of = 0;
    (void)naive_field(file, record, "return_number", &number);
    (void)naive_field(file, record, "number_of_returns", &of);
    return (q->first && number == 1) || (q->last && number == of) ||
           (q->intermediate && number > 1 && number < of) || (q->single && of == 1) ||
           q->number[(int)number];
}

static bool matches(const struct naive_file *file, const struct naive_question *q, uint64_t i)
{
    const uint8_t *record = file->records + i * file->header.record_bytes;
    const struct scree_query_options *o = &q->options;
    double value = 0;
    if (o->level >= 0 && file->levels[i] > o->level)
        return false;
    /* A level is needed as long as the one above it is too coarse. */
    if (o->resolution > 0 && file->levels[i] > 0 && file->spacing > 0 &&
        file->spacing / pow(2, file->levels[i] - 1) <= o->resolution)
        return false;
    if (!in_place(file, q, record))
        return false;
    (void)naive_field(file, record, "classification", &value);
    if (o->classes != NULL && !q->class_wanted[(int)value])
        return false;
    if (o->returns != NULL && !is_returned(file, q, record))
        return false;
    value = 0;
    (void)naive_field(file, record, "gps_time", &value);
    if (o->time != NULL && !(value >= q->t0 && value < q->t1))
        return false;
    return o->where == NULL || holds(file, q, q->root, record);
}

uint8_t *naive_answer(const struct naive_file *file, const struct naive_question *q,
                      uint64_t *count)
{
    size_t bytes = file->header.record_bytes;
    uint8_t *answer = malloc(file->count * bytes + 1);
    uint64_t limit = q->options.limit > 0 ? q->options.limit : UINT64_MAX;
    int levels = q->options.limit > 0 ? 40 : 1;
    *count = 0;
    for (int level = 0; level < levels; level++)
        for (uint64_t i = 0; i < file->count && *count < limit; i++)
            if ((levels == 1 || file->levels[i] == level) && matches(file, q, i))
                memcpy(answer + (*count)++ * bytes, file->records + i * bytes, bytes);
    return answer;
}

/* ------------------------------------------------------------------------------------- comparing */

struct gathered {
    uint8_t *records;
    uint64_t count, capacity;
    size_t bytes;
};

static enum scree_status gather(void *user, const uint8_t *records, uint64_t count,
                                struct scree_error *err)
{
    struct gathered *g = user;
    (void)err;
    if (g->count + count > g->capacity)
        return SCREE_E_DATA;
    memcpy(g->records + g->count * g->bytes, records, count * g->bytes);
    g->count += count;
    return SCREE_OK;
}

static struct scree_context *make_context(unsigned threads)
{
    struct scree_context_options options;
    struct scree_context *context;
    scree_context_options_init(&options);
    options.threads = threads;
    options.memory_bytes = (uint64_t)256 << 20;
    assert_int_equal(scree_context_new(&options, &context, NULL), SCREE_OK);
    return context;
}

/* What an index of time may do: each node keeps the points from its first match to its last, or none. */
static void narrow_nodes(struct scree_query *query, const struct naive_file *file,
                         const struct naive_question *q)
{
    for (uint64_t n = 0; n < query->node_count; n++) {
        struct scree__query_node *node = &query->nodes[n];
        for (uint64_t u = 0; u < file->unit_count && !node->sequential; u++) {
            const struct scree_las_unit *unit = &file->units[u];
            uint64_t begin = 0, end = 0;
            if (unit->offset != node->offset)
                continue;
            for (uint64_t i = 0; i < unit->point_count; i++) {
                if (!matches(file, q, unit->first_point + i))
                    continue;
                begin = end == 0 ? i : begin;
                end = i + 1;
            }
            node->begin = begin;
            node->end = end;
        }
    }
}

/* The least memory that it says it needs has to do: one item in flight. */
static void take_least_memory(struct scree_query *query, struct scree_context *context)
{
    struct scree__mem_budget *budget = scree__par_budget(context);
    struct scree_error err = SCREE_ERROR_INIT;
    struct gathered none = {0};
    if (query->node_count == 0)
        return;
    budget->limit_bytes = scree__mem_budget_used(budget);
    assert_int_equal(scree_query_each(query, gather, &none, NULL, &err), SCREE_E_BUDGET);
    budget->limit_bytes = err.need_bytes;
}

uint64_t naive_compare(const struct naive_file *file, const struct naive_question *q, uint64_t seed,
                       unsigned threads)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_query *query;
    struct scree_query_result result;
    uint64_t expected_count;
    struct scree_context *context = make_context(threads);
    uint8_t *expected = naive_answer(file, q, &expected_count);
    struct gathered got = {malloc(file->count * file->header.record_bytes + 1), 0, file->count,
                           file->header.record_bytes};
    enum scree_status status = scree_query_open(context, &q->options, &query, &err);
    /* As if it were read over a network, fetched ahead. */
    if (status == SCREE_OK && seed % 4 == 0)
        query->sources[0].remote = true;
    if (status == SCREE_OK && seed % 3 == 0 && q->options.time != NULL)
        narrow_nodes(query, file, q);
    if (status == SCREE_OK && seed % 5 == 0)
        take_least_memory(query, context);
    if (status != SCREE_OK || scree_query_each(query, gather, &got, &result, &err) != SCREE_OK) {
        naive_print(q, seed);
        fail_msg("%s", err.message);
    }
    if (got.count != expected_count ||
        memcmp(got.records, expected, expected_count * got.bytes) != 0) {
        naive_print(q, seed);
        fail_msg("%llu points, expected %llu", (unsigned long long)got.count,
                 (unsigned long long)expected_count);
    }
    assert_int_equal(result.points_matched, expected_count);
    assert_true(scree_query_plan(query)->points_at_most >= expected_count);
    assert_int_equal(scree_query_count(query, &result, &err), SCREE_OK);
    if (result.points_matched != expected_count) {
        naive_print(q, seed);
        fail_msg("counted %llu, expected %llu", (unsigned long long)result.points_matched,
                 (unsigned long long)expected_count);
    }
    scree_query_close(query);
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    scree_context_free(context);
    free(expected);
    free(got.records);
    return expected_count;
}

/* --------------------------------------------------------------------------------------- making */

const char *naive_make_las(unsigned format, uint64_t points, const char *name)
{
    struct scree_synth_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = make_context(2);
    static char path[256];
    snprintf(path, sizeof path, "%s", las_temporary_path(name));
    scree_synth_options_init(&options);
    options.output = path;
    options.point_count = points;
    options.point_format = format;
    options.chunk_points = 3000;
    options.replace = true;
    options.seed = format + 1;
    options.crs = "";
    if (scree_synth_run(context, &options, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
    return path;
}

const char *naive_make_copc(unsigned format, uint64_t points, unsigned leaf_max, const char *name)
{
    struct scree_convert_options options;
    struct scree_convert_job *job;
    struct scree_error err = SCREE_ERROR_INIT;
    static char path[256];
    char from[256];
    snprintf(from, sizeof from, "%s", naive_make_las(format, points, "plain.laz"));
    snprintf(path, sizeof path, "%s", las_temporary_path(name));
    const char *inputs[] = {from};
    struct scree_context *context = make_context(2);
    scree_convert_options_init(&options);
    options.inputs = inputs;
    options.input_count = 1;
    options.output = path;
    options.replace = true;
    if (scree_convert_open(context, &options, &job, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    job->limits.leaf_max = leaf_max;
    job->limits.leaf_min = leaf_max / 20;
    if (scree_convert_run(job, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_convert_close(job);
    scree_context_free(context);
    remove(from);
    return path;
}

static void describe(uint8_t *raw, uint8_t type, uint8_t options, const char *name, double scale,
                     double offset)
{
    memset(raw, 0, 192);
    raw[2] = type;
    raw[3] = options;
    memcpy(raw + 4, name, strlen(name));
    scree__base_store_f64(raw + 112, scale);
    scree__base_store_f64(raw + 136, offset);
}

const char *naive_make_extra(unsigned format, uint64_t points, uint32_t chunk_points,
                             const char *name)
{
    static char path[256];
    uint8_t payload[3 * 192];
    describe(payload, 3, 24, "Pulse width", 0.25, -3);
    describe(payload + 192, 1, 0, "Deviation", 0, 0);
    describe(payload + 384, 4, 8, "amp", 0.01, 0);
    const struct scree_las_vlr vlr = {.user_id = "LASF_Spec",
                                      .record_id = 4,
                                      .payload_bytes = sizeof payload,
                                      .payload = payload};
    const struct las_recipe recipe = {.version_minor = 4,
                                      .point_format = format,
                                      .extra_bytes = 5,
                                      .point_count = points,
                                      .chunk_points = chunk_points,
                                      .vlrs = &vlr,
                                      .vlr_count = 1};
    uint8_t *records = las_make_records(&recipe);
    uint32_t bytes = scree_las_format_bytes(format) + 5;
    /* NaN and -0.0 among the times. */
    for (uint64_t i = 0; i < points && format > 5; i += 7)
        scree__base_store_f64(records + i * bytes + 22, i % 2 == 0 ? (double)NAN : -0.0);
    struct las_bytes file = las_make(&recipe, records);
    snprintf(path, sizeof path, "%s", las_temporary_path(name));
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(file.bytes, 1, file.count, out), file.count);
    assert_int_equal(fclose(out), 0);
    las_bytes_free(&file);
    free(records);
    return path;
}
