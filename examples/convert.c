/*
 * convert.c - many LAS and LAZ files become one COPC file, inside a memory budget, with the plan before and progress meanwhile.
 *
 *     cc convert.c $(pkg-config --cflags --libs scree) -o convert && ./convert tiles/ city.copc.laz
 */
#include <scree/scree.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void warn(void *user, enum scree_log_level level, const char *message)
{
    (void)user;
    if (level == SCREE_LOG_WARNING)
        fprintf(stderr, "warning: %s\n", message);
}

static void progress(void *user, const struct scree_progress *now)
{
    (void)user;
    if (now->total > 0)
        fprintf(stderr, "\r%-8s %3.0f %%", now->stage,
                100.0 * (double)now->done / (double)now->total);
}

static enum scree_status run(struct scree_context *context,
                             const struct scree_convert_options *options, struct scree_error *err)
{
    struct scree_convert_job *job = NULL;
    struct scree_convert_result result;
    enum scree_status status = scree_convert_open(context, options, &job, err);
    if (status == SCREE_OK) {
        const struct scree_convert_plan *plan = scree_convert_plan(job);
        printf("%" PRIu64 " points of %" PRIu64 " files become format %u; %s\n", plan->point_count,
               plan->input_count, plan->point_format,
               plan->fits ? "they fit the budget" : "they go through scratch");
        status = scree_convert_run(job, &result, err);
    }
    if (status == SCREE_OK)
        printf("%" PRIu64 " points in %" PRIu64 " nodes, %" PRIu64 " bytes\n", result.points_out,
               result.node_count, result.output_bytes);
    scree_convert_close(job);
    return status;
}

int main(int argc, char **argv)
{
    static const char *const endings[] = {".las", ".laz", NULL};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context_options run_options;
    struct scree_convert_options options;
    struct scree_context *context = NULL;
    struct scree_path_list inputs = {0};
    if (argc < 3) {
        fprintf(stderr, "usage: convert IN... OUT.copc.laz\n");
        return 2;
    }
    scree_context_options_init(&run_options);
    run_options.memory_bytes = (uint64_t)512 << 20;
    run_options.log = warn;
    run_options.progress = progress;
    enum scree_status status = scree_context_new(&run_options, &context, &err);
    for (int i = 1; i < argc - 1 && status == SCREE_OK; i++)
        status = scree_paths_expand(argv[i], endings, &inputs, &err);
    scree_convert_options_init(&options);
    options.inputs = (const char *const *)inputs.paths;
    options.input_count = inputs.count;
    options.output = argv[argc - 1];
    if (status == SCREE_OK)
        status = run(context, &options, &err);
    if (status != SCREE_OK)
        fprintf(stderr, "%s: %s\n", scree_status_name(status), err.message);
    scree_path_list_release(&inputs);
    scree_context_free(context);
    return status == SCREE_OK ? 0 : 1;
}
