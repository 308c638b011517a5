/*
 * enrich_points.c - what the surroundings of points in memory look like: here of a plane, a line and a ball that are made up.
 *
 *     cc enrich_points.c $(pkg-config --cflags --libs scree) -lm -o enrich_points && ./enrich_points
 */
#include <scree/scree.h>

#include <math.h>
#include <stdio.h>

#define EACH 4000
#define SHAPES 3

static double coordinates[SHAPES * EACH][3];
static float rows[SHAPES * EACH][3];

/* The same numbers everywhere, from 0 to 1. */
static double draw(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (double)(state >> 8) / 16777216.0;
}

static void make(void)
{
    for (int i = 0; i < EACH; i++) {
        double *plane = coordinates[i], *line = coordinates[EACH + i],
               *ball = coordinates[2 * EACH + i];
        plane[0] = 10 * draw();
        plane[1] = 10 * draw();
        plane[2] = 0.5 * plane[0];
        line[0] = 100 + 10 * draw();
        line[1] = line[2] = 0;
        do {
            for (int axis = 0; axis < 3; axis++)
                ball[axis] = 4 * draw() - 2;
        } while (hypot(hypot(ball[0], ball[1]), ball[2]) > 2);
        ball[0] += 200;
    }
}

int main(void)
{
    static const char *const names[SHAPES] = {"plane", "line", "ball"};
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_enrich_options options;
    struct scree_context *context = NULL;
    struct scree_enrich_cloud cloud = {.size = sizeof cloud,
                                       .count = SHAPES * EACH,
                                       .coordinates = coordinates[0],
                                       .scale = {0.001, 0.001, 0.001}};
    make();
    scree_enrich_options_init(&options);
    options.k = 30;
    enum scree_status status = scree_context_new(NULL, &context, &err);
    if (status == SCREE_OK)
        status = scree_enrich_features_parse("Linearity,Planarity,Sphericity", SCREE_ENRICH_CORE,
                                             &options.features, &err);
    if (status == SCREE_OK)
        status = scree_enrich_points(context, &options, &cloud, rows[0], &err);
    for (int shape = 0; shape < SHAPES && status == SCREE_OK; shape++) {
        double sums[3] = {0, 0, 0};
        for (int i = 0; i < EACH; i++) {
            for (int feature = 0; feature < 3; feature++)
                sums[feature] += (double)rows[shape * EACH + i][feature];
        }
        printf("%-6s linearity %.2f  planarity %.2f  sphericity %.2f\n", names[shape],
               sums[0] / EACH, sums[1] / EACH, sums[2] / EACH);
    }
    if (status != SCREE_OK)
        fprintf(stderr, "%s: %s\n", scree_status_name(status), err.message);
    scree_context_free(context);
    return status == SCREE_OK ? 0 : 1;
}
