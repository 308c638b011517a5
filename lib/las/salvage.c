/*
 * salvage.c - what is left of a damaged file. docs/decisions/salvage.md says what can be trusted.
 *
 * Opening for salvage differs from scree_las_open() in one thing: points that have no place in the
 * file are cut off and described, instead of being an error. Which of the others are sound is found
 * out by whoever decodes them; the units that are then take the place of those in the file.
 */
#include "las/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum scree_status scree__las_open_damaged(struct scree_source *source,
                                          struct scree_context *context,
                                          struct scree_las_reader **reader, struct scree_error *err)
{
    return scree__las_open(source, context, true, reader, err);
}

void scree__las_sound_units(struct scree_las_reader *reader, const struct scree_las_unit *units,
                            uint64_t count)
{
    reader->sound_units = units;
    reader->unit_count = count;
    reader->header.point_count = 0;
    for (uint64_t i = 0; i < count; i++)
        reader->header.point_count += units[i].point_count;
}

/* A failure's message without the file's name and the offset, which whoever reports it says. */
static const char *bare(const struct scree_las_reader *reader, uint64_t offset, const char *message)
{
    char prefix[1000];
    snprintf(prefix, sizeof prefix, "%s: at byte %" PRIu64 ": ", scree_source_name(reader->source),
             offset);
    size_t bytes = strlen(prefix);
    return strncmp(message, prefix, bytes) == 0 ? message + bytes : message;
}

void scree__las_cut_at(struct scree_las_reader *reader, uint64_t first_point, uint64_t chunk,
                       uint64_t offset, const struct scree_error *why)
{
    struct scree__las_cut *cut = &reader->cut;
    cut->first_point = first_point;
    cut->point_count = reader->claimed_points - first_point;
    cut->chunk = chunk;
    cut->offset = offset;
    snprintf(cut->reason, sizeof cut->reason, "%s", bare(reader, offset, why->message));
    reader->header.point_count = first_point;
}
