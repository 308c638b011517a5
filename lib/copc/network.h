/*
 * network.h - a conversion's inputs and output, wherever they are. What remote ones take is
 * reserved while the job is planned, so that the plan holds; local ones take nothing.
 */
#ifndef SCREE_LIB_COPC_NETWORK_H
#define SCREE_LIB_COPC_NETWORK_H

#include "copc/job.h"

/* Inputs open at once: a fraction of the usual limit of 1024 descriptors. */
#define SCREE__COPC_GROUP_FILES 128u

void scree__copc_network_options(struct scree_convert_job *job,
                                 const struct scree_convert_options *options);

/* While the job is planned, one input at a time. */
SCREE_MUST_CHECK enum scree_status scree__copc_network_look(struct scree_convert_job *job,
                                                            const char *path,
                                                            struct scree_source **source,
                                                            struct scree_error *err);
/* After all inputs were looked at, before memory is measured. */
SCREE_MUST_CHECK enum scree_status scree__copc_network_reserve(struct scree_convert_job *job,
                                                               struct scree_error *err);
void scree__copc_network_release(struct scree_convert_job *job);

/* How many inputs may be open at once: fewer where they are remote, as each takes a connection a
 * thread. */
uint64_t scree__copc_network_group(const struct scree_convert_job *job);

/* While it runs: up to that many at once. */
SCREE_MUST_CHECK enum scree_status scree__copc_network_source(struct scree_convert_job *job,
                                                              const char *path,
                                                              struct scree_source **source,
                                                              struct scree_error *err);
/* Before the run begins: a store that refuses the output does so before any work. */
SCREE_MUST_CHECK enum scree_status scree__copc_network_begin(struct scree_convert_job *job,
                                                             struct scree_error *err);
/* The output: the one that was begun, scratch that goes to the job's stream, or a local file. */
SCREE_MUST_CHECK enum scree_status scree__copc_network_sink(struct scree_convert_job *job,
                                                            struct scree_sink **sink,
                                                            struct scree_error *err);

#endif
