/* clock.h - monotonic time. */
#ifndef SCREE_LIB_BASE_CLOCK_H
#define SCREE_LIB_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some fixed moment; never goes back. */
uint64_t scree__base_clock_ns(void);

#endif
