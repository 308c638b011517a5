/*
 * fuzz_laz_chunk.c - any bytes as a chunk of any layout. Every level of instructions ends in the
 * same way after the same points; chosen fields are those of the whole records; two chunks at once,
 * of which the other one has a byte changed, end as each of them alone; and what decodes comes back
 * from encoding it.
 */
#include "laz_case.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_levels(const struct laz_case *fuzz, const struct laz_outcome *plain,
                         const uint8_t *records, uint8_t *work)
{
    size_t bytes = fuzz->point_count * fuzz->layout.record_bytes;
    unsigned levels = laz_case_levels();
    for (unsigned level = 1; level < levels; level++) {
        memset(work, 0, bytes);
        struct laz_outcome other =
            laz_case_decode(fuzz, (enum scree__simd_level)level, SCREE_LAZ_FIELD_ALL, fuzz->step,
                            fuzz->rest, fuzz->rest_bytes, work);
        REQUIRE(other.status == plain->status && other.done == plain->done &&
                other.consumed == plain->consumed);
        REQUIRE(strcmp(other.err.message, plain->err.message) == 0);
        REQUIRE(memcmp(work, records, bytes) == 0);
    }
}

/* One call instead of several: the same end and, where it is a good one, the same points. */
static void check_split(const struct laz_case *fuzz, const struct laz_outcome *plain,
                        const uint8_t *records, uint8_t *work)
{
    struct laz_outcome other = laz_case_decode(fuzz, SCREE__SIMD_BEST, SCREE_LAZ_FIELD_ALL, 0,
                                               fuzz->rest, fuzz->rest_bytes, work);
    REQUIRE(other.status == plain->status && other.consumed == plain->consumed);
    if (plain->status == SCREE_OK)
        REQUIRE(memcmp(work, records, fuzz->point_count * fuzz->layout.record_bytes) == 0);
    else if (fuzz->layout.compressor != SCREE_LAZ_LAYERED)
        REQUIRE(other.done == plain->done);
    uint64_t both = other.done < plain->done ? other.done : plain->done;
    REQUIRE(memcmp(work, records, (size_t)both * fuzz->layout.record_bytes) == 0);
}

static void check_fields(const struct laz_case *fuzz, const struct laz_outcome *plain,
                         const uint8_t *records, uint8_t *work, uint8_t *expected)
{
    size_t bytes = fuzz->point_count * fuzz->layout.record_bytes;
    memset(work, 0xEE, bytes);
    struct laz_outcome masked = laz_case_decode(fuzz, SCREE__SIMD_BEST, fuzz->fields, fuzz->step,
                                                fuzz->rest, fuzz->rest_bytes, work);
    if (plain->status != SCREE_OK)
        return; /* the fault may lie in a layer that is left out */
    REQUIRE(masked.status == SCREE_OK && masked.consumed == plain->consumed);
    memcpy(expected, records, bytes);
    laz_case_mask(fuzz, fuzz->fields, expected);
    REQUIRE(memcmp(work, expected, bytes) == 0);
}

/* A chunk that is decoded beside another. */
struct side {
    uint8_t *chunk, *records, *expected;
    struct laz_outcome alone;
    struct scree_error err;
};

