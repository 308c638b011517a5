/*
 * limits.h - how much memory and how many cores this process may use, as the system tells it: /proc, and the limits of its cgroups, v1 and v2,
 * with all their ancestors.
 */
#ifndef SCREE_LIB_MEM_LIMITS_H
#define SCREE_LIB_MEM_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

struct scree__mem_limits {
    uint64_t
        available_bytes; /* MemAvailable or the room left in a cgroup, whichever is less; 0: not known */
    uint64_t swap_bytes, swap_used_bytes;
    unsigned cores; /* that cgroup quotas allow, rounded up; 0: no quota */
};

/* root: where /proc and /sys are, "" for the system's own; tests bring others. */
void scree__mem_limits_read(const char *root, struct scree__mem_limits *limits);

/* More than half of swap is taken: what is called available is then available to others, too. */
bool scree__mem_limits_swapping(const struct scree__mem_limits *limits);

/*
 * The budget of a run. asked 0: 60 % of what is available, 30 % while swapping, 1 GiB when nothing is known. Else as asked, but at most 90 % of
 * what is available, 60 % while swapping: a budget that does not exist ends in swap, or in a kill.
 */
uint64_t scree__mem_limits_budget(const struct scree__mem_limits *limits, uint64_t asked);

#endif
