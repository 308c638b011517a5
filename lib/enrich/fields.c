/* fields.c - the added dimensions and their descriptors. */
#include "enrich/fields.h"
#include "base/bytes.h"
#include "enrich/rows.h"
#include "las/header.h"

#include <stdio.h>
#include <string.h>

#define TYPE_FLOAT 9u

/* Bits of a descriptor's options. */
#define OPTION_NO_DATA 1u
#define OPTION_SCALE 8u

/* Where a descriptor has what. */
enum { AT_TYPE = 2, AT_OPTIONS = 3, AT_NAME = 4, AT_NO_DATA = 40, AT_SCALE = 112, AT_TEXT = 160 };

/* "m2" of "u2" and "m". */
static void unit_text(const char *form, const char *unit, char *text, size_t bytes)
{
    const char *u = strchr(form, 'u');
    if (u == NULL || unit[0] == '\0')
        snprintf(text, bytes, "%s%s", u == NULL ? "" : " ", form);
    else
        snprintf(text, bytes, " %.*s%s%s", (int)(u - form), form, unit, u + 1);
}

static bool is_ratio(enum scree_feature feature)
{
    return feature >= SCREE_FEATURE_LINEARITY && feature <= SCREE_FEATURE_EIGENENTROPY;
}

/* "k20 (l1-l2)/l1", "k20 r1.5 sqrt(l3) m", "z-ground TIN m": neighbours, formula, unit; 31 characters at most, the formula first of all. */
static void describe(enum scree_feature feature, const struct scree__enrich_terms *terms,
                     char text[33])
{
    const struct scree_feature_info *info = scree_feature_info(feature);
    char around[24] = "", radius[16] = "", unit[16], more[24] = "";
    const bool counts = feature == SCREE_FEATURE_NEIGHBOR_COUNT;
    const bool ground = feature == SCREE_FEATURE_HEIGHT_ABOVE_GROUND;
    if (counts)
        snprintf(around, sizeof around, "r%.4g ", terms->count_radius);
    else if (!ground && terms->radius > 0)
        snprintf(radius, sizeof radius, "r%.4g ", terms->radius);
    if (!counts && !ground && terms->k > 0)
        snprintf(around, sizeof around, "k%u %s", terms->k, radius);
    else if (!counts && !ground)
        snprintf(around, sizeof around, "%s", radius);
    if (ground && terms->ground_cell > 0)
        snprintf(more, sizeof more, " %s cell%.4g", terms->ground, terms->ground_cell);
    else if (ground)
        snprintf(more, sizeof more, " %s", terms->ground);
    else if (terms->square_roots && is_ratio(feature))
        snprintf(more, sizeof more, " sqrt");
    unit_text(info->unit, terms->unit, unit, sizeof unit);
    snprintf(text, 33, "%s%s%s%s", around, info->formula, more, unit);
    text[31] = '\0';
}

uint32_t scree__enrich_fields_make(uint64_t features, bool compact, bool ign_names,
                                   const struct scree__enrich_terms *terms,
                                   struct scree__enrich_field *fields)
{
    uint32_t count = 0;
    for (unsigned f = 0; f < SCREE_FEATURE_COUNT; f++) {
        if ((features & SCREE_FEATURE_BIT(f)) == 0)
            continue;
        const enum scree_feature feature = (enum scree_feature)f;
        const struct scree_feature_info *info = scree_feature_info(feature);
        struct scree__enrich_field *field = &fields[count++];
        memset(field, 0, sizeof *field);
        field->feature = feature;
        field->compact = compact;
        field->bytes = scree__enrich_stored_bytes(feature, compact);
        snprintf(field->name, sizeof field->name, "%s", ign_names ? info->ign_name : info->name);
        describe(feature, terms, field->description);
    }
    return count;
}

void scree__enrich_field_describe(const struct scree__enrich_field *field, uint8_t *descriptor)
{
    const struct scree_feature_info *info = scree_feature_info(field->feature);
    const uint8_t type = scree__enrich_stored_type(field->feature, field->compact);
    memset(descriptor, 0, SCREE__ENRICH_DESCRIPTOR_BYTES);
    descriptor[AT_TYPE] = type;
    descriptor[AT_OPTIONS] = OPTION_NO_DATA;
    scree__las_text_write(field->name, 32, descriptor + AT_NAME);
    scree__las_text_write(field->description, 32, descriptor + AT_TEXT);
    /* no_data is of the widest kind of its type: a double, or a 64-bit whole number. */
    if (type == TYPE_FLOAT) {
        scree__base_store_f64(descriptor + AT_NO_DATA, (double)SCREE_FEATURE_NO_DATA);
        return;
    }
    scree__base_store64(descriptor + AT_NO_DATA, (uint64_t)info->compact_no_data);
    if (info->compact_scale != 1) {
        descriptor[AT_OPTIONS] |= OPTION_SCALE;
        scree__base_store_f64(descriptor + AT_SCALE, info->compact_scale);
    }
}

void scree__enrich_undocumented_describe(uint32_t bytes, uint8_t *descriptor)
{
    memset(descriptor, 0, SCREE__ENRICH_DESCRIPTOR_BYTES);
    descriptor[AT_OPTIONS] = (uint8_t)bytes;
}
