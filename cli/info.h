/* info.h - what `scree info` finds out about a file, and the two ways in which it is shown. */
#ifndef CLI_INFO_H
#define CLI_INFO_H

#include "cli/locations.h"
#include "scree/copc.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct level_info {
    uint64_t node_count,
        empty_count; /* empty: entries with 0 points, which are not counted as nodes */
    uint64_t point_count, byte_count;
    uint64_t least_points, median_points, most_points; /* of a node */
    double spacing;
};

struct info {
    const char *path; /* as it may be shown */
    struct scree_source *source;
    struct scree_las_reader *reader;
    const struct scree_las_header *header;
    struct scree_las_crs crs;
    char crs_problem[1000]; /* why the CRS cannot be read; else empty */
    bool is_copc;
    struct scree_copc *copc; /* NULL when it is not COPC */
    unsigned level_count;
    struct level_info levels[SCREE_COPC_LEVELS_MAX];
    uint64_t point_bytes; /* of the point data */
};

/* Looks into a file. Release in any case. */
enum scree_status info_open(struct info *info, const char *path, struct locations *locations,
                            struct scree_error *err);
void info_release(struct info *info);

void info_text(const struct info *info, bool verbose, bool nodes);
void info_json(const struct info *info, bool nodes, cJSON *file);

/* Words for numbers of the format; "?" for unknown ones. */
const char *info_format_words(unsigned point_format);
const char *info_compressor_words(unsigned compressor);
const char *info_type_words(const struct scree_las_extra_byte *field);
/* Scale and offset of an extra-bytes field; false when it has none. */
bool info_field_scale(const struct scree_las_extra_byte *field, double *scale, double *offset);
/* "2011-04-01"; false when the header holds no valid date. */
bool info_date(const struct scree_las_header *header, char date[16]);
/* "00000000-0000-0000-0000-000000000000" */
void info_guid(const struct scree_las_header *header, char guid[37]);

#endif
