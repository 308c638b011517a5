/*
 * enrichment.h - one file, as its parts share it. In order:
 *
 *     job.c        options, engine, plan; the run
 *     job_write.c  rows into the output: the same kind, or another one, or over to the octree builder
 *     report.c     what is seen on the way, for report and map; residual.c: of the ground; report_text.c, map.c: how it is told
 *     verify.c     points once more, by a scan of everything
 */
#ifndef SCREE_LIB_ENRICH_ENRICHMENT_H
#define SCREE_LIB_ENRICH_ENRICHMENT_H

#include "enrich/engine.h"
#include "enrich/parameters.h"
#include "enrich/report.h"
#include "enrich/rewrite.h"

#include <stdatomic.h>

struct scree_enrich_job {
    struct scree_context *context;
    struct scree_enrich_options options; /* strings are copies */
    struct scree_enrich_plan plan;
    struct scree__enrich_engine *engine; /* NULL: strip */
    const struct scree__enrich_survey *survey;
    struct scree_source *source; /* strip: its own */
    struct scree_las_reader *own_reader;
    const struct scree_las_reader *reader;

    struct scree__enrich_field fields[SCREE_FEATURE_COUNT];
    uint32_t field_count;
    struct scree__enrich_invariants invariants; /* of the fields */
    struct scree__enrich_text parameters;

    struct scree__enrich_rows *rows;
    struct scree__enrich_report *report; /* NULL: nothing is looked at */
    atomic_uint_least64_t written_class_count;
    struct scree_enrich_result *result; /* while it runs */
    bool run;
};

/* scree_enrich_open() for a batch; around: as for scree__enrich_engine_open(). */
SCREE_MUST_CHECK enum scree_status
scree__enrich_job_open(struct scree_context *context, const struct scree_enrich_options *options,
                       struct scree__enrich_around *around, struct scree_enrich_job **job,
                       struct scree_error *err);

/* Is the output that is there the one that this job would make, by its parameter record? For a batch that goes on. */
bool scree__enrich_job_is_done(const struct scree_enrich_job *job);

/* When all points have passed, and before the output appears: what the report says of them, and its files. */
SCREE_MUST_CHECK enum scree_status scree__enrich_job_tell(struct scree_enrich_job *job,
                                                          struct scree_error *err);
/* Writes and commits options.output. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_job_write(struct scree_enrich_job *job, struct scree__enrich_rewritten *rewritten,
                        struct scree_error *err);
/* Computes `count` points of the input once more. SCREE_E_DATA: one has another value than its row. */
SCREE_MUST_CHECK enum scree_status scree__enrich_job_verify(struct scree_enrich_job *job,
                                                            uint64_t count, uint64_t *verified,
                                                            struct scree_error *err);

#endif
