/* info_json.c - `scree info --json`. */
#include "cli/info.h"
#include "cli/json.h"

#include <stdio.h>

static void header_json(const struct info *info, cJSON *file)
{
    const struct scree_las_header *header = info->header;
    char date[16], guid[37], version[12];
    cJSON *object = json_object(file, "header");
    snprintf(version, sizeof version, "%u.%u", header->version_major, header->version_minor);
    json_text(object, "version", version);
    json_u64(object, "point_format", header->point_format);
    json_u64(object, "record_bytes", header->record_bytes);
    json_u64(object, "header_bytes", header->header_bytes);
    json_u64(object, "point_offset", header->point_offset);
    json_u64(object, "points", header->point_count);
    cJSON *returns = json_array(object, "returns");
    for (unsigned i = 0; i < 15; i++) {
        char digits[24];
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)header->return_counts[i]);
        json_raw(returns, NULL, digits);
    }
    json_u64(object, "legacy_points", header->legacy_point_count);
    json_doubles(object, "scale", header->scale, 3);
    json_doubles(object, "offset", header->offset, 3);
    json_doubles(object, "min", header->min, 3);
    json_doubles(object, "max", header->max, 3);
    json_u64(object, "global_encoding", header->global_encoding);
    json_bool(object, "gps_standard_time",
              (header->global_encoding & SCREE_LAS_GPS_STANDARD_TIME) != 0);
    json_bool(object, "wkt", (header->global_encoding & SCREE_LAS_WKT) != 0);
    json_u64(object, "file_source_id", header->file_source_id);
    info_guid(header, guid);
    json_text(object, "guid", guid);
    json_text(object, "system_id", header->system_id);
    json_text(object, "generating_software", header->generating_software);
    json_u64(object, "creation_day", header->creation_day);
    json_u64(object, "creation_year", header->creation_year);
    if (info_date(header, date))
        json_text(object, "creation_date", date);
    json_u64(object, "waveform_offset", header->waveform_offset);
}

static void crs_json(const struct info *info, cJSON *file)
{
    static const char *const origins[] = {"none", "wkt", "geotiff"};
    const struct scree_las_crs *crs = &info->crs;
    cJSON *object = json_object(file, "crs");
    if (info->crs_problem[0] != '\0') {
        json_text(object, "problem", info->crs_problem);
        return;
    }
    json_text(object, "origin", crs->origin <= SCREE_CRS_GEOTIFF ? origins[crs->origin] : "?");
    json_text(object, "name", crs->name);
    json_bool(object, "geographic", crs->geographic);
    json_bool(object, "geocentric", crs->geocentric);
    if (crs->note[0] != '\0')
        json_text(object, "note", crs->note);
    if (crs->wkt != NULL)
        json_text(object, "wkt", crs->wkt);
}

static void laz_json(const struct info *info, cJSON *file)
{
    const struct scree_laz_layout *layout = scree_las_layout(info->reader);
    if (layout == NULL || !info->header->compressed)
        return;
    cJSON *object = json_object(file, "laz");
    char version[32];
    json_u64(object, "compressor", layout->compressor);
    json_text(object, "compressor_name", info_compressor_words(layout->compressor));
    snprintf(version, sizeof version, "%u.%u.%u", layout->version_major, layout->version_minor,
             layout->version_revision);
    json_text(object, "version", version);
    json_bool(object, "variable_chunks", layout->chunk_points == SCREE_LAZ_VARIABLE_CHUNKS);
    if (layout->chunk_points != SCREE_LAZ_VARIABLE_CHUNKS)
        json_u64(object, "chunk_points", layout->chunk_points);
    json_bool(object, "chunk_table", scree_las_has_chunk_table(info->reader));
    if (scree_las_has_chunk_table(info->reader))
        json_u64(object, "chunks", scree_las_unit_count(info->reader));
    cJSON *items = json_array(object, "items");
    for (unsigned i = 0; i < layout->item_count && i < SCREE_LAZ_ITEMS_MAX; i++) {
        cJSON *item = json_object(items, NULL);
        json_u64(item, "type", layout->items[i].type);
        json_u64(item, "bytes", layout->items[i].bytes);
        json_u64(item, "version", layout->items[i].version);
    }
}

