/*
 * build_resume.h - a build that goes on where a killed one ended: OUTPUT.resume beside OUTPUT.part, a journal of what is finished.
 *
 *   record      payload                                            then
 *   KEY         what the bytes of the output depend on: inputs with their lengths and times, settings; a number that OUTPUT.part begins with
 *   TRAINED     a column's centroids                               training is not repeated
 *   ASSIGNED    rows left out; the list of each row                nor is the first read
 *   ENCODED     rows so far; radii of all lists                    the second read begins behind them
 *   SEALING     nothing                                            blocks are being changed in their place: ENCODED does not count any more
 *   SEALED      the directory                                      the column is finished
 *
 * Only for a local output of local files; standard input cannot be read again. A build that fails or is cancelled removes both files: only one that is
 * killed leaves them. The bytes of the output are the same.
 */
#ifndef SCREE_LIB_VECTORS_BUILD_RESUME_H
#define SCREE_LIB_VECTORS_BUILD_RESUME_H

#include "vectors/build.h"

#define SCREE__VECTORS_KEY_BYTES 65536u

/* The payload of KEY to to[SCREE__VECTORS_KEY_BYTES]. False: it cannot be said what the output depends on. */
bool scree__vectors_resume_key(const struct scree_vectors_build_job *job, char *to, size_t *bytes);

/* With job->place open, and what a killed run left in it. Nothing to go on from: the place is emptied. */
SCREE_MUST_CHECK enum scree_status scree__vectors_resume_open(struct scree_vectors_build_job *job,
                                                              struct scree_error *err);
void scree__vectors_resume_close(struct scree_vectors_build_job *job);
/* Can it be resumed at all? Then the place is opened as it is. */
bool scree__vectors_resume_possible(const struct scree_vectors_build_job *job);

/* *found: the column's centroids, in scratch and as lists; else they have to be trained, and are told with _trained(). */
SCREE_MUST_CHECK enum scree_status scree__vectors_resume_train(struct scree_vectors_build_job *job,
                                                               uint32_t index,
                                                               struct scree__vectors_lists *lists,
                                                               bool *found,
                                                               struct scree_error *err);
SCREE_MUST_CHECK enum scree_status
scree__vectors_resume_trained(struct scree_vectors_build_job *job, uint32_t index,
                              struct scree_error *err);
/* The same for lists of rows, in scratch, and their counts. */
SCREE_MUST_CHECK enum scree_status scree__vectors_resume_assign(struct scree_vectors_build_job *job,
                                                                uint32_t index, bool *found,
                                                                struct scree_error *err);
SCREE_MUST_CHECK enum scree_status
scree__vectors_resume_assigned(struct scree_vectors_build_job *job, uint32_t index,
                               struct scree_error *err);

/* After the layout: OUTPUT.part is long enough, and says to which journal it belongs. */
SCREE_MUST_CHECK enum scree_status scree__vectors_resume_placed(struct scree_vectors_build_job *job,
                                                                struct scree_error *err);
/* How many rows of the column are encoded; the radii of its lists are filled in. UINT64_MAX: it is finished, its directory filled in. */
SCREE_MUST_CHECK enum scree_status scree__vectors_resume_rows(struct scree_vectors_build_job *job,
                                                              uint32_t index, uint64_t *rows,
                                                              struct scree_error *err);
/* Is it time to say how far it is? */
bool scree__vectors_resume_due(struct scree_vectors_build_job *job);
/* The first `rows` rows are in the place, and so are the radii of lists. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_resume_encoded(struct scree_vectors_build_job *job,
                              const struct scree__vectors_build_column *column, uint64_t rows,
                              struct scree_error *err);
SCREE_MUST_CHECK enum scree_status
scree__vectors_resume_sealing(struct scree_vectors_build_job *job, uint32_t index,
                              struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__vectors_resume_sealed(struct scree_vectors_build_job *job,
                                                                uint32_t index,
                                                                struct scree_error *err);

#endif
