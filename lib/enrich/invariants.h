/*
 * invariants.h - what has to hold of every point, whatever its surroundings are, looked at once more in the very bytes that are written: where it does not, scree is wrong, and
 * there is no output.
 *
 *     Linearity + Planarity + Sphericity = 1; |NormalX, NormalY, NormalZ| = 1; Eigenvalue1 >= Eigenvalue2 >= Eigenvalue3 >= 0
 *
 * To 1e-6, and to what rounding to the steps of compact fields may add. Three that belong together have values, or none has. Of the three only those are looked at of which all are
 * written. That ground points lie on the ground is looked at where heights are made (heights_check.c).
 */
#ifndef SCREE_LIB_ENRICH_INVARIANTS_H
#define SCREE_LIB_ENRICH_INVARIANTS_H

#include "enrich/fields.h"

#define SCREE__ENRICH_INVARIANTS 3u

/* Three fields, and where they are behind the first field of all. */
struct scree__enrich_three {
    uint32_t which; /* of the above */
    uint32_t at[3];
    bool compact;
};

struct scree__enrich_invariants {
    uint32_t count;
    struct scree__enrich_three threes[SCREE__ENRICH_INVARIANTS];
};

void scree__enrich_invariants_init(struct scree__enrich_invariants *invariants,
                                   const struct scree__enrich_field *fields, uint32_t field_count);
/*
 * at: the first field of the first of `count` records, stride bytes apart. first: the number of its point; name: of the file. From any thread. Errors: SCREE_E_DATA with the
 * first point that is wrong, and its values.
 */
SCREE_MUST_CHECK enum scree_status
scree__enrich_invariants_check(const struct scree__enrich_invariants *invariants, const uint8_t *at,
                               uint32_t stride, uint32_t count, uint64_t first, const char *name,
                               struct scree_error *err);

#endif
