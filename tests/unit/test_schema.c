/* The joint extra-bytes schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "las/schema_fields.h"

static const uint32_t scalar_bytes[11] = {0, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8};

/* A field as a reader makes it of a descriptor. */
static struct scree_las_extra_byte make(const char *name, unsigned type, uint32_t offset)
{
    struct scree_las_extra_byte field;
    memset(&field, 0, sizeof field);
    snprintf(field.name, sizeof field.name, "%s", name);
    field.data_type = (uint8_t)type;
    field.bytes = scalar_bytes[(type - 1) % 10 + 1] * ((type - 1) / 10 + 1);
    field.offset = offset;
    field.raw[SCREE__LAS_EB_TYPE] = (uint8_t)type;
    memcpy(field.raw + SCREE__LAS_EB_NAME, name, strlen(name));
    return field;
}

static struct scree_las_extra_byte make_run(const char *name, uint32_t bytes, uint32_t offset)
{
    struct scree_las_extra_byte field = make(name, 1, offset);
    field.data_type = 0;
    field.bytes = bytes;
    field.options = (uint8_t)bytes;
    field.raw[SCREE__LAS_EB_TYPE] = 0;
    field.raw[SCREE__LAS_EB_OPTIONS] = (uint8_t)bytes;
    return field;
}

static void set_options(struct scree_las_extra_byte *field, int options)
{
    field->options = (uint8_t)(field->options | options);
    field->raw[SCREE__LAS_EB_OPTIONS] = field->options;
}

static void set_real(struct scree_las_extra_byte *field, int option, int at, double value)
{
    set_options(field, option);
    scree__base_store_f64(field->raw + at, value);
}

static void set_word(struct scree_las_extra_byte *field, int option, int at, int64_t value)
{
    set_options(field, option);
    scree__base_store64(field->raw + at, (uint64_t)value);
}

static void set_description(struct scree_las_extra_byte *field, const char *text)
{
    snprintf(field->description, sizeof field->description, "%s", text);
    memcpy(field->raw + SCREE__LAS_EB_DESCRIPTION, text, strlen(text));
}

static enum scree_status join(struct scree__las_schema *schema,
                              const struct scree_las_extra_byte *fields, uint32_t count,
                              struct scree_error *err)
{
    struct scree__las_fields list = {NULL, fields, count};
    return scree__las_schema_join_fields(schema, &list, err);
}

static void join_well(struct scree__las_schema *schema, const struct scree_las_extra_byte *fields,
                      uint32_t count)
{
    struct scree_error err = SCREE_ERROR_INIT;
    enum scree_status status = join(schema, fields, count, &err);
    if (status != SCREE_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, SCREE_OK);
}

static void one_file_keeps_its_descriptors(void **state)
{
    (void)state;
    struct scree_las_extra_byte fields[3] = {make("Deviation", 3, 0), make_run("raw", 5, 2),
                                             make("Class", 1, 7)};
    for (int i = 0; i < 3; i++)
        memset(fields[i].raw + 36, 0x5A, 4); /* unused bytes stay, too */
    struct scree__las_schema schema = {0};
    join_well(&schema, fields, 3);
    join_well(&schema, fields, 3);
    assert_int_equal(schema.count, 3);
    assert_int_equal(schema.bytes, 2 + 5 + 1);
    uint8_t payload[3 * 192];
    scree__las_schema_write(&schema, payload);
    for (int i = 0; i < 3; i++)
        assert_memory_equal(payload + 192 * i, fields[i].raw, 192);
    struct scree__las_fields list = {NULL, fields, 3};
    assert_true(scree__las_schema_same_fields(&schema, &list));
    struct scree__las_map_copy copies[3];
    assert_int_equal(scree__las_schema_copy_fields(&schema, &list, copies), 1);
    assert_int_equal(copies[0].bytes, 8);
    scree__las_schema_release(&schema);
    assert_null(schema.fields);
}

