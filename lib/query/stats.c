/*
 * stats.c - numbers about an answer. Whole numbers of up to 16 bits are counted value by value, so that smallest, largest, mean and
 * histogram are exact; coordinates get bins over the bounds that the headers and the question leave; other numbers no histogram.
 * Sums of doubles are kept by slot and added in order, so that threads do not show.
 */
#include "query/consumer.h"
#include "base/bytes.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

#define BLOCK 512u

/* Of one dim in one slot. */
struct part {
    uint64_t count;
    double min, max, sum;
    uint64_t bins[SCREE_QUERY_BINS];
};

struct dim {
    struct scree__query_column column;
    uint32_t values; /* that it can have, counted one by one: 256 or 65 536; 0: not counted */
    double bin_begin, bin_end;
    bool has_bins;
    struct part total;
};

struct counting {
    struct scree_query *query;
    struct dim *dims;
    uint64_t dim_count;
    uint64_t *counts; /* of all dims with values, one after the other; a set for each worker */
    uint64_t counts_each;
    unsigned threads;
};

static uint32_t value_count(const struct scree__query_column *column)
{
    switch (column->kind) {
    case SCREE__QUERY_BITS:
    case SCREE__QUERY_U8:
    case SCREE__QUERY_I8:
        return 256;
    case SCREE__QUERY_U16:
    case SCREE__QUERY_I16:
        return 65536;
    default:
        return 0;
    }
}

/* Bounds of the inputs that are met, cut by those of the question. */
static void choose_bins(const struct scree_query *query, struct dim *dim)
{
    const struct scree__query_region *region = &query->filter.region;
    unsigned axis = dim->column.at / 4;
    double low = INFINITY, high = -INFINITY;
    if (dim->column.kind != SCREE__QUERY_I32 || dim->column.at > 8)
        return;
    for (uint64_t i = 0; i < query->source_count; i++) {
        if (!query->sources[i].met)
            continue;
        low = fmin(low, query->sources[i].header.min[axis]);
        high = fmax(high, query->sources[i].header.max[axis]);
    }
    if (region->bounds_axes > axis && region->bounds_axes > 1) {
        low = fmax(low, region->min[axis]);
        high = fmin(high, region->max[axis]);
    }
    dim->has_bins = isfinite(low) && isfinite(high) && low < high;
    dim->bin_begin = low;
    dim->bin_end = high;
}

uint64_t scree__query_stats_bytes(const struct scree_query *query)
{
    uint64_t bytes = query->dims.count * sizeof(struct dim);
    for (uint64_t i = 0; i < query->dims.count; i++)
        bytes += (uint64_t)value_count(&query->dims.columns[i]) *
                 scree_context_threads(query->context) * sizeof(uint64_t);
    return bytes;
}

static enum scree_status begin(struct counting *counting, struct scree_query *query,
                               struct scree_error *err)
{
    void *memory;
    memset(counting, 0, sizeof *counting);
    counting->query = query;
    counting->dim_count = query->dims.count;
    counting->threads = scree_context_threads(query->context);
    uint64_t bytes = counting->dim_count * sizeof *counting->dims;
    enum scree_status status = scree__mem_alloc(query->budget, bytes, &memory, "statistics", err);
    if (status != SCREE_OK)
        return status;
    counting->dims = memset(memory, 0, bytes);
    for (uint64_t i = 0; i < counting->dim_count; i++) {
        struct dim *dim = &counting->dims[i];
        dim->column = query->dims.columns[i];
        dim->values = value_count(&dim->column);
        counting->counts_each += dim->values;
        choose_bins(query, dim);
        dim->total.min = INFINITY;
        dim->total.max = -INFINITY;
    }
    bytes = counting->counts_each * counting->threads * sizeof *counting->counts;
    status = scree__mem_alloc(query->budget, bytes, &memory, "statistics", err);
    if (status == SCREE_OK && bytes > 0)
        counting->counts = memset(memory, 0, bytes);
    return status;
}

static void release(struct counting *counting)
{
    struct scree__mem_budget *budget = counting->query->budget;
    scree__mem_free(budget, counting->dims, counting->dim_count * sizeof *counting->dims);
    scree__mem_free(budget, counting->counts,
                    counting->counts_each * counting->threads * sizeof *counting->counts);
}

