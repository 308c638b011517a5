/* schema_fields.h - inside the joint schema: the same work on fields that need not come from a
 * file, and what is done to one descriptor. */
#ifndef SCREE_LIB_LAS_SCHEMA_FIELDS_H
#define SCREE_LIB_LAS_SCHEMA_FIELDS_H

#include "las/schema.h"

/* The 192 bytes of a descriptor. */
enum {
    SCREE__LAS_EB_BYTES = 192,
    SCREE__LAS_EB_TYPE = 2,
    SCREE__LAS_EB_OPTIONS = 3,
    SCREE__LAS_EB_NAME = 4,
    SCREE__LAS_EB_NO_DATA = 40, /* three values of eight bytes each, from here on */
    SCREE__LAS_EB_MIN = 64,
    SCREE__LAS_EB_MAX = 88,
    SCREE__LAS_EB_SCALE = 112,
    SCREE__LAS_EB_OFFSET = 136,
    SCREE__LAS_EB_DESCRIPTION = 160
};

/* Bits of its options. */
enum {
    SCREE__LAS_EB_HAS_NO_DATA = 1,
    SCREE__LAS_EB_HAS_MIN = 2,
    SCREE__LAS_EB_HAS_MAX = 4,
    SCREE__LAS_EB_HAS_SCALE = 8,
    SCREE__LAS_EB_HAS_OFFSET = 16
};

/* Fields of a file, or (reader NULL) of an array. */
struct scree__las_fields {
    const struct scree_las_reader *reader;
    const struct scree_las_extra_byte *array;
    uint32_t count;
};

SCREE_MUST_CHECK enum scree_status
scree__las_schema_join_fields(struct scree__las_schema *schema,
                              const struct scree__las_fields *fields, struct scree_error *err);
uint32_t scree__las_schema_copy_fields(const struct scree__las_schema *schema,
                                       const struct scree__las_fields *fields,
                                       struct scree__las_map_copy *copies);
bool scree__las_schema_same_fields(const struct scree__las_schema *schema,
                                   const struct scree__las_fields *fields);

/* Is it the same field: name, type, size? */
bool scree__las_field_equal(const struct scree_las_extra_byte *a,
                            const struct scree_las_extra_byte *b);

/* Writes raw from the other members: unused bytes and values without their option bit are zeros. */
void scree__las_field_normalize(struct scree_las_extra_byte *field);

/* Joins a second descriptor of the same field into the first. The result does not depend on which
 * was first. */
SCREE_MUST_CHECK enum scree_status scree__las_field_join(struct scree_las_extra_byte *field,
                                                         const struct scree_las_extra_byte *other,
                                                         struct scree_error *err);

/* Descriptors that the field takes in an output, and one of them (192 bytes): see schema.h. */
uint32_t scree__las_field_part_count(const struct scree_las_extra_byte *field);
void scree__las_field_part(const struct scree_las_extra_byte *field, uint32_t part, uint8_t *raw);

/* no_data as the record's bytes, else zeros. */
void scree__las_field_default(const struct scree_las_extra_byte *field, uint8_t *bytes);

#endif
