/*
 * amend.c - changes to a COPC file that leave its points alone: a temporal index, the CRS, what the
 * header says. docs/decisions/amend.md has what is promised and why.
 *
 * Either the file is changed in place (edit.h): a new EVLR behind the last one, and one write within
 * the first 512 bytes. Or, where records have to move or a copy is wanted, a new file is written and
 * renamed.
 */
#include "copc/amend.h"
#include "base/error.h"
#include "io/edit.h"
#include "las/vlr.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void scree_amend_options_init(struct scree_amend_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}

/* ---------------------------------------------------------------------------------------- wanted */

static enum scree_status choose_output(struct scree__amend *amend, struct scree_error *err)
{
    struct scree_error ignored = SCREE_ERROR_INIT;
    if (amend->options.output == NULL) {
        memcpy(amend->output, amend->path, sizeof amend->output);
        return SCREE_OK;
    }
    if (scree__io_real_path(amend->options.output, amend->output, sizeof amend->output, &ignored) ==
            SCREE_OK &&
        strcmp(amend->output, amend->path) == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: the copy is the file itself; without an output it is changed "
                                "in place",
                                amend->options.output);
    if (strlen(amend->options.output) >= sizeof amend->output)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%.200s: the path is too long",
                                amend->options.output);
    snprintf(amend->output, sizeof amend->output, "%s", amend->options.output);
    return SCREE_OK;
}

static const struct scree_las_vlr *old_index(const struct scree__amend *amend)
{
    return scree_las_find_vlr(amend->reader, SCREE__TEMPORAL_USER_ID, SCREE__TEMPORAL_RECORD);
}

/* An index that has to move is made anew, with the stride it has. */
static enum scree_status keep_stride(struct scree__amend *amend, struct scree_error *err)
{
    uint8_t bytes[8] = {0};
    const struct scree_las_vlr *vlr = old_index(amend);
    enum scree_status status = SCREE_OK;
    if (vlr->payload_bytes >= sizeof bytes)
        status = scree_source_read(amend->source, vlr->payload_offset, bytes, sizeof bytes, err);
    amend->stride = scree__base_load32(bytes + 4);
    if (amend->stride == 0 || amend->stride == SCREE_TEMPORAL_AUTO)
        amend->stride = scree__temporal_auto_stride(amend->point_count);
    return status;
}

static enum scree_status choose_crs(struct scree__amend *amend, struct scree_error *err)
{
    if (amend->options.crs == NULL)
        return SCREE_OK;
    enum scree_status status = scree_las_crs_from_text(amend->options.crs, &amend->crs, err);
    if (status == SCREE_OK && amend->crs.wkt == NULL)
        status = scree__base_fail(err, SCREE_E_ARGUMENT, "'%.200s' is no CRS", amend->options.crs);
    return status;
}

/* Is the CRS there already, in these bytes? Then nothing is to be done. */
static void forget_same_crs(struct scree__amend *amend)
{
    const struct scree_las_vlr *vlr = scree_las_find_vlr(amend->reader, "LASF_Projection", 2112);
    if (amend->crs.wkt == NULL || vlr == NULL || vlr->extended || vlr->payload == NULL)
        return;
    const uint64_t bytes = strlen(amend->crs.wkt) + 1;
    if (vlr->payload_bytes >= bytes && memcmp(vlr->payload, amend->crs.wkt, bytes) == 0)
        scree_las_crs_release(&amend->crs);
}

/* ----------------------------------------------------------------------------------- what is done */

static enum scree_status open_scratch(struct scree__amend *amend, struct scree_error *err)
{
    char folder[sizeof amend->output];
    if (amend->stride == 0)
        return SCREE_OK;
    const uint64_t bytes = scree__temporal_samples_bytes(
        amend->point_count, amend->hierarchy->entry_count, amend->stride);
    if (scree__amend_scan_bytes(amend) + bytes <= scree_context_budget_bytes(amend->context))
        return SCREE_OK;
    memcpy(folder, amend->output, sizeof folder);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    return scree__spill_scratch_open(
        amend->options.scratch_folder != NULL ? amend->options.scratch_folder : folder, bytes,
        SCREE__SPILL_PLAIN, 8, &amend->scratch, err);
}

