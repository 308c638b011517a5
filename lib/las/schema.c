/* schema.c - the joint extra-bytes schema: which fields there are, and where. What happens to one
 * descriptor is in schema_fields.c. */
#include "las/schema.h"
#include "las/schema_fields.h"
#include "base/error.h"

#include <string.h>

enum {
    /* The length of a VLR's payload is a 16-bit number. */
    FIELDS_MAX = 65535 / SCREE__LAS_EB_BYTES,
    /* So is the length of a record; the largest format written, 8, has 38 bytes of its own. */
    RECORD_EXTRA_MAX = 65535 - 38
};

static const struct scree_las_extra_byte *field_at(const struct scree__las_fields *fields,
                                                   uint32_t index)
{
    return fields->reader != NULL ? scree_las_extra_byte(fields->reader, index)
                                  : &fields->array[index];
}

static struct scree__las_fields fields_of(const struct scree_las_reader *reader)
{
    struct scree__las_fields fields = {reader, NULL, scree_las_extra_byte_count(reader)};
    return fields;
}

/* The schema's place for a file's field; schema->count when there is none. Where a file has several
 * fields that cannot be told apart, its n-th is the schema's n-th. */
static uint64_t find(const struct scree__las_schema *schema, const struct scree__las_fields *fields,
                     uint32_t index)
{
    const struct scree_las_extra_byte *field = field_at(fields, index);
    uint32_t earlier = 0;
    for (uint32_t i = 0; i < index; i++)
        earlier += scree__las_field_equal(field_at(fields, i), field);
    uint64_t place = 0;
    for (; place < schema->count; place++)
        if (scree__las_field_equal(&schema->fields[place], field) && earlier-- == 0)
            break;
    return place;
}

static enum scree_status append(struct scree__las_schema *schema,
                                const struct scree_las_extra_byte *field, struct scree_error *err)
{
    if (scree__las_schema_descriptor_count(schema) + scree__las_field_part_count(field) >
        FIELDS_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "more than %d fields of extra bytes: their descriptors do not "
                                "fit one VLR",
                                FIELDS_MAX);
    if (field->bytes > RECORD_EXTRA_MAX - schema->bytes)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "the extra bytes of all inputs take more than %d bytes a record",
                                RECORD_EXTRA_MAX);
    void *grown = schema->fields;
    enum scree_status status = scree__mem_grow(NULL, &grown, &schema->capacity, schema->count + 1,
                                               sizeof *schema->fields, "extra bytes schema", err);
    if (status != SCREE_OK)
        return status;
    schema->fields = grown;
    struct scree_las_extra_byte *added = &schema->fields[schema->count++];
    *added = *field;
    added->offset = schema->bytes;
    schema->bytes += field->bytes;
    if (added->data_type == 0 && added->name[0] == '\0')
        scree__las_field_normalize(added); /* bytes that no descriptor names get one */
    return SCREE_OK;
}

enum scree_status scree__las_schema_join_fields(struct scree__las_schema *schema,
                                                const struct scree__las_fields *fields,
                                                struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < fields->count && status == SCREE_OK; i++) {
        const struct scree_las_extra_byte *field = field_at(fields, i);
        uint64_t place = find(schema, fields, i);
        if (place == schema->count)
            status = append(schema, field, err);
        else
            status = scree__las_field_join(&schema->fields[place], field, err);
    }
    return status;
}

enum scree_status scree__las_schema_join(struct scree__las_schema *schema,
                                         const struct scree_las_reader *reader,
                                         struct scree_error *err)
{
    struct scree__las_fields fields = fields_of(reader);
    enum scree_status status = scree__las_schema_join_fields(schema, &fields, err);
    if (status != SCREE_OK)
        scree__base_error_prefix(err, "%s", scree_source_name(scree_las_source(reader)));
    return status;
}

/* Name, then type, then size. */
static int compare(const struct scree_las_extra_byte *a, const struct scree_las_extra_byte *b)
{
    int names = strcmp(a->name, b->name);
    if (names != 0)
        return names;
    if (a->data_type != b->data_type)
        return a->data_type < b->data_type ? -1 : 1;
    return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

/* By insertion: stable, and there are a few hundred at most. */
void scree__las_schema_sort(struct scree__las_schema *schema)
{
    for (uint64_t i = 1; i < schema->count; i++) {
        struct scree_las_extra_byte field = schema->fields[i];
        uint64_t to = i;
        for (; to > 0 && compare(&field, &schema->fields[to - 1]) < 0; to--)
            schema->fields[to] = schema->fields[to - 1];
        schema->fields[to] = field;
    }
    uint32_t offset = 0;
    for (uint64_t i = 0; i < schema->count; i++) {
        schema->fields[i].offset = offset;
        offset += schema->fields[i].bytes;
    }
}

uint64_t scree__las_schema_descriptor_count(const struct scree__las_schema *schema)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < schema->count; i++)
        count += scree__las_field_part_count(&schema->fields[i]);
    return count;
}

void scree__las_schema_write(const struct scree__las_schema *schema, uint8_t *payload)
{
    for (uint64_t i = 0; i < schema->count; i++) {
        uint32_t parts = scree__las_field_part_count(&schema->fields[i]);
        for (uint32_t part = 0; part < parts; part++, payload += SCREE__LAS_EB_BYTES)
            scree__las_field_part(&schema->fields[i], part, payload);
    }
}

void scree__las_schema_defaults(const struct scree__las_schema *schema, uint8_t *bytes)
{
    for (uint64_t i = 0; i < schema->count; i++)
        scree__las_field_default(&schema->fields[i], bytes + schema->fields[i].offset);
}

uint32_t scree__las_schema_copy_fields(const struct scree__las_schema *schema,
                                       const struct scree__las_fields *fields,
                                       struct scree__las_map_copy *copies)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct scree_las_extra_byte *field = field_at(fields, i);
        uint64_t place = find(schema, fields, i);
        if (place == schema->count || field->bytes == 0)
            continue;
        struct scree__las_map_copy next = {field->offset, schema->fields[place].offset,
                                           field->bytes};
        struct scree__las_map_copy *last = count > 0 ? &copies[count - 1] : NULL;
        if (last != NULL && last->from + last->bytes == next.from &&
            last->to + last->bytes == next.to)
            last->bytes += next.bytes;
        else
            copies[count++] = next;
    }
    return count;
}

uint32_t scree__las_schema_copies(const struct scree__las_schema *schema,
                                  const struct scree_las_reader *reader,
                                  struct scree__las_map_copy *copies)
{
    struct scree__las_fields fields = fields_of(reader);
    return scree__las_schema_copy_fields(schema, &fields, copies);
}

bool scree__las_schema_same_fields(const struct scree__las_schema *schema,
                                   const struct scree__las_fields *fields)
{
    if (fields->count != schema->count)
        return false;
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct scree_las_extra_byte *field = field_at(fields, i);
        if (!scree__las_field_equal(field, &schema->fields[i]) ||
            field->offset != schema->fields[i].offset)
            return false;
    }
    return true;
}

bool scree__las_schema_same(const struct scree__las_schema *schema,
                            const struct scree_las_reader *reader)
{
    struct scree__las_fields fields = fields_of(reader);
    return scree__las_schema_same_fields(schema, &fields);
}

void scree__las_schema_release(struct scree__las_schema *schema)
{
    scree__mem_free(NULL, schema->fields, schema->capacity * sizeof *schema->fields);
    memset(schema, 0, sizeof *schema);
}
