/* crs.h - inside the reading of coordinate reference systems. */
#ifndef SCREE_LIB_LAS_CRS_H
#define SCREE_LIB_LAS_CRS_H

#include "las/geotiff.h"
#include "scree/las.h"

/* What a file says of its CRS: payloads, NULL where absent. */
struct scree__las_crs_records {
    const uint8_t *wkt, *keys, *doubles, *ascii;
    uint64_t wkt_bytes, keys_bytes, doubles_bytes, ascii_bytes;
    bool wkt_bit; /* of the global encoding */
    uint8_t version_minor;
};

SCREE_MUST_CHECK enum scree_status
scree__las_crs_from_records(const struct scree__las_crs_records *records, struct scree_las_crs *crs,
                            struct scree_error *err);

/*
 * As scree_las_crs_read(), but what begins like WKT1 is taken as it stands, with the name that it has by its look: the same text and name, without the
 * 13 ms (on a Zen 4) that PROJ takes to read it. What PROJ would complain of goes unnoticed, and the kind of a compound CRS is not known.
 */
SCREE_MUST_CHECK enum scree_status scree__las_crs_glance(const struct scree_las_reader *reader,
                                                         struct scree_las_crs *crs,
                                                         struct scree_error *err);

/*
 * All that scree_las_crs_read() looks at in a file, as bytes: files that say the same have the same CRS and the same notes, and PROJ, which takes some
 * milliseconds to look a code up, need not be asked again. Release with scree__las_crs_said_release().
 */
struct scree__las_crs_said {
    uint8_t *bytes;
    uint64_t count;
};
SCREE_MUST_CHECK enum scree_status scree__las_crs_said(const struct scree_las_reader *reader,
                                                       struct scree__las_crs_said *said,
                                                       struct scree_error *err);
/* False where one of them has not been asked for. */
bool scree__las_crs_said_same(const struct scree__las_crs_said *a,
                              const struct scree__las_crs_said *b);
void scree__las_crs_said_release(struct scree__las_crs_said *said);

/* Does the text begin like WKT1? */
bool scree__las_crs_is_wkt1(const char *text);

/* Name and kind of a WKT by its look alone, for what PROJ cannot read. */
void scree__las_crs_describe(const char *wkt, struct scree_las_crs *crs);

/* ---------------------------------------------- with PROJ (crs_proj.c) or without (crs_plain.c) */

/* wkt is trimmed and not empty. Sets all of *crs but its origin. A text that cannot be read stays
 * as it is, with a note. */
SCREE_MUST_CHECK enum scree_status
scree__las_crs_from_wkt(const char *wkt, struct scree_las_crs *crs, struct scree_error *err);
/* Leaves crs->wkt NULL where the keys name no CRS. */
SCREE_MUST_CHECK enum scree_status
scree__las_crs_from_geotiff(const struct scree__las_geotiff *geotiff, struct scree_las_crs *crs,
                            struct scree_error *err);
/* text is trimmed and not empty. */
SCREE_MUST_CHECK enum scree_status
scree__las_crs_from_person(const char *text, struct scree_las_crs *crs, struct scree_error *err);
/* Is the text WKT of a CRS? false: why[capacity] says what PROJ complains of. Always true without
 * PROJ. */
bool scree__las_crs_wkt_reads(const char *text, char *why, size_t capacity);
/* Of two WKT texts that are not the same to the byte. */
bool scree__las_crs_same_meaning(const char *a, const char *b);

#endif
