/* query.c - the public face of a query: options in, a plan, records or a count out. */
#include "query/consumer.h"
#include "query/job.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

void scree_query_options_init(struct scree_query_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->level = -1;
}

static enum scree_status check_options(const struct scree_query_options *options,
                                       struct scree_error *err)
{
    if (options->input_count == 0 || options->inputs == NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "no input");
    if (!(options->resolution >= 0) || !isfinite(options->resolution))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "resolution %g: expected a number of 0 or more",
                                options->resolution);
    return SCREE_OK;
}

static void copy_network_options(struct scree_query *query,
                                 const struct scree_query_options *options)
{
    const struct scree_source_options *source = options->source_options;
    const struct scree_sink_options *sink = options->sink_options;
    scree_source_options_init(&query->source_options);
    scree_sink_options_init(&query->sink_options);
    if (source != NULL)
        memcpy(&query->source_options, source,
               source->size < sizeof *source ? source->size : sizeof *source);
    if (sink != NULL)
        memcpy(&query->sink_options, sink, sink->size < sizeof *sink ? sink->size : sizeof *sink);
    query->source_options.context = query->context;
    query->sink_options.context = query->context;
}

static enum scree_status copy_options(struct scree_query *query,
                                      const struct scree_query_options *options,
                                      struct scree_error *err)
{
    copy_network_options(query, options);
    query->resolution = options->resolution;
    query->level = options->level;
    query->limit = options->limit;
    if (options->crs != NULL)
        query->crs_text = scree__mem_string_copy(options->crs);
    if (options->dims != NULL)
        query->dims_text = scree__mem_string_copy(options->dims);
    if ((options->crs != NULL && query->crs_text == NULL) ||
        (options->dims != NULL && query->dims_text == NULL))
        return scree__base_fail(err, SCREE_E_MEMORY, "options: out of memory");
    return SCREE_OK;
}

static enum scree_status open_query(struct scree_context *context,
                                    const struct scree_query_options *options,
                                    struct scree_query **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status = scree__mem_alloc(NULL, sizeof **out, &memory, "query", err);
    if (status != SCREE_OK)
        return status;
    struct scree_query *query = memory;
    memset(query, 0, sizeof *query);
    *out = query;
    query->context = context;
    query->budget = scree__par_budget(context);
    status = copy_options(query, options, err);
    if (status == SCREE_OK)
        status = scree__query_filter_make(query, options, err);
    if (status == SCREE_OK)
        status = scree__query_sources_open(query, options, err);
    if (status == SCREE_OK)
        status = scree__query_join_finish(query, err);
    if (status == SCREE_OK)
        status = scree__query_items_make(query, err);
    return status;
}

/*
 * The budget was too small for headers and hierarchies: a second attempt with a little more says what would do. Where that is not enough either, what
 * the hierarchies take at most: an entry has 32 bytes in the file, and some 500 in lists that double while they grow.
 */
static uint64_t find_need(struct scree_context *context, const struct scree_query_options *options)
{
    struct scree__mem_budget *budget = scree__par_budget(context);
    struct scree__mem_trial trial;
    struct scree_query *query;
    struct scree_error err = SCREE_ERROR_INIT;
    scree__mem_trial_begin(budget, SCREE__MEM_TRIAL_BYTES, &trial);
    enum scree_status status = open_query(context, options, &query, &err);
    uint64_t need = 0;
    if (status == SCREE_OK) {
        uint64_t convert = scree__query_convert_bytes(query);
        need = scree__query_memory_least(query);
        need = convert > need ? convert : need;
    }
    if (status == SCREE_E_BUDGET && query != NULL) {
        uint64_t met = query->opened > 0 ? query->opened : 1;
        need = err.need_bytes + query->hierarchy_bytes / met * query->source_count * 16 +
               SCREE__MEM_TRIAL_BYTES;
    }
    uint64_t peak = scree__mem_trial_end(budget, &trial);
    scree_query_close(query);
    return need > peak ? need : peak;
}

enum scree_status scree_query_open(struct scree_context *context,
                                   const struct scree_query_options *given,
                                   struct scree_query **out, struct scree_error *err)
{
    struct scree_query_options options;
    struct scree_error why = SCREE_ERROR_INIT;
    *out = NULL;
    scree_query_options_init(&options);
    memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
    enum scree_status status = check_options(&options, err);
    if (status != SCREE_OK)
        return status;
    status = open_query(context, &options, out, &why);
    if (status == SCREE_OK)
        return status;
    scree_query_close(*out);
    *out = NULL;
    if (status == SCREE_E_BUDGET) {
        uint64_t need = find_need(context, &options);
        why.need_bytes = need > why.need_bytes ? need : why.need_bytes;
    }
    if (err != NULL && err->status == SCREE_OK)
        *err = why;
    return status;
}

void scree_query_close(struct scree_query *query)
{
    if (query == NULL)
        return;
    scree__query_join_release(query);
    scree__query_sources_release(query);
    scree__query_filter_release(&query->filter);
    scree__mem_string_free(query->crs_text);
    scree__mem_string_free(query->dims_text);
    scree__mem_free(NULL, query, sizeof *query);
}

const struct scree_query_plan *scree_query_plan(const struct scree_query *query)
{
    return &query->plan;
}

const struct scree_las_header *scree_query_header(const struct scree_query *query)
{
    return &query->header;
}

uint32_t scree_query_extra_byte_count(const struct scree_query *query)
{
    return (uint32_t)query->schema.count;
}

const struct scree_las_extra_byte *scree_query_extra_byte(const struct scree_query *query,
                                                          uint32_t index)
{
    return index < query->schema.count ? &query->schema.fields[index] : NULL;
}

/* ------------------------------------------------------------------------------------ each, count */

struct caller {
    scree_query_batch batch;
    void *user;
};

static enum scree_status give_batch(void *self, struct scree__query_slot *slot,
                                    struct scree_error *err)
{
    struct caller *caller = self;
    return caller->batch(caller->user, slot->records, slot->count, err);
}

enum scree_status scree_query_each(struct scree_query *query, scree_query_batch batch, void *user,
                                   struct scree_query_result *result, struct scree_error *err)
{
    struct scree_query_result ignored;
    struct caller caller = {batch, user};
    const struct scree__query_consumer consumer = {.self = &caller,
                                                   .needs_records = true,
                                                   .keeps_records = true,
                                                   .clean = true,
                                                   .fields = query->output_fields,
                                                   .take = give_batch};
    return scree__query_work(query, &consumer, result != NULL ? result : &ignored, err);
}

enum scree_status scree_query_count(struct scree_query *query, struct scree_query_result *result,
                                    struct scree_error *err)
{
    struct scree_query_result ignored;
    const struct scree__query_consumer consumer = {.any_order = true};
    return scree__query_work(query, &consumer, result != NULL ? result : &ignored, err);
}
