/* conversion.h - conversions as tests run them: a folder of the program's own, inputs, runs that have to succeed or to fail, and looks at their outputs. */
#ifndef SCREE_TESTS_CONVERSION_H
#define SCREE_TESTS_CONVERSION_H

#include "las_make.h"
#include "scree/copc.h"

#define CONVERSION_WARNING_BYTES 8192

extern char conversion_warnings[CONVERSION_WARNING_BYTES]; /* of the last context, a line each */

/* Of a name in the folder of the program; good for the next seven calls. */
const char *conversion_path(const char *name);
/* Its warnings go to conversion_warnings, which it empties. */
struct scree_context *conversion_context(unsigned threads, uint64_t memory_bytes);
/* For an output that may be replaced. */
struct scree_convert_options conversion_options(const char *const *inputs, uint64_t count,
                                                const char *output);
enum scree_status conversion_run(struct scree_context *context,
                                 const struct scree_convert_options *options,
                                 struct scree_convert_result *result, struct scree_error *err);
/* In a GiB. result may be NULL. */
void conversion_succeeds(const struct scree_convert_options *options, unsigned threads,
                         struct scree_convert_result *result);
/* The status, and what was said. */
enum scree_status conversion_fails(const struct scree_convert_options *options, char *message,
                                   size_t message_bytes);
bool conversion_file_is_there(const char *path);
/* Neither the output nor its .part file. */
void conversion_left_nothing(const char *path);
void conversion_same_files(const char *a, const char *b);
/* A COPC file without a finding that is an error. */
void conversion_is_valid(const char *path);
void conversion_write_file(const char *path, const void *bytes, size_t count);
/* A small file of the recipe, records as given or made up. */
void conversion_make_file(const char *path, const struct las_recipe *recipe,
                          const uint8_t *records);
void conversion_make_survey(const char *path, uint64_t points, uint32_t tiles, unsigned format);
/* Their number; the outcome has their bytes. */
uint64_t conversion_records(const char *path, struct las_outcome *outcome);
/* Set-up and tear-down of a program. */
int conversion_make_folder(void **state);
int conversion_remove_folder(void **state);

#endif
