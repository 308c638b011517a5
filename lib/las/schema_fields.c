/* schema_fields.c - one extra-bytes descriptor: comparing, joining, its default bytes. */
#include "las/schema_fields.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>

enum { TYPE_SCALAR_LAST = 10, TYPE_ARRAY_LAST = 30, TYPE_FLOAT = 9 };

/* A descriptor of type 0 says its size in one byte. */
enum { UNDOCUMENTED_MAX = 255 };

enum kind { KIND_UNSIGNED, KIND_SIGNED, KIND_REAL };

/* Scalars have 1 value, the deprecated arrays 2 or 3, anything else none that we know. */
static int value_count(const struct scree_las_extra_byte *field)
{
    if (field->data_type == 0 || field->data_type > TYPE_ARRAY_LAST)
        return 0;
    return (field->data_type - 1) / TYPE_SCALAR_LAST + 1;
}

static int scalar_type(const struct scree_las_extra_byte *field)
{
    return (field->data_type - 1) % TYPE_SCALAR_LAST + 1;
}

static enum kind kind_of(const struct scree_las_extra_byte *field)
{
    int type = scalar_type(field);
    if (type >= TYPE_FLOAT)
        return KIND_REAL;
    return type % 2 != 0 ? KIND_UNSIGNED : KIND_SIGNED;
}

bool scree__las_field_equal(const struct scree_las_extra_byte *a,
                            const struct scree_las_extra_byte *b)
{
    return a->data_type == b->data_type && a->bytes == b->bytes && strcmp(a->name, b->name) == 0;
}

static bool has(const struct scree_las_extra_byte *field, int option)
{
    return field->data_type != 0 && (field->options & option) != 0;
}

void scree__las_field_normalize(struct scree_las_extra_byte *field)
{
    static const struct {
        int option, at;
    } values[] = {
        {SCREE__LAS_EB_HAS_NO_DATA, SCREE__LAS_EB_NO_DATA},
        {SCREE__LAS_EB_HAS_MIN, SCREE__LAS_EB_MIN},
        {SCREE__LAS_EB_HAS_MAX, SCREE__LAS_EB_MAX},
        {SCREE__LAS_EB_HAS_SCALE, SCREE__LAS_EB_SCALE},
        {SCREE__LAS_EB_HAS_OFFSET, SCREE__LAS_EB_OFFSET},
    };
    uint8_t raw[SCREE__LAS_EB_BYTES] = {0};
    size_t value_bytes = 8 * (size_t)value_count(field);
    if (field->data_type == 0)
        field->options = (uint8_t)field->bytes;
    else if (value_bytes == 0)
        field->options = 0;
    else
        field->options &= 31;
    raw[SCREE__LAS_EB_TYPE] = field->data_type;
    raw[SCREE__LAS_EB_OPTIONS] = field->options;
    memcpy(raw + SCREE__LAS_EB_NAME, field->name, strlen(field->name));
    memcpy(raw + SCREE__LAS_EB_DESCRIPTION, field->description, strlen(field->description));
    for (size_t v = 0; v < sizeof values / sizeof *values; v++)
        if (has(field, values[v].option))
            memcpy(raw + values[v].at, field->raw + values[v].at, value_bytes);
    memcpy(field->raw, raw, sizeof raw);
}

uint32_t scree__las_field_part_count(const struct scree_las_extra_byte *field)
{
    if (field->data_type == 0)
        return field->bytes <= UNDOCUMENTED_MAX ? 1 : (field->bytes - 1) / UNDOCUMENTED_MAX + 1;
    return value_count(field) > 1 ? (uint32_t)value_count(field) : 1;
}

