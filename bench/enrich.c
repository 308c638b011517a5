/*
 * bench/enrich - what the features of a file cost, beside their parts.
 *
 *   bench_enrich [--repeat N] [--memory BYTES] [--threads N] [--scratch 1] [--mode core|building] [--k K] [--radius R]
 *                [--ground tin|nearest] [--kernel 0] FILE...
 *
 * For each file, in CPU seconds of the whole process, the least of all repeats: the kernel alone (neighbours and shapes of all points in one window, one
 * thread), decoding the file once with all fields, and the engine (place, class and flags decoded, the tree, neighbours, heights, rows in the
 * input's order). The writer's decoding and encoding come on top of the engine. Prints a hash of all rows, and the peak of the budget and of
 * the resident set.
 */
#include "enrich/engine.h"
#include "features/search.h"
#include "scree/scree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static void check(enum scree_status status, const struct scree_error *err)
{
    if (status == SCREE_OK)
        return;
    fprintf(stderr, "bench_enrich: %s\n", err->message);
    exit(1);
}

static void *room(size_t bytes)
{
    void *memory = malloc(bytes > 0 ? bytes : 1);
    if (memory == NULL)
        exit(1);
    return memory;
}

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct settings {
    struct scree_enrich_options options;
    uint64_t memory;
    unsigned threads, repeat;
    bool kernel;
};

/* --------------------------------------------------------------------------------- decode, kernel */

static double decode(const char *path, struct scree__features_points *points, int32_t **xyz)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_las_cursor *cursor;
    double begin = seconds(CLOCK_PROCESS_CPUTIME_ID);
    check(scree_source_open_file(path, &source, &err), &err);
    check(scree_las_open(source, NULL, &reader, &err), &err);
    check(scree_las_cursor_new(reader, SCREE_LAZ_FIELD_ALL, &cursor, &err), &err);
    const struct scree_las_header *header = scree_las_header(reader);
    size_t n = header->point_count, at = 0, count, stride = header->record_bytes;
    uint8_t *records = room(65536 * stride);
    int32_t *x = points != NULL ? room(n * 12) : NULL, middle[3];
    for (int a = 0; a < 3; a++)
        middle[a] = (int32_t)(((header->min[a] + header->max[a]) / 2 - header->offset[a]) /
                              header->scale[a]);
    for (uint64_t unit = 0; unit < scree_las_unit_count(reader); unit++) {
        check(scree_las_cursor_open(cursor, unit, &err), &err);
        do {
            check(scree_las_cursor_next(cursor, records, 65536, &count, &err), &err);
            for (size_t i = 0; i < count && x != NULL; i++, at++) {
                int32_t p[3];
                memcpy(p, records + i * stride, sizeof p);
                x[at] = p[0] - middle[0];
                x[n + at] = p[1] - middle[1];
                x[2 * n + at] = p[2] - middle[2];
            }
        } while (count > 0);
    }
    if (points != NULL) {
        uint8_t *roles = room(n);
        memset(roles, FEATURES_NEIGHBOUR | FEATURES_WANTED, n);
        *points = (struct scree__features_points){x, x + n, x + 2 * n, roles, (uint32_t)n};
        *xyz = x;
    }
    free(records);
    scree_las_cursor_free(cursor);
    scree_las_close(reader);
    scree_source_close(source);
    return seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
}

static double kernel(const struct scree__features_points *points,
                     const struct scree_enrich_options *options)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree__features_index index;
    struct features_request request = {.k = options->k, .limit2 = UINT64_MAX, .unit = 0.01};
    struct features_row *rows = room(points->count * sizeof *rows);
    uint64_t undecided;
    for (int a = 0; a < 3; a++) {
        request.min[a] = -FEATURES_OPEN;
        request.max[a] = FEATURES_OPEN;
    }
    double begin = seconds(CLOCK_PROCESS_CPUTIME_ID);
    check(scree__features_index_build(NULL, points, &index, &err), &err);
    check(scree__features_search(NULL, &index, points, &request, rows, &undecided, &err), &err);
    double spent = seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
    scree__features_index_release(&index);
    free(rows);
    return spent;
}

/* ----------------------------------------------------------------------------------------- engine */

static void say(void *user, enum scree_log_level level, const char *message)
{
    (void)user;
    if (level == SCREE_LOG_WARNING)
        fprintf(stderr, "%s\n", message);
}

struct outcome {
    double cpu, wall;
    uint64_t hash, points, budget_peak;
    struct scree__enrich_statistics statistics;
    bool fits;
};