/* `change` is laid over one byte of the chunk, if it has any. */
static void side_begin(struct side *side, const struct laz_case *fuzz, enum laz_case_use use,
                       uint8_t change, struct scree_laz_part *part)
{
    size_t bytes = fuzz->point_count * fuzz->layout.record_bytes;
    size_t state_bytes = scree_laz_decoder_bytes(&fuzz->layout);
    memset(side, 0, sizeof *side);
    side->chunk = laz_case_memory(fuzz->rest_bytes);
    memcpy(side->chunk, fuzz->rest, fuzz->rest_bytes);
    if (fuzz->rest_bytes > 0)
        side->chunk[fuzz->fields % fuzz->rest_bytes] ^= change;
    side->records = laz_case_memory(bytes);
    side->expected = laz_case_memory(bytes);
    memset(side->records, 0, bytes);
    memset(side->expected, 0, bytes);
    side->alone = laz_case_decode(fuzz, SCREE__SIMD_BEST, fuzz->fields, 0, side->chunk,
                                  fuzz->rest_bytes, side->expected);
    REQUIRE(scree_laz_decoder_init(laz_case_state(use, state_bytes), state_bytes, &fuzz->layout,
                                   fuzz->fields, &part->decoder, NULL) == SCREE_OK);
    part->status = scree_laz_decoder_begin(part->decoder, side->chunk, fuzz->rest_bytes,
                                           fuzz->point_count, &side->err);
    part->records = side->records;
    part->stride_bytes = fuzz->layout.record_bytes;
    part->count = fuzz->point_count;
    part->err = &side->err;
}

static void side_end(struct side *side, const struct laz_case *fuzz,
                     const struct scree_laz_part *part)
{
    enum scree_status status = part->status;
    size_t consumed = 0;
    if (status == SCREE_OK)
        status = scree_laz_decoder_end(part->decoder, &consumed, &side->err);
    REQUIRE(status == side->alone.status && consumed == side->alone.consumed);
    REQUIRE(strcmp(side->err.message, side->alone.err.message) == 0);
    REQUIRE(scree_laz_decoder_done(part->decoder) == side->alone.done);
    REQUIRE(memcmp(side->records, side->expected,
                   (size_t)side->alone.done * fuzz->layout.record_bytes) == 0);
}

static void check_two(const struct laz_case *fuzz)
{
    struct side sides[2];
    struct scree_laz_part parts[2];
    side_begin(&sides[0], fuzz, LAZ_CASE_LEFT, 0, &parts[0]);
    side_begin(&sides[1], fuzz, LAZ_CASE_RIGHT, (uint8_t)(fuzz->fields >> 5 | 1), &parts[1]);
    if (parts[0].status == SCREE_OK && parts[1].status == SCREE_OK) {
        scree_laz_decoder_next_two(parts);
        side_end(&sides[0], fuzz, &parts[0]);
        side_end(&sides[1], fuzz, &parts[1]);
    }
    for (unsigned i = 0; i < 2; i++) {
        free(sides[i].chunk);
        free(sides[i].records);
        free(sides[i].expected);
    }
}

static void check_encoded(const struct laz_case *fuzz, const uint8_t *records, uint8_t *work)
{
    size_t chunk_bytes;
    uint8_t *chunk = laz_case_encode(fuzz, records, &chunk_bytes);
    struct laz_outcome again = laz_case_decode(fuzz, SCREE__SIMD_BEST, SCREE_LAZ_FIELD_ALL,
                                               fuzz->step, chunk, chunk_bytes, work);
    REQUIRE(again.status == SCREE_OK && again.consumed == chunk_bytes);
    REQUIRE(memcmp(work, records, fuzz->point_count * fuzz->layout.record_bytes) == 0);
    free(chunk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct laz_case fuzz;
    if (!laz_case_read(&fuzz, data, size))
        return 0;
    size_t bytes = fuzz.point_count * fuzz.layout.record_bytes;
    uint8_t *records = laz_case_memory(bytes), *work = laz_case_memory(bytes);
    uint8_t *expected = laz_case_memory(bytes);
    memset(records, 0, bytes);
    struct laz_outcome plain = laz_case_decode(&fuzz, SCREE__SIMD_PLAIN, SCREE_LAZ_FIELD_ALL,
                                               fuzz.step, fuzz.rest, fuzz.rest_bytes, records);
    check_levels(&fuzz, &plain, records, work);
    check_split(&fuzz, &plain, records, work);
    check_fields(&fuzz, &plain, records, work, expected);
    check_two(&fuzz);
    if (plain.status == SCREE_OK)
        check_encoded(&fuzz, records, work);
    free(records);
    free(work);
    free(expected);
    return 0;
}
