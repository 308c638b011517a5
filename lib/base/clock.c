/* clock.c - monotonic time. */
#include "base/clock.h"

#include <time.h>

uint64_t scree__base_clock_ns(void)
{
    struct timespec now = {0, 0};
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
