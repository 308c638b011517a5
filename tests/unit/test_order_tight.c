/* test_order_tight.c - the Morton order without room to sort in: in place, and the same. */
#include "context.h"
#include "base/bytes.h"
#include "copc/order_cell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORD_BYTES 30u
#define COUNT 200000u

static uint8_t *records;

/* Coordinates below `side`, `times` different GPS times. */
static void make_records(uint32_t side, uint32_t times, uint32_t outlier)
{
    uint64_t state = side;
    for (uint32_t i = 0; i < COUNT; i++) {
        uint8_t *record = records + (size_t)i * RECORD_BYTES;
        memset(record, 0, RECORD_BYTES);
        for (int a = 0; a < 3; a++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            scree__base_store32(record + 4 * a, (uint32_t)(state >> 33) % side);
        }
        scree__base_store_f64(record + 22, (double)(state >> 40 & 0xFFFFF) / 7 * (times > 1));
        record[12] = (uint8_t)i;
    }
    scree__base_store32(records, outlier);
}

static void order_with(uint64_t memory_bytes, unsigned threads, unsigned depth, uint32_t side,
                       uint32_t outlier, uint64_t *order, uint8_t *prefix)
{
    struct scree_context *context;
    struct scree__copc_points points = {records, scree__copc_form_out(RECORD_BYTES), COUNT};
    struct scree__copc_cube cube;
    struct scree__copc_grid grid = {{0.001, 0.001, 0.001}, {0, 0, 0}};
    int32_t min[3] = {0, 0, 0}, max[3];
    struct scree_error err = SCREE_ERROR_INIT;
    for (int a = 0; a < 3; a++)
        max[a] = (int32_t)(outlier > side ? outlier : side);
    scree__copc_cube_init(&cube, &grid, min, max, depth);
    context = context_with(threads, memory_bytes);
    if (scree__copc_order(context, &points, &cube, 0, order, prefix, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    assert_true(scree_context_peak_bytes(context) <= memory_bytes);
    scree_context_free(context);
}

/* Points anywhere, points in one cell, and points at one position, of which some have the same time. */
static void order_does_not_depend_on_memory(void **state)
{
    (void)state;
    static const struct {
        uint32_t side, times, outlier;
    } cases[] = {{1000000, 2, 0}, {1, 2, 2000000000}, {1, 1, 0}, {40, 2, 2000000000}};
    uint64_t *order = malloc(2 * COUNT * sizeof *order);
    uint8_t *prefix = malloc(2 * (size_t)COUNT);
    records = malloc((size_t)COUNT * RECORD_BYTES);
    assert_true(order != NULL && prefix != NULL && records != NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t side = cases[i].side, outlier = cases[i].outlier;
        make_records(side, cases[i].times, outlier);
        order_with((uint64_t)1 << 30, 1, 10, side, outlier, order, prefix);
        for (unsigned threads = 1; threads <= 4; threads *= 4) {
            uint64_t fixed = scree__copc_order_bytes(0, threads) -
                             (uint64_t)threads * SCREE__COPC_CELL_SCRATCH *
                                 SCREE__COPC_PLACE_BYTES; /* its scratch, at the least */
            for (int some = 0; some < 2; some++) {
                order_with(fixed + some * SCREE__COPC_CELL_SCRATCH * SCREE__COPC_PLACE_BYTES,
                           threads, 10, side, outlier, order + COUNT, prefix + COUNT);
                assert_memory_equal(prefix, prefix + COUNT, COUNT);
                /* Equal records may stand for each other. */
                for (uint32_t k = 0; k < COUNT; k++)
                    assert_memory_equal(
                        records + (size_t)scree__copc_place_id(order[k]) * RECORD_BYTES,
                        records + (size_t)scree__copc_place_id(order[COUNT + k]) * RECORD_BYTES,
                        RECORD_BYTES);
            }
        }
    }
    free(records);
    free(prefix);
    free(order);
}

/* Points of one position and two times, with scratch and without: by time, then by their bytes. */
static void ties_need_no_scratch(void **state)
{
    enum { TIES = 3000 };
    struct scree__copc_points points = {records, scree__copc_form_out(RECORD_BYTES), TIES};
    struct scree__copc_cube cube;
    struct scree__copc_grid grid = {{0.001, 0.001, 0.001}, {0, 0, 0}};
    struct scree__mem_budget budgets[2];
    const int32_t min[3] = {0, 0, 0}, max[3] = {1, 1, 1};
    uint64_t order[TIES];
    uint8_t prefix[TIES];
    (void)state;
    points.records = records = malloc((size_t)TIES * RECORD_BYTES);
    assert_non_null(records);
    scree__copc_cube_init(&cube, &grid, min, max, 10);
    scree__mem_budget_init(&budgets[0], (uint64_t)1 << 20);
    scree__mem_budget_init(&budgets[1], 0);
    for (int b = 0; b < 2; b++) {
        struct scree__copc_cell_sorter sorter = {.budget = &budgets[b],
                                                 .points = &points,
                                                 .cube = &cube,
                                                 .order = order,
                                                 .prefix = prefix};
        for (uint32_t i = 0; i < TIES; i++) {
            uint8_t *record = records + (size_t)i * RECORD_BYTES;
            memset(record, 0, RECORD_BYTES);
            scree__base_store32(record + 12, i * 2654435761u);
            scree__base_store_f64(record + 22, i % 3 == 0);
            order[i] = scree__copc_place(0, i);
        }
        scree__copc_cell_sort(&sorter, 0, TIES, 0);
        for (uint32_t i = 1; i < TIES; i++) {
            const uint8_t *a = records + (size_t)scree__copc_place_id(order[i - 1]) * RECORD_BYTES;
            const uint8_t *next = records + (size_t)scree__copc_place_id(order[i]) * RECORD_BYTES;
            double time_a = scree__base_load_f64(a + 22), time_b = scree__base_load_f64(next + 22);
            assert_true(time_a < time_b || (time_a == time_b && memcmp(a, next, 16) < 0));
        }
        scree__copc_cell_release(&sorter);
        assert_int_equal(scree__mem_budget_used(&budgets[b]), 0);
    }
    free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(order_does_not_depend_on_memory),
                                       cmocka_unit_test(ties_need_no_scratch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
