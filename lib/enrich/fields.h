/*
 * fields.h - the dimensions that enrichment adds to a record: which, under what names, and their descriptors (LAS 1.4, "Extra Bytes" record).
 */
#ifndef SCREE_LIB_ENRICH_FIELDS_H
#define SCREE_LIB_ENRICH_FIELDS_H

#include "scree/features.h"

/* A feature as a dimension; its values are stored by scree__enrich_store(). */
struct scree__enrich_field {
    enum scree_feature feature;
    bool compact;
    uint32_t bytes;
    char name[33], description[33];
};

#define SCREE__ENRICH_DESCRIPTOR_BYTES 192u

/* What descriptions say of a run. */
struct scree__enrich_terms {
    uint32_t k;
    double radius, count_radius, ground_cell; /* 0: none */
    bool square_roots;
    const char *ground; /* "TIN" */
    const char *unit;   /* short: "m", "ft"; "" when not known */
};

/* fields[SCREE_FEATURE_COUNT]; returns how many: those of the mask, in order. */
uint32_t scree__enrich_fields_make(uint64_t features, bool compact, bool ign_names,
                                   const struct scree__enrich_terms *terms,
                                   struct scree__enrich_field *fields);

/* The descriptor, 192 bytes: name, type, no_data, scale, description; no minimum and maximum. */
void scree__enrich_field_describe(const struct scree__enrich_field *field, uint8_t *descriptor);
/* The descriptor of `bytes` (1 to 255) bytes that nothing describes. */
void scree__enrich_undocumented_describe(uint32_t bytes, uint8_t *descriptor);

#endif
