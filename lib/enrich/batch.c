/*
 * batch.c - many files, one after the other, each with all threads and the whole budget: what a batch takes at once is what one file takes.
 *
 * An output is skipped when the journal has it done with the same options, the same input (length and time), the same files around (names, lengths, times) and it
 * lies there as it was written; else, by its parameter record, when that is to the byte what this run would write (input and neighbours by digest). Anything else is done again.
 */
#include "base/clock.h"
#include "base/error.h"
#include "enrich/enrichment.h"
#include "enrich/journal.h"
#include "enrich/tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct batch {
    struct scree_context *context;
    struct scree_enrich_batch_options options;
    struct scree_enrich_options
        each; /* options.each, whole, of whatever version the caller's are */
    struct scree_enrich_batch_result *result;
    struct scree__enrich_tree tree;
    struct scree__enrich_journal *journal; /* NULL: a dry run */
    uint64_t options_digest;
    struct scree__enrich_around *around;
    char around_folder[4096]; /* the last one whose digest was made */
    uint64_t around_digest;
};

void scree_enrich_batch_options_init(struct scree_enrich_batch_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}

/* ----------------------------------------------------------------------------------- done already? */

static uint64_t digest_text(uint64_t digest, const char *text)
{
    return text == NULL ? scree__enrich_digest(digest, "", 1)
                        : scree__enrich_digest(digest, text, strlen(text) + 1);
}

/* Of all that shows in an output and is not of one file. */
static enum scree_status digest_options(struct batch *batch, struct scree_error *err)
{
    const struct scree_enrich_options *each = batch->options.each;
    struct scree__enrich_text text = {0};
    scree__enrich_parameters_of_options(each, &text);
    scree__enrich_text_add(&text, "|%llx|%.17g|%.17g|%.17g|%.17g|%d|%d|%d",
                           (unsigned long long)each->features, each->radius, each->count_radius,
                           each->ground_reach, each->building_threshold, (int)each->output_kind,
                           each->strip, each->write_class);
    scree__enrich_text_add(&text, "|%.17g|%d|%u", each->ground_cell, (int)each->unit,
                           each->metric_lengths);
    enum scree_status status = scree__enrich_text_end(&text, err);
    if (status == SCREE_OK) {
        uint64_t digest = digest_text(SCREE__ENRICH_DIGEST_BEGIN, text.text);
        digest = digest_text(digest, each->crs);
        digest = digest_text(digest, each->neighbors_folder);
        for (uint64_t i = 0; i < each->context_count; i++)
            digest = digest_text(digest, each->context_files[i]);
        batch->options_digest = digest;
    }
    scree__enrich_text_release(&text);
    return status;
}

/* Files that may be neighbours: those of the input's folder, or of the one that was named; and context files. */
static uint64_t digest_around(struct batch *batch, const char *input)
{
    const struct scree_enrich_options *each = batch->options.each;
    char folder[4096];
    const char *slash = strrchr(input, '/');
    const bool named = each->neighbors == SCREE_NEIGHBORS_FOLDER && each->neighbors_folder != NULL;
    uint64_t digest = SCREE__ENRICH_DIGEST_BEGIN;
    if (each->strip)
        return 0;
    if (named)
        snprintf(folder, sizeof folder, "%s", each->neighbors_folder);
    else
        snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - input + 1),
                 slash == NULL ? "." : input);
    if (each->neighbors != SCREE_NEIGHBORS_NONE) {
        if (strcmp(folder, batch->around_folder) != 0)
            batch->around_digest = scree__enrich_folder_digest(folder, named);
        memcpy(batch->around_folder, folder, sizeof folder);
        digest += batch->around_digest;
    }
    for (uint64_t i = 0; i < each->context_count; i++) {
        uint64_t bytes = 0;
        int64_t time_ns = 0;
        (void)scree__enrich_look_at(each->context_files[i], &bytes, &time_ns);
        digest += digest_text(bytes * 31 + (uint64_t)time_ns, each->context_files[i]);
    }
    return digest;
}

