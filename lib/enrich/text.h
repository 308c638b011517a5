/* text.h - texts that grow: JSON and reports. Not counted by the budget: a few kilobytes. */
#ifndef SCREE_LIB_ENRICH_TEXT_H
#define SCREE_LIB_ENRICH_TEXT_H

#include "scree/base.h"

/* All zero at first. After a failure to grow, `failed` is set and nothing is added any more. */
struct scree__enrich_text {
    char *text; /* NUL-terminated once something was added; NULL before */
    uint64_t bytes, capacity;
    bool failed;
};

void scree__enrich_text_add(struct scree__enrich_text *text, const char *format, ...)
    SCREE_PRINTF(2, 3);
/* A JSON string with its quotes; bytes that are no UTF-8 are taken for Latin-1. */
void scree__enrich_text_add_string(struct scree__enrich_text *text, const char *value);
/* A JSON number that reads back the same; null where it is none. */
void scree__enrich_text_add_number(struct scree__enrich_text *text, double value);
/* SCREE_E_MEMORY when a part is missing. */
SCREE_MUST_CHECK enum scree_status scree__enrich_text_end(const struct scree__enrich_text *text,
                                                          struct scree_error *err);
void scree__enrich_text_release(struct scree__enrich_text *text);

/* Writes a whole text to a local file, all or nothing. */
SCREE_MUST_CHECK enum scree_status scree__enrich_text_save(const struct scree__enrich_text *text,
                                                           const char *path,
                                                           struct scree_error *err);

#endif
