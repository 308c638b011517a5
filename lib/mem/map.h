/* map.h - which blocks are mapped one by one: budget.c and shelf.c have to agree. */
#ifndef SCREE_LIB_MEM_MAP_H
#define SCREE_LIB_MEM_MAP_H

#include <stdint.h>

/* From here on: small enough that a freed buffer never lingers in the heap, large enough that calls are rare. */
#define SCREE__MEM_MAP_FROM_BYTES ((uint64_t)1 << 20)

#endif
