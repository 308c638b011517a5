/* table.c - an answer as rows of the dims that were asked for: text (CSV) or fixed-width binary (PLY, NPY), made in parallel. */
#include "query/out.h"
#include "base/bytes.h"
#include "base/error.h"
#include "io/sink.h"

#include <string.h>

#define BLOCK 512u
/* Rows that are placed by one call: what is copied into the page cache is still in the processor's. */
#define PLACE_BYTES 131072u

static const uint8_t kind_bytes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 1};

/* Bytes of a number as text at most, and a comma. */
static uint32_t text_bytes(const struct scree__query_cell *cell)
{
    static const uint8_t widths[] = {3, 4, 5, 6, 10, 11, 20, 20, 15, 25, 3};
    if (cell->decimal)
        return 23 + 1;
    return (cell->column.scaled ? 25u : widths[cell->column.kind]) + 1;
}

/* Scaled values are doubles; PLY knows no integers of 64 bits. */
static enum scree__query_kind binary_kind(const struct scree__query_column *column,
                                          enum scree_query_format format)
{
    bool is_long = column->kind == SCREE__QUERY_U64 || column->kind == SCREE__QUERY_I64;
    if (column->scaled || (is_long && format == SCREE_QUERY_PLY))
        return SCREE__QUERY_F64;
    return column->kind == SCREE__QUERY_BITS ? SCREE__QUERY_U8 : column->kind;
}

static enum scree_status begin_placing(struct scree__query_table *table, struct scree_error *err)
{
    void *memory;
    table->threads = scree_context_threads(table->query->context);
    uint64_t bytes = table->threads * sizeof *table->staging;
    enum scree_status status = scree__mem_alloc(NULL, bytes, &memory, "rows", err);
    if (status != SCREE_OK)
        return status;
    table->staging = memset(memory, 0, bytes);
    return scree__io_sink_place_begin(
        table->sink, table->head_bytes + table->query->plan.points_at_most * table->row_bytes, err);
}

enum scree_status scree__query_table_begin(struct scree__query_table *table,
                                           struct scree_query *query, struct scree_sink *sink,
                                           enum scree_query_format format, struct scree_error *err)
{
    void *memory;
    memset(table, 0, sizeof *table);
    table->query = query;
    table->sink = sink;
    table->format = format;
    table->cell_count = query->dims.count;
    uint64_t bytes = table->cell_count * sizeof *table->cells;
    enum scree_status status = scree__mem_alloc(NULL, bytes, &memory, "columns", err);
    if (status != SCREE_OK)
        return status;
    table->cells = memset(memory, 0, bytes);
    for (uint64_t i = 0; i < table->cell_count; i++) {
        struct scree__query_cell *cell = &table->cells[i];
        cell->column = query->dims.columns[i];
        cell->as = binary_kind(&cell->column, format);
        scree__query_decimal_plan(cell);
        cell->bytes = format == SCREE_QUERY_CSV ? text_bytes(cell) : kind_bytes[cell->as];
        table->row_bytes += cell->bytes;
    }
    status = scree__query_head_make(table, err);
    if (status == SCREE_OK)
        status = scree_sink_write(sink, table->head, (size_t)table->head_bytes, err);
    table->placed =
        format != SCREE_QUERY_CSV && scree__query_is_exact(query) && scree__io_sink_can_place(sink);
    return status == SCREE_OK && table->placed ? begin_placing(table, err) : status;
}

void scree__query_table_release(struct scree__query_table *table)
{
    for (unsigned i = 0; table->staging != NULL && i < table->threads; i++)
        scree__mem_free(table->query->budget, table->staging[i].rows, table->staging[i].capacity);
    scree__mem_free(NULL, table->staging, table->threads * sizeof *table->staging);
    scree__mem_free(NULL, table->cells, table->cell_count * sizeof *table->cells);
    scree__mem_free(NULL, table->head, table->head_capacity);
    memset(table, 0, sizeof *table);
}

/* ----------------------------------------------------------------------------------------- text */

static int64_t load_integer(const struct scree__query_column *column, const uint8_t *p)
{
    switch (column->kind) {
    case SCREE__QUERY_BITS:
        return p[0] >> column->shift & column->mask;
    case SCREE__QUERY_U8:
        return p[0];
    case SCREE__QUERY_I8:
        return (int8_t)p[0];
    case SCREE__QUERY_U16:
        return scree__base_load16(p);
    case SCREE__QUERY_I16:
        return (int16_t)scree__base_load16(p);
    case SCREE__QUERY_U32:
        return scree__base_load32(p);
    case SCREE__QUERY_I32:
        return scree__base_load_i32(p);
    default:
        return (int64_t)scree__base_load64(p);
    }
}

