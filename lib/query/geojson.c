/* geojson.c - polygons in GeoJSON (RFC 7946). The parser is cJSON's; how much it may take is bounded here. */
#include "query/polygon.h"
#include "base/error.h"

#include <cjson/cJSON.h>
#include <string.h>

#define TEXT_BYTES_MAX ((size_t)16 << 20)
/* Of what cJSON allocates: 64 bytes a value and its block, for two bytes of text ("1,") at worst. */
#define BYTES_PER_BYTE 48u
#define DEPTH_MAX 16

struct reader {
    struct scree__query_polygon *polygon;
    struct scree_error *err;
    unsigned depth;
};

static enum scree_status refuse(const struct reader *reader, const char *what)
{
    return scree__base_fail(reader->err, SCREE_E_ARGUMENT, "polygon: GeoJSON: %s", what);
}

static enum scree_status read_ring(struct reader *reader, const cJSON *ring)
{
    const cJSON *position;
    if (!cJSON_IsArray(ring))
        return refuse(reader, "a ring is not an array");
    cJSON_ArrayForEach(position, ring)
    {
        const cJSON *x = cJSON_IsArray(position) ? position->child : NULL;
        const cJSON *y = x != NULL ? x->next : NULL;
        if (x == NULL || y == NULL || !cJSON_IsNumber(x) || !cJSON_IsNumber(y))
            return refuse(reader, "a position is not an array of numbers");
        enum scree_status status = scree__query_polygon_add_vertex(reader->polygon, x->valuedouble,
                                                                   y->valuedouble, reader->err);
        if (status != SCREE_OK)
            return status;
    }
    return scree__query_polygon_end_ring(reader->polygon, reader->err);
}

static enum scree_status read_polygon(struct reader *reader, const cJSON *rings)
{
    const cJSON *ring;
    if (!cJSON_IsArray(rings))
        return refuse(reader, "coordinates are not an array");
    cJSON_ArrayForEach(ring, rings)
    {
        enum scree_status status = read_ring(reader, ring);
        if (status != SCREE_OK)
            return status;
    }
    scree__query_polygon_end(reader->polygon);
    return SCREE_OK;
}

static enum scree_status read_object(struct reader *reader, const cJSON *object);

static enum scree_status read_each(struct reader *reader, const cJSON *array,
                                   enum scree_status (*one)(struct reader *, const cJSON *))
{
    const cJSON *item;
    if (!cJSON_IsArray(array))
        return refuse(reader, "coordinates, geometries or features are not an array");
    cJSON_ArrayForEach(item, array)
    {
        enum scree_status status = one(reader, item);
        if (status != SCREE_OK)
            return status;
    }
    return SCREE_OK;
}

static enum scree_status read_object(struct reader *reader, const cJSON *object)
{
    const cJSON *type_item = cJSON_GetObjectItemCaseSensitive(object, "type");
    const char *type = cJSON_GetStringValue(type_item);
    const cJSON *coordinates = cJSON_GetObjectItemCaseSensitive(object, "coordinates");
    if (type == NULL)
        return refuse(reader, "an object without a type");
    if (++reader->depth > DEPTH_MAX)
        return refuse(reader, "collections within collections, more than 16 deep");
    enum scree_status status;
    if (strcmp(type, "Polygon") == 0)
        status = read_polygon(reader, coordinates);
    else if (strcmp(type, "MultiPolygon") == 0)
        status = read_each(reader, coordinates, read_polygon);
    else if (strcmp(type, "Feature") == 0)
        status = read_object(reader, cJSON_GetObjectItemCaseSensitive(object, "geometry"));
    else if (strcmp(type, "FeatureCollection") == 0)
        status =
            read_each(reader, cJSON_GetObjectItemCaseSensitive(object, "features"), read_object);
    else if (strcmp(type, "GeometryCollection") == 0)
        status =
            read_each(reader, cJSON_GetObjectItemCaseSensitive(object, "geometries"), read_object);
    else
        status = scree__base_fail(reader->err, SCREE_E_ARGUMENT,
                                  "polygon: GeoJSON: a '%.40s' is no area", type);
    reader->depth--;
    return status;
}

enum scree_status scree__query_geojson_read(const char *text, struct scree__query_polygon *polygon,
                                            struct scree_error *err)
{
    struct reader reader = {polygon, err, 0};
    size_t bytes = strlen(text);
    if (bytes > TEXT_BYTES_MAX)
        return refuse(&reader, "longer than 16 MiB");
    uint64_t room = (uint64_t)bytes * BYTES_PER_BYTE;
    enum scree_status status = scree__mem_reserve(polygon->budget, room, "GeoJSON", err);
    if (status != SCREE_OK)
        return status;
    const char *end = NULL;
    cJSON *document = cJSON_ParseWithOpts(text, &end, 1);
    if (document == NULL)
        status = scree__base_fail(err, SCREE_E_ARGUMENT,
                                  "polygon: GeoJSON: not JSON at byte %zu: '%.20s'",
                                  end != NULL ? (size_t)(end - text) : 0, end != NULL ? end : "");
    else
        status = read_object(&reader, document);
    cJSON_Delete(document);
    scree__mem_release(polygon->budget, room);
    return status;
}
