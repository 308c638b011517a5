/* file.c - the chunks of a tile, made in parallel and written in order. */
#include "synth/file.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

struct file_job {
    struct scree__synth_run *run;
    struct scree__synth_plan plan;
    struct scree_las_writer *writer;
    struct scree_las_summary summary;
};

static enum scree_status make_chunk(void *arg, uint64_t index, unsigned slot_index, unsigned worker,
                                    struct scree_error *err)
{
    struct file_job *job = arg;
    const struct scree__synth_run *run = job->run;
    struct scree__synth_slot *slot = run->slots[slot_index];
    uint64_t begin = index * run->chunk_points, end = begin + run->chunk_points;
    (void)worker;
    if (end > job->plan.point_count)
        end = job->plan.point_count;
    slot->point_count = end - begin;
    scree__synth_records_make(&job->plan, run->options->point_format, run->record_bytes, begin, end,
                              &slot->scene, &slot->block, slot->records);
    scree_las_summary_init(&slot->summary);
    scree_las_summary_add(&slot->summary, run->options->point_format, slot->records,
                          run->record_bytes, slot->point_count);
    if (!run->compressed)
        return SCREE_OK;
    return scree_laz_encode(slot->encoder, slot->records, run->record_bytes, slot->point_count,
                            slot->chunk, run->chunk_bound, &slot->chunk_bytes, err);
}

static enum scree_status take_chunk(void *arg, uint64_t index, unsigned slot_index,
                                    struct scree_error *err)
{
    struct file_job *job = arg;
    struct scree__synth_slot *slot = job->run->slots[slot_index];
    enum scree_status status;
    (void)index;
    if (job->run->compressed)
        status = scree_las_writer_add_chunk(job->writer, slot->chunk, slot->chunk_bytes,
                                            slot->point_count, NULL, err);
    else
        status = scree_las_writer_add_records(job->writer, slot->records, slot->point_count, err);
    scree_las_summary_merge(&job->summary, &slot->summary);
    scree__par_stage_add(job->run->context, slot->point_count);
    return status;
}

/* The oldest version that has room for the format, the number of points and the CRS. */
static uint8_t version_minor(const struct scree__synth_run *run, uint64_t point_count)
{
    unsigned format = run->options->point_format;
    if (format >= 6 || run->crs->is_wkt || point_count > UINT32_MAX)
        return 4;
    return format >= 4 ? 3 : 2;
}

static void fill_header(const struct scree__synth_run *run, uint64_t point_count,
                        struct scree_las_header *header)
{
    unsigned format = run->options->point_format;
    memset(header, 0, sizeof *header);
    header->version_major = 1;
    header->version_minor = version_minor(run, point_count);
    header->point_format = (uint8_t)format;
    header->record_bytes = (uint16_t)run->record_bytes;
    if (format != 0 && format != 2)
        header->global_encoding |= SCREE_LAS_GPS_STANDARD_TIME;
    if (format >= 6 || run->crs->is_wkt)
        header->global_encoding |= SCREE_LAS_WKT;
    snprintf(header->system_id, sizeof header->system_id, "scree synth");
    snprintf(header->generating_software, sizeof header->generating_software, "scree %s",
             scree_version());
    header->creation_day = 163; /* 11 June, the day of the flight */
    header->creation_year = 2024;
    for (int axis = 0; axis < 3; axis++)
        header->scale[axis] = SCREE__SYNTH_SCALE;
    header->offset[0] = SCREE__SYNTH_ORIGIN_EAST;
    header->offset[1] = SCREE__SYNTH_ORIGIN_NORTH;
}

static enum scree_status write_points(struct file_job *job, struct scree_error *err)
{
    struct scree__synth_run *run = job->run;
    enum scree_status status = scree__synth_plan_init(&job->plan, run->context, &run->survey,
                                                      &run->world, job->plan.tile, err);
    if (status != SCREE_OK)
        return status;
    uint64_t points = job->plan.point_count;
    struct scree__par_lane_job lane = {.count = points / run->chunk_points +
                                                (points % run->chunk_points != 0),
                                       .window = run->slot_count,
                                       .arg = job,
                                       .make = make_chunk,
                                       .take = take_chunk};
    return scree__par_lane(scree__par_pool(run->context), &lane, err);
}

enum scree_status scree__synth_file_write(struct scree__synth_run *run, uint32_t tile,
                                          const char *path, uint64_t *file_bytes,
                                          struct scree_error *err)
{
    struct file_job job = {.run = run, .plan = {.tile = tile}};
    struct scree_sink *sink;
    struct scree_las_header header;
    scree_las_summary_init(&job.summary);
    fill_header(run,
                scree__synth_points_before(&run->survey, tile + 1) -
                    scree__synth_points_before(&run->survey, tile),
                &header);
    enum scree_status status = scree_sink_open_file(path, run->options->replace, &sink, err);
    if (status != SCREE_OK)
        return status;
    status = scree_las_writer_new(sink, &header, &run->crs->vlr, run->crs->has_vlr,
                                  run->compressed ? &run->layout : NULL, &job.writer, err);
    if (status != SCREE_OK)
        goto out;
    status = write_points(&job, err);
    if (status != SCREE_OK)
        goto out;
    status = scree_las_writer_finish(job.writer, &job.summary, err);
    if (status != SCREE_OK)
        goto out;
    *file_bytes = scree_sink_position(sink);
    status = scree_sink_commit(sink, err);
out:
    scree__synth_plan_release(&job.plan);
    scree_las_writer_free(job.writer);
    scree_sink_close(sink);
    return status;
}
