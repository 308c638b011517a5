/* Planted defects: each must bring the finding that belongs to it, and the sound file none. */
#include "context.h"
#include "par/context.h"
#include "scree/copc.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "test_validate_file.h"

/* -------------------------------------------------------------------------------------- judging */

struct heard {
    char text[32768];
    size_t used;
};

/* "E R8 message\n" a finding. */
static void hear(void *user, const struct scree_finding *finding)
{
    struct heard *heard = user;
    int n = snprintf(heard->text + heard->used, sizeof heard->text - heard->used, "%c %s %s\n",
                     finding->severity == SCREE_FINDING_ERROR ? 'E' : 'W', finding->rule,
                     finding->message);
    assert_true(n > 0 && (size_t)n < sizeof heard->text - heard->used);
    assert_non_null(finding->minds);
    heard->used += (size_t)n;
}

static struct scree_validate_report judge(const uint8_t *bytes, size_t count, unsigned threads,
                                          bool shallow, struct heard *heard)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = context_with(threads, (uint64_t)256 << 20);
    struct scree_source *source;
    assert_int_equal(scree_source_open_memory(bytes, count, "made", &source, &err), SCREE_OK);
    struct scree_validate_options options;
    scree_validate_options_init(&options);
    options.shallow = shallow;
    options.user = heard;
    options.finding = hear;
    heard->used = 0;
    heard->text[0] = 0;
    struct scree_validate_report report;
    if (scree_validate(context, source, &options, &report, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    scree_source_close(source);
    scree_context_free(context);
    return report;
}

static bool has(const struct heard *heard, char severity, const char *rule)
{
    char wanted[64];
    int n = snprintf(wanted, sizeof wanted, "%c %s ", severity, rule);
    for (const char *line = heard->text; *line != 0; line = strchr(line, '\n') + 1) {
        if (strncmp(line, wanted, (size_t)n) == 0)
            return true;
    }
    return false;
}

/* -------------------------------------------------------------------------------- patched bytes */

struct patch {
    enum place place;
    int at;
    unsigned width; /* bytes; 0: nothing; 9: `number` as f64 */
    int64_t value;
    double number;
};

#define AT(place, at, width, value) \
    {                               \
        place, at, width, value, 0  \
    }
#define F64(place, at, number)  \
    {                           \
        place, at, 9, 0, number \
    }

/* Entry i of a page: 32 * i; key at 0, offset 16, size 24, count 28. */
static const struct planted {
    const char *rule;
    char severity;
    struct patch patches[2];
} planted[] = {
    {"LAS-signature", 'E', {AT(HEADER, 0, 1, 'X')}},
    {"LAS-version", 'E', {AT(HEADER, 25, 1, 9)}},
    {"LAS-header-size", 'E', {AT(HEADER, 94, 2, 300)}},
    {"LAS-header-size", 'E', {AT(HEADER, 94, 2, 65535)}},
    {"LAS-header-size", 'W', {AT(HEADER, 94, 2, 376)}},
    {"LAS-format", 'E', {AT(HEADER, 104, 1, 0x80 | 12)}},
    {"LAS-record-length", 'E', {AT(HEADER, 105, 2, 7)}},
    {"LAS-point-offset", 'E', {AT(HEADER, 96, 4, 0xFFFFFFF0)}},
    {"LAS-point-offset", 'E', {AT(HEADER, 96, 4, 3)}},
    {"LAS-legacy-count", 'E', {AT(HEADER, 107, 4, 5)}},
    {"LAS-legacy-count", 'W', {AT(HEADER, 107, 4, TEST_POINTS)}},
    {"LAS-legacy-returns", 'W', {AT(HEADER, 111, 4, 1)}},
    {"LAS-return-sum", 'E', {AT(HEADER, 255, 8, 99)}},
    {"LAS-return-sum", 'E', {AT(HEADER, 255, 8, -1), AT(HEADER, 263, 8, -1)}},
    {"LAS-return-sum", 'W', {AT(HEADER, 255, 8, 0)}},
    {"LAS-return-counts", 'E', {AT(HEADER, 255, 8, 11), AT(HEADER, 263, 8, 1)}},
    {"LAS-scale", 'E', {F64(HEADER, 131, 0)}},
    {"LAS-scale", 'E', {F64(HEADER, 155, INFINITY)}},
    {"LAS-bounds", 'E', {F64(HEADER, 187, 9000)}},
    {"LAS-bounds", 'E', {F64(HEADER, 187, NAN)}},
    {"LAS-bounds-points", 'E', {F64(HEADER, 179, 1050)}},
    {"LAS-bounds-loose", 'W', {F64(HEADER, 179, 1063)}},
    {"LAS-vlr", 'E', {AT(HEADER, 100, 4, 99)}},
    {"LAS-vlr", 'E', {AT(HEADER, 100, 4, -1)}},
    {"LAS-vlr", 'E', {AT(INFO_VLR, 20, 2, 65535)}},
    {"LAS-vlr-padding", 'W', {AT(HEADER, 100, 4, 3)}},
    {"LAS-evlr", 'E', {AT(HEADER, 243, 4, 2)}},
    {"LAS-evlr", 'E', {AT(HEADER, 235, 8, -1)}},
    {"LAS-evlr", 'E', {AT(EVLR, 20, 8, -1)}},
    {"LAS-wkt-bit", 'E', {AT(HEADER, 6, 2, 1)}},
    {"LAS-extra-bytes", 'E', {AT(EXTRA, 2, 1, 10)}},
    {"LAS-extra-bytes", 'E', {AT(EXTRA, 2, 1, 77)}},
    {"LAS-extra-bytes", 'W', {AT(EXTRA, 2, 1, 1)}},
    {"LAS-duplicate-vlr", 'W', {AT(LASZIP_VLR, 2, 8, 0x63706F63), AT(LASZIP_VLR, 18, 2, 1)}},
    {"LAS-open", 'E', {AT(HEADER, 105, 2, 7)}},
    {"LAZ-vlr", 'E', {AT(LASZIP_VLR, 18, 2, 1)}},
    {"LAZ-vlr", 'E', {AT(LASZIP, 2, 2, 3)}},
    {"LAZ-vlr", 'E', {AT(LASZIP, 32, 2, 900)}},
    {"LAZ-bit", 'W', {AT(HEADER, 104, 1, 7)}},
    {"LAZ-items", 'E', {AT(HEADER, 104, 1, 0x80 | 6)}}, /* but the items have colours */
    {"LAZ-table", 'E', {AT(POINTS, 0, 8, 1 << 30)}},
    {"LAZ-table", 'E', {AT(POINTS, 0, 8, 5)}},
    {"LAZ-table", 'E', {AT(TABLE, 4, 4, -1)}},
    {"LAZ-table-version", 'E', {AT(TABLE, 0, 4, 1)}},
    {"LAZ-point-count", 'E', {AT(HEADER, 247, 8, 13)}},
    {"LAZ-decode", 'E', {AT(CHUNK, TEST_RECORD_BYTES + 4, 4, 1 << 20)}},
    {"LAZ-decode", 'E', {AT(CHUNK, TEST_RECORD_BYTES, 4, 5)}},
    {"S1", 'E', {AT(HEADER, 25, 1, 3)}},
    {"S1", 'E', {AT(HEADER, 94, 2, 376)}},
    {"S2", 'E', {AT(HEADER, 104, 1, 0x80 | 5)}},
    {"S2", 'E', {AT(HEADER, 104, 1, 0x80 | 9)}},
    {"S3", 'E', {AT(INFO_VLR, 18, 2, 2)}},
    {"S3", 'E', {AT(INFO_VLR, 2, 1, 'k')}},
    {"S4", 'E', {F64(INFO, 24, INFINITY)}},
    {"S4", 'E', {F64(INFO, 24, -1)}},
    {"S4", 'E', {F64(INFO, 8, NAN)}},
    {"S5", 'E', {AT(INFO, 152, 8, 1)}},
    {"S6", 'W', {F64(INFO, 32, 0)}},
    {"S6", 'W', {F64(INFO, 32, 0.01)}},
    {"S7", 'E', {AT(HEADER, 243, 4, 0)}},
    {"S7", 'E', {AT(EVLR, 18, 2, 999)}},
    {"S8", 'E', {AT(INFO, 40, 8, 1 << 30)}},
    {"S8", 'E', {AT(INFO, 40, 8, -1)}},
    {"S8", 'E', {AT(INFO, 48, 8, 33)}},
    {"S8", 'E', {AT(INFO, 48, 8, 0)}},
    {"S8", 'E', {AT(EVLR, 18, 2, 1000), AT(EVLR, 20, 8, 64)}}, /* pages beyond the record */
    {"S8", 'E', {AT(PAGE, 96 + 24, 4, -64)}},
    {"S10", 'E', {AT(PAGE, 24, 4, -5)}},
    {"S10", 'E', {AT(PAGE, 28, 4, -7)}},
    {"S10", 'E', {AT(PAGE, 16, 8, 1 << 30)}},
    {"S10", 'W', {AT(PAGE, 32 + 28, 4, 0)}},
    {"S11", 'E', {AT(PAGE, 32 + 4, 4, 2)}},
    {"S11", 'E', {AT(PAGE, 32, 4, 33)}},
    {"S11", 'E', {AT(PAGE, 32, 4, -1)}},
    {"S12", 'E', {AT(PAGE, 28, 4, 5)}},
    {"S12", 'E', {AT(PAGE, 24, 4, 9)}},
    {"S12", 'E', {AT(PAGE, 16, 8, 700)}},
    {"COPC-keys", 'E', {AT(CHILD_PAGE, 32, 4, 2)}},
    {"COPC-pages", 'E', {AT(PAGE, 96 + 28, 4, -1)}}, /* see each_patch_is_found */
    {"COPC-page-keys", 'E', {AT(CHILD_PAGE, 32 + 12, 4, 7)}},
    {"COPC-point-count", 'E', {AT(PAGE, 28, 4, 5)}},
    {"COPC-gps-range", 'E', {F64(INFO, 56, 101)}},
    {"COPC-gps-range", 'E', {F64(INFO, 64, 110)}},
    {"COPC-gps-range", 'E', {F64(INFO, 64, NAN)}},
    {"COPC-gps-range", 'W', {F64(INFO, 64, 112)}},
    {"R1", 'E', {AT(CHILD_PAGE, 12, 4, 1)}},
    {"R2", 'E', {AT(PAGE, 0, 4, 1), AT(PAGE, 4, 4, 1)}},
    {"R2", 'E', {AT(PAGE, 28, 4, 0)}},
    {"R3", 'E', {AT(PAGE, 32 + 4, 4, 1)}},
    {"R4", 'W', {AT(PAGE, 64 + 28, 4, 0)}},
    {"R5", 'E', {AT(WKT, 0, 1, 0)}},
#if SCREE_HAVE_PROJ
    {"R5", 'E', {AT(WKT, 9, 1, 'X')}}, /* no quote, no bracket */
    {"R5", 'E', {AT(WKT, 0, 1, 'X')}},
#endif
    {"R6", 'W', {AT(WKT, 0, 1, 'X')}},
    {"R6", 'W', {AT(WKT_END, 0, 1, ' ')}},
    {"R8", 'E', {F64(INFO, 24, 60)}},
    {"R8", 'E', {F64(INFO, 0, 1001)}},
    {"R8", 'W', {F64(INFO, 0, 1000.001)}},
    {"R10", 'E', {AT(LASZIP, 12, 4, 50000)}},
    {"R10", 'W', {AT(LASZIP, 12, 4, 0)}},
    {"R12", 'E', {AT(EXTRA, 2, 1, 12)}},
    {"R13", 'E', {F64(HEADER, 179, 1065)}},
    {"R16", 'W', {AT(PAGE, 28, 4, 1000001)}},
};

static void apply(struct file *file, const struct patch *patch)
{
    uint64_t value = (uint64_t)patch->value;
    unsigned width = patch->width;
    if (width == 9) {
        memcpy(&value, &patch->number, sizeof value);
        width = 8;
    }
    uint8_t *p = file->bytes + file->places[patch->place] + patch->at;
    for (unsigned i = 0; i < width; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static void sound_file_has_no_finding(void **state)
{
    (void)state;
    static struct heard heard;
    const struct recipe plain = {0}, temporal = {.temporal = true};
    for (unsigned i = 0; i < 4; i++) {
        struct file file = file_make(i < 2 ? &plain : &temporal);
        struct scree_validate_report report =
            judge(file.bytes, file.byte_count, 1 + i % 2, i % 2 != 0, &heard);
        assert_string_equal(heard.text, "");
        assert_int_equal(report.error_count + report.warning_count, 0);
        assert_true(report.is_copc && report.is_laz);
        assert_int_equal(report.point_count, TEST_POINTS);
        assert_int_equal(report.points_checked, i % 2 != 0 ? TEST_NODES : TEST_POINTS);
        assert_int_equal(report.node_count, TEST_NODES);
        assert_int_equal(report.page_count, 2);
        free(file.bytes);
    }
}

static void each_patch_is_found(void **state)
{
    (void)state;
    static struct heard heard, again;
    const struct recipe plain = {0};
    unsigned missed = 0;
    for (size_t i = 0; i < sizeof planted / sizeof *planted; i++) {
        struct file file = file_make(&plain);
        apply(&file, &planted[i].patches[0]);
        apply(&file, &planted[i].patches[1]);
        if (strcmp(planted[i].rule, "COPC-pages") == 0) /* the pointer leads back to its page */
            scree__base_store64(file.bytes + file.places[PAGE] + 96 + 16, file.places[PAGE]);
        (void)judge(file.bytes, file.byte_count, 1, false, &heard);
        if (!has(&heard, planted[i].severity, planted[i].rule)) {
            print_error("case %zu: no %c %s in:\n%s", i, planted[i].severity, planted[i].rule,
                        heard.text);
            missed++;
        }
        (void)judge(file.bytes, file.byte_count, 3, false, &again);
        assert_string_equal(heard.text, again.text);
        (void)judge(file.bytes, file.byte_count, 2, true, &again);
        free(file.bytes);
    }
    assert_int_equal(missed, 0);
}

static void each_recipe_is_found(void **state)
{
    (void)state;
    static struct heard heard;
    static const struct {
        const char *rule;
        char severity;
        struct recipe recipe;
    } cases[] = {
        {"R5", 'E', {.no_wkt = true}},
        {"R5", 'E', {.two_wkts = true}},
        {"R7", 'W', {.eight_bits = true}},
        {"R9", 'E', {.gap_bytes = 3}},
        {"R14", 'W', {.large_vlr = true}},
        {"R15", 'W', {.empty_nodes = 32768}},
        {"COPC-black", 'W', {.black = true}},
        {"COPC-intensity", 'W', {.dim = true}},
        {"COPC-gps-order", 'W', {.gps_back = true}},
        {"LAS-gps-nan", 'W', {.gps_nan = true}},
        {"LAS-gps-encoding", 'W', {.late = true, .weekly = true}},
        {"LAS-return-number", 'W', {.return_zero = true}},
        {"LAS-return-counts", 'E', {.return_zero = true}},
        {"LAS-evlr-end", 'W', {.tail_bytes = 1}},
        {"T1", 'E', {.temporal_vlr = true}},
        {"T1", 'E', {.temporal = true, .two_temporals = true}},
        {"T2", 'E', {.temporal = true, .gps_back = true}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file file = file_make(&cases[i].recipe);
        (void)judge(file.bytes, file.byte_count, 2, false, &heard);
        if (!has(&heard, cases[i].severity, cases[i].rule))
            fail_msg("case %zu: no %c %s in:\n%s", i, cases[i].severity, cases[i].rule, heard.text);
        free(file.bytes);
    }
}

/* Times beyond a week in a file that says adjusted standard time, and times within one that says seconds of the week. */
static void times_go_with_their_bit(void **state)
{
    (void)state;
    static struct heard heard;
    const struct recipe recipes[2] = {{.late = true}, {.weekly = true}};
    for (unsigned i = 0; i < 2; i++) {
        struct file file = file_make(&recipes[i]);
        (void)judge(file.bytes, file.byte_count, 2, false, &heard);
        assert_false(has(&heard, 'W', "LAS-gps-encoding"));
        free(file.bytes);
    }
}

/* Without its COPC records it is a LAZ file like others. */
static void plain_laz_is_judged(void **state)
{
    (void)state;
    static struct heard heard;
    for (unsigned i = 0; i < 3; i++) {
        const struct recipe recipe = {.gap_bytes = i == 1, .no_wkt = i == 2};
        struct file file = file_make(&recipe);
        file.bytes[file.places[INFO_VLR] + 2] = 'k';
        file.bytes[file.places[EVLR] + 2] = 'k';
        struct scree_validate_report report = judge(file.bytes, file.byte_count, 1, false, &heard);
        assert_true(report.is_laz && !report.is_copc);
        assert_int_equal(report.error_count, i == 1);
        assert_true(has(&heard, 'E', "LAZ-chunks") == (i == 1));
        assert_true(has(&heard, 'W', "LAS-wkt") == (i == 2));
        free(file.bytes);
    }
}

/* Pages that are larger than is good for them; what is in them does not matter here. */
static void large_temporal_pages_are_found(void **state)
{
    (void)state;
    static struct heard heard;
    static const struct {
        const char *rule;
        struct patch bytes;
    } cases[] = {{"T9", AT(TEMPORAL, 24, 4, 16384 + 300)},
                 {"T13", AT(POINTER, 28, 4, 262144 + 100)}};
    for (unsigned i = 0; i < 2; i++) {
        const struct recipe recipe = {.temporal = true, .tail_bytes = 300000};
        const struct patch length = AT(TEMPORAL, -40, 8, 32 + 180 + 64 + 300000);
        struct file file = file_make(&recipe);
        apply(&file, &length);
        (void)judge(file.bytes, file.byte_count, 1, false, &heard);
        assert_false(has(&heard, 'W', cases[i].rule));
        assert_true(has(&heard, 'W', "T19"));
        apply(&file, &cases[i].bytes);
        (void)judge(file.bytes, file.byte_count, 1, false, &heard);
        if (!has(&heard, 'W', cases[i].rule))
            fail_msg("no %s in:\n%s", cases[i].rule, heard.text);
        free(file.bytes);
    }
}

static void temporal_defects_are_found(void **state)
{
    (void)state;
    static struct heard heard;
    static const struct planted cases[] = {
        {"T3", 'E', {AT(TEMPORAL, 0, 4, 2)}},
        {"T3", 'E', {AT(TEMPORAL, 4, 4, 0)}},
        {"T3", 'E', {AT(TEMPORAL, 12, 4, 3)}},
        {"T3", 'E', {AT(TEMPORAL, 28, 4, 1)}},
        {"T6", 'E', {AT(TIMES, 16, 4, 999)}},
        {"T8", 'E', {AT(TIMES_BELOW, 4, 4, 1)}},
        {"T8", 'E', {AT(POINTER, 0, 4, 9)}},
        {"T8", 'E', {AT(POINTER, 4, 4, -1)}},
        {"T10", 'E', {AT(TEMPORAL, 16, 8, 375)}},
        {"T10", 'E', {AT(TEMPORAL, 24, 4, 99999)}},
        {"T10", 'E', {AT(TEMPORAL, 8, 4, 6)}},
        {"T10", 'E', {AT(TIMES, 4, 4, 1)}},
        {"T10", 'E', {AT(POINTER, 28, 4, 28)}}, /* without node 4 */
        {"T10", 'E', {AT(POINTER, 20, 8, -1)}},
        {"T10", 'E', {AT(TIMES_BELOW, 0, 4, 0)}}, /* the root node twice */
        {"T11", 'W', {AT(TIMES, 0, 4, 9)}},
        {"T12", 'E', {F64(POINTER, 32, 109.5)}},
        {"T12", 'E', {F64(POINTER, 40, 110)}},
        {"T12", 'W', {F64(POINTER, 32, 108)}},
        {"T12", 'W', {F64(POINTER, 40, NAN)}},
        {"T14", 'E', {AT(TEMPORAL, 4, 4, 3)}},
        {"T14", 'E', {F64(TIMES, 20, 1e9)}},
        {"T14", 'E', {F64(TIMES, 20, NAN)}}, /* a number after none */
        {"T15", 'E', {F64(TIMES, 20, 99)}},
        {"T15", 'E', {F64(TIMES, 44, NAN)}},
        {"T15", 'E', {F64(TIMES_BELOW, 28, 110.5)}},
    };
    const struct recipe recipe = {.temporal = true};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file file = file_make(&recipe);
        apply(&file, &cases[i].patches[0]);
        (void)judge(file.bytes, file.byte_count, 1, false, &heard);
        if (!has(&heard, cases[i].severity, cases[i].rule))
            fail_msg("case %zu: no %c %s in:\n%s", i, cases[i].severity, cases[i].rule, heard.text);
        (void)judge(file.bytes, file.byte_count, 3, true, &heard);
        if (i < 21 && !has(&heard, cases[i].severity, cases[i].rule))
            fail_msg("case %zu, shallow: no %c %s in:\n%s", i, cases[i].severity, cases[i].rule,
                     heard.text);
        free(file.bytes);
    }
}

/* Ten are said, the rest is counted. */
static void repeated_findings_are_counted(void **state)
{
    (void)state;
    static struct heard heard;
    const struct recipe recipe = {.empty_nodes = 133};
    struct file file = file_make(&recipe);
    struct scree_validate_report report = judge(file.bytes, file.byte_count, 1, false, &heard);
    assert_non_null(strstr(heard.text, "W R4 ... and 123 more\n"));
    assert_non_null(strstr(heard.text, "E R3 ... and 123 more\n"));
    assert_int_equal(report.warning_count, 133);
    assert_int_equal(report.error_count, 133);
    free(file.bytes);
}

/* Cut anywhere, and with every byte of header, VLRs and hierarchy turned over: no crash, and no
 * call fails. */
static void damage_anywhere_is_survived(void **state)
{
    (void)state;
    static struct heard heard;
    const struct recipe recipe = {.temporal = true};
    struct file file = file_make(&recipe);
    for (size_t count = 0; count < file.byte_count; count += count < 600 ? 1 : 7)
        (void)judge(file.bytes, count, 1, false, &heard);
    for (size_t i = 0; i < file.byte_count; i++) {
        if (i > file.places[POINTS] + 8 && i < file.places[TABLE])
            continue;
        file.bytes[i] ^= 0xFF;
        (void)judge(file.bytes, file.byte_count, 1, i % 2 == 0, &heard);
        file.bytes[i] ^= 0xFF;
    }
    free(file.bytes);
}

/* LAS 1.2, format 0, three points. */
static void plain_las_is_judged(void **state)
{
    (void)state;
    static struct heard heard;
    uint8_t las[227 + 60 + 1] = {0};
    memcpy(las, "LASF", 4);
    las[24] = 1;
    las[25] = 2;
    scree__base_store16(las + 94, 227);
    scree__base_store32(las + 96, 227);
    scree__base_store16(las + 105, 20);
    scree__base_store32(las + 107, 3);
    scree__base_store32(las + 111, 3);
    for (unsigned i = 0; i < 3; i++) {
        scree__base_store_f64(las + 131 + 8 * i, 1);
        scree__base_store_f64(las + 179 + 16 * i, 2);
        scree__base_store32(las + 227 + 20 * i, i);
        scree__base_store32(las + 231 + 20 * i, i);
        scree__base_store32(las + 235 + 20 * i, i);
        las[227 + 20 * i + 14] = 0x09;
    }
    struct scree_validate_report report = judge(las, 287, 1, false, &heard);
    assert_string_equal(heard.text, "");
    assert_int_equal(report.points_checked, 3);
    assert_false(report.is_copc || report.is_laz);
    (void)judge(las, 286, 1, false, &heard);
    assert_true(has(&heard, 'E', "LAS-point-count"));
    (void)judge(las, 288, 1, false, &heard);
    assert_true(has(&heard, 'W', "LAS-trailing"));
    scree__base_store_f64(las + 179, 1.5);
    (void)judge(las, 287, 1, false, &heard);
    assert_string_equal(heard.text, ""); /* within one scale unit */
    scree__base_store_f64(las + 179, 0.5);
    (void)judge(las, 287, 1, false, &heard);
    assert_true(has(&heard, 'E', "LAS-bounds-points"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_file_has_no_finding),
        cmocka_unit_test(each_patch_is_found),
        cmocka_unit_test(plain_laz_is_judged),
        cmocka_unit_test(large_temporal_pages_are_found),
        cmocka_unit_test(each_recipe_is_found),
        cmocka_unit_test(times_go_with_their_bit),
        cmocka_unit_test(temporal_defects_are_found),
        cmocka_unit_test(repeated_findings_are_counted),
        cmocka_unit_test(damage_anywhere_is_survived),
        cmocka_unit_test(plain_las_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
