/* schema.h - the joint extra-bytes schema of many files. */
#ifndef SCREE_LIB_LAS_SCHEMA_H
#define SCREE_LIB_LAS_SCHEMA_H

#include "scree/las.h"
#include "las/map.h"
#include "mem/budget.h"

struct scree__las_schema {
    struct scree_las_extra_byte *fields;
    uint64_t count, capacity;
    uint32_t bytes; /* of all fields in a record */
};

/*
 * Joins a file's fields: a field is known by name, data type and size (for type 0 and deprecated
 * arrays too); the n-th of several that cannot be told apart is the n-th. Unknown ones are
 * appended. Same name with another type is a field of its own. Where two descriptors of one field
 * differ in scale or offset the field cannot be shared: a second field of the same name would
 * confuse readers, so SCREE_E_MISMATCH names the field. Differences in description, min and max are
 * joined (the description that sorts first; the widest range where both have one, else none).
 * no_data: of whichever has one; two different ones are SCREE_E_MISMATCH. So the outcome does not
 * depend on the order of the files, and equal descriptors stay as they are to the byte. A nameless
 * run of undocumented bytes matches a nameless run of the same size. SCREE_E_UNSUPPORTED: more
 * bytes a record than a record can have, more fields than fit one VLR (341), a run of more than 255
 * undocumented bytes. After an error the schema is only good for being released.
 */
SCREE_MUST_CHECK enum scree_status scree__las_schema_join(struct scree__las_schema *schema,
                                                          const struct scree_las_reader *reader,
                                                          struct scree_error *err);

/*
 * Puts the fields into an order that does not depend on the order of the inputs: when all files
 * share one schema their own order is kept; the caller calls this once, after all files were
 * joined, only if they differ (sort by name, then type, then size).
 */
void scree__las_schema_sort(struct scree__las_schema *schema);

/*
 * Descriptors that describe the schema in the output. A field is one, but: a deprecated array
 * (types 11 to 30) is described as its elements, "NAME[0]" and so on, because many readers know
 * scalars only; undocumented bytes take one descriptor for each 255. The bytes of the records are
 * the same.
 */
uint64_t scree__las_schema_descriptor_count(const struct scree__las_schema *schema);

/* The payload of the joint Extra Bytes VLR: descriptor_count * 192 bytes (nameless runs get a
 * descriptor of type 0 and an empty name). */
void scree__las_schema_write(const struct scree__las_schema *schema, uint8_t *payload);

/* Default bytes of a record that lacks the fields: no_data where set, else 0. schema->bytes bytes.
 */
void scree__las_schema_defaults(const struct scree__las_schema *schema, uint8_t *bytes);

/* Where each of a file's fields goes; copies[] has room for scree_las_extra_byte_count(reader).
 * Adjacent runs are merged. */
uint32_t scree__las_schema_copies(const struct scree__las_schema *schema,
                                  const struct scree_las_reader *reader,
                                  struct scree__las_map_copy *copies);

/* Does the file have every field, in the schema's own places? */
bool scree__las_schema_same(const struct scree__las_schema *schema,
                            const struct scree_las_reader *reader);

void scree__las_schema_release(struct scree__las_schema *schema);

#endif
