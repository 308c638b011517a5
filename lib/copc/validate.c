/* validate.c - judges a file: header, records, compression, COPC, points, in that order. */
#include "copc/validate.h"
#include "base/error.h"
#include "par/context.h"

#include <string.h>

void scree_validate_options_init(struct scree_validate_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}

/* A refusal is a finding; the bytes have been judged by then, so it often repeats one. */
static enum scree_status open_reader(struct scree__copc_check *check, struct scree_error *err)
{
    struct scree_error why = SCREE_ERROR_INIT;
    enum scree_status status = scree_las_open(check->source, check->context, &check->reader, &why);
    if (status == SCREE_OK)
        return SCREE_OK;
    check->reader = NULL;
    if (scree__copc_is_finding(status)) {
        scree__copc_say(check, SCREE__LAS_OPEN, "the points cannot be read: %s",
                        scree__copc_without_name(check, why.message));
        return SCREE_OK;
    }
    if (err != NULL && err->status == SCREE_OK)
        *err = why;
    return status;
}

static enum scree_status run(struct scree__copc_check *check, struct scree_error *err)
{
    bool readable;
    enum scree_status status = scree__copc_check_header(check, &readable, err);
    if (status != SCREE_OK || !readable)
        return status;
    status = scree__copc_check_records(check, err);
    check->report->is_laz = check->header.compressed;
    if (status == SCREE_OK)
        status = scree__copc_check_vlrs(check, err);
    if (status == SCREE_OK)
        scree__copc_check_extent(check);
    if (status == SCREE_OK)
        status = scree__copc_check_laz(check, err);
    if (status == SCREE_OK && check->claims_copc)
        status = scree__copc_check_copc(check, err);
    if (status == SCREE_OK)
        status = scree__copc_check_hierarchy(check, err);
    if (status == SCREE_OK)
        status = scree__copc_check_temporal(check, err);
    if (status == SCREE_OK)
        status = open_reader(check, err);
    if (status == SCREE_OK)
        status = scree__copc_check_points(check, err);
    if (status == SCREE_OK)
        scree__copc_check_page_times(check);
    return status;
}

static void release(struct scree__copc_check *check)
{
    struct scree__mem_budget *budget = check->budget;
    scree_las_close(check->reader);
    scree__mem_free(budget, check->times, check->hierarchy.entry_count * sizeof *check->times);
    scree__mem_free(budget, check->times_pages,
                    check->times_page_capacity * sizeof *check->times_pages);
    scree__copc_hierarchy_release(&check->hierarchy);
    scree__mem_free(budget, check->records, check->record_capacity * sizeof *check->records);
    scree__mem_free(budget, check->chunks, check->chunk_count * sizeof *check->chunks);
    scree__mem_free(budget, check->nodes, check->node_capacity * sizeof *check->nodes);
    scree__mem_free(budget, check, sizeof *check);
}

enum scree_status scree_validate(struct scree_context *context, struct scree_source *source,
                                 const struct scree_validate_options *options,
                                 struct scree_validate_report *report, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(context);
    struct scree_validate_report own = {0};
    void *memory;
    enum scree_status status =
        scree__mem_alloc(budget, sizeof(struct scree__copc_check), &memory, "the validator", err);
    if (status != SCREE_OK)
        return status;
    struct scree__copc_check *check = memory;
    memset(check, 0, sizeof *check);
    check->context = context;
    check->budget = check->hierarchy.budget = budget;
    check->source = source;
    check->file_bytes = scree_source_bytes(source);
    check->report = report != NULL ? report : &own;
    memset(check->report, 0, sizeof *check->report);
    scree_validate_options_init(&check->options);
    if (options != NULL) {
        size_t known = options->size < sizeof *options ? options->size : sizeof *options;
        memcpy(&check->options, options, known);
    }
    status = run(check, err);
    if (status == SCREE_OK)
        scree__copc_say_rest(check);
    release(check);
    return status;
}
