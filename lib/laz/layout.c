/* layout.c - the LASzip VLR's payload: read, checked, made, written. */
#include "scree/laz.h"
#include "base/bytes.h"
#include "base/error.h"
#include "laz/layout.h"

#define VLR_FIXED_BYTES 34u
#define VLR_ITEM_BYTES 6u

/* Streams written here are those of LASzip 3.4.3; the fields are informative. */
#define VERSION_MAJOR 3
#define VERSION_MINOR 4
#define VERSION_REVISION 3

/* Bytes of an item type, 0 for any, or -1 for a type that does not exist. */
static int item_bytes(unsigned type)
{
    switch (type) {
    case SCREE_LAZ_POINT10:
        return 20;
    case SCREE_LAZ_GPSTIME11:
        return 8;
    case SCREE_LAZ_RGB12:
    case SCREE_LAZ_RGB14:
        return 6;
    case SCREE_LAZ_RGBNIR14:
        return 8;
    case SCREE_LAZ_WAVEPACKET13:
    case SCREE_LAZ_WAVEPACKET14:
        return 29;
    case SCREE_LAZ_POINT14:
        return 30;
    case SCREE_LAZ_BYTE:
    case SCREE_LAZ_BYTE14:
        return 0;
    default:
        return -1;
    }
}

static bool is_layered_type(unsigned type)
{
    return type >= SCREE_LAZ_POINT14;
}

static bool version_exists(unsigned compressor, unsigned type, unsigned version)
{
    if (compressor == SCREE_LAZ_NONE)
        return true; /* not looked at */
    if (type == SCREE_LAZ_WAVEPACKET13)
        return version == 1;
    if (type == SCREE_LAZ_WAVEPACKET14)
        return version == 3 || version == 4;
    if (is_layered_type(type))
        return version >= 2 && version <= 4;
    return version == 1 || version == 2;
}

static enum scree_status check_item(const struct scree_laz_layout *layout, unsigned i,
                                    struct scree_error *err)
{
    const struct scree_laz_item *item = &layout->items[i];
    bool layered = layout->compressor == SCREE_LAZ_LAYERED;
    int bytes = item_bytes(item->type);
    if (bytes < 0)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "LASzip VLR: item %u: unknown type %u", i,
                                item->type);
    if (item->bytes == 0 || (bytes != 0 && item->bytes != bytes))
        return scree__base_fail(err, SCREE_E_DATA,
                                "LASzip VLR: item %u: type %u cannot have %u bytes", i, item->type,
                                item->bytes);
    if (!version_exists(layout->compressor, item->type, item->version))
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "LASzip VLR: item %u: unknown version %u of type %u", i,
                                item->version, item->type);
    if (layout->compressor == SCREE_LAZ_NONE)
        return SCREE_OK;
    if (is_layered_type(item->type) != layered ||
        (layered && i == 0) != (item->type == SCREE_LAZ_POINT14))
        return scree__base_fail(
            err, SCREE_E_UNSUPPORTED,
            "LASzip VLR: item %u: type %u has no place there with compressor %u", i, item->type,
            layout->compressor);
    for (unsigned j = 0; j < i; j++) {
        unsigned other = layout->items[j].type;
        if (other == item->type || (other == SCREE_LAZ_RGB14 && item->type == SCREE_LAZ_RGBNIR14) ||
            (other == SCREE_LAZ_RGBNIR14 && item->type == SCREE_LAZ_RGB14))
            return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                    "LASzip VLR: items %u and %u hold the same attribute", j, i);
    }
    return SCREE_OK;
}

enum scree_status scree__laz_layout_check(const struct scree_laz_layout *layout,
                                          struct scree_error *err)
{
    uint32_t sum = 0;
    if (layout->compressor > SCREE_LAZ_LAYERED)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "LASzip VLR: unknown compressor %u",
                                layout->compressor);
    if (layout->item_count == 0)
        return scree__base_fail(err, SCREE_E_DATA, "LASzip VLR: no items");
    if (layout->item_count > SCREE_LAZ_ITEMS_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "LASzip VLR: %u items; %d are supported",
                                layout->item_count, SCREE_LAZ_ITEMS_MAX);
    for (unsigned i = 0; i < layout->item_count; i++) {
        enum scree_status status = check_item(layout, i, err);
        if (status != SCREE_OK)
            return status;
        sum += layout->items[i].bytes;
    }
    if (sum != layout->record_bytes)
        return scree__base_fail(err, SCREE_E_DATA,
                                "LASzip VLR: items have %lu bytes, point records %lu",
                                (unsigned long)sum, (unsigned long)layout->record_bytes);
    return SCREE_OK;
}

