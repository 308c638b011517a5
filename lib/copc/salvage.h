/* salvage.h - converting what is left of damaged inputs. */
#ifndef SCREE_LIB_COPC_SALVAGE_H
#define SCREE_LIB_COPC_SALVAGE_H

#include "copc/job.h"
#include "las/reader.h"

/*
 * Decodes all units of a reader that was opened for salvage, adds what cannot be kept to the job's
 * losses and to its log, and leaves the reader with sound units only. Of `input`, path must be set;
 * damaged and units are filled in.
 */
SCREE_MUST_CHECK enum scree_status scree__copc_salvage(struct scree_convert_job *job,
                                                       struct scree__copc_input *input,
                                                       struct scree_las_reader *reader,
                                                       struct scree_error *err);
/* Opens an input again, for its sound units. An undamaged one as scree_las_open() does. */
SCREE_MUST_CHECK enum scree_status scree__copc_salvage_open(struct scree_convert_job *job,
                                                            const struct scree__copc_input *input,
                                                            struct scree_source *source,
                                                            struct scree_las_reader **reader,
                                                            struct scree_error *err);
/* Frees the inputs' units and the losses. */
void scree__copc_salvage_release(struct scree_convert_job *job);

#endif
