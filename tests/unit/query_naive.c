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

bool naive_matches(const struct naive_file *file, const struct naive_question *q, uint64_t i)
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
            if ((levels == 1 || file->levels[i] == level) && naive_matches(file, q, i))
                memcpy(answer + (*count)++ * bytes, file->records + i * bytes, bytes);
    return answer;
}