static void count_values(const struct scree__query_column *column, const uint8_t *records,
                         size_t stride, uint64_t count, uint64_t *counts)
{
    const uint8_t *p = records + column->at;
    if (column->bytes == 2)
        for (uint64_t i = 0; i < count; i++)
            /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): where values are counted, there is room */
            counts[scree__base_load16(p + i * stride)]++;
    else if (column->kind == SCREE__QUERY_BITS)
        for (uint64_t i = 0; i < count; i++)
            counts[p[i * stride] >> column->shift & column->mask]++;
    else
        for (uint64_t i = 0; i < count; i++)
            counts[p[i * stride]]++;
}

static void add_to_bins(const struct dim *dim, const double *values, size_t count,
                        struct part *part)
{
    const double per_unit = SCREE_QUERY_BINS / (dim->bin_end - dim->bin_begin);
    const double begin = dim->bin_begin;
    uint32_t bins[4][SCREE_QUERY_BINS] = {
        0}; /* neighbours often fall into one bin: not one counter after the other */
    for (size_t i = 0; i < count; i++) {
        double at = (values[i] - begin) * per_unit;
        unsigned bin = at > 0 ? (at < SCREE_QUERY_BINS ? (unsigned)at : SCREE_QUERY_BINS - 1) : 0;
        bins[i % 4][bin]++;
    }
    for (unsigned b = 0; b < SCREE_QUERY_BINS; b++)
        part->bins[b] += bins[0][b] + bins[1][b] + bins[2][b] + bins[3][b];
}

/* Sums in the order of the points. */
static void add_values(const double *values, size_t count, struct part *part)
{
    double sum = part->sum, min = part->min, max = part->max;
    uint64_t numbers = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]))
            continue;
        numbers++;
        sum += values[i];
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    part->count += numbers;
    part->sum = sum;
    part->min = min;
    part->max = max;
}

static void measure(const struct dim *dim, const uint8_t *records, size_t stride, uint64_t count,
                    struct part *part)
{
    double values[BLOCK];
    for (uint64_t done = 0; done < count; done += BLOCK) {
        size_t now = count - done < BLOCK ? (size_t)(count - done) : BLOCK;
        scree__query_column_load(&dim->column, records + done * stride, stride, now, values);
        add_values(values, now, part);
        if (dim->has_bins)
            add_to_bins(dim, values, now, part);
    }
}

static enum scree_status form(void *self, struct scree__query_slot *slot, const uint8_t *records,
                              uint64_t count, unsigned worker, struct scree_error *err)
{
    struct counting *counting = self;
    struct part *parts = slot->own;
    size_t stride = counting->query->header.record_bytes;
    uint64_t *counts =
        counting->counts != NULL ? counting->counts + worker * counting->counts_each : NULL;
    (void)err;
    for (uint64_t i = 0; i < counting->dim_count; i++) {
        const struct dim *dim = &counting->dims[i];
        if (dim->values > 0) {
            count_values(&dim->column, records, stride, count, counts);
            counts += dim->values;
            continue;
        }
        if (slot->formed == 0) {
            memset(&parts[i], 0, sizeof parts[i]);
            parts[i].min = INFINITY;
            parts[i].max = -INFINITY;
        }
        measure(dim, records, stride, count, &parts[i]);
    }
    return SCREE_OK;
}

static enum scree_status take(void *self, struct scree__query_slot *slot, struct scree_error *err)
{
    struct counting *counting = self;
    const struct part *parts = slot->own;
    (void)err;
    for (uint64_t i = 0; i < counting->dim_count; i++) {
        struct part *total = &counting->dims[i].total;
        if (counting->dims[i].values > 0)
            continue;
        total->count += parts[i].count;
        total->sum += parts[i].sum;
        total->min = fmin(total->min, parts[i].min);
        total->max = fmax(total->max, parts[i].max);
        for (unsigned b = 0; b < SCREE_QUERY_BINS; b++)
            total->bins[b] += parts[i].bins[b];
    }
    return SCREE_OK;
}

/* ------------------------------------------------------------------------------------- the result */

