/*
 * run.c - scree_synth_run(): checks the options, then writes file after file.
 *
 *   options_check()            what cannot be
 *   scree__synth_survey_init() area, tiles, flight lines          flight.c
 *   scree__synth_crs_init()    what the files say of their CRS    crs.c
 *   scree__synth_slots_init()  memory, for all files              slots.c
 *   per tile: scree__synth_file_write()                           file.c
 *       scree__synth_plan_init()     which points lie where       plan.c
 *       per chunk: scree__synth_records_make()                    record.c
 *           per block of 512 pulses: scree__synth_block_make()     block.c
 *               per pulse: scree__synth_shoot()                   flight.c
 *                          scree__synth_scene_pulse()             scene.c, terrain.c, town.c ...
 */
#include "scree/synth.h"
#include "synth/file.h"
#include "base/bytes.h"
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Beyond, points could not be counted in doubles (plan.c) any more. */
#define POINTS_MAX ((uint64_t)1 << 52)

void scree_synth_options_init(struct scree_synth_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->point_count = 1000000;
    options->tile_count = 1;
    options->point_format = 6;
    options->chunk_points = 50000;
    options->points_per_m2 = 10;
    options->crs = SCREE__SYNTH_DEFAULT_CRS;
}

static bool ends_with(const char *text, const char *ending)
{
    size_t bytes = strlen(text), tail = strlen(ending);
    return bytes > tail && strcasecmp(text + bytes - tail, ending) == 0;
}

static enum scree_status options_check(const struct scree_synth_options *options,
                                       struct scree_error *err)
{
    const char *output = options->output;
    if (output == NULL || output[0] == '\0')
        return scree__base_fail(err, SCREE_E_ARGUMENT, "no output given");
    if (options->tile_count == 1 && !ends_with(output, ".las") && !ends_with(output, ".laz"))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: the name must end in .las or .laz (several tiles: a folder)",
                                output);
    if (options->tile_count == 1 && ends_with(output, ".copc.laz"))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: this makes LAS and LAZ; convert that to COPC", output);
    if (options->tile_count == 0 || options->chunk_points == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: tiles and chunk size start at 1",
                                output);
    if (options->point_count > POINTS_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: more than 2^52 points", output);
    if (scree_las_format_bytes(options->point_format) == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: point data record format %u", output,
                                options->point_format);
    return SCREE_OK;
}

static enum scree_status run_init(struct scree__synth_run *run, struct scree_error *err)
{
    const struct scree_synth_options *options = run->options;
    enum scree_status status = scree__synth_survey_init(&run->survey, options, err);
    if (status != SCREE_OK)
        return status;
    scree__synth_world_init(&run->world, options->seed);
    run->compressed = options->tile_count > 1 || ends_with(options->output, ".laz");
    run->record_bytes = scree_las_format_bytes(options->point_format);
    run->chunk_points = options->chunk_points;
    status = scree_laz_layout_init(&run->layout, options->point_format, 0, run->chunk_points, err);
    if (status != SCREE_OK)
        return status;
    /* Buffers for the largest chunk that there will be: of the first tile. */
    uint64_t most = scree__synth_points_before(&run->survey, 1);
    if (most > run->chunk_points)
        most = run->chunk_points;
    if (!scree__base_mul_size((size_t)most, run->record_bytes, &run->records_bytes))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "chunks of %u points", run->chunk_points);
    if (run->compressed && most > 0) {
        run->chunk_bound = scree_laz_encode_bound(&run->layout, most);
        if (run->chunk_bound == 0)
            return scree__base_fail(err, SCREE_E_ARGUMENT, "chunks of %u points",
                                    run->chunk_points);
    }
    run->encoder_bytes = run->compressed ? scree_laz_encoder_bytes(&run->layout) : 0;
    return scree__synth_slots_init(run, err);
}

/* The folder of several tiles; *made: it was not there before. */
static enum scree_status make_folder(const char *path, bool *made, struct scree_error *err)
{
    struct stat info;
    *made = mkdir(path, 0777) == 0;
    if (*made)
        return SCREE_OK;
    if (errno != EEXIST)
        return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: cannot make the folder", path);
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return scree__base_fail(err, SCREE_E_EXISTS,
                                "%s exists and is not a folder; several tiles go into a folder",
                                path);
    return SCREE_OK;
}

static enum scree_status write_tile(struct scree__synth_run *run, uint32_t tile,
                                    struct scree_synth_result *result, struct scree_error *err)
{
    char path[4096];
    uint64_t bytes = 0;
    int length = snprintf(path, sizeof path, "%s/tile_%u_%u.laz", run->options->output,
                          tile % run->survey.columns, tile / run->survey.columns);
    if (length < 0 || (size_t)length >= sizeof path)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%.200s: the path is too long",
                                run->options->output);
    enum scree_status status = scree__synth_file_write(
        run, tile, run->options->tile_count > 1 ? path : run->options->output, &bytes, err);
    if (status != SCREE_OK)
        return status;
    result->file_count++;
    result->output_bytes += bytes;
    return SCREE_OK;
}

static enum scree_status write_tiles(struct scree__synth_run *run,
                                     struct scree_synth_result *result, struct scree_error *err)
{
    const struct scree_synth_options *options = run->options;
    enum scree_status status = SCREE_OK;
    bool folder_made = false;
    if (options->tile_count > 1)
        status = make_folder(options->output, &folder_made, err);
    if (status != SCREE_OK)
        return status;
    scree__par_stage_begin(run->context, "synth", options->point_count);
    for (uint32_t tile = 0; tile < options->tile_count && status == SCREE_OK; tile++) {
        status = scree__par_check_cancel(run->context, err);
        if (status == SCREE_OK)
            status = write_tile(run, tile, result, err);
    }
    if (status == SCREE_OK)
        scree__par_stage_end(run->context);
    else if (folder_made)
        (void)rmdir(options->output); /* stays when tiles are in it */
    return status;
}

enum scree_status scree_synth_run(struct scree_context *context,
                                  const struct scree_synth_options *given,
                                  struct scree_synth_result *result, struct scree_error *err)
{
    struct scree_synth_options options;
    struct scree_synth_result own_result;
    scree_synth_options_init(&options);
    if (context == NULL || given == NULL)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "a survey takes a context and options");
    memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
    if (result == NULL)
        result = &own_result;
    memset(result, 0, sizeof *result);
    enum scree_status status = options_check(&options, err);
    if (status != SCREE_OK)
        return status;

    struct scree__synth_crs crs;
    struct scree__synth_run run = {.context = context, .options = &options, .crs = &crs};
    status = scree__synth_crs_init(&crs, context, options.crs, options.point_format, err);
    if (status == SCREE_OK)
        status = run_init(&run, err);
    if (status == SCREE_OK)
        status = write_tiles(&run, result, err);
    result->point_count = options.point_count;
    result->width_m = (double)run.survey.width / 1000;
    result->height_m = (double)run.survey.height / 1000;
    scree__synth_slots_release(&run);
    scree__synth_crs_release(&crs);
    return status;
}