static size_t cell_text(const struct scree__query_cell *cell, const uint8_t *record, char *text)
{
    const struct scree__query_column *column = &cell->column;
    const uint8_t *p = record + column->at;
    double value;
    if (cell->decimal)
        return scree__query_decimal_text(load_integer(column, p) * cell->factor + cell->shift,
                                         cell->places, text);
    if (column->scaled || column->kind == SCREE__QUERY_F64) {
        scree__query_column_load(column, record, 0, 1, &value);
        return scree__query_double_text(value, text);
    }
    if (column->kind == SCREE__QUERY_F32) {
        scree__query_column_load(column, record, 0, 1, &value);
        return scree__query_float_text((float)value, text);
    }
    if (column->kind == SCREE__QUERY_U64)
        return scree__query_unsigned_text(scree__base_load64(p), text);
    return scree__query_integer_text(load_integer(column, p), text);
}

/* Room for all that can become of the item. */
static enum scree_status make_room(const struct scree__query_table *table,
                                   struct scree__query_slot *slot, struct scree_error *err)
{
    uint64_t row = table->row_bytes + (table->format == SCREE_QUERY_CSV ? 1u : 0u);
    if (slot->formed > 0)
        return SCREE_OK;
    return scree__query_room(table->query->budget, &slot->text, &slot->text_capacity,
                             slot->most * row + 64, err);
}

static enum scree_status form_text(void *self, struct scree__query_slot *slot,
                                   const uint8_t *records, uint64_t count, unsigned worker,
                                   struct scree_error *err)
{
    const struct scree__query_table *table = self;
    size_t record_bytes = table->query->header.record_bytes;
    (void)worker;
    enum scree_status status = make_room(table, slot, err);
    if (status != SCREE_OK)
        return status;
    char *at = (char *)slot->text + slot->text_bytes;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *record = records + i * record_bytes;
        for (uint64_t c = 0; c < table->cell_count; c++) {
            at += cell_text(&table->cells[c], record, at);
            *at++ = ',';
        }
        at[-1] = '\r'; /* RFC 4180 ends lines with CR LF */
        *at++ = '\n';
    }
    slot->text_bytes = (uint64_t)((uint8_t *)at - slot->text);
    return SCREE_OK;
}

/* --------------------------------------------------------------------------------------- binary */

/* One column of up to BLOCK rows. */
static void pack_column(const struct scree__query_cell *cell, const uint8_t *records, size_t stride,
                        size_t count, uint8_t *rows, size_t row_bytes)
{
    const struct scree__query_column *column = &cell->column;
    if (cell->as == SCREE__QUERY_F64 && column->kind != SCREE__QUERY_F64) {
        double values[BLOCK];
        scree__query_column_load(column, records, stride, count, values);
        for (size_t i = 0; i < count; i++)
            scree__base_store_f64(rows + i * row_bytes, values[i]);
    } else if (column->kind == SCREE__QUERY_BITS) {
        for (size_t i = 0; i < count; i++)
            rows[i * row_bytes] =
                (uint8_t)(records[i * stride + column->at] >> column->shift & column->mask);
    } else {
        for (size_t i = 0; i < count; i++)
            memcpy(rows + i * row_bytes, records + i * stride + column->at, column->bytes);
    }
}

/* Three coordinates in one go: what most rows begin with. */
static bool is_place(const struct scree__query_cell *cells, uint64_t left)
{
    for (unsigned i = 0; i < 3; i++)
        if (left < 3 || cells[i].column.kind != SCREE__QUERY_I32 || !cells[i].column.scaled ||
            cells[i].column.at != 4 * i)
            return false;
    return true;
}

static void pack_place(const struct scree__query_cell *cells, const uint8_t *records, size_t stride,
                       size_t count, uint8_t *rows, size_t row_bytes)
{
    const struct scree__query_column *x = &cells[0].column, *y = &cells[1].column,
                                     *z = &cells[2].column;
    const double scale[3] = {x->scale, y->scale, z->scale};
    const double offset[3] = {x->offset, y->offset, z->offset};
    for (size_t i = 0; i < count; i++, records += stride, rows += row_bytes) {
        scree__base_store_f64(rows, scree__base_load_i32(records) * scale[0] + offset[0]);
        scree__base_store_f64(rows + 8, scree__base_load_i32(records + 4) * scale[1] + offset[1]);
        scree__base_store_f64(rows + 16, scree__base_load_i32(records + 8) * scale[2] + offset[2]);
    }
}

