/* limits.h - how much memory this process may use, as the system tells it. */
#ifndef SCREE_LIB_MEM_LIMITS_H
#define SCREE_LIB_MEM_LIMITS_H

#include <stdint.h>

/*
 * The smaller of the memory that is available now (MemAvailable) and the room left under the
 * process's cgroup limits (v1 and v2, all ancestors). 0 when nothing can be read.
 */
uint64_t scree__mem_available_bytes(void);

#endif
