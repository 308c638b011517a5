/*
 * range_query.c - the points of a COPC file that lie in a rectangle, at a level of detail: of a file, or of a URL, from which only the parts that
 * matter are fetched.
 *
 *     cc range_query.c $(pkg-config --cflags --libs scree) -o range_query
 *     ./range_query https://example.org/city.copc.laz 650000 6860000 650050 6860050 1.0
 */
#include <scree/scree.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heights {
    double scale, offset, sum;
    uint32_t record_bytes;
    uint64_t count;
};

/* Records are those of the LAS specification: X, Y, Z are the first three int32, little-endian. */
static enum scree_status add(void *user, const uint8_t *records, uint64_t count,
                             struct scree_error *err)
{
    struct heights *heights = user;
    (void)err;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *z = records + i * heights->record_bytes + 8;
        uint32_t bits = z[0] | (uint32_t)z[1] << 8 | (uint32_t)z[2] << 16 | (uint32_t)z[3] << 24;
        int32_t value;
        memcpy(&value, &bits, sizeof value);
        heights->sum += value * heights->scale + heights->offset;
    }
    heights->count += count;
    return SCREE_OK;
}

int main(int argc, char **argv)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_query_options options;
    struct scree_query_result result;
    struct scree_context *context = NULL;
    struct scree_query *query = NULL;
    struct heights heights = {0};
    if (argc != 7) {
        fprintf(stderr, "usage: range_query FILE|URL X0 Y0 X1 Y1 RESOLUTION\n");
        return 2;
    }
    scree_query_options_init(&options);
    options.inputs = (const char *const *)&argv[1];
    options.input_count = 1;
    options.bounds_axes = 2;
    for (int axis = 0; axis < 2; axis++) {
        options.bounds_min[axis] = strtod(argv[2 + axis], NULL);
        options.bounds_max[axis] = strtod(argv[4 + axis], NULL);
    }
    options.resolution = strtod(argv[6], NULL);
    options.dims = "x,y,z"; /* nothing else is decoded */
    enum scree_status status = scree_context_new(NULL, &context, &err);
    if (status == SCREE_OK)
        status = scree_query_open(context, &options, &query, &err);
    if (status == SCREE_OK) {
        const struct scree_query_plan *plan = scree_query_plan(query);
        heights.scale = plan->scale[2];
        heights.offset = plan->offset[2];
        heights.record_bytes = plan->record_bytes;
        status = scree_query_each(query, add, &heights, &result, &err);
    }
    if (status == SCREE_OK)
        printf("%" PRIu64 " points of %" PRIu64 " nodes, mean height %.2f\n", heights.count,
               result.nodes_read, heights.count > 0 ? heights.sum / (double)heights.count : 0);
    else
        fprintf(stderr, "%s: %s\n", scree_status_name(status), err.message);
    scree_query_close(query);
    scree_context_free(context);
    return status == SCREE_OK ? 0 : 1;
}
