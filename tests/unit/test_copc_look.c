/* test_copc_look.c - what is known of records once they have gone by: the variants against plain C. */
#include "base/bytes.h"
#include "copc/look.h"
#include "simd/level.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define COUNT_MAX 2100u
#define BYTES_MAX 61u

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 24;
}

/* Few values of the bytes that are counted in every second round, all of them else; extremes of every field at the first and the last record. */
static void make_records(uint64_t *random, uint8_t *records, uint64_t count, uint32_t bytes,
                         bool plenty)
{
    for (uint64_t i = 0; i < count * bytes; i++)
        records[i] = (uint8_t)next_random(random);
    for (uint64_t i = 0; i < count; i++) {
        uint8_t *record = records + i * bytes;
        if (plenty)
            continue;
        record[14] = (uint8_t)(1 + next_random(random) % 2);
        record[15] = (uint8_t)(next_random(random) % 3 == 0 ? 12 : 2);
        for (unsigned at = 20; at < bytes; at++)
            record[at] &= 1;
    }
    for (unsigned at = 0; at < bytes; at++) {
        uint64_t i = next_random(random) % 3 * (count - 1) / 2;
        records[i * bytes + at] = next_random(random) % 2 == 0 ? 0x7F : 0x80;
    }
}

static void variants_agree(void **state)
{
    (void)state;
    static uint8_t records[COUNT_MAX * BYTES_MAX];
    static const uint64_t counts[] = {1, 2, 511, 512, 513, 514, 515, 1003, 2048, COUNT_MAX};
    const struct scree__copc_form forms[] = {
        scree__copc_form_old(0),  scree__copc_form_old(1),        scree__copc_form_old(2),
        scree__copc_form_old(3),  scree__copc_form_out(30),       scree__copc_form_out(36),
        scree__copc_form_out(38), scree__copc_form_out(BYTES_MAX)};
    uint64_t random = 5;
    for (unsigned f = 0; f < sizeof forms / sizeof *forms; f++)
        for (unsigned c = 0; c < 2 * sizeof counts / sizeof *counts; c++) {
            struct scree_las_summary expected, summary;
            struct scree__las_map_stats expected_stats = {0}, stats = {0};
            uint64_t count = counts[c / 2];
            make_records(&random, records, count, forms[f].bytes, c % 2 != 0);
            scree_las_summary_init(&expected);
            scree_las_summary_add(&expected, forms[f].format, records, forms[f].bytes, 1);
            expected_stats.color_max = stats.color_max = (uint16_t)(c % 3 * 21000);
            summary = expected;
            scree__simd_force(SCREE__SIMD_PLAIN);
            scree__copc_look_choose()(&forms[f], records, count, &expected, &expected_stats);
            scree__simd_force(SCREE__SIMD_BEST);
            scree__copc_look_choose()(&forms[f], records, count, &summary, &stats);
            assert_int_equal(summary.point_count, count + 1);
            if (memcmp(&summary, &expected, sizeof summary) != 0 ||
                memcmp(&stats, &expected_stats, sizeof stats) != 0)
                fail_msg("form %u, %u records, round %u", f, (unsigned)count, c);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(variants_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
