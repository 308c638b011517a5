/* enrich_made.c - enrichment of files with made-up values. */
#include "context.h"
#include "enrich_made.h"
#include "base/bytes.h"
#include "enrich/rows.h"
#include "io/sink.h"
#include "par/context.h"
#include "temporary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

float made_value(uint32_t seed, uint64_t point, uint32_t field)
{
    uint64_t h = (point * 31 + field + 1) * 0x9E3779B97F4A7C15u + seed;
    h ^= h >> 29;
    if (h % 97 == 0)
        return SCREE_FEATURE_NO_DATA;
    return (float)(h >> 20 & 0xFFFF) / 65535.0F;
}

static enum scree_status values(void *user, uint64_t first, uint32_t count, float *out,
                                struct scree_error *err)
{
    const struct made_change *made = user;
    (void)err;
    uint32_t seed;
    memcpy(&seed, made->parameters + sizeof made->parameters - sizeof seed, sizeof seed);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t f = 0; f < made->change.field_count; f++)
            *out++ = made_value(seed, first + i, made->fields[f].feature);
    return SCREE_OK;
}

void made_change(struct made_change *made, uint64_t features, bool compact, bool ign_names,
                 uint32_t seed)
{
    const struct scree__enrich_terms terms = {.k = 20, .ground = "TIN", .unit = "m"};
    memset(made, 0, sizeof *made);
    made->change.field_count =
        scree__enrich_fields_make(features, compact, ign_names, &terms, made->fields);
    made->change.fields = made->fields;
    made->change.user = made;
    made->change.values = values;
    memcpy(made->parameters + sizeof made->parameters - sizeof seed, &seed, sizeof seed);
    if (features == 0)
        return;
    size_t used = (size_t)snprintf(made->parameters, sizeof made->parameters,
                                   "{\"scree\":\"test %u\",\"dimensions\":[", seed);
    for (uint32_t i = 0; i < made->change.field_count; i++)
        used += (size_t)snprintf(made->parameters + used, sizeof made->parameters - used,
                                 "%s{\"name\":\"%s\"}", i > 0 ? "," : "", made->fields[i].name);
    snprintf(made->parameters + used, sizeof made->parameters - used, "]}");
    made->change.parameters = made->parameters;
}

enum scree_status made_rewrite(const struct las_bytes *file, struct made_change *made,
                               struct made_run run, struct las_bytes *out, struct scree_error *err)
{
    struct scree_context *context = context_with(run.threads, run.memory_bytes);
    struct scree_source *source;
    struct scree_las_reader *reader = NULL;
    struct scree_sink *sink = NULL;
    struct scree__enrich_rewritten rewritten = {0};
    memset(out, 0, sizeof *out);
    *err = (struct scree_error)SCREE_ERROR_INIT;
    assert_int_equal(scree_source_open_memory(file->bytes, file->count, "made", &source, NULL),
                     SCREE_OK);
    enum scree_status status = scree_las_open(source, context, &reader, err);
    if (status == SCREE_OK)
        status = scree__io_sink_open_scratch(temporary_base(), "made.las", &sink, err);
    if (status == SCREE_OK)
        status = scree__enrich_rewrite(context, reader, &made->change, sink, &rewritten, err);
    if (status == SCREE_OK) {
        assert_int_equal(rewritten.point_count, scree_las_header(reader)->point_count);
        status = scree_sink_commit(sink, err);
    }
    if (status == SCREE_OK) {
        out->count = rewritten.output_bytes;
        out->bytes = malloc(out->count);
        assert_int_equal(pread(scree__io_sink_descriptor(sink), out->bytes, out->count, 0),
                         out->count);
    }
    scree_sink_close(sink);
    scree_las_close(reader);
    scree_source_close(source);
    assert_int_equal(scree__mem_budget_used(scree__par_budget(context)), 0);
    scree_context_free(context);
    return status;
}

