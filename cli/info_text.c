/* info_text.c - `scree info` for people: aligned, a screen for usual files. */
#include "cli/info.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

/* A label, after which the caller prints the rest of the line. */
static void label(const char *name)
{
    printf("  %-12s ", name);
}

static void triple(const char *name, const double *values, const double *scale)
{
    label(name);
    for (unsigned i = 0; i < 3; i++) {
        struct text number =
            scale != NULL ? coordinate_text(values[i], scale[i]) : number_text(values[i]);
        printf("%s%s", i > 0 ? "  " : "", number.text);
    }
    putchar('\n');
}

static void text_line(const char *name, const char *text)
{
    label(name);
    put_clean(stdout, text);
    putchar('\n');
}

static void show_encoding(const struct scree_las_header *header)
{
    unsigned bits = header->global_encoding;
    label("encoding");
    printf("0x%04x: GPS %s time%s%s%s%s\n", bits,
           bits & SCREE_LAS_GPS_STANDARD_TIME ? "standard" : "week",
           bits & 0x0002u ? ", waveforms inside" : "", bits & 0x0004u ? ", waveforms outside" : "",
           bits & SCREE_LAS_SYNTHETIC_RETURNS ? ", synthetic return numbers" : "",
           bits & SCREE_LAS_WKT ? ", WKT" : "");
}

static void show_returns(const struct scree_las_header *header)
{
    unsigned last = 0;
    for (unsigned i = 0; i < 15; i++) {
        if (header->return_counts[i] > 0)
            last = i + 1;
    }
    if (last == 0)
        return;
    label("returns");
    for (unsigned i = 0; i < last; i++)
        printf("%s%u: %s", i > 0 ? "  " : "", i + 1, count_text(header->return_counts[i]).text);
    putchar('\n');
}

static void show_header(const struct info *info)
{
    const struct scree_las_header *header = info->header;
    uint64_t bytes = scree_source_bytes(info->source);
    char date[16], guid[37];
    put_clean(stdout, info->path);
    printf(": %s %u.%u%s\n", header->compressed ? "LAZ" : "LAS", header->version_major,
           header->version_minor, info->is_copc ? ", COPC 1.0" : "");
    label("points");
    printf("%s, format %u (%s), %u bytes each\n", count_text(header->point_count).text,
           header->point_format, info_format_words(header->point_format), header->record_bytes);
    label("size");
    printf("%s", size_exact_text(bytes).text);
    if (header->point_count > 0)
        printf(", %.2f bytes per point", (double)bytes / (double)header->point_count);
    putchar('\n');
    show_returns(header);
    triple("min", header->min, header->scale);
    triple("max", header->max, header->scale);
    triple("scale", header->scale, NULL);
    triple("offset", header->offset, NULL);
    show_encoding(header);
    label("made");
    if (info_date(header, date))
        printf("%s", date);
    else
        printf("day %u of year %u", header->creation_day, header->creation_year);
    printf(", software '");
    put_clean(stdout, header->generating_software);
    printf("', system '");
    put_clean(stdout, header->system_id);
    info_guid(header, guid);
    printf("'\n");
    label("source id");
    printf("%u, project %s\n", header->file_source_id, guid);
}

static void show_crs(const struct info *info, bool verbose)
{
    const struct scree_las_crs *crs = &info->crs;
    if (info->crs_problem[0] != '\0') {
        label("CRS");
        printf("cannot be read: ");
        put_clean(stdout, info->crs_problem);
        putchar('\n');
        return;
    }
    if (crs->origin == SCREE_CRS_NONE) {
        text_line("CRS", "none");
        return;
    }
    label("CRS");
    put_clean(stdout, crs->name[0] != '\0' ? crs->name : "without a name");
    printf(" (from %s%s%s)\n", crs->origin == SCREE_CRS_WKT ? "WKT" : "GeoTIFF keys",
           crs->geographic ? ", in degrees" : "", crs->geocentric ? ", geocentric" : "");
    if (crs->note[0] != '\0')
        text_line("", crs->note);
    if (verbose && crs->wkt != NULL)
        text_line("", crs->wkt);
}

static void show_laz(const struct info *info)
{
    const struct scree_laz_layout *layout = scree_las_layout(info->reader);
    if (layout == NULL || !info->header->compressed)
        return;
    uint64_t units = scree_las_unit_count(info->reader);
    bool has_table = scree_las_has_chunk_table(info->reader);
    label("LAZ");
    printf("%s", info_compressor_words(layout->compressor));
    if (layout->compressor >= SCREE_LAZ_CHUNKED) {
        if (layout->chunk_points == SCREE_LAZ_VARIABLE_CHUNKS)
            printf(", chunks of varying size");
        else
            printf(", %s points a chunk", count_text(layout->chunk_points).text);
        if (has_table)
            printf(", %s chunk%s", count_text(units).text, plural(units));
        else
            printf(", no usable chunk table");
    }
    printf(", items");
    for (unsigned i = 0; i < layout->item_count && i < SCREE_LAZ_ITEMS_MAX; i++)
        printf(" %u(v%u)", layout->items[i].type, layout->items[i].version);
    putchar('\n');
}