static void files_that_differ(void **state)
{
    (void)state;
    struct scree_las_extra_byte a[3] = {make("z", 5, 0), make("b", 1, 4), make("b", 9, 5)};
    struct scree_las_extra_byte b[3] = {make("b", 9, 0), make("z", 5, 4), make("c", 10, 8)};
    struct scree__las_schema schema = {0};
    join_well(&schema, a, 3);
    join_well(&schema, b, 3);
    assert_int_equal(schema.count, 4);
    scree__las_schema_sort(&schema);
    static const char *const names[] = {"b", "b", "c", "z"};
    static const uint32_t offsets[] = {0, 1, 5, 13};
    for (int i = 0; i < 4; i++) {
        assert_string_equal(schema.fields[i].name, names[i]);
        assert_int_equal(schema.fields[i].offset, offsets[i]);
    }
    assert_int_equal(schema.bytes, 17);
    struct scree__las_fields list = {NULL, a, 3};
    struct scree__las_map_copy copies[3];
    assert_false(scree__las_schema_same_fields(&schema, &list));
    assert_int_equal(scree__las_schema_copy_fields(&schema, &list, copies), 2);
    assert_int_equal(copies[0].from, 0);
    assert_int_equal(copies[0].to, 13);
    assert_int_equal(copies[0].bytes, 4);
    assert_int_equal(copies[1].from, 4); /* both called b, side by side here as there */
    assert_int_equal(copies[1].to, 0);
    assert_int_equal(copies[1].bytes, 5);
    scree__las_schema_release(&schema);
}

static void the_order_of_files_does_not_show(void **state)
{
    (void)state;
    struct scree_las_extra_byte files[3][3];
    for (int f = 0; f < 3; f++) {
        files[f][0] = make("height", 4, 0);
        set_real(&files[f][0], SCREE__LAS_EB_HAS_SCALE, SCREE__LAS_EB_SCALE, 0.01);
        set_word(&files[f][0], SCREE__LAS_EB_HAS_MIN, SCREE__LAS_EB_MIN, 10 - 20 * f);
        set_word(&files[f][0], SCREE__LAS_EB_HAS_MAX, SCREE__LAS_EB_MAX, 7 * f - 1);
        files[f][1] = make_run("", 3, 2);
        files[f][2] = make(f == 0 ? "only here" : "elsewhere", 9, 5);
    }
    set_description(&files[0][0], "ground");
    set_description(&files[2][0], "above ground");
    set_word(&files[1][0], SCREE__LAS_EB_HAS_NO_DATA, SCREE__LAS_EB_NO_DATA, -9999);
    set_real(&files[2][0], SCREE__LAS_EB_HAS_OFFSET, SCREE__LAS_EB_OFFSET, 0.0);
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    uint8_t payloads[6][4 * 192];
    for (int o = 0; o < 6; o++) {
        struct scree__las_schema schema = {0};
        for (int f = 0; f < 3; f++)
            join_well(&schema, files[orders[o][f]], 3);
        assert_int_equal(schema.count, 4);
        scree__las_schema_sort(&schema);
        scree__las_schema_write(&schema, payloads[o]);
        assert_memory_equal(payloads[o], payloads[0], sizeof payloads[0]);
        const struct scree_las_extra_byte *height = &schema.fields[2];
        assert_string_equal(height->name, "height");
        assert_string_equal(height->description, "above ground");
        assert_int_equal(height->options, 31);
        assert_int_equal((int64_t)scree__base_load64(height->raw + SCREE__LAS_EB_MIN), -30);
        assert_int_equal((int64_t)scree__base_load64(height->raw + SCREE__LAS_EB_MAX), 13);
        uint8_t defaults[13];
        scree__las_schema_defaults(&schema, defaults);
        assert_int_equal((int16_t)scree__base_load16(defaults + height->offset), -9999);
        scree__las_schema_release(&schema);
    }
}

