/* fuzz_geotiff.c - any bytes as the three GeoTIFF records of a LAS file: every key by every type, and the CRS that they name. */
#include "base/bytes.h"
#include "las/crs.h"
#include "proj_once.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lengths of the first two records. */
#define HEAD_BYTES 4u

/* A copy of its own, so that a byte too far is one outside. */
static uint8_t *copy(const uint8_t *bytes, size_t count)
{
    uint8_t *made = malloc(count > 0 ? count : 1);
    if (made == NULL)
        abort();
    if (count > 0)
        memcpy(made, bytes, count);
    return made;
}

static void ask_key(const struct scree__las_geotiff *geotiff, unsigned key)
{
    const uint16_t keys[2] = {(uint16_t)key, 0};
    char text[40];
    unsigned number = 0;
    double value = 0;
    bool has = scree__las_geotiff_has(geotiff, key);
    scree__las_geotiff_text(geotiff, key, text, sizeof text);
    if (strlen(text) >= sizeof text || (!has && text[0] != '\0'))
        abort();
    if (scree__las_geotiff_short(geotiff, key, &number, NULL) == SCREE_OK && number > 65535)
        abort();
    if (scree__las_geotiff_double(geotiff, keys, 2, 7, &value, NULL) == SCREE_OK && !has &&
        !(value == 7))
        abort();
}

/* The first 64 keys that are there, and some that may not be. */
static void ask_keys(const struct scree__las_geotiff *geotiff)
{
    for (uint32_t i = 0; i < geotiff->key_count && i < 64; i++)
        ask_key(geotiff, scree__base_load16(geotiff->keys + 8 + 8 * (size_t)i));
    static const unsigned others[] = {0, 1, SCREE__GT_MODEL_TYPE, SCREE__GT_VERTICAL_UNITS, 65535};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ask_key(geotiff, others[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_BYTES)
        return 0;
    size_t left = size - HEAD_BYTES, keys_bytes = scree__base_load16(data),
           doubles_bytes = scree__base_load16(data + 2);
    keys_bytes = keys_bytes < left ? keys_bytes : left;
    left -= keys_bytes;
    doubles_bytes = doubles_bytes < left ? doubles_bytes : left;
    left -= doubles_bytes;
    uint8_t *keys = copy(data + HEAD_BYTES, keys_bytes);
    uint8_t *doubles = copy(data + HEAD_BYTES + keys_bytes, doubles_bytes);
    uint8_t *ascii = copy(data + HEAD_BYTES + keys_bytes + doubles_bytes, left);
    struct scree__las_geotiff geotiff;
    if (scree__las_geotiff_init(&geotiff, keys, keys_bytes, doubles, doubles_bytes, ascii, left,
                                NULL) == SCREE_OK)
        ask_keys(&geotiff);
    if (proj_has_turn(data, size)) {
        struct scree__las_crs_records records = {.keys = keys,
                                                 .doubles = doubles,
                                                 .ascii = ascii,
                                                 .keys_bytes = keys_bytes,
                                                 .doubles_bytes = doubles_bytes,
                                                 .ascii_bytes = left,
                                                 .version_minor = 2};
        struct scree_las_crs crs;
        memset(&crs, 0, sizeof crs);
        if (scree__las_crs_from_records(&records, &crs, NULL) == SCREE_OK)
            scree_las_crs_release(&crs);
    }
    free(keys);
    free(doubles);
    free(ascii);
    return 0;
}
