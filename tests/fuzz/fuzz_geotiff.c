/* fuzz_geotiff.c - any bytes as the three GeoTIFF records of a LAS file: every key by every type, and the CRS that they name. */
#include "las/crs.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether the keys are given to PROJ as well, which takes a hundred times as long; then lengths of the first two records. */
#define HEAD_BYTES 5u

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

static void ask_keys(const struct scree__las_geotiff *geotiff)
{
    for (unsigned key = 0; key <= 65535; key += key < 1000 || key > 4200 ? 97 : 1) {
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_BYTES)
        return 0;
    size_t left = size - HEAD_BYTES, keys_bytes = data[1] | (size_t)data[2] << 8,
           doubles_bytes = data[3] | (size_t)data[4] << 8;
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
    if (data[0] % 8 == 1) {
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