static void limits_that_one_file_lacks_are_dropped(void **state)
{
    (void)state;
    struct scree_las_extra_byte a = make("v", 10, 0), b = a;
    set_real(&a, SCREE__LAS_EB_HAS_MIN, SCREE__LAS_EB_MIN, -5.5);
    set_real(&a, SCREE__LAS_EB_HAS_MAX, SCREE__LAS_EB_MAX, 5);
    set_real(&b, SCREE__LAS_EB_HAS_MAX, SCREE__LAS_EB_MAX, 7);
    struct scree__las_schema schema = {0};
    join_well(&schema, &a, 1);
    join_well(&schema, &b, 1);
    assert_int_equal(schema.fields[0].options, SCREE__LAS_EB_HAS_MAX);
    assert_true(scree__base_load_f64(schema.fields[0].raw + SCREE__LAS_EB_MAX) == 7);
    assert_true(scree__base_load_f64(schema.fields[0].raw + SCREE__LAS_EB_MIN) == 0);
    scree__las_schema_release(&schema);
}

static void expect_mismatch(struct scree_las_extra_byte *a, struct scree_las_extra_byte *b,
                            const char *word)
{
    struct scree__las_schema schema = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    join_well(&schema, a, 1);
    assert_int_equal(join(&schema, b, 1, &err), SCREE_E_MISMATCH);
    assert_non_null(strstr(err.message, "\"v\""));
    assert_non_null(strstr(err.message, word));
    scree__las_schema_release(&schema);
}

static void what_cannot_be_joined(void **state)
{
    (void)state;
    struct scree_las_extra_byte a = make("v", 4, 0), b = a, c = a, d = a;
    set_real(&b, SCREE__LAS_EB_HAS_SCALE, SCREE__LAS_EB_SCALE, 0.1);
    expect_mismatch(&a, &b, "scale");
    expect_mismatch(&b, &a, "scale");
    set_real(&c, SCREE__LAS_EB_HAS_OFFSET, SCREE__LAS_EB_OFFSET, 10);
    expect_mismatch(&a, &c, "offset");
    set_word(&c, SCREE__LAS_EB_HAS_NO_DATA, SCREE__LAS_EB_NO_DATA, 1);
    d = c;
    set_word(&d, SCREE__LAS_EB_HAS_NO_DATA, SCREE__LAS_EB_NO_DATA, 2);
    expect_mismatch(&c, &d, "no_data");

    struct scree_las_extra_byte unity = a; /* scale 1 written out is no scale */
    set_real(&unity, SCREE__LAS_EB_HAS_SCALE, SCREE__LAS_EB_SCALE, 1);
    struct scree__las_schema schema = {0};
    join_well(&schema, &a, 1);
    join_well(&schema, &unity, 1);
    assert_int_equal(schema.count, 1);
    scree__las_schema_release(&schema);
}

static void fields_that_cannot_be_told_apart(void **state)
{
    (void)state;
    struct scree_las_extra_byte two[3] = {make("x", 1, 0), make("y", 2, 1), make("x", 1, 2)};
    struct scree_las_extra_byte one[1] = {make("x", 1, 0)};
    struct scree__las_schema schema = {0};
    join_well(&schema, one, 1);
    join_well(&schema, two, 3);
    assert_int_equal(schema.count, 3);
    struct scree__las_fields list = {NULL, two, 3};
    struct scree__las_map_copy copies[3];
    assert_int_equal(scree__las_schema_copy_fields(&schema, &list, copies), 1);
    assert_int_equal(copies[0].bytes, 3);
    scree__las_schema_release(&schema);
}