enum scree_status scree_laz_layout_parse(const uint8_t *payload, size_t payload_bytes,
                                         uint32_t record_bytes, struct scree_laz_layout *layout,
                                         struct scree_error *err)
{
    memset(layout, 0, sizeof *layout);
    if (payload_bytes < VLR_FIXED_BYTES)
        return scree__base_fail(err, SCREE_E_DATA, "LASzip VLR: %zu bytes, at least %u expected",
                                payload_bytes, VLR_FIXED_BYTES + VLR_ITEM_BYTES);
    unsigned items = scree__base_load16(payload + 32), coder = scree__base_load16(payload + 2);
    if (payload_bytes != VLR_FIXED_BYTES + (size_t)VLR_ITEM_BYTES * items)
        return scree__base_fail(err, SCREE_E_DATA, "LASzip VLR: %zu bytes do not hold %u items",
                                payload_bytes, items);
    layout->compressor = scree__base_load16(payload);
    if (coder != 0)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "LASzip VLR: unknown coder %u", coder);
    layout->version_major = payload[4];
    layout->version_minor = payload[5];
    layout->version_revision = scree__base_load16(payload + 6);
    layout->options = scree__base_load32(payload + 8);
    layout->chunk_points = scree__base_load32(payload + 12);
    if (layout->chunk_points == 0 && layout->compressor >= SCREE_LAZ_CHUNKED)
        layout->chunk_points = SCREE_LAZ_VARIABLE_CHUNKS;
    layout->record_bytes = record_bytes;
    layout->item_count = (uint16_t)items;
    for (unsigned i = 0; i < items && i < SCREE_LAZ_ITEMS_MAX; i++) {
        const uint8_t *p = payload + VLR_FIXED_BYTES + (size_t)VLR_ITEM_BYTES * i;
        layout->items[i].type = scree__base_load16(p);
        layout->items[i].bytes = scree__base_load16(p + 2);
        layout->items[i].version = scree__base_load16(p + 4);
    }
    return scree__laz_layout_check(layout, err);
}

static void add_item(struct scree_laz_layout *layout, unsigned type, unsigned bytes)
{
    struct scree_laz_item *item = &layout->items[layout->item_count++];
    item->type = (uint16_t)type;
    item->bytes = (uint16_t)bytes;
    item->version = type == SCREE_LAZ_WAVEPACKET13 ? 1 : is_layered_type(type) ? 3 : 2;
    layout->record_bytes += bytes;
}

static void add_items(struct scree_laz_layout *layout, unsigned format)
{
    if (format <= 5) {
        add_item(layout, SCREE_LAZ_POINT10, 20);
        if (format == 1 || format >= 3)
            add_item(layout, SCREE_LAZ_GPSTIME11, 8);
        if (format == 2 || format == 3 || format == 5)
            add_item(layout, SCREE_LAZ_RGB12, 6);
        if (format >= 4)
            add_item(layout, SCREE_LAZ_WAVEPACKET13, 29);
        return;
    }
    add_item(layout, SCREE_LAZ_POINT14, 30);
    if (format == 7)
        add_item(layout, SCREE_LAZ_RGB14, 6);
    if (format == 8 || format == 10)
        add_item(layout, SCREE_LAZ_RGBNIR14, 8);
    if (format >= 9)
        add_item(layout, SCREE_LAZ_WAVEPACKET14, 29);
}

enum scree_status scree_laz_layout_init(struct scree_laz_layout *layout, unsigned point_format,
                                        uint32_t extra_bytes, uint32_t chunk_points,
                                        struct scree_error *err)
{
    memset(layout, 0, sizeof *layout);
    if (point_format > 10)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "point format %u does not exist",
                                point_format);
    if (extra_bytes > UINT16_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%lu extra bytes; 65535 is the most",
                                (unsigned long)extra_bytes);
    if (chunk_points == 0)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "chunks of 0 points");
    layout->compressor = point_format <= 5 ? SCREE_LAZ_CHUNKED : SCREE_LAZ_LAYERED;
    layout->version_major = VERSION_MAJOR;
    layout->version_minor = VERSION_MINOR;
    layout->version_revision = VERSION_REVISION;
    layout->chunk_points = chunk_points;
    add_items(layout, point_format);
    if (extra_bytes > 0)
        add_item(layout, point_format <= 5 ? SCREE_LAZ_BYTE : SCREE_LAZ_BYTE14, extra_bytes);
    return SCREE_OK;
}

size_t scree_laz_layout_vlr_bytes(const struct scree_laz_layout *layout)
{
    return VLR_FIXED_BYTES + (size_t)VLR_ITEM_BYTES * layout->item_count;
}

void scree_laz_layout_vlr_write(const struct scree_laz_layout *layout, uint8_t *payload)
{
    scree__base_store16(payload, layout->compressor);
    scree__base_store16(payload + 2, 0);
    payload[4] = layout->version_major;
    payload[5] = layout->version_minor;
    scree__base_store16(payload + 6, layout->version_revision);
    scree__base_store32(payload + 8, layout->options);
    scree__base_store32(payload + 12, layout->chunk_points);
    scree__base_store64(payload + 16, UINT64_MAX); /* no special EVLRs */
    scree__base_store64(payload + 24, UINT64_MAX);
    scree__base_store16(payload + 32, layout->item_count);
    for (unsigned i = 0; i < layout->item_count; i++) {
        uint8_t *p = payload + VLR_FIXED_BYTES + (size_t)VLR_ITEM_BYTES * i;
        scree__base_store16(p, layout->items[i].type);
        scree__base_store16(p + 2, layout->items[i].bytes);
        scree__base_store16(p + 4, layout->items[i].version);
    }
}