static void pack_rows(const struct scree__query_table *table, const uint8_t *records, size_t count,
                      uint8_t *to)
{
    size_t stride = table->query->header.record_bytes, row_bytes = table->row_bytes;
    for (size_t done = 0; done < count; done += BLOCK) {
        size_t now = count - done < BLOCK ? count - done : BLOCK;
        const uint8_t *from = records + done * stride;
        uint8_t *rows = to + done * row_bytes;
        for (uint64_t c = 0; c < table->cell_count;) {
            const struct scree__query_cell *cell = &table->cells[c];
            bool place = is_place(cell, table->cell_count - c);
            if (place)
                pack_place(cell, from, stride, now, rows, row_bytes);
            else
                pack_column(cell, from, stride, now, rows, row_bytes);
            rows += place ? 24 : cell->bytes;
            c += place ? 3 : 1;
        }
    }
}

static enum scree_status form_rows(void *self, struct scree__query_slot *slot,
                                   const uint8_t *records, uint64_t count, unsigned worker,
                                   struct scree_error *err)
{
    const struct scree__query_table *table = self;
    (void)worker;
    enum scree_status status = make_room(table, slot, err);
    if (status != SCREE_OK)
        return status;
    pack_rows(table, records, (size_t)count, slot->text + slot->text_bytes);
    slot->text_bytes += count * table->row_bytes;
    return SCREE_OK;
}

static uint64_t staging_rows(const struct scree__query_table *table)
{
    return table->row_bytes < PLACE_BYTES ? PLACE_BYTES / table->row_bytes : 1;
}

static enum scree_status place_rows(void *self, struct scree__query_slot *slot,
                                    const uint8_t *records, uint64_t count, unsigned worker,
                                    struct scree_error *err)
{
    struct scree__query_table *table = self;
    struct scree__query_staging *staging = &table->staging[worker];
    size_t stride = table->query->header.record_bytes;
    uint64_t most = staging_rows(table), row = slot->first + slot->formed;
    enum scree_status status = scree__query_room(table->query->budget, &staging->rows,
                                                 &staging->capacity, most * table->row_bytes, err);
    for (uint64_t done = 0; done < count && status == SCREE_OK; done += most) {
        uint64_t now = count - done < most ? count - done : most;
        pack_rows(table, records + done * stride, (size_t)now, staging->rows);
        status =
            scree__io_sink_place(table->sink, table->head_bytes + (row + done) * table->row_bytes,
                                 staging->rows, (size_t)(now * table->row_bytes), err);
    }
    return status;
}

/* ---------------------------------------------------------------------------------------- whole */

static enum scree_status take_rows(void *self, struct scree__query_slot *slot,
                                   struct scree_error *err)
{
    struct scree__query_table *table = self;
    table->rows += slot->count;
    if (table->placed)
        return SCREE_OK;
    return scree_sink_write(table->sink, slot->text, (size_t)slot->text_bytes, err);
}

void scree__query_table_consumer(struct scree__query_table *table,
                                 struct scree__query_consumer *consumer)
{
    memset(consumer, 0, sizeof *consumer);
    consumer->self = table;
    consumer->needs_records = true;
    for (uint64_t i = 0; i < table->cell_count; i++)
        consumer->fields |= table->cells[i].column.laz_field;
    if (table->placed) {
        consumer->fixed_bytes = table->threads * staging_rows(table) * table->row_bytes;
        consumer->form = place_rows;
        consumer->any_order = true;
    } else {
        consumer->form_bytes = table->row_bytes + 1;
        consumer->form = table->format == SCREE_QUERY_CSV ? form_text : form_rows;
    }
    consumer->take = take_rows;
}

enum scree_status scree__query_table_finish(struct scree__query_table *table,
                                            struct scree_error *err)
{
    if (table->format == SCREE_QUERY_CSV)
        return SCREE_OK;
    uint64_t before = table->head_bytes;
    enum scree_status status = SCREE_OK;
    if (table->placed) {
        scree__io_sink_place_end(table->sink, before + table->rows * table->row_bytes);
        status = scree__query_check_exact(table->query, table->rows, err);
    }
    if (status == SCREE_OK)
        status = scree__query_head_make(table, err);
    if (status == SCREE_OK && table->head_bytes != before)
        status = scree__base_fail(err, SCREE_E_DATA, "%s: its head changed its length",
                                  scree_sink_name(table->sink));
    if (status == SCREE_OK)
        status = scree_sink_patch(table->sink, 0, table->head, (size_t)table->head_bytes, err);
    return status;
}
