/* joint_crs.h - the one coordinate reference system of all inputs. */
#ifndef SCREE_LIB_COPC_JOINT_CRS_H
#define SCREE_LIB_COPC_JOINT_CRS_H

#include "copc/job.h"

/* Takes the CRS of the input that was added last: the same as that of those before it, or SCREE_E_MISMATCH. Its notes are logged. */
SCREE_MUST_CHECK enum scree_status scree__copc_crs_join(struct scree_convert_job *job,
                                                        const char *path,
                                                        const struct scree_las_reader *reader,
                                                        struct scree_error *err);
/* After the last one: the output's CRS, which the options may name. */
SCREE_MUST_CHECK enum scree_status scree__copc_crs_choose(struct scree_convert_job *job,
                                                          struct scree_error *err);

#endif