struct las_bytes made_rewrite_well(const struct las_bytes *file, struct made_change *made)
{
    struct las_bytes out;
    struct scree_error err;
    if (made_rewrite(file, made, (struct made_run){2, (uint64_t)256 << 20}, &out, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return out;
}

uint8_t *made_records(const struct las_bytes *file, uint64_t *count, uint32_t *record_bytes)
{
    struct las_outcome outcome = las_read_bytes(file, 0, 4096);
    if (outcome.status != SCREE_OK)
        fail_msg("%s", outcome.err.message);
    *count = outcome.point_count;
    *record_bytes = outcome.record_bytes;
    uint8_t *records = outcome.records;
    outcome.records = NULL;
    las_outcome_free(&outcome);
    return records;
}

/* -------------------------------------------------------------------------------------- comparison */

void made_check_comes_back(const struct las_bytes *out, const struct las_bytes *file)
{
    struct made_change strip;
    made_change(&strip, 0, false, false, 0);
    struct las_bytes bare = made_rewrite_well(out, &strip);
    assert_int_equal(bare.count, file->count);
    assert_memory_equal(bare.bytes, file->bytes, file->count);
    las_bytes_free(&bare);
}

struct opened {
    struct scree_source *source;
    struct scree_las_reader *reader;
};

static void open_file(const struct las_bytes *file, struct opened *opened)
{
    assert_int_equal(
        scree_source_open_memory(file->bytes, file->count, "made", &opened->source, NULL),
        SCREE_OK);
    struct scree_error err = SCREE_ERROR_INIT;
    if (scree_las_open(opened->source, NULL, &opened->reader, &err) != SCREE_OK)
        fail_msg("%s", err.message);
}

static void close_file(struct opened *opened)
{
    scree_las_close(opened->reader);
    scree_source_close(opened->source);
}

static bool differs_by_place(const struct scree_las_vlr *vlr)
{
    return strcmp(vlr->user_id, "laszip encoded") == 0 || strcmp(vlr->user_id, "copc") == 0 ||
           strcmp(vlr->user_id, "copc_temporal") == 0;
}

static void check_vlrs(const struct las_bytes *a, const struct opened *x, const struct las_bytes *b,
                       const struct opened *y, const char *name)
{
    const uint64_t count = scree_las_vlr_count(x->reader);
    if (count != scree_las_vlr_count(y->reader))
        fail_msg("%s: %d records, then %d", name, (int)count, (int)scree_las_vlr_count(y->reader));
    for (uint64_t i = 0; i < count; i++) {
        const struct scree_las_vlr *v = scree_las_vlr(x->reader, i);
        const struct scree_las_vlr *w = scree_las_vlr(y->reader, i);
        const size_t head = v->extended ? 60 : 54;
        assert_int_equal(v->extended, w->extended);
        assert_string_equal(v->user_id, w->user_id);
        assert_int_equal(v->record_id, w->record_id);
        if (differs_by_place(v))
            continue;
        assert_int_equal(v->payload_bytes, w->payload_bytes);
        if (memcmp(a->bytes + v->payload_offset - head, b->bytes + w->payload_offset - head,
                   head + v->payload_bytes) != 0)
            fail_msg("%s: record %s/%u differs", name, v->user_id, v->record_id);
    }
}

void made_check_same(const struct las_bytes *a, const struct las_bytes *b, const char *name)
{
    struct opened x, y;
    uint64_t counts[2];
    uint32_t bytes[2];
    open_file(a, &x);
    open_file(b, &y);
    const struct scree_las_header *h = scree_las_header(x.reader);
    uint8_t *heads[2] = {malloc(h->header_bytes), malloc(h->header_bytes)};
    memcpy(heads[0], a->bytes, h->header_bytes);
    memcpy(heads[1], b->bytes, h->header_bytes);
    for (int i = 0; i < 2; i++) {
        memset(heads[i] + 96, 0, 4);
        if (h->version_minor >= 3)
            memset(heads[i] + 227, 0, 8);
        if (h->version_minor >= 4)
            memset(heads[i] + 235, 0, 8);
    }
    for (size_t i = 0; i < h->header_bytes; i++)
        if (heads[0][i] != heads[1][i])
            fail_msg("%s: header byte %zu is %d, then %d", name, i, heads[0][i], heads[1][i]);
    check_vlrs(a, &x, b, &y, name);
    uint8_t *p = made_records(a, &counts[0], &bytes[0]);
    uint8_t *q = made_records(b, &counts[1], &bytes[1]);
    assert_int_equal(counts[0], counts[1]);
    assert_int_equal(bytes[0], bytes[1]);
    if (counts[0] > 0 && memcmp(p, q, counts[0] * bytes[0]) != 0)
        fail_msg("%s: records differ", name);
    free(p);
    free(q);
    free(heads[0]);
    free(heads[1]);
    close_file(&x);
    close_file(&y);
}

static void check_identical(const struct las_bytes *a, const struct las_bytes *b, const char *name)
{
    if (a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0)
        return;
    size_t at = 0;
    while (at < a->count && at < b->count && a->bytes[at] == b->bytes[at])
        at++;
    fail_msg("%s: %zu and %zu bytes, first difference at %zu", name, a->count, b->count, at);
}

/* Records: the original's bytes, then the values. */
static void check_values(const struct las_bytes *file, const struct las_bytes *enriched,
                         const struct made_change *made, uint32_t seed, const char *name)
{
    uint64_t count, then;
    uint32_t bytes, wide;
    uint8_t *records = made_records(file, &count, &bytes);
    uint8_t *wider = made_records(enriched, &then, &wide);
    assert_int_equal(count, then);
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *at = wider + i * wide;
        if (memcmp(records + i * bytes, at, bytes) != 0)
            fail_msg("%s: point %d: the original's bytes differ", name, (int)i);
        at += bytes;
        for (uint32_t f = 0; f < made->change.field_count; f++) {
            uint8_t expected[8];
            const struct scree__enrich_field *field = &made->fields[f];
            const float value = made_value(seed, i, field->feature);
            scree__enrich_store(field->feature, field->compact, &value, 1, 1, expected, 0);
            if (memcmp(at, expected, field->bytes) != 0)
                fail_msg("%s: point %d: %s differs", name, (int)i, field->name);
            at += field->bytes;
        }
        assert_ptr_equal(at, wider + (i + 1) * wide);
    }
    free(records);
    free(wider);
}

static struct las_bytes rewrite_by(const struct las_bytes *file, struct made_change *made,
                                   struct made_run run, const char *name)
{
    struct las_bytes out;
    struct scree_error err;
    if (made_rewrite(file, made, run, &out, &err) != SCREE_OK)
        fail_msg("%s: %s", name, err.message);
    return out;
}

void made_check_all(const struct las_bytes *file, const char *name, struct made_run run)
{
    const uint64_t some = SCREE_FEATURE_BIT(SCREE_FEATURE_NORMAL_Z) |
                          SCREE_FEATURE_BIT(SCREE_FEATURE_PLANARITY) |
                          SCREE_FEATURE_BIT(SCREE_FEATURE_HEIGHT_ABOVE_GROUND) |
                          SCREE_FEATURE_BIT(SCREE_FEATURE_WALL_SCORE);
    const uint64_t other = scree_enrich_mode_features(SCREE_ENRICH_BUILDING);
    struct made_change first, second, strip;
    made_change(&first, some, false, false, 1);
    made_change(&second, other, true, true, 2);
    made_change(&strip, 0, false, false, 0);
    struct las_bytes a = rewrite_by(file, &first, run, name);
    check_values(file, &a, &first, 1, name);
    struct las_bytes again = rewrite_by(&a, &first, run, name);
    check_identical(&a, &again, name);
    struct las_bytes b = rewrite_by(&a, &second, run, name);
    struct las_bytes direct = rewrite_by(file, &second, run, name);
    check_values(file, &b, &second, 2, name);
    check_identical(&b, &direct, name);
    struct las_bytes bare = rewrite_by(&b, &strip, run, name);
    made_check_same(file, &bare, name);
    struct las_bytes twice = rewrite_by(&bare, &second, run, name);
    check_identical(&b, &twice, name);
    las_bytes_free(&a);
    las_bytes_free(&again);
    las_bytes_free(&b);
    las_bytes_free(&direct);
    las_bytes_free(&bare);
    las_bytes_free(&twice);
}