static enum scree_status scan(struct scree__amend *amend, struct scree_error *err)
{
    if (amend->stride == 0 && !amend->options.repair_header)
        return SCREE_OK;
    const uint64_t least = scree__amend_scan_bytes(amend);
    enum scree_status status = open_scratch(amend, err);
    if (status == SCREE_OK)
        status = scree__amend_scan(amend, err);
    if (status == SCREE_E_BUDGET && err != NULL && err->need_bytes < least)
        err->need_bytes = least;
    if (status == SCREE_OK && amend->options.repair_header)
        scree__amend_repair(amend);
    if (status == SCREE_OK && amend->stride > 0) {
        amend->result->temporal_stride = amend->stride;
        scree__amend_tell(amend, "temporal index: stride %" PRIu32 ", %" PRIu64 " bytes%s",
                          amend->stride, amend->index_bytes,
                          old_index(amend) != NULL ? ", in place of the one there was" : "");
    }
    return status;
}

static enum scree_status put(void *user, const void *bytes, size_t count, struct scree_error *err)
{
    return scree__io_edit_append(user, bytes, count, err);
}

static enum scree_status append_index(struct scree__amend *amend, struct scree__io_edit *edit,
                                      struct scree_error *err)
{
    struct scree_las_vlr vlr;
    uint8_t header[SCREE__LAS_EVLR_BYTES];
    if (amend->stride == 0)
        return SCREE_OK;
    if (amend->header->evlr_count == 0)
        scree__base_store64(amend->head + 235, amend->evlr_end);
    scree__base_store32(amend->head + 243, amend->header->evlr_count + 1);
    scree__temporal_vlr(&vlr, amend->index_bytes);
    scree__las_vlr_header_write(&vlr, true, header);
    enum scree_status status = scree__io_edit_append(edit, header, sizeof header, err);
    if (status == SCREE_OK)
        status = scree__temporal_index_write(&amend->index, amend->evlr_end + sizeof header, put,
                                             edit, err);
    amend->result->bytes_after = amend->evlr_end + sizeof header + amend->index_bytes;
    return status;
}

static enum scree_status change_in_place(struct scree__amend *amend, struct scree_error *err)
{
    struct scree__io_edit *edit;
    enum scree_status status = scree__io_edit_open(amend->path, scree_source_bytes(amend->source),
                                                   amend->evlr_end, &edit, err);
    if (status != SCREE_OK)
        return status;
    status = append_index(amend, edit, err);
    if (status == SCREE_OK)
        status = scree__par_check_cancel(amend->context, err);
    size_t first = 0, last = sizeof amend->head;
    while (first < last && amend->head[first] == amend->old_head[first])
        first++;
    while (last > first && amend->head[last - 1] == amend->old_head[last - 1])
        last--;
    if (status == SCREE_OK)
        status = scree__io_edit_switch(edit, first, amend->head + first, amend->old_head + first,
                                       last - first, err);
    scree__io_edit_close(edit);
    return status;
}

/* Everything but the points is known after this. *anew: it takes a new file. */
static enum scree_status prepare(struct scree__amend *amend, bool *anew, struct scree_error *err)
{
    amend->stride = amend->options.temporal_stride;
    if (amend->stride == SCREE_TEMPORAL_AUTO)
        amend->stride = scree__temporal_auto_stride(amend->point_count);
    forget_same_crs(amend);
    *anew = amend->options.output != NULL || amend->crs.wkt != NULL ||
            (amend->stride > 0 && old_index(amend) != NULL);
    enum scree_status status = SCREE_OK;
    if (*anew)
        status = scree__amend_layout(amend, err);
    if (status == SCREE_OK && *anew && scree__amend_moves_index(amend)) {
        status = keep_stride(amend, err);
        if (status == SCREE_OK)
            status = scree__amend_layout(amend, err);
    }
    if (status == SCREE_OK && (*anew || amend->stride > 0))
        status = scree__amend_check_tail(amend, err);
    return status;
}

static enum scree_status run(struct scree__amend *amend, bool anew, struct scree_error *err)
{
    const bool copy_wanted = amend->options.output != NULL;
    enum scree_status status = scan(amend, err);
    if (status != SCREE_OK)
        return status;
    if (amend->crs.wkt != NULL)
        scree__amend_tell(amend, "CRS: %.160s",
                          amend->crs.name[0] != '\0' ? amend->crs.name : amend->options.crs);
    amend->result->in_place = !anew;
    if (anew) {
        scree__amend_place(amend);
        return scree__amend_copy(amend, !copy_wanted || amend->options.replace, err);
    }
    return amend->result->change_count > 0 ? change_in_place(amend, err) : SCREE_OK;
}

