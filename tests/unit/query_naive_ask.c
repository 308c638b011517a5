/* query_naive_ask.c - random questions: see query_naive.h. */
#include "query_naive.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

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

void naive_ask_when(struct naive_question *q, const struct naive_file *file, uint64_t seed)
{
    uint64_t state = seed * 631 + 11;
    naive_ask(q, file, seed);
    ask_time(q, file, &state);
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