static void defaults_of_every_type(void **state)
{
    (void)state;
    for (unsigned type = 1; type <= 30; type++) {
        struct scree_las_extra_byte field = make("v", type, 0);
        unsigned scalar = (type - 1) % 10 + 1, values = (type - 1) / 10 + 1;
        set_options(&field, SCREE__LAS_EB_HAS_NO_DATA);
        for (unsigned v = 0; v < values; v++) {
            uint8_t *at = field.raw + SCREE__LAS_EB_NO_DATA + 8 * v;
            if (scalar >= 9)
                scree__base_store_f64(at, -2.5 - v);
            else
                scree__base_store64(at,
                                    (uint64_t)(int64_t)(scalar % 2 ? 100 + (int)v : -100 - (int)v));
        }
        struct scree__las_schema schema = {0};
        join_well(&schema, &field, 1);
        uint8_t bytes[25];
        memset(bytes, 0xEE, sizeof bytes);
        scree__las_schema_defaults(&schema, bytes);
        assert_int_equal(bytes[field.bytes], 0xEE);
        for (unsigned v = 0; v < values; v++) {
            const uint8_t *at = bytes + v * scalar_bytes[scalar];
            float narrow;
            double wide;
            memcpy(&narrow, at, 4);
            memcpy(&wide, at, 8);
            if (scalar == 9)
                assert_true(narrow == -2.5f - (float)v);
            else if (scalar == 10)
                assert_true(wide == -2.5 - v);
            else
                assert_int_equal((int8_t)*at, scalar % 2 ? 100 + (int)v : -100 - (int)v);
        }
        scree__las_schema_release(&schema);
    }
}

/* Arrays are described by their elements, long runs by several descriptors; the records' bytes
 * stay. */
static void fields_of_several_descriptors(void **state)
{
    (void)state;
    struct scree__las_schema schema = {0};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_las_extra_byte fields[2] = {make("Colours", 23, 0), make_run("", 255, 6)};
    fields[0].raw[SCREE__LAS_EB_OPTIONS] = SCREE__LAS_EB_HAS_MAX;
    fields[0].options = SCREE__LAS_EB_HAS_MAX;
    for (uint8_t v = 0; v < 3; v++)
        fields[0].raw[SCREE__LAS_EB_MAX + 8 * v] = (uint8_t)(100 + v);
    fields[1].bytes = 600;
    assert_int_equal(join(&schema, fields, 2, &err), SCREE_OK);
    assert_int_equal(schema.count, 2);
    assert_int_equal(schema.bytes, 606);
    assert_int_equal(scree__las_schema_descriptor_count(&schema), 6);
    uint8_t raw[6 * SCREE__LAS_EB_BYTES];
    scree__las_schema_write(&schema, raw);
    for (uint8_t v = 0; v < 3; v++) {
        const uint8_t *at = raw + v * SCREE__LAS_EB_BYTES;
        char name[16];
        snprintf(name, sizeof name, "Colours[%d]", v);
        assert_int_equal(at[SCREE__LAS_EB_TYPE], 3);
        assert_string_equal((const char *)at + SCREE__LAS_EB_NAME, name);
        assert_int_equal(at[SCREE__LAS_EB_MAX], 100 + v);
        assert_int_equal(at[SCREE__LAS_EB_MAX + 8], 0);
    }
    static const uint8_t sizes[3] = {255, 255, 90};
    for (int v = 0; v < 3; v++) {
        const uint8_t *at = raw + (3 + v) * SCREE__LAS_EB_BYTES;
        assert_int_equal(at[SCREE__LAS_EB_TYPE], 0);
        assert_int_equal(at[SCREE__LAS_EB_OPTIONS], sizes[v]);
    }
    scree__las_schema_release(&schema);
}

static void what_does_not_fit(void **state)
{
    (void)state;
    struct scree__las_schema schema = {0};
    enum scree_status status = SCREE_OK;
    int joined = 0;
    for (; status == SCREE_OK && joined < 1000; joined++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", joined);
        struct scree_las_extra_byte field = make(name, 8, 0);
        status = join(&schema, &field, 1, NULL);
    }
    assert_int_equal(status, SCREE_E_UNSUPPORTED);
    assert_int_equal(schema.count, 341);
    scree__las_schema_release(&schema);
    for (status = SCREE_OK, joined = 0; status == SCREE_OK && joined < 1000; joined++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", joined);
        struct scree_las_extra_byte field = make_run(name, 255, 0);
        status = join(&schema, &field, 1, NULL);
    }
    assert_int_equal(status, SCREE_E_UNSUPPORTED);
    assert_int_equal(schema.count, (65535 - 38) / 255);
    scree__las_schema_release(&schema);
}

