/* test_enrich_places.c - clusters of disagreement and the widest gap in the ground, found in random rasters by slower ways. */
#include "enrich/report.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

enum { ACROSS = 37, DOWN = 23, CELLS = ACROSS * DOWN };

/* A raster of its own: in a thousand cells so many that disagree, and so many with ground. */
static void make_raster(struct scree__enrich_report *report, struct scree__enrich_map_cell *cells,
                        uint32_t wrong, uint32_t ground, uint32_t *state)
{
    memset(report, 0, sizeof *report);
    memset(cells, 0, CELLS * sizeof *cells);
    report->cells = cells;
    report->width = ACROSS;
    report->height = DOWN;
    report->cell_size = 0.5;
    report->origin[0] = 1000;
    report->origin[1] = -200;
    for (unsigned i = 0; i < CELLS; i++) {
        cells[i].points = next(state) % 3 * 10;
        cells[i].ground = next(state) % 1000 < ground;
        if (next(state) % 1000 < wrong) {
            cells[i].missed = next(state) % 50;
            cells[i].false_alarms = next(state) % 50;
            cells[i].found = next(state) % 60;
        }
    }
}

/* Clusters by another way: each cell takes the least number of those around it until nothing changes. */
static void label(const struct scree__enrich_map_cell *cells, uint32_t *labels)
{
    for (uint32_t i = 0; i < CELLS; i++) {
        const uint32_t wrong = cells[i].missed + cells[i].false_alarms;
        labels[i] = wrong >= 3 && wrong > cells[i].found ? i : UINT32_MAX;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < CELLS; i++)
            for (int j = 0; j < CELLS && labels[i] != UINT32_MAX; j++)
                if (labels[j] < labels[i] && abs(i % ACROSS - j % ACROSS) <= 1 &&
                    abs(i / ACROSS - j / ACROSS) <= 1) {
                    labels[i] = labels[j];
                    changed = true;
                }
    }
}

static void check_cluster(const struct scree__enrich_map_cell *cells, const uint32_t *labels,
                          uint32_t name, const struct scree_enrich_cluster *cluster)
{
    uint64_t missed = 0, wrong = 0;
    double sum[2] = {0, 0}, min[2] = {1e9, 1e9}, max[2] = {-1e9, -1e9};
    for (uint32_t i = 0; i < CELLS; i++) {
        if (labels[i] != name)
            continue;
        const double low[2] = {1000 + 0.5 * (i % ACROSS), -200 + 0.5 * (double)(i / ACROSS)};
        const uint64_t here = (uint64_t)cells[i].missed + cells[i].false_alarms;
        missed += cells[i].missed;
        wrong += here;
        for (int a = 0; a < 2; a++) {
            sum[a] += (double)here * (low[a] + 0.25);
            min[a] = low[a] < min[a] ? low[a] : min[a];
            max[a] = low[a] + 0.5 > max[a] ? low[a] + 0.5 : max[a];
        }
    }
    assert_int_equal(cluster->missed_count, missed);
    assert_int_equal(cluster->false_count, wrong - missed);
    assert_true(fabs(cluster->x - sum[0] / (double)wrong) < 1e-6);
    assert_true(fabs(cluster->y - sum[1] / (double)wrong) < 1e-6);
    for (int a = 0; a < 2; a++)
        assert_true(cluster->min[a] == min[a] && cluster->max[a] == max[a]);
}

static void check_clusters(const struct scree__enrich_map_cell *cells,
                           const struct scree_enrich_result *result)
{
    static uint32_t labels[CELLS];
    bool taken[CELLS] = {false};
    uint64_t counts[CELLS] = {0}, clusters = 0, wrong = 0;
    label(cells, labels);
    for (uint32_t i = 0; i < CELLS; i++) {
        if (labels[i] == UINT32_MAX)
            continue;
        counts[labels[i]] += (uint64_t)cells[i].missed + cells[i].false_alarms;
        wrong += (uint64_t)cells[i].missed + cells[i].false_alarms;
        clusters += labels[i] == i;
    }
    assert_int_equal(result->cluster_count, clusters);
    assert_int_equal(result->cluster_missed_count + result->cluster_false_count, wrong);
    assert_int_equal(result->largest_count, clusters < 10 ? clusters : 10);
    for (uint32_t n = 0; n < result->largest_count; n++) {
        uint32_t best = UINT32_MAX;
        for (uint32_t i = 0; i < CELLS; i++)
            if (labels[i] == i && !taken[i] && (best == UINT32_MAX || counts[i] > counts[best]))
                best = i;
        taken[best] = true;
        check_cluster(cells, labels, best, &result->largest[n]);
    }
}

static void check_gap(const struct scree__enrich_map_cell *cells,
                      const struct scree_enrich_result *result)
{
    double most = -1, at[2] = {0, 0};
    for (int i = 0; i < CELLS; i++) {
        double least = INFINITY;
        for (int j = 0; j < CELLS && cells[i].points > 0; j++)
            if (cells[j].ground)
                least = fmin(least, hypot(0.5 * (i % ACROSS - j % ACROSS),
                                          0.5 * (double)(i / ACROSS - j / ACROSS)));
        if (cells[i].points > 0 && isfinite(least) && least > most + 1e-9) {
            most = least;
            at[0] = 1000.25 + 0.5 * (i % ACROSS);
            at[1] = -199.75 + 0.5 * (double)(i / ACROSS);
        }
    }
    assert_int_equal(result->is_covered, most >= 0);
    if (most < 0)
        return;
    assert_true(fabs(result->gap_radius - most) < 1e-9);
    assert_true(result->gap_at[0] == at[0] && result->gap_at[1] == at[1]);
}

static void test_places(void **state)
{
    (void)state;
    static struct scree__enrich_map_cell cells[CELLS];
    static const uint32_t shares[] = {0, 1, 4, 30, 150, 400, 1000};
    uint32_t random = 5;
    for (unsigned w = 0; w < 7; w++)
        for (unsigned g = 0; g < 7; g++) {
            struct scree__enrich_report report;
            struct scree_enrich_result result = {.is_judged = true};
            make_raster(&report, cells, shares[w], shares[g], &random);
            assert_int_equal(scree__enrich_places_find(&report, &result, NULL), SCREE_OK);
            check_clusters(cells, &result);
            check_gap(cells, &result);
        }
}

/* Of each cell by itself: the distance to the ground. */
static void test_distances(void **state)
{
    (void)state;
    static struct scree__enrich_map_cell cells[CELLS];
    static const uint32_t shares[] = {1, 3, 10, 60};
    uint32_t random = 8;
    for (unsigned g = 0; g < 4; g++) {
        struct scree__enrich_report report;
        make_raster(&report, cells, 0, shares[g], &random);
        for (unsigned i = 0; i < CELLS; i++)
            cells[i].points = 0;
        for (unsigned i = 0; i < CELLS; i++) {
            struct scree_enrich_result result = {0};
            cells[i].points = 1;
            assert_int_equal(scree__enrich_places_find(&report, &result, NULL), SCREE_OK);
            check_gap(cells, &result);
            cells[i].points = 0;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places),
                                       cmocka_unit_test(test_distances)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
