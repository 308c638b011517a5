/* parameters.c - the JSON that an enriched file carries. */
#include "enrich/parameters.h"
#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define FILES_LISTED 100u

const char *scree__enrich_short_unit(const char *unit_name)
{
    if (strncasecmp(unit_name, "met", 3) == 0)
        return "m";
    if (strstr(unit_name, "foot") != NULL || strstr(unit_name, "Foot") != NULL ||
        strstr(unit_name, "feet") != NULL)
        return "ft";
    return "";
}

static void add_classes(struct scree__enrich_text *text, const uint64_t classes[4])
{
    const char *comma = "";
    for (unsigned c = 0; c < 256; c++)
        if ((classes[c / 64] >> c % 64 & 1) != 0) {
            scree__enrich_text_add(text, "%s%u", comma, c);
            comma = ",";
        }
}

static void add_length(struct scree__enrich_text *text, const char *name, double value)
{
    scree__enrich_text_add(text, ",\"%s\":", name);
    scree__enrich_text_add_number(text, value);
}

void scree__enrich_parameters_of_options(const struct scree_enrich_options *options,
                                         struct scree__enrich_text *text)
{
    static const char *const grounds[] = {"tin", "nearest", "idw"};
    static const char *const neighbors[] = {"auto", "none", "folder"};
    scree__enrich_text_add(
        text,
        "{\"scree\":\"%s\",\"mode\":\"%s\",\"k\":%u,\"eigenvalues\":\"%s\",\"score\":\"%s\","
        "\"compact\":%s,\"names\":\"%s\",\"noise_counts\":%s,\"withheld_counts\":%s,"
        "\"neighbor_files\":\"%s\",\"ignore_overlap\":%s",
        scree_version(), options->mode == SCREE_ENRICH_BUILDING ? "building" : "core", options->k,
        options->eigen_mode == SCREE_EIGEN_SQRT ? "sqrt" : "raw",
        options->score_mode == SCREE_SCORE_SEED ? "seed" : "calibrated",
        options->compact ? "true" : "false", options->ign_names ? "ign" : "scree",
        options->noise_neighbors ? "true" : "false", options->withheld_neighbors ? "true" : "false",
        neighbors[options->neighbors % 3], options->ignore_overlap ? "true" : "false");
    scree__enrich_text_add(text, ",\"ground\":{\"mode\":\"%s\",\"idw_count\":%u,\"classes\":[",
                           grounds[options->ground_mode % 3], options->idw_count);
    add_classes(text, options->ground_classes);
    scree__enrich_text_add(text, "]}");
    if (options->las14)
        scree__enrich_text_add(text, ",\"las14\":true");
    if (options->write_class)
        add_length(text, "class_written_from",
                   options->building_threshold > 0 ? options->building_threshold : 0.5);
}

static void add_survey(struct scree__enrich_text *text, const struct scree__enrich_survey *survey)
{
    scree__enrich_text_add(text, ",\"no_data\":-9999,\"unit\":");
    scree__enrich_text_add_string(text, survey->unit_name);
    add_length(text, "metres_per_unit", survey->unit_metres);
    scree__enrich_text_add(text, ",\"crs\":");
    scree__enrich_text_add_string(text, survey->crs_name);
    add_length(text, "radius", survey->radius);
    add_length(text, "count_radius", survey->count_radius);
    add_length(text, "ground_reach", survey->ground_reach);
    if (survey->ground_cell > 0)
        add_length(text, "ground_cell", survey->ground_cell);
}

static void add_dimensions(struct scree__enrich_text *text,
                           const struct scree__enrich_field *fields, uint32_t count)
{
    scree__enrich_text_add(text, ",\"dimensions\":[");
    for (uint32_t i = 0; i < count; i++) {
        const struct scree_feature_info *info = scree_feature_info(fields[i].feature);
        scree__enrich_text_add(text, "%s{\"name\":", i > 0 ? "," : "");
        scree__enrich_text_add_string(text, fields[i].name);
        scree__enrich_text_add(text, ",\"formula\":");
        scree__enrich_text_add_string(text, info->formula);
        scree__enrich_text_add(text, ",\"unit\":");
        scree__enrich_text_add_string(text, info->unit);
        scree__enrich_text_add(text, "}");
    }
    scree__enrich_text_add(text, "]");
}

static enum scree_status add_neighbors(struct scree__enrich_text *text,
                                       const struct scree_enrich_options *options,
                                       const struct scree__enrich_survey *survey,
                                       struct scree_error *err)
{
    struct scree__enrich_text list = {0};
    uint64_t digest = SCREE__ENRICH_DIGEST_BEGIN;
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < survey->file_count && status == SCREE_OK; i++) {
        struct scree__enrich_identity identity;
        uint8_t numbers[16];
        status = scree__enrich_identity_of_file(survey->files[i].path, options->source_options,
                                                &identity, err);
        digest = scree__enrich_digest(digest, identity.name, strlen(identity.name) + 1);
        scree__base_store64(numbers, identity.bytes);
        scree__base_store64(numbers + 8, identity.digest);
        digest = scree__enrich_digest(digest, numbers, sizeof numbers);
        if (i >= FILES_LISTED)
            continue;
        scree__enrich_text_add(&list, "%s", i > 0 ? "," : "");
        scree__enrich_identity_add(&list, &identity);
    }
    scree__enrich_text_add(
        text, ",\"neighbors\":{\"count\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "\",\"files\":[%s]}",
        survey->file_count, digest, list.text != NULL ? list.text : "");
    text->failed = text->failed || list.failed;
    scree__enrich_text_release(&list);
    return status;
}

enum scree_status scree__enrich_parameters_make(
    const struct scree_enrich_options *options, const struct scree__enrich_survey *survey,
    const struct scree_las_reader *reader, const struct scree__enrich_field *fields,
    uint32_t field_count, struct scree__enrich_text *text, struct scree_error *err)
{
    struct scree__enrich_identity identity;
    scree__enrich_parameters_of_options(options, text);
    add_survey(text, survey);
    add_dimensions(text, fields, field_count);
    enum scree_status status = scree__enrich_identity_of_reader(reader, &identity, err);
    if (status != SCREE_OK)
        return status;
    scree__enrich_text_add(text, ",\"input\":");
    scree__enrich_identity_add(text, &identity);
    status = add_neighbors(text, options, survey, err);
    scree__enrich_text_add(text, "}");
    return status == SCREE_OK ? scree__enrich_text_end(text, err) : status;
}
