/*
 * bench/query - what a whole scan costs beside the codec alone: all records handed to a caller that does nothing.
 *
 *   bench_query [--threads N] [--repeat N] [--dims x,y,z] FILE...
 *
 * Prints a line a file: points, CPU seconds (user and system) and wall seconds, the least of all repeats.
 */
#include <scree/scree.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(enum scree_status status, const struct scree_error *err)
{
    if (status == SCREE_OK)
        return;
    fprintf(stderr, "bench_query: %s\n", err->message);
    exit(1);
}

static enum scree_status nothing(void *user, const uint8_t *records, uint64_t count,
                                 struct scree_error *err)
{
    (void)records;
    (void)err;
    *(uint64_t *)user += count;
    return SCREE_OK;
}

/* Opens the file, and goes through it once. */
static uint64_t scan(struct scree_context *context, const char *path, const char *dims)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_query_options options;
    struct scree_query *query;
    uint64_t points = 0;
    scree_query_options_init(&options);
    options.inputs = &path;
    options.input_count = 1;
    options.dims = dims;
    check(scree_query_open(context, &options, &query, &err), &err);
    check(scree_query_each(query, nothing, &points, NULL, &err), &err);
    scree_query_close(query);
    return points;
}

int main(int argc, char **argv)
{
    struct scree_context_options options;
    struct scree_context *context;
    struct scree_error err = SCREE_ERROR_INIT;
    const char *dims = NULL;
    unsigned repeat = 3;
    int at = 1;
    scree_context_options_init(&options);
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--threads") == 0)
            options.threads = (unsigned)strtoul(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--repeat") == 0)
            repeat = (unsigned)strtoul(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--dims") == 0)
            dims = argv[at + 1];
        else
            return 2;
    }
    check(scree_context_new(&options, &context, &err), &err);
    for (; at < argc; at++) {
        double cpu = 0, wall = 0;
        uint64_t points = 0;
        for (unsigned i = 0; i < repeat; i++) {
            double cpu_before = seconds(CLOCK_PROCESS_CPUTIME_ID);
            double wall_before = seconds(CLOCK_MONOTONIC);
            points = scan(context, argv[at], dims);
            double cpu_now = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
            double wall_now = seconds(CLOCK_MONOTONIC) - wall_before;
            cpu = i == 0 || cpu_now < cpu ? cpu_now : cpu;
            wall = i == 0 || wall_now < wall ? wall_now : wall;
        }
        printf("%s: %s, %" PRIu64 " points: %.3f CPU s, %.3f s, %.2f M points per CPU s\n",
               argv[at], dims != NULL ? dims : "all fields", points, cpu, wall,
               (double)points / 1e6 / cpu);
    }
    scree_context_free(context);
    return 0;
}
