/* memory_jobs.h - small jobs that take memory at every place of the library that small jobs can reach; test_memory_faults.c runs them without it. */
#ifndef SCREE_TESTS_MEMORY_JOBS_H
#define SCREE_TESTS_MEMORY_JOBS_H

#include "scree/scree.h"

struct memory_job {
    const char *name;
    enum scree_status (*run)(struct scree_context *context, struct scree_error *err);
    void (*before)(void); /* puts back what a run changes; NULL: nothing */
};

extern const struct memory_job memory_jobs[];
extern const size_t memory_job_count;

/* Makes the files that the jobs read, in the folder of conversion.h. */
void memory_jobs_files(void);

#endif
