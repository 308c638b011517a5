/* fuzz_area.c - any text as an area, WKT or GeoJSON; one that is read is indexed and asked for points and boxes, which have to agree. */
#include "query/polygon.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Boxes that are said to be inside or outside hold only such points. */
static void ask(const struct scree__query_polygon *polygon)
{
    double width = polygon->max[0] - polygon->min[0], height = polygon->max[1] - polygon->min[1];
    for (int i = 0; i < 64; i++) {
        double min[2] = {polygon->min[0] + width * (i % 8) / 8,
                         polygon->min[1] + height * (i / 8) / 8};
        double max[2] = {min[0] + width / 16, min[1] + height / 16};
        enum scree__query_side side = scree__query_polygon_side(polygon, min, max);
        bool has = scree__query_polygon_has(polygon, min[0] + (max[0] - min[0]) / 2,
                                            min[1] + (max[1] - min[1]) / 2);
        if ((side == SCREE__QUERY_INSIDE && !has) || (side == SCREE__QUERY_OUTSIDE && has))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scree__query_polygon polygon;
    struct scree__mem_budget budget;
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    scree__mem_budget_init(&budget, (uint64_t)256 << 20);
    memset(&polygon, 0, sizeof polygon);
    polygon.budget = &budget;
    enum scree_status status = text[0] == '{' ? scree__query_geojson_read(text, &polygon, NULL)
                                              : scree__query_wkt_read(text, &polygon, NULL);
    if (status == SCREE_OK && scree__query_polygon_index(&polygon, NULL) == SCREE_OK)
        ask(&polygon);
    scree__query_polygon_release(&polygon);
    if (scree__mem_budget_used(&budget) != 0)
        abort();
    free(text);
    return 0;
}