void scree__las_field_part(const struct scree_las_extra_byte *field, uint32_t part, uint8_t *raw)
{
    uint32_t count = scree__las_field_part_count(field);
    struct scree_las_extra_byte single = *field;
    if (count > 1 && field->data_type == 0) {
        uint32_t left = field->bytes - part * UNDOCUMENTED_MAX;
        single.bytes = left < UNDOCUMENTED_MAX ? left : UNDOCUMENTED_MAX;
        scree__las_field_normalize(&single);
    } else if (count > 1) {
        /* The element's values move to the front of each triple; the index goes behind the name,
         * whose end gives way. */
        static const int triples[] = {SCREE__LAS_EB_NO_DATA, SCREE__LAS_EB_MIN, SCREE__LAS_EB_MAX,
                                      SCREE__LAS_EB_SCALE, SCREE__LAS_EB_OFFSET};
        single.data_type = (uint8_t)scalar_type(field);
        single.bytes = field->bytes / count;
        for (size_t t = 0; t < sizeof triples / sizeof *triples; t++)
            memmove(single.raw + triples[t], field->raw + triples[t] + 8 * part, 8);
        size_t length = strlen(single.name);
        length = length > sizeof single.name - 4 ? sizeof single.name - 4 : length;
        single.name[length] = '[';
        single.name[length + 1] = (char)('0' + part);
        single.name[length + 2] = ']';
        single.name[length + 3] = '\0';
        scree__las_field_normalize(&single);
    }
    memcpy(raw, single.raw, SCREE__LAS_EB_BYTES);
}

/* The number that a reader works with: absent means `absent`. */
static double number(const struct scree_las_extra_byte *field, int option, int at, double absent)
{
    return has(field, option) ? scree__base_load_f64(field->raw + at) : absent;
}

static const char *shown_name(const struct scree_las_extra_byte *field)
{
    return field->name[0] != '\0' ? field->name : "(no name)";
}

static enum scree_status check_numbers(const struct scree_las_extra_byte *field,
                                       const struct scree_las_extra_byte *other, int option, int at,
                                       double absent, const char *what, struct scree_error *err)
{
    for (int i = 0; i < value_count(field); i++) {
        double a = number(field, option, at + 8 * i, absent);
        double b = number(other, option, at + 8 * i, absent);
        if (memcmp(&a, &b, sizeof a) != 0 && !(a == b)) /* NaN is equal to itself here */
            return scree__base_fail(err, SCREE_E_MISMATCH,
                                    "extra bytes \"%s\": %s %.17g, but %.17g in another input; "
                                    "one output cannot hold both",
                                    shown_name(field), what, b, a);
    }
    return SCREE_OK;
}

/* no_data of either; two different ones cannot be joined. */
static enum scree_status join_no_data(struct scree_las_extra_byte *field,
                                      const struct scree_las_extra_byte *other,
                                      struct scree_error *err)
{
    if (!has(other, SCREE__LAS_EB_HAS_NO_DATA))
        return SCREE_OK;
    size_t bytes = 8 * (size_t)value_count(field);
    uint8_t *a = field->raw + SCREE__LAS_EB_NO_DATA;
    const uint8_t *b = other->raw + SCREE__LAS_EB_NO_DATA;
    if (!has(field, SCREE__LAS_EB_HAS_NO_DATA)) {
        memcpy(a, b, bytes);
        field->options |= SCREE__LAS_EB_HAS_NO_DATA;
    } else if (memcmp(a, b, bytes) != 0) {
        return scree__base_fail(err, SCREE_E_MISMATCH,
                                "extra bytes \"%s\": no_data %#" PRIx64 ", but %#" PRIx64
                                " in another input (as 64-bit words)",
                                shown_name(field), scree__base_load64(b), scree__base_load64(a));
    }
    return SCREE_OK;
}

/* Is the value at a below the value at b? */
static bool below(enum kind kind, const uint8_t *a, const uint8_t *b)
{
    switch (kind) {
    case KIND_UNSIGNED:
        return scree__base_load64(a) < scree__base_load64(b);
    case KIND_SIGNED:
        return (int64_t)scree__base_load64(a) < (int64_t)scree__base_load64(b);
    case KIND_REAL:
        break;
    }
    return scree__base_load_f64(a) < scree__base_load_f64(b);
}

