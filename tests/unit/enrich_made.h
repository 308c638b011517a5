/* enrich_made.h - enrichment of files with made-up values: what the tests of lib/enrich's writer share. */
#ifndef SCREE_TESTS_ENRICH_MADE_H
#define SCREE_TESTS_ENRICH_MADE_H

#include "enrich/rewrite.h"
#include "las_make.h"

#define MADE_PARAMETERS(dimensions) "{\"scree\":\"test\",\"dimensions\":[" dimensions "]}"

/* A few features, and the JSON that names them. */
struct made_change {
    struct scree__enrich_field fields[SCREE_FEATURE_COUNT];
    char parameters[4096];
    struct scree__enrich_change change;
};

/* features 0: strip. seed: other values. */
void made_change(struct made_change *made, uint64_t features, bool compact, bool ign_names,
                 uint32_t seed);
/* The value of a point's feature for a seed. */
float made_value(uint32_t seed, uint64_t point, uint32_t field);

struct made_run {
    unsigned threads;
    uint64_t memory_bytes;
};

/* The file, rewritten; status tells. Checks that all memory is given back. Free with las_bytes_free(). */
enum scree_status made_rewrite(const struct las_bytes *file, struct made_change *made,
                               struct made_run run, struct las_bytes *out, struct scree_error *err);
/* Must succeed. */
struct las_bytes made_rewrite_well(const struct las_bytes *file, struct made_change *made);

/* All records of a file, decoded. */
uint8_t *made_records(const struct las_bytes *file, uint64_t *count, uint32_t *record_bytes);

/* Are header, VLRs, records and EVLRs the same bytes, places and LASzip record aside? Fails with `name`. */
void made_check_same(const struct las_bytes *a, const struct las_bytes *b, const char *name);
/* Without its features `out` is the file again, to the byte. */
void made_check_comes_back(const struct las_bytes *out, const struct las_bytes *file);
/* All of the above for one file: enriched, again, otherwise, stripped. */
void made_check_all(const struct las_bytes *file, const char *name, struct made_run run);

#endif
