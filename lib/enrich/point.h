/* point.h - what the engine keeps of a point. */
#ifndef SCREE_LIB_ENRICH_POINT_H
#define SCREE_LIB_ENRICH_POINT_H

#include <stdint.h>

/* On the survey's lattice. */
struct scree__enrich_point {
    int32_t x, y, z;
    uint32_t
        what; /* roles in the high bits; below them the index in the input, without its segment */
};

/* The same where files overlap: what tells duplicates apart. */
struct scree__enrich_tagged {
    struct scree__enrich_point point;
    uint64_t time; /* the bits of the GPS time */
    uint32_t file; /* 0: the input */
    uint32_t unused;
};

#define ENRICH_INDEX_BITS 28
#define ENRICH_INDEX_MASK (((uint32_t)1 << ENRICH_INDEX_BITS) - 1)

/* Roles. */
#define ENRICH_NEIGHBOR 1u /* counts in others' surroundings */
#define ENRICH_WANTED 2u   /* is the input's: a row is asked for */
#define ENRICH_GROUND 4u
#define ENRICH_EARLY 8u /* not the last return of its pulse: plants have many of them */

#define ENRICH_ROLE(role) ((uint32_t)(role) << ENRICH_INDEX_BITS)

/* A difference that wraps where heights are absurdly far apart. */
static inline int32_t scree__enrich_minus(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

#endif