/* min or max: the wider one where both have it, else none. */
static void join_limit(struct scree_las_extra_byte *field, const struct scree_las_extra_byte *other,
                       int option, int at)
{
    if (!has(field, option) || !has(other, option)) {
        field->options = (uint8_t)(field->options & ~option);
        return;
    }
    for (int i = 0; i < value_count(field); i++, at += 8) {
        uint8_t *mine = field->raw + at;
        const uint8_t *theirs = other->raw + at;
        bool wider = option == SCREE__LAS_EB_HAS_MIN ? below(kind_of(field), theirs, mine)
                                                     : below(kind_of(field), mine, theirs);
        if (wider)
            memcpy(mine, theirs, 8);
    }
}

/* Scale or offset, known to mean the same: written out where one of the two writes it out. */
static void join_number(struct scree_las_extra_byte *field,
                        const struct scree_las_extra_byte *other, int option, int at)
{
    if (has(field, option) || !has(other, option))
        return;
    memcpy(field->raw + at, other->raw + at, 8 * (size_t)value_count(field));
    field->options = (uint8_t)(field->options | option);
}

/* The description that comes first by its bytes, so that the order of the inputs does not show;
 * none only where both have none. */
static void join_description(struct scree_las_extra_byte *field,
                             const struct scree_las_extra_byte *other)
{
    if (other->description[0] == '\0')
        return;
    if (field->description[0] == '\0' || strcmp(other->description, field->description) < 0)
        memcpy(field->description, other->description, sizeof field->description);
}

enum scree_status scree__las_field_join(struct scree_las_extra_byte *field,
                                        const struct scree_las_extra_byte *other,
                                        struct scree_error *err)
{
    if (memcmp(field->raw, other->raw, sizeof field->raw) == 0)
        return SCREE_OK;
    enum scree_status status =
        check_numbers(field, other, SCREE__LAS_EB_HAS_SCALE, SCREE__LAS_EB_SCALE, 1, "scale", err);
    if (status == SCREE_OK)
        status = check_numbers(field, other, SCREE__LAS_EB_HAS_OFFSET, SCREE__LAS_EB_OFFSET, 0,
                               "offset", err);
    if (status == SCREE_OK)
        status = join_no_data(field, other, err);
    if (status != SCREE_OK)
        return status;
    if (value_count(field) > 0) {
        join_limit(field, other, SCREE__LAS_EB_HAS_MIN, SCREE__LAS_EB_MIN);
        join_limit(field, other, SCREE__LAS_EB_HAS_MAX, SCREE__LAS_EB_MAX);
        join_number(field, other, SCREE__LAS_EB_HAS_SCALE, SCREE__LAS_EB_SCALE);
        join_number(field, other, SCREE__LAS_EB_HAS_OFFSET, SCREE__LAS_EB_OFFSET);
    }
    join_description(field, other);
    scree__las_field_normalize(field);
    return SCREE_OK;
}

void scree__las_field_default(const struct scree_las_extra_byte *field, uint8_t *bytes)
{
    memset(bytes, 0, field->bytes);
    int count = value_count(field);
    if (count == 0 || !has(field, SCREE__LAS_EB_HAS_NO_DATA))
        return;
    uint32_t each = field->bytes / (uint32_t)count;
    for (int i = 0; i < count; i++) {
        const uint8_t *value = field->raw + SCREE__LAS_EB_NO_DATA + 8 * i;
        uint8_t *to = bytes + (uint32_t)i * each;
        if (scalar_type(field) == TYPE_FLOAT && each == 4) {
            float narrow = (float)scree__base_load_f64(value);
            uint32_t bits;
            memcpy(&bits, &narrow, sizeof bits);
            scree__base_store32(to, bits);
        } else {
            memcpy(to, value, each < 8 ? each : 8); /* the low bytes of the 64-bit value */
        }
    }
}
