/*
 * fuzz_laz_records.c - any records through the encoder and back: the same bytes at every level, the
 * same records, all bytes used up, fields as asked for.
 */
#include "laz_case.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Each point is the one before with a change that the input describes, so that smooth and wild data
 * are both short to write:
 *     op & 3     0 the same, 1 a byte is added to, 2 some bytes are replaced, 3 all bytes are
 *     op >> 2    this many more points are made by the same change (0, 1) or by none (2, 3)
 */
struct script {
    const uint8_t *at, *end;
};

static uint8_t take(struct script *script)
{
    return script->at < script->end ? *script->at++ : 0;
}

static void change(uint8_t *record, size_t record_bytes, unsigned op, struct script *script)
{
    size_t at = take(script) % record_bytes, count = record_bytes - at;
    if (op == 2) {
        size_t wanted = 1 + take(script) % 16u;
        count = wanted < count ? wanted : count;
    } else {
        at = 0;
        count = record_bytes;
    }
    for (size_t i = 0; i < count; i++)
        record[at + i] = take(script);
}

static void make_records(const struct laz_case *fuzz, uint8_t *records)
{
    struct script script = {fuzz->rest, fuzz->rest + fuzz->rest_bytes};
    size_t bytes = fuzz->layout.record_bytes, i = 0;
    memset(records, 0, bytes);
    while (i < fuzz->point_count) {
        uint8_t *record = records + i * bytes;
        unsigned op = take(&script), runs = 1 + (op >> 2);
        if (i > 0)
            memcpy(record, record - bytes, bytes);
        size_t at = 0;
        uint8_t step = 0;
        if ((op & 3) == 1) {
            at = take(&script) % bytes;
            step = take(&script);
        } else if ((op & 3) >= 2) {
            change(record, bytes, op & 3, &script);
        }
        for (unsigned run = 0; run < runs && i < fuzz->point_count; run++, i++, record += bytes) {
            if (run > 0)
                memcpy(record, record - bytes, bytes);
            record[at] = (uint8_t)(record[at] + step);
        }
    }
}

static void check_decoded(const struct laz_case *fuzz, enum scree__simd_level level,
                          uint32_t fields, size_t step, const uint8_t *chunk, size_t chunk_bytes,
                          const uint8_t *expected, uint8_t *work)
{
    size_t bytes = fuzz->point_count * fuzz->layout.record_bytes;
    memset(work, 0xEE, bytes);
    struct laz_outcome outcome =
        laz_case_decode(fuzz, level, fields, step, chunk, chunk_bytes, work);
    REQUIRE(outcome.status == SCREE_OK && outcome.consumed == chunk_bytes);
    REQUIRE(outcome.done == fuzz->point_count);
    REQUIRE(memcmp(work, expected, bytes) == 0);
}

static void check_size(const struct laz_case *fuzz, const uint8_t *chunk, size_t chunk_bytes)
{
    uint64_t told_bytes;
    uint32_t told_points;
    if (fuzz->layout.compressor != SCREE_LAZ_LAYERED)
        return;
    REQUIRE(scree_laz_layered_chunk_size(&fuzz->layout, chunk,
                                         scree_laz_layered_fixed_bytes(&fuzz->layout), &told_bytes,
                                         &told_points, NULL) == SCREE_OK);
    REQUIRE(told_bytes == chunk_bytes && told_points == fuzz->point_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct laz_case fuzz;
    size_t chunk_bytes;
    if (!laz_case_read(&fuzz, data, size))
        return 0;
    size_t bytes = fuzz.point_count * fuzz.layout.record_bytes;
    uint8_t *records = laz_case_memory(bytes), *work = laz_case_memory(bytes);
    make_records(&fuzz, records);
    uint8_t *made = laz_case_encode(&fuzz, records, &chunk_bytes);
    uint8_t *chunk =
        laz_case_memory(chunk_bytes); /* exactly as long, so that a read past it shows */
    memcpy(chunk, made, chunk_bytes);
    free(made);
    check_size(&fuzz, chunk, chunk_bytes);
    unsigned levels = laz_case_levels();
    for (unsigned level = 0; level < levels; level++)
        check_decoded(&fuzz, (enum scree__simd_level)level, SCREE_LAZ_FIELD_ALL,
                      level == 0 ? 0 : fuzz.step, chunk, chunk_bytes, records, work);
    laz_case_mask(&fuzz, fuzz.fields, records);
    check_decoded(&fuzz, SCREE__SIMD_BEST, fuzz.fields, fuzz.step, chunk, chunk_bytes, records,
                  work);
    free(chunk);
    free(records);
    free(work);
    return 0;
}