/* NAME.laz and ".enrich.png" give NAME.enrich.png. */
static void beside(const char *output, const char *ending, char *path, size_t bytes)
{
    snprintf(path, bytes, "%.*s%s", (int)strlen(output) - 4, output, ending);
}

static bool has_companions(const struct batch *batch, const char *output)
{
    char path[4096];
    uint64_t bytes;
    int64_t time_ns;
    beside(output, ".enrich.json", path, sizeof path);
    if (batch->options.reports && !scree__enrich_look_at(path, &bytes, &time_ns))
        return false;
    beside(output, ".enrich.png", path, sizeof path);
    return !batch->options.maps || scree__enrich_look_at(path, &bytes, &time_ns);
}

static bool journal_says_done(struct batch *batch, const struct scree__enrich_item *item,
                              const struct scree__enrich_entry *entry)
{
    uint64_t bytes;
    int64_t time_ns;
    return entry != NULL && entry->done && entry->options == batch->options_digest &&
           entry->input_bytes == item->bytes && entry->input_time_ns == item->time_ns &&
           scree__enrich_look_at(item->output, &bytes, &time_ns) && entry->output_bytes == bytes &&
           entry->output_time_ns == time_ns && entry->around == digest_around(batch, item->input);
}

/* Did an earlier run of ours write what is there? Else it is not ours to replace. */
static bool is_ours(const struct scree__enrich_item *item, const struct scree__enrich_entry *entry)
{
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    struct scree_error ignored = SCREE_ERROR_INIT;
    uint64_t bytes;
    int64_t time_ns;
    if (entry != NULL && entry->done && scree__enrich_look_at(item->output, &bytes, &time_ns) &&
        bytes == entry->output_bytes && time_ns == entry->output_time_ns)
        return true;
    const bool ours = scree_source_open_file(item->output, &source, &ignored) == SCREE_OK &&
                      scree_las_open(source, NULL, &reader, &ignored) == SCREE_OK &&
                      scree_las_find_vlr(reader, SCREE__ENRICH_USER, SCREE__ENRICH_RECORD) != NULL;
    scree_las_close(reader);
    scree_source_close(source);
    return ours;
}

/* ---------------------------------------------------------------------------------------- one file */

struct one {
    const struct scree__enrich_item *item;
    uint64_t index;
    struct scree_enrich_job *job;
    struct scree_enrich_result result;
    bool run;
    uint64_t begun_ns;
};

static enum scree_status write_down(struct batch *batch, const struct one *one,
                                    enum scree_enrich_outcome outcome,
                                    const struct scree_error *why, struct scree_error *err)
{
    struct scree__enrich_entry entry = {.output = one->item->output,
                                        .done = outcome != SCREE_ENRICH_FAILED,
                                        .options = batch->options_digest,
                                        .input_bytes = one->item->bytes,
                                        .input_time_ns = one->item->time_ns};
    struct scree__enrich_told told = {.input = one->item->input,
                                      .error = why != NULL ? why->message : NULL,
                                      .peak_bytes = scree_context_peak_bytes(batch->context)};
    struct scree__enrich_identity identity = {0};
    struct scree_error ignored = SCREE_ERROR_INIT;
    struct scree_source *source = NULL;
    if (batch->journal == NULL)
        return SCREE_OK;
    entry.around = digest_around(batch, one->item->input);
    (void)scree__enrich_look_at(one->item->output, &entry.output_bytes, &entry.output_time_ns);
    if (scree_source_open_file(one->item->input, &source, &ignored) == SCREE_OK &&
        scree__enrich_identity_of_source(source, &identity, &ignored) == SCREE_OK)
        told.input_digest = identity.digest;
    scree_source_close(source);
    if (one->job != NULL)
        told.point_count = scree_enrich_plan(one->job)->point_count;
    told.seconds = (double)(scree__base_clock_ns() - one->begun_ns) / 1e9;
    return scree__enrich_journal_add(batch->journal, &entry, &told, err);
}