/* The number that the v-th counter stands for. */
static double value_of(const struct scree__query_column *column, uint32_t v)
{
    uint8_t bytes[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
    struct scree__query_column lone = *column;
    double value;
    lone.at = 0;
    if (lone.kind == SCREE__QUERY_BITS)
        lone.kind = SCREE__QUERY_U8;
    scree__query_column_load(&lone, bytes, 0, 1, &value);
    return value;
}

static void finish_counted(const struct dim *dim, const uint64_t *counts,
                           struct scree_query_dimension *out)
{
    double sum = 0;
    out->min = INFINITY;
    out->max = -INFINITY;
    for (uint32_t v = 0; v < dim->values; v++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the same */
        if (counts[v] == 0)
            continue;
        double value = value_of(&dim->column, v);
        out->count += counts[v];
        sum += value * (double)counts[v];
        out->min = fmin(out->min, value);
        out->max = fmax(out->max, value);
    }
    if (out->count == 0) {
        out->min = out->max = 0;
        return;
    }
    out->mean = sum / (double)out->count;
    out->bin_begin = out->min;
    /* Few values have a bin each, as wide as they are apart. */
    double step = fabs(dim->column.scaled ? dim->column.scale : 1);
    double values = (out->max - out->min) / step + 1;
    out->bin_count = values < SCREE_QUERY_BINS ? (unsigned)(values + 0.5) : SCREE_QUERY_BINS;
    out->bin_end = out->max + step;
    for (uint32_t v = 0; v < dim->values; v++) {
        if (counts[v] == 0)
            continue;
        double share = (value_of(&dim->column, v) + step / 2 - out->bin_begin) /
                       (out->bin_end - out->bin_begin);
        unsigned bin = (unsigned)(share * out->bin_count);
        out->bins[bin < out->bin_count ? bin : out->bin_count - 1] += counts[v];
    }
}

static void finish_measured(const struct dim *dim, struct scree_query_dimension *out)
{
    const struct part *total = &dim->total;
    out->count = total->count;
    if (total->count == 0)
        return;
    out->min = total->min;
    out->max = total->max;
    out->mean = total->sum / (double)total->count;
    if (!dim->has_bins)
        return;
    out->bin_count = SCREE_QUERY_BINS;
    out->bin_begin = dim->bin_begin;
    out->bin_end = dim->bin_end;
    memcpy(out->bins, total->bins, sizeof out->bins);
}

static enum scree_status finish(struct counting *counting,
                                struct scree_query_statistics *statistics, struct scree_error *err)
{
    void *memory;
    uint64_t bytes = counting->dim_count * sizeof *statistics->dimensions;
    enum scree_status status = scree__mem_alloc(NULL, bytes, &memory, "statistics", err);
    if (status != SCREE_OK)
        return status;
    statistics->dimensions = memset(memory, 0, bytes);
    statistics->dimension_count = counting->dim_count;
    for (unsigned t = 1; t < counting->threads; t++)
        for (uint64_t i = 0; i < counting->counts_each; i++)
            counting->counts[i] += counting->counts[t * counting->counts_each + i];
    const uint64_t *counts = counting->counts;
    for (uint64_t i = 0; i < counting->dim_count; i++) {
        const struct dim *dim = &counting->dims[i];
        struct scree_query_dimension *out = &statistics->dimensions[i];
        memcpy(out->name, dim->column.name, sizeof out->name);
        if (dim->values == 0) {
            finish_measured(dim, out);
            continue;
        }
        finish_counted(dim, counts, out);
        counts += dim->values;
    }
    return SCREE_OK;
}

enum scree_status scree_query_stats(struct scree_query *query,
                                    struct scree_query_statistics *statistics,
                                    struct scree_query_result *result, struct scree_error *err)
{
    struct scree_query_result ignored;
    struct counting counting;
    struct scree__query_consumer consumer = {.self = &counting,
                                             .needs_records = true,
                                             .fields = query->output_fields,
                                             .fixed_bytes = scree__query_stats_bytes(query),
                                             .slot_bytes =
                                                 query->dims.count * sizeof(struct part) + 8,
                                             .form = form,
                                             .take = take};
    memset(statistics, 0, sizeof *statistics);
    enum scree_status status = scree__query_memory_check(query, &consumer, err);
    if (status != SCREE_OK)
        return status;
    consumer.fixed_bytes = 0; /* from here on it is taken */
    status = begin(&counting, query, err);
    if (status == SCREE_OK)
        status = scree__query_work(query, &consumer, result != NULL ? result : &ignored, err);
    if (status == SCREE_OK)
        status = finish(&counting, statistics, err);
    release(&counting);
    return status;
}

void scree_query_statistics_release(struct scree_query_statistics *statistics)
{
    scree__mem_free(NULL, statistics->dimensions,
                    statistics->dimension_count * sizeof *statistics->dimensions);
    memset(statistics, 0, sizeof *statistics);
}
