/*
 * forward.h - VLRs and EVLRs that a conversion carries over: all but those that describe the
 * input's own layout (LASzip, COPC, temporal and spatial indexes, extra bytes, waveform
 * descriptors) and its CRS, which are written anew. Equal ones are kept once.
 */
#ifndef SCREE_LIB_COPC_FORWARD_H
#define SCREE_LIB_COPC_FORWARD_H

#include "scree/las.h"
#include "mem/budget.h"

struct scree__copc_forwarded {
    struct scree_las_vlr vlr; /* payload: a copy of our own; NULL: to be read from `path` */
    char *path;               /* where the payload is not held in memory */
};

struct scree__copc_forward {
    struct scree__copc_forwarded *records;
    uint64_t count, capacity;
};

SCREE_MUST_CHECK enum scree_status scree__copc_forward_add(struct scree__copc_forward *forward,
                                                           struct scree__mem_budget *budget,
                                                           const struct scree_las_reader *reader,
                                                           struct scree_error *err);

/* Puts them into an order of their own (user id, record id, payload) and drops equal ones; the
 * order of the inputs leaves no trace. */
void scree__copc_forward_finish(struct scree__copc_forward *forward,
                                struct scree__mem_budget *budget);

void scree__copc_forward_release(struct scree__copc_forward *forward,
                                 struct scree__mem_budget *budget);

#endif