static void tell(struct batch *batch, const struct one *one, enum scree_enrich_outcome outcome,
                 const struct scree_error *why)
{
    const struct scree_enrich_file file = {
        .input = one->item->input,
        .output = one->item->output,
        .outcome = outcome,
        .index = one->index,
        .count = batch->tree.points.count,
        .seconds = (double)(scree__base_clock_ns() - one->begun_ns) / 1e9,
        .plan = one->job != NULL ? scree_enrich_plan(one->job) : NULL,
        .result = one->run ? &one->result : NULL,
        .error = why};
    if (batch->options.file != NULL)
        batch->options.file(batch->options.user, &file);
}

static void add_plan(struct batch *batch, const struct scree_enrich_plan *plan)
{
    struct scree_enrich_batch_result *result = batch->result;
    result->point_count += plan->point_count;
    if (plan->memory_bytes > result->memory_bytes)
        result->memory_bytes = plan->memory_bytes;
    if (plan->scratch_bytes > result->scratch_bytes)
        result->scratch_bytes = plan->scratch_bytes;
    result->output_bytes += batch->journal == NULL ? plan->output_bytes : 0;
}

static enum scree_status open_and_run(struct batch *batch, struct one *one,
                                      const struct scree__enrich_entry *entry, bool *skipped,
                                      struct scree_error *why)
{
    struct scree_enrich_options each = *batch->options.each;
    char report[4096], map[4096];
    uint64_t bytes;
    int64_t time_ns;
    const bool there = scree__enrich_look_at(one->item->output, &bytes, &time_ns);
    each.input = one->item->input;
    each.output = one->item->output;
    each.replace = true;
    beside(each.output, ".enrich.json", report, sizeof report);
    beside(each.output, ".enrich.png", map, sizeof map);
    each.report = batch->options.reports ? report : NULL;
    each.map = batch->options.maps ? map : NULL;
    enum scree_status status =
        scree__enrich_job_open(batch->context, &each, batch->around, &one->job, why);
    if (status != SCREE_OK)
        return status;
    *skipped = there && !batch->options.redo && scree__enrich_job_is_done(one->job) &&
               has_companions(batch, each.output);
    if (*skipped)
        return SCREE_OK;
    if (there && !batch->options.redo && !is_ours(one->item, entry))
        return scree__base_fail(why, SCREE_E_EXISTS,
                                "%s exists already, and scree enrich did not write it (--force "
                                "replaces it)",
                                each.output);
    if (!scree_enrich_plan(one->job)->fits)
        scree__par_log(batch->context, SCREE_LOG_WARNING,
                       "%s: its %llu points do not fit the memory budget: %llu MiB of scratch",
                       each.input, (unsigned long long)scree_enrich_plan(one->job)->point_count,
                       (unsigned long long)(scree_enrich_plan(one->job)->scratch_bytes >> 20));
    if (!batch->options.dry_run) {
        status = scree__enrich_make_folders(each.output, why);
        if (status == SCREE_OK)
            status = scree_enrich_run(one->job, &one->result, why);
        one->run = status == SCREE_OK;
    }
    if (status == SCREE_OK)
        add_plan(batch, scree_enrich_plan(one->job));
    return status;
}

/* Was it another file that failed? Then once more without that one. */
static bool can_do_without(struct batch *batch, struct one *one, struct scree_error *why)
{
    const char *bad = one->job != NULL && one->job->engine != NULL
                          ? scree__enrich_engine_bad_neighbor(one->job->engine)
                          : NULL;
    if (bad == NULL)
        return false;
    scree__enrich_around_leave_out(batch->around, bad, why->message);
    scree_enrich_close(one->job);
    one->job = NULL;
    *why = (struct scree_error)SCREE_ERROR_INIT;
    return true;
}

