/* engine.c - the face of the engine: what options ask, checked; the plan; the run. */
#include "base/error.h"
#include "enrich/job.h"

#include <math.h>
#include <string.h>

#define LEAST_BUDGET ((uint64_t)64 << 20)

static enum scree_status check_options(const struct scree_enrich_options *options,
                                       struct scree_error *err)
{
    if (options->size != sizeof *options)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "options of %zu bytes: scree_enrich_options_init() was not called",
                                options->size);
    if (options->k > SCREE_ENRICH_K_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "k of %u: at most %u", options->k,
                                SCREE_ENRICH_K_MAX);
    if (!(options->radius >= 0) || !(options->count_radius >= 0) || !(options->ground_reach >= 0) ||
        !(options->radius < 1e12) || !(options->count_radius < 1e12) ||
        !(options->ground_reach < 1e12) || !(options->ground_cell >= 0) ||
        !(options->ground_cell < 1e12))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a length has to be 0 or more");
    if ((unsigned)options->unit > SCREE_ENRICH_US_SURVEY_FOOT)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a unit that there is not");
    if (options->k == 0 && options->radius == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "neither a number of neighbours nor a radius");
    if (options->features >> SCREE_FEATURE_COUNT != 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "features that there are not");
    if (options->ground_mode == SCREE_GROUND_IDW &&
        (options->idw_count == 0 || options->idw_count > SCREE_ENRICH_IDW_MAX))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "ground from %u points: 1 to %u",
                                options->idw_count, SCREE_ENRICH_IDW_MAX);
    return SCREE_OK;
}

/* A length in steps: the largest squared distance that is not beyond it. */
static uint64_t limit_of(double length, double unit, int64_t *steps)
{
    double in_steps = length / unit;
    if (in_steps >= (double)ENRICH_REACH) {
        *steps = ENRICH_REACH;
        return (uint64_t)(ENRICH_REACH * ENRICH_REACH);
    }
    *steps = (int64_t)in_steps + 1;
    /* A billionth more, so that 2 metres of 0.01 are 200 steps. */
    return (uint64_t)(in_steps * in_steps * (1 + 1e-9));
}

enum scree_status scree__enrich_ask(struct scree__enrich_engine *engine, struct scree_error *err)
{
    const struct scree_enrich_options *options = &engine->options;
    struct scree__enrich_question *question = &engine->question;
    const struct scree__enrich_survey *survey = &engine->survey;
    double unit = engine->lattice.unit;
    enum scree_status status = check_options(options, err);
    if (status != SCREE_OK)
        return status;
    memset(question, 0, sizeof *question);
    question->name = engine->file_count > 0 ? engine->files[0].path : "the points";
    question->shapes = scree__enrich_needs_shapes(survey->features);
    question->counts = scree__enrich_needs_counts(survey->features, options->score_mode);
    question->heights = scree__enrich_needs_heights(survey->features);
    question->k = options->k;
    question->unit = unit;
    question->limit = INT64_MAX;
    question->limit2 = (uint64_t)(ENRICH_REACH * ENRICH_REACH);
    if (survey->radius > 0)
        question->limit2 = limit_of(survey->radius, unit, &question->limit);
    question->count2 = limit_of(survey->count_radius, unit, &question->count_radius);
    question->ground_mode = options->ground_mode;
    question->idw_count = options->idw_count;
    double reach = survey->ground_reach / unit;
    question->ground_reach =
        reach < (double)ENRICH_LEAF_SIDE / 2 ? (int64_t)floor(reach + 0.5) : ENRICH_LEAF_SIDE / 2;
    if (survey->ground_cell > 0)
        scree__enrich_lattice_cells(engine, survey->ground_cell, &question->ground_cells);
    question->halo_percent = options->halo_percent > 0 ? options->halo_percent : 100;
    memset(&engine->rules, 0, sizeof engine->rules);
    engine->rules.features.square_roots = options->eigen_mode == SCREE_EIGEN_SQRT;
    engine->rules.features.radius = options->k == 0 ? survey->radius : 0;
    engine->rules.score_mode = options->score_mode;
    engine->rules.metres = survey->unit_metres;
    scree__enrich_select(&engine->rules, survey->features);
    return SCREE_OK;
}

/* How many points of the files around are likely to count: by how much of their bounds lies near the input. */
static uint64_t points_around(const struct scree__enrich_engine *engine)
{
    const struct scree_las_header *input = &engine->files[0].header;
    double margin = engine->survey.margin, sum = 0;
    for (uint64_t i = 1; i < engine->file_count; i++) {
        const struct scree_las_header *header = &engine->files[i].header;
        double share = 1;
        for (int a = 0; a < 2; a++) {
            double low = fmax(header->min[a], input->min[a] - margin);
            double high = fmin(header->max[a], input->max[a] + margin);
            double side = header->max[a] - header->min[a];
            share *= side > 0 && high > low ? (high - low) / side : 1;
        }
        sum += share * (double)header->point_count;
    }
    return (uint64_t)(sum * 1.1);
}