static void vlrs_json(const struct info *info, cJSON *file)
{
    cJSON *vlrs = json_array(file, "vlrs");
    for (uint64_t i = 0; i < scree_las_vlr_count(info->reader); i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(info->reader, i);
        cJSON *object = json_object(vlrs, NULL);
        json_text(object, "user_id", vlr->user_id);
        json_u64(object, "record_id", vlr->record_id);
        json_bool(object, "extended", vlr->extended);
        json_u64(object, "bytes", vlr->payload_bytes);
        json_u64(object, "offset", vlr->payload_offset);
        json_text(object, "description", vlr->description);
    }
}

static void extra_bytes_json(const struct info *info, cJSON *file)
{
    cJSON *fields = json_array(file, "extra_bytes");
    for (uint32_t i = 0; i < scree_las_extra_byte_count(info->reader); i++) {
        const struct scree_las_extra_byte *field = scree_las_extra_byte(info->reader, i);
        cJSON *object = json_object(fields, NULL);
        double scale, offset;
        json_text(object, "name", field->name);
        json_text(object, "type", info_type_words(field));
        json_u64(object, "bytes", field->bytes);
        json_u64(object, "offset_in_extra_bytes", field->offset);
        if (info_field_scale(field, &scale, &offset)) {
            json_double(object, "scale", scale);
            json_double(object, "offset", offset);
        }
        json_text(object, "description", field->description);
    }
}

static void levels_json(const struct info *info, cJSON *copc)
{
    cJSON *levels = json_array(copc, "levels");
    for (unsigned i = 0; i < info->level_count; i++) {
        const struct level_info *level = &info->levels[i];
        cJSON *object = json_object(levels, NULL);
        json_u64(object, "level", i);
        json_u64(object, "nodes", level->node_count);
        json_u64(object, "empty_nodes", level->empty_count);
        json_u64(object, "points", level->point_count);
        json_u64(object, "bytes", level->byte_count);
        json_u64(object, "min_points", level->least_points);
        json_u64(object, "median_points", level->median_points);
        json_u64(object, "max_points", level->most_points);
        json_double(object, "spacing", level->spacing);
    }
}

/* One raw object a node: there may be millions. */
static void nodes_json(const struct info *info, cJSON *copc)
{
    const struct scree_copc_entry *entries = scree_copc_entries(info->copc);
    uint64_t count = scree_copc_entry_count(info->copc);
    cJSON *nodes = json_array(copc, "nodes");
    for (uint64_t i = 0; i < count; i++) {
        char text[192];
        snprintf(text, sizeof text,
                 "{\"key\":[%d,%d,%d,%d],\"points\":%d,\"offset\":%llu,\"bytes\":%d}",
                 (int)entries[i].key.level, (int)entries[i].key.x, (int)entries[i].key.y,
                 (int)entries[i].key.z, (int)entries[i].point_count,
                 (unsigned long long)entries[i].offset, (int)entries[i].byte_count);
        json_raw(nodes, NULL, text);
    }
}

static void copc_json(const struct info *info, bool nodes, cJSON *file)
{
    const struct scree_copc_info *copc = scree_copc_info(info->copc);
    cJSON *object = json_object(file, "copc");
    json_doubles(object, "center", copc->center, 3);
    json_double(object, "halfsize", copc->halfsize);
    json_double(object, "spacing", copc->spacing);
    json_double(object, "gps_time_min", copc->gps_time_min);
    json_double(object, "gps_time_max", copc->gps_time_max);
    json_u64(object, "root_page_offset", copc->root_page_offset);
    json_u64(object, "root_page_bytes", copc->root_page_bytes);
    json_u64(object, "pages", scree_copc_page_count(info->copc));
    json_u64(object, "entries", scree_copc_entry_count(info->copc));
    levels_json(info, object);
    if (nodes)
        nodes_json(info, object);
}

void info_json(const struct info *info, bool nodes, cJSON *file)
{
    json_text(file, "kind", info->is_copc ? "COPC" : info->header->compressed ? "LAZ" : "LAS");
    json_u64(file, "bytes", scree_source_bytes(info->source));
    json_u64(file, "point_data_bytes", info->point_bytes);
    header_json(info, file);
    crs_json(info, file);
    laz_json(info, file);
    vlrs_json(info, file);
    extra_bytes_json(info, file);
    if (info->copc != NULL)
        copc_json(info, nodes, file);
    cJSON *remarks = json_array(file, "remarks");
    for (uint64_t i = 0; i < scree_las_remark_count(info->reader); i++)
        json_text(remarks, NULL, scree_las_remark(info->reader, i));
}
