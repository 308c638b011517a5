/* geotiff.c - looking up keys in a GeoTIFF directory, with every bound checked. */
#include "las/geotiff.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <math.h>

enum { HEADER_BYTES = 8, KEY_BYTES = 8 };

/* An entry: key, where its value is (0: in `value` itself), how many, value or index. */
struct entry {
    unsigned key, location, count, value;
};

static struct entry entry_at(const struct scree__las_geotiff *geotiff, uint32_t index)
{
    const uint8_t *p = geotiff->keys + HEADER_BYTES + (size_t)index * KEY_BYTES;
    struct entry entry = {scree__base_load16(p), scree__base_load16(p + 2),
                          scree__base_load16(p + 4), scree__base_load16(p + 6)};
    return entry;
}

static bool all_zeros(const uint8_t *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

enum scree_status scree__las_geotiff_init(struct scree__las_geotiff *geotiff, const uint8_t *keys,
                                          uint64_t keys_bytes, const uint8_t *doubles,
                                          uint64_t doubles_bytes, const uint8_t *ascii,
                                          uint64_t ascii_bytes, struct scree_error *err)
{
    memset(geotiff, 0, sizeof *geotiff);
    if (all_zeros(keys, keys_bytes))
        return SCREE_OK;
    if (keys_bytes < HEADER_BYTES)
        return scree__base_fail(err, SCREE_E_DATA,
                                "the GeoTIFF key directory (VLR 34735) has %" PRIu64
                                " bytes, its header alone has %d",
                                keys_bytes, HEADER_BYTES);
    unsigned version = scree__base_load16(keys), count = scree__base_load16(keys + 6);
    if (version != 1)
        return scree__base_fail(err, SCREE_E_DATA,
                                "the GeoTIFF key directory (VLR 34735) is of version %u, not 1",
                                version);
    if (count > (keys_bytes - HEADER_BYTES) / KEY_BYTES)
        return scree__base_fail(err, SCREE_E_DATA,
                                "the GeoTIFF key directory (VLR 34735) says %u keys, but has room "
                                "for %" PRIu64,
                                count, (keys_bytes - HEADER_BYTES) / KEY_BYTES);
    geotiff->keys = keys;
    geotiff->keys_bytes = keys_bytes;
    geotiff->key_count = count;
    geotiff->doubles = doubles;
    geotiff->double_count = doubles_bytes / sizeof(double);
    geotiff->ascii = ascii;
    geotiff->ascii_bytes = ascii_bytes;
    return SCREE_OK;
}

/* The first entry of a key. Key 0 is padding that some programs write. */
static bool find(const struct scree__las_geotiff *geotiff, unsigned key, struct entry *entry)
{
    for (uint32_t i = 0; i < geotiff->key_count; i++) {
        *entry = entry_at(geotiff, i);
        if (entry->key == key)
            return true;
    }
    return false;
}

bool scree__las_geotiff_has(const struct scree__las_geotiff *geotiff, unsigned key)
{
    struct entry entry;
    return find(geotiff, key, &entry);
}

enum scree_status scree__las_geotiff_short(const struct scree__las_geotiff *geotiff, unsigned key,
                                           unsigned *value, struct scree_error *err)
{
    struct entry entry;
    *value = 0;
    if (!find(geotiff, key, &entry))
        return SCREE_OK;
    if (entry.location == 0) {
        *value = entry.value;
        return SCREE_OK;
    }
    uint64_t at = (uint64_t)entry.value * 2; /* further values of 16 bits follow the entries */
    if (entry.location != SCREE__GEOTIFF_KEYS || entry.count == 0 || at + 2 > geotiff->keys_bytes)
        return scree__base_fail(err, SCREE_E_DATA,
                                "GeoTIFF key %u: a 16-bit number is expected, not value %u of "
                                "record %u",
                                key, entry.value, entry.location);
    *value = scree__base_load16(geotiff->keys + at);
    return SCREE_OK;
}

static enum scree_status read_double(const struct scree__las_geotiff *geotiff,
                                     const struct entry *entry, double *value,
                                     struct scree_error *err)
{
    if (entry->location != SCREE__GEOTIFF_DOUBLES || entry->count == 0)
        return scree__base_fail(err, SCREE_E_DATA,
                                "GeoTIFF key %u: a double is expected, not %u values of record %u",
                                entry->key, entry->count, entry->location);
    if (entry->value >= geotiff->double_count)
        return scree__base_fail(err, SCREE_E_DATA,
                                "GeoTIFF key %u: value %u of the GeoTIFF doubles (VLR 34736), "
                                "which are %" PRIu64,
                                entry->key, entry->value, geotiff->double_count);
    *value = scree__base_load_f64(geotiff->doubles + 8 * (size_t)entry->value);
    if (!isfinite(*value))
        return scree__base_fail(err, SCREE_E_DATA, "GeoTIFF key %u: the value is not a number",
                                entry->key);
    return SCREE_OK;
}

enum scree_status scree__las_geotiff_double(const struct scree__las_geotiff *geotiff,
                                            const uint16_t *keys, size_t limit, double fallback,
                                            double *value, struct scree_error *err)
{
    struct entry entry;
    *value = fallback;
    for (size_t k = 0; k < limit && keys[k] != 0; k++)
        if (find(geotiff, keys[k], &entry))
            return read_double(geotiff, &entry, value, err);
    return SCREE_OK;
}

void scree__las_geotiff_text(const struct scree__las_geotiff *geotiff, unsigned key, char *text,
                             size_t size)
{
    struct entry entry;
    text[0] = '\0';
    if (!find(geotiff, key, &entry) || entry.location != SCREE__GEOTIFF_ASCII ||
        entry.value >= geotiff->ascii_bytes)
        return;
    uint64_t bytes = geotiff->ascii_bytes - entry.value;
    if (bytes > entry.count)
        bytes = entry.count;
    if (bytes > size - 1)
        bytes = size - 1;
    const uint8_t *from = geotiff->ascii + entry.value;
    size_t length = 0;
    while (length < bytes && from[length] != '\0' && from[length] != '|')
        length++;
    memcpy(text, from, length);
    text[length] = '\0';
}