enum scree_status scree__enrich_engine_open(struct scree_context *context,
                                            const struct scree_enrich_options *options,
                                            struct scree__enrich_around *around,
                                            struct scree__enrich_engine **out,
                                            struct scree_error *err)
{
    void *memory = NULL;
    *out = NULL;
    enum scree_status status = check_options(options, err);
    if (status == SCREE_OK && options->input == NULL)
        status = scree__base_fail(err, SCREE_E_ARGUMENT, "no input");
    if (status == SCREE_OK && scree_context_budget_bytes(context) < LEAST_BUDGET) {
        if (err != NULL)
            err->need_bytes = LEAST_BUDGET;
        status = scree__base_fail(err, SCREE_E_BUDGET,
                                  "a budget of %llu bytes: features need 64 MiB at least",
                                  (unsigned long long)scree_context_budget_bytes(context));
    }
    if (status == SCREE_OK)
        status =
            scree__mem_alloc(scree__par_budget(context), sizeof **out, &memory, "features", err);
    if (status != SCREE_OK)
        return status;
    struct scree__enrich_engine *engine = memset(memory, 0, sizeof **out);
    engine->context = context;
    engine->budget = scree__par_budget(context);
    engine->options = *options;
    engine->around = around;
    status = scree__enrich_survey_open(engine, err);
    if (status == SCREE_OK)
        status = scree__enrich_ask(engine, err);
    if (status != SCREE_OK) {
        scree__enrich_engine_close(engine);
        return status;
    }
    scree__enrich_size(engine, engine->files[0].header.point_count, points_around(engine));
    *out = engine;
    return SCREE_OK;
}

const struct scree__enrich_plan *
scree__enrich_engine_plan(const struct scree__enrich_engine *engine)
{
    return &engine->plan;
}

const struct scree__enrich_survey *
scree__enrich_engine_survey(const struct scree__enrich_engine *engine)
{
    return &engine->survey;
}

const struct scree_las_reader *
scree__enrich_engine_reader(const struct scree__enrich_engine *engine)
{
    return engine->files[0].reader;
}

static enum scree_status fill(void *user, struct scree__enrich_store *store,
                              struct scree_error *err)
{
    return scree__enrich_read(user, store, err);
}

static enum scree_status take_channels(struct scree__enrich_engine *engine, struct scree_error *err)
{
    const struct scree__enrich_file *input = &engine->files[0];
    void *memory = NULL;
    if (!engine->check_all || input->header.point_format < 6)
        return SCREE_OK;
    engine->unit_count = scree_las_unit_count(input->reader);
    enum scree_status status =
        scree__mem_alloc(engine->budget, engine->unit_count, &memory, "list of chunks", err);
    if (memory != NULL)
        engine->channels = memset(memory, 0, engine->unit_count);
    return status;
}

enum scree_status scree__enrich_engine_run(struct scree__enrich_engine *engine,
                                           struct scree__enrich_rows **rows,
                                           struct scree_error *err)
{
    struct scree__enrich_filler filler = {engine, fill};
    int32_t min[3], max[3];
    *rows = NULL;
    if (engine->ran)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "an engine runs once");
    engine->ran = true;
    enum scree_status status = take_channels(engine, err);
    if (status != SCREE_OK)
        return status;
    scree__enrich_read_box(engine, engine->file_count > 1, min, max);
    return scree__enrich_compute(engine, engine->files[0].header.point_count, min, max, &filler,
                                 rows, err);
}

void scree__enrich_engine_check_all(struct scree__enrich_engine *engine)
{
    engine->check_all = true;
}

bool scree__enrich_engine_checked(const struct scree__enrich_engine *engine)
{
    return engine->check_all && engine->ran;
}

const uint8_t *scree__enrich_engine_channels(const struct scree__enrich_engine *engine)
{
    return engine->ran ? engine->channels : NULL;
}

const char *scree__enrich_engine_bad_neighbor(const struct scree__enrich_engine *engine)
{
    const struct scree__enrich_file *bad = &engine->files[engine->bad_file];
    return engine->bad_file == 0 || bad->named ? NULL : bad->path;
}

void scree__enrich_engine_close(struct scree__enrich_engine *engine)
{
    if (engine == NULL)
        return;
    scree__mem_free(engine->budget, engine->channels, engine->unit_count);
    scree__enrich_survey_release(engine);
    scree__mem_free(engine->budget, engine, sizeof *engine);
}