static struct outcome engine(const char *path, const struct settings *settings)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context_options run;
    struct scree_context *context;
    struct scree__enrich_engine *job;
    struct scree__enrich_rows *rows;
    struct scree_enrich_options options = settings->options;
    const enum scree_feature *features;
    struct outcome outcome = {.hash = 14695981039346656037u};
    scree_context_options_init(&run);
    run.memory_bytes = settings->memory;
    run.threads = settings->threads;
    run.log = say;
    options.input = path;
    check(scree_context_new(&run, &context, &err), &err);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    check(scree__enrich_engine_open(context, &options, NULL, &job, &err), &err);
    check(scree__enrich_engine_run(job, &rows, &err), &err);
    uint32_t width = scree__enrich_rows_features(rows, &features);
    float *out = room(4096 * (size_t)width * sizeof *out);
    outcome.points = scree__enrich_rows_count(rows);
    for (uint64_t at = 0; at < outcome.points; at += 4096) {
        uint64_t count = outcome.points - at < 4096 ? outcome.points - at : 4096;
        check(scree__enrich_rows_next(rows, count, out, &err), &err);
        for (uint64_t i = 0; i < count * width; i++) {
            uint32_t bits;
            memcpy(&bits, &out[i], 4);
            outcome.hash = (outcome.hash ^ bits) * 1099511628211u;
        }
    }
    outcome.cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    outcome.wall = seconds(CLOCK_MONOTONIC) - wall;
    outcome.statistics = *scree__enrich_rows_statistics(rows);
    outcome.fits = scree__enrich_engine_plan(job)->fits;
    free(out);
    scree__enrich_rows_close(rows);
    scree__enrich_engine_close(job);
    outcome.budget_peak = scree_context_peak_bytes(context);
    scree_context_free(context);
    return outcome;
}

static void measure(const char *path, const struct settings *settings)
{
    double decoding = 1e9, search = 1e9;
    struct outcome best = {.cpu = 1e9};
    for (unsigned i = 0; i < settings->repeat; i++) {
        if (settings->kernel) {
            struct scree__features_points points;
            int32_t *xyz;
            double spent = decode(path, NULL, NULL);
            decoding = spent < decoding ? spent : decoding;
            decode(path, &points, &xyz);
            spent = kernel(&points, &settings->options);
            search = spent < search ? spent : search;
            free(xyz);
            free((void *)points.roles);
        }
        struct outcome outcome = engine(path, settings);
        best = outcome.cpu < best.cpu ? outcome : best;
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double millions = (double)best.points / 1e6;
    printf("%s  %.2f M points  %s  %s\n", path, millions, scree_cpu_level(),
           best.fits ? "in memory" : "on scratch");
    if (settings->kernel)
        printf("  kernel alone %.2f s (%.2f M/s)  decode %.2f s (%.2f M/s)\n", search,
               millions / search, decoding, millions / decoding);
    printf("  engine %.2f CPU s (%.2f M/s), %.2f s on the clock", best.cpu, millions / best.cpu,
           best.wall);
    if (settings->kernel)
        printf(", %.2f x (kernel + decode)", best.cpu / (search + decoding));
    printf("\n  budget peak %.1f MiB (%.1f B a point), resident peak %.1f MiB, scratch %.1f MiB\n",
           (double)best.budget_peak / 1048576, (double)best.budget_peak / (double)best.points,
           (double)usage.ru_maxrss / 1024, (double)best.statistics.scratch_bytes / 1048576);
    printf("  retried %llu, singly %llu, without height %llu; hash %016llx\n",
           (unsigned long long)best.statistics.retried_count,
           (unsigned long long)best.statistics.single_count,
           (unsigned long long)best.statistics.no_data[SCREE_FEATURE_HEIGHT_ABOVE_GROUND],
           (unsigned long long)best.hash);
}

static bool set(struct settings *settings, const char *name, const char *value)
{
    struct scree_error err = SCREE_ERROR_INIT;
    if (strcmp(name, "--repeat") == 0)
        settings->repeat = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(name, "--memory") == 0)
        check(scree_size_parse(value, 0, &settings->memory, &err), &err);
    else if (strcmp(name, "--threads") == 0)
        settings->threads = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(name, "--scratch") == 0)
        settings->options.force_scratch = *value == '1';
    else if (strcmp(name, "--kernel") == 0)
        settings->kernel = *value == '1';
    else if (strcmp(name, "--mode") == 0)
        settings->options.mode =
            strcmp(value, "building") == 0 ? SCREE_ENRICH_BUILDING : SCREE_ENRICH_CORE;
    else if (strcmp(name, "--features") == 0)
        check(scree_enrich_features_parse(value, settings->options.mode,
                                          &settings->options.features, &err),
              &err);
    else if (strcmp(name, "--k") == 0)
        settings->options.k = (uint32_t)strtoul(value, NULL, 10);
    else if (strcmp(name, "--radius") == 0)
        settings->options.radius = strtod(value, NULL);
    else if (strcmp(name, "--level") == 0)
        check(scree_cpu_force(value, &err), &err);
    else if (strcmp(name, "--ground") == 0)
        settings->options.ground_mode =
            strcmp(value, "nearest") == 0 ? SCREE_GROUND_NEAREST : SCREE_GROUND_TIN;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct settings settings = {
        .repeat = 1, .threads = 1, .kernel = true, .memory = (uint64_t)4 << 30};
    int i = 1;
    scree_enrich_options_init(&settings.options);
    settings.options.neighbors = SCREE_NEIGHBORS_NONE;
    settings.options.scratch_folder = ".";
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2)
        if (!set(&settings, argv[i], argv[i + 1])) {
            fprintf(stderr, "bench_enrich: %s?\n", argv[i]);
            return 2;
        }
    for (; i < argc; i++)
        measure(argv[i], &settings);
    return 0;
}