/* SCREE_OK whatever becomes of the file; only what ends the batch is returned. */
static enum scree_status process(struct batch *batch, uint64_t index, struct scree_error *err)
{
    struct one one = {
        .item = &batch->tree.points.all[index], .index = index, .begun_ns = scree__base_clock_ns()};
    struct scree_error why = SCREE_ERROR_INIT;
    const struct scree__enrich_entry *entry =
        scree__enrich_journal_find(batch->journal, one.item->output);
    bool skipped = !batch->options.redo && journal_says_done(batch, one.item, entry) &&
                   has_companions(batch, one.item->output);
    bool known = skipped;
    enum scree_status status = SCREE_OK;
    if (!skipped)
        do
            status = open_and_run(batch, &one, entry, &skipped, &why);
        while (status != SCREE_OK && can_do_without(batch, &one, &why));
    enum scree_enrich_outcome outcome = skipped              ? SCREE_ENRICH_SKIPPED
                                        : status == SCREE_OK ? SCREE_ENRICH_DONE
                                                             : SCREE_ENRICH_FAILED;
    enum scree_status ended = SCREE_OK;
    if (status == SCREE_E_CANCELLED) {
        ended = scree__base_fail(err, SCREE_E_CANCELLED, "interrupted");
    } else {
        batch->result->done_count += outcome == SCREE_ENRICH_DONE;
        batch->result->skipped_count += outcome == SCREE_ENRICH_SKIPPED;
        batch->result->failed_count += outcome == SCREE_ENRICH_FAILED;
        if (!known)
            ended = write_down(batch, &one, outcome, status != SCREE_OK ? &why : NULL, err);
        tell(batch, &one, outcome, status != SCREE_OK ? &why : NULL);
    }
    scree_enrich_close(one.job);
    return ended;
}

/* ------------------------------------------------------------------------------------------- whole */

static void copy_sides(struct batch *batch)
{
    for (uint64_t i = 0; i < batch->tree.sides.count; i++) {
        struct scree_error why = SCREE_ERROR_INIT;
        bool copied;
        if (scree__enrich_copy_file(&batch->tree.sides.all[i], batch->options.redo, &copied,
                                    &why) != SCREE_OK)
            scree__par_log(batch->context, SCREE_LOG_WARNING, "not copied: %s", why.message);
        else
            batch->result->side_file_count += copied;
    }
}

static enum scree_status run(struct batch *batch, struct scree_error *err)
{
    const struct scree_enrich_batch_options *options = &batch->options;
    enum scree_status status = digest_options(batch, err);
    if (status == SCREE_OK)
        status = scree__enrich_around_new(batch->context, &batch->around, err);
    if (status == SCREE_OK)
        status = scree__enrich_tree_find(batch->context, options->inputs, options->input_count,
                                         options->output_folder, options->each->output_kind,
                                         &batch->tree, err);
    if (status != SCREE_OK)
        return status;
    batch->result->file_count = batch->tree.points.count;
    if (!options->dry_run) {
        char folder[4096];
        snprintf(folder, sizeof folder, "%s/", options->output_folder);
        status = scree__enrich_make_folders(folder, err);
        if (status == SCREE_OK)
            status = scree__enrich_journal_open(options->output_folder, &batch->journal, err);
        if (status == SCREE_OK)
            copy_sides(batch);
    }
    for (uint64_t i = 0; i < batch->tree.points.count && status == SCREE_OK; i++) {
        status = scree__par_check_cancel(batch->context, err);
        if (status == SCREE_OK)
            status = process(batch, i, err);
    }
    return status;
}

enum scree_status scree_enrich_batch(struct scree_context *context,
                                     const struct scree_enrich_batch_options *options,
                                     struct scree_enrich_batch_result *result,
                                     struct scree_error *err)
{
    struct scree_enrich_batch_result own = {0};
    struct batch batch;
    memset(&batch, 0, sizeof batch);
    batch.context = context;
    batch.result = result != NULL ? result : &own;
    memset(batch.result, 0, sizeof *batch.result);
    scree_enrich_batch_options_init(&batch.options);
    memcpy(&batch.options, options,
           options->size < sizeof batch.options ? options->size : sizeof batch.options);
    if (batch.options.each == NULL || batch.options.output_folder == NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a batch has options and an output folder");
    scree__enrich_options_take(&batch.each, batch.options.each);
    batch.options.each = &batch.each;
    enum scree_status status = run(&batch, err);
    scree__enrich_journal_close(batch.journal);
    scree__enrich_around_free(batch.around);
    scree__enrich_tree_release(&batch.tree);
    return status;
}