static void show_vlrs(const struct info *info)
{
    uint64_t count = scree_las_vlr_count(info->reader);
    if (count == 0)
        return;
    printf("\n  records       user id           id         bytes  description\n");
    for (uint64_t i = 0; i < count; i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(info->reader, i);
        printf("  %-12s  ", vlr->extended ? "EVLR" : "VLR");
        put_column(stdout, vlr->user_id, 16);
        printf(" %5u %13s%s", vlr->record_id, count_text(vlr->payload_bytes).text,
               vlr->description[0] != '\0' ? "  " : "");
        put_clean(stdout, vlr->description);
        putchar('\n');
    }
}

static void show_extra_bytes(const struct info *info)
{
    uint32_t count = scree_las_extra_byte_count(info->reader);
    if (count == 0)
        return;
    printf(
        "\n  extra bytes                       type       scale       offset      description\n");
    for (uint32_t i = 0; i < count; i++) {
        const struct scree_las_extra_byte *field = scree_las_extra_byte(info->reader, i);
        double scale, offset;
        printf("  ");
        put_column(stdout, field->name[0] != '\0' ? field->name : "(without a name)", 33);
        if (field->data_type == 0)
            printf(" %u byte%-4s", (unsigned)field->bytes, plural(field->bytes));
        else
            printf(" %-10s", info_type_words(field));
        if (info_field_scale(field, &scale, &offset))
            printf(" %-11s %-11s", number_text(scale).text, number_text(offset).text);
        else
            printf(" %-11s %-11s", "-", "-");
        fputs(field->description[0] != '\0' ? " " : "", stdout);
        put_clean(stdout, field->description);
        putchar('\n');
    }
}

static void show_copc(const struct info *info)
{
    const struct scree_copc_info *copc = scree_copc_info(info->copc);
    uint64_t pages = scree_copc_page_count(info->copc), nodes = 0, empty = 0;
    for (unsigned i = 0; i < info->level_count; i++) {
        nodes += info->levels[i].node_count;
        empty += info->levels[i].empty_count;
    }
    putchar('\n');
    triple("cube centre", copc->center, info->header->scale);
    label("cube side");
    printf("%s, spacing of the root %s\n", number_text(2 * copc->halfsize).text,
           number_text(copc->spacing).text);
    label("GPS time");
    printf("%s to %s\n", number_text(copc->gps_time_min).text,
           number_text(copc->gps_time_max).text);
    label("hierarchy");
    printf("%s node%s in %s page%s", count_text(nodes).text, plural(nodes), count_text(pages).text,
           plural(pages));
    if (empty > 0)
        printf(", %s more without points", count_text(empty).text);
    printf("\n\n  level     nodes          points   points/node: min  median     max"
           "           bytes   spacing\n");
    for (unsigned i = 0; i < info->level_count; i++) {
        const struct level_info *level = &info->levels[i];
        printf("  %5u %9s %15s %18s %7s %7s %15s %9.4g\n", i, count_text(level->node_count).text,
               count_text(level->point_count).text, count_text(level->least_points).text,
               count_text(level->median_points).text, count_text(level->most_points).text,
               count_text(level->byte_count).text, level->spacing);
    }
}

static void show_nodes(const struct scree_copc *copc)
{
    const struct scree_copc_entry *entries = scree_copc_entries(copc);
    uint64_t count = scree_copc_entry_count(copc);
    printf("\n  node                          points          offset      bytes\n");
    for (uint64_t i = 0; i < count; i++) {
        char key[64];
        snprintf(key, sizeof key, "%d-%d-%d-%d", (int)entries[i].key.level, (int)entries[i].key.x,
                 (int)entries[i].key.y, (int)entries[i].key.z);
        printf("  %-25s %10d %15llu %10d\n", key, (int)entries[i].point_count,
               (unsigned long long)entries[i].offset, (int)entries[i].byte_count);
    }
}

void info_text(const struct info *info, bool verbose, bool nodes)
{
    show_header(info);
    show_crs(info, verbose);
    show_laz(info);
    show_vlrs(info);
    show_extra_bytes(info);
    if (info->copc != NULL)
        show_copc(info);
    for (uint64_t i = 0; i < scree_las_remark_count(info->reader); i++) {
        printf("%s  remark: ", i == 0 ? "\n" : "");
        put_clean(stdout, scree_las_remark(info->reader, i));
        putchar('\n');
    }
    if (nodes && info->copc != NULL)
        show_nodes(info->copc);
}
