/*
 * json.h - cJSON with what our documents need: whole 64-bit numbers, doubles that read back the
 * same, strings that are valid UTF-8 whatever the file held. These never fail: without memory the
 * program ends.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* A document: an object that begins with "schema": 1 and "command". */
cJSON *json_document(const char *command);
cJSON *json_object(cJSON *to, const char *name); /* name NULL: to is an array */
cJSON *json_array(cJSON *to, const char *name);
void json_text(cJSON *to, const char *name, const char *text);
void json_u64(cJSON *to, const char *name, uint64_t value);
void json_double(cJSON *to, const char *name, double value); /* NaN and infinite: null */
void json_bool(cJSON *to, const char *name, bool value);
void json_doubles(cJSON *to, const char *name, const double *values, unsigned count);
/* Text that is JSON already. name NULL: to is an array. */
void json_raw(cJSON *to, const char *name, const char *text);

/* Hangs `item` in. */
void json_adopt(cJSON *to, const char *name, cJSON *item);

/* Prints the document to stdout and frees it. */
void json_print(cJSON *document);

#endif