/* -------------------------------------------------------------------------------- with a reader */

enum { HEADER_BYTES = 375, VLR_BYTES = 54 };

/* A LAS 1.4 file without points, format 6, two extra bytes that one descriptor names and three that
 * none does. */
static void a_file(uint8_t *file)
{
    struct scree_las_extra_byte field = make("Deviation", 3, 0);
    memset(file, 0, HEADER_BYTES + VLR_BYTES + 192);
    memcpy(file, "LASF", 4);
    file[24] = 1;
    file[25] = 4;
    scree__base_store16(file + 94, HEADER_BYTES);
    scree__base_store32(file + 96, HEADER_BYTES + VLR_BYTES + 192);
    scree__base_store32(file + 100, 1);
    file[104] = 6;
    scree__base_store16(file + 105, 30 + 5);
    for (int d = 0; d < 3; d++)
        scree__base_store_f64(file + 131 + 8 * d, 0.01);
    uint8_t *vlr = file + HEADER_BYTES;
    memcpy(vlr + 2, "LASF_Spec", 9);
    scree__base_store16(vlr + 18, 4);
    scree__base_store16(vlr + 20, 192);
    memcpy(vlr + VLR_BYTES, field.raw, 192);
}

static void fields_of_a_reader(void **state)
{
    (void)state;
    uint8_t file[HEADER_BYTES + VLR_BYTES + 192];
    a_file(file);
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    assert_int_equal(scree_source_open_memory(file, sizeof file, "a.las", &source, &err), 0);
    enum scree_status status = scree_las_open(source, NULL, &reader, &err);
    if (status != SCREE_OK)
        print_error("%s\n", err.message);
    assert_int_equal(status, SCREE_OK);
    struct scree__las_schema schema = {0};
    assert_int_equal(scree__las_schema_join(&schema, reader, &err), SCREE_OK);
    assert_int_equal(schema.count, 2);
    assert_int_equal(schema.bytes, 5);
    assert_true(scree__las_schema_same(&schema, reader));
    struct scree__las_map_copy copies[2];
    assert_int_equal(scree__las_schema_copies(&schema, reader, copies), 1);
    uint8_t payload[2 * 192];
    scree__las_schema_write(&schema, payload);
    assert_memory_equal(payload, file + HEADER_BYTES + VLR_BYTES, 192);
    assert_int_equal(payload[192 + SCREE__LAS_EB_OPTIONS], 3);

    struct scree_las_extra_byte other = make("Deviation", 3, 0);
    set_real(&other, SCREE__LAS_EB_HAS_SCALE, SCREE__LAS_EB_SCALE, 0.5);
    struct scree__las_schema first = {0};
    join_well(&first, &other, 1);
    assert_int_equal(scree__las_schema_join(&first, reader, &err), SCREE_E_MISMATCH);
    assert_non_null(strstr(err.message, "a.las"));
    scree__las_schema_release(&first);
    scree__las_schema_release(&schema);
    scree_las_close(reader);
    scree_source_close(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_file_keeps_its_descriptors),
        cmocka_unit_test(files_that_differ),
        cmocka_unit_test(the_order_of_files_does_not_show),
        cmocka_unit_test(limits_that_one_file_lacks_are_dropped),
        cmocka_unit_test(what_cannot_be_joined),
        cmocka_unit_test(fields_that_cannot_be_told_apart),
        cmocka_unit_test(defaults_of_every_type),
        cmocka_unit_test(fields_of_several_descriptors),
        cmocka_unit_test(what_does_not_fit),
        cmocka_unit_test(fields_of_a_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