/* ----------------------------------------------------------------------------------------- whole */

static void release(struct scree__amend *amend)
{
    scree__temporal_index_release(&amend->index);
    scree__spill_scratch_close(amend->scratch);
    scree__mem_free(amend->budget, amend->chunks,
                    amend->hierarchy != NULL ? amend->hierarchy->entry_count * sizeof *amend->chunks
                                             : 0);
    scree__mem_free(amend->budget, amend->records, amend->record_count * sizeof *amend->records);
    scree_las_crs_release(&amend->crs);
    scree_copc_close(amend->copc);
    scree_las_close(amend->reader);
    scree_source_close(amend->source);
    scree__mem_free(amend->budget, amend, sizeof *amend);
}

static uint64_t hierarchy_bytes(const struct scree__amend *amend)
{
    const struct scree_las_vlr *vlr =
        amend->reader != NULL ? scree_las_find_vlr(amend->reader, "copc", 1000) : NULL;
    return vlr != NULL ? vlr->payload_bytes : 0;
}

/* Opens and prepares; with `least` that is all, and *least is what the rest would take. */
static enum scree_status attempt(struct scree_context *context,
                                 const struct scree_amend_options *options,
                                 struct scree_amend_result *result, uint64_t *least,
                                 struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(context);
    void *memory;
    bool anew = false;
    enum scree_status status =
        scree__mem_alloc(budget, sizeof(struct scree__amend), &memory, "amendment", err);
    if (status != SCREE_OK)
        return status;
    struct scree__amend *amend = memory;
    memset(amend, 0, sizeof *amend);
    amend->context = context;
    amend->budget = amend->index.budget = budget;
    amend->result = result;
    memset(result, 0, sizeof *result);
    amend->options = *options;
    status = choose_crs(amend, err);
    if (status == SCREE_OK)
        status = scree__amend_open(amend, err);
    if (status == SCREE_OK)
        status = choose_output(amend, err);
    if (status == SCREE_OK)
        status = prepare(amend, &anew, err);
    if (status == SCREE_E_BUDGET && least != NULL)
        *least = 16 * hierarchy_bytes(amend) + SCREE__MEM_TRIAL_BYTES;
    if (status == SCREE_OK && least != NULL)
        *least = scree__amend_scan_bytes(amend);
    else if (status == SCREE_OK)
        status = run(amend, anew, err);
    release(amend);
    return status;
}

/* The budget was too small for header and hierarchy: a second attempt with a little more says what would do. Where that is not
 * enough either, what the hierarchy takes at most: an entry has 32 bytes in the file, and some 500 in lists that double while they grow. */
static uint64_t find_need(struct scree_context *context, const struct scree_amend_options *options)
{
    struct scree__mem_budget *budget = scree__par_budget(context);
    struct scree__mem_trial trial;
    struct scree_amend_result ignored;
    struct scree_amend_options silent = *options;
    uint64_t least = 0;
    silent.change = NULL;
    scree__mem_trial_begin(budget, SCREE__MEM_TRIAL_BYTES, &trial);
    enum scree_status status = attempt(context, &silent, &ignored, &least, NULL);
    uint64_t peak = scree__mem_trial_end(budget, &trial);
    if (status == SCREE_E_BUDGET)
        return peak + least;
    return least > peak ? least : peak;
}

enum scree_status scree_amend(struct scree_context *context,
                              const struct scree_amend_options *given,
                              struct scree_amend_result *result, struct scree_error *err)
{
    struct scree_amend_options options;
    struct scree_amend_result own;
    struct scree_error why = SCREE_ERROR_INIT;
    scree_amend_options_init(&options);
    memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
    if (options.temporal_stride == 0 && options.crs == NULL && !options.repair_header)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "nothing to change is asked for");
    enum scree_status status =
        attempt(context, &options, result != NULL ? result : &own, NULL, &why);
    if (status == SCREE_E_BUDGET) {
        uint64_t need = find_need(context, &options);
        why.need_bytes = need > why.need_bytes ? need : why.need_bytes;
    }
    if (status != SCREE_OK && err != NULL && err->status == SCREE_OK)
        *err = why;
    return status;
}
