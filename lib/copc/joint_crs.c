/*
 * joint_crs.c - the inputs' coordinate reference systems into one. Tiles of a survey mostly say the same, byte for byte: what the last one said is
 * remembered, and only what is new is read.
 */
#include "copc/joint_crs.h"
#include "base/error.h"

#include <string.h>

static void log_note(struct scree_convert_job *job, const char *path)
{
    if (job->crs_note[0] != '\0')
        scree__par_log(job->context, SCREE_LOG_WARNING, "%s: %s", path, job->crs_note);
}

/* The first CRS is kept; others must mean the same. Of several spellings the smallest is taken, so
 * that order does not matter. */
static enum scree_status join(struct scree_convert_job *job, const char *path,
                              const struct scree_las_reader *reader, struct scree_error *err)
{
    struct scree_las_crs crs;
    enum scree_status status = scree_las_crs_read(reader, &crs, err);
    if (status != SCREE_OK)
        return status;
    memcpy(job->crs_note, crs.note, sizeof job->crs_note);
    log_note(job, path);
    const struct scree__copc_input *first = &job->inputs[0];
    if (job->input_count == 1) {
        job->crs = crs;
        return SCREE_OK;
    }
    bool same = (crs.wkt == NULL) == (job->crs.wkt == NULL) &&
                (crs.wkt == NULL || strcmp(crs.wkt, job->crs.wkt) == 0);
    if (!same && !scree_las_crs_equal(&crs, &job->crs)) {
        status =
            scree__base_fail(err, SCREE_E_MISMATCH,
                             "%s is in '%s' and %s in '%s': give the one that is right with --crs",
                             first->path, job->crs.wkt != NULL ? job->crs.name : "no known CRS",
                             path, crs.wkt != NULL ? crs.name : "no known CRS");
    } else if (!same && crs.wkt != NULL && job->crs.wkt != NULL &&
               strcmp(crs.wkt, job->crs.wkt) < 0) {
        struct scree_las_crs other = job->crs;
        job->crs = crs;
        crs = other;
    }
    scree_las_crs_release(&crs);
    return status;
}

enum scree_status scree__copc_crs_join(struct scree_convert_job *job, const char *path,
                                       const struct scree_las_reader *reader,
                                       struct scree_error *err)
{
    struct scree__las_crs_said said;
    enum scree_status status = scree__las_crs_said(reader, &said, err);
    if (status != SCREE_OK)
        return status;
    if (scree__las_crs_said_same(&said, &job->crs_said)) {
        log_note(job, path);
        scree__las_crs_said_release(&said);
        return SCREE_OK;
    }
    scree__las_crs_said_release(&job->crs_said);
    job->crs_said = said;
    return join(job, path, reader, err);
}

enum scree_status scree__copc_crs_choose(struct scree_convert_job *job, struct scree_error *err)
{
    static const char unknown[] = "LOCAL_CS[\"unknown\",UNIT[\"metre\",1]]";
    if (job->crs_text != NULL) {
        enum scree_status status = scree_las_crs_from_text(job->crs_text, &job->crs, err);
        if (status != SCREE_OK)
            return status;
    }
    if (job->crs.wkt == NULL) {
        job->crs.wkt = scree__mem_string_copy(unknown);
        if (job->crs.wkt == NULL)
            return scree__base_fail(err, SCREE_E_MEMORY, "CRS: out of memory");
        scree__par_log(job->context, SCREE_LOG_WARNING,
                       "the inputs name no CRS: the output says 'unknown' (--crs sets one)");
    }
    if (job->crs.geocentric)
        scree__par_log(job->context, SCREE_LOG_WARNING,
                       "the CRS '%s' is geocentric: kept, though several viewers cannot place it",
                       job->crs.name);
    if (strlen(job->crs.wkt) + 1 > UINT16_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "the CRS takes %llu bytes of WKT, and a VLR holds 65534",
                                (unsigned long long)strlen(job->crs.wkt));
    return SCREE_OK;
}
