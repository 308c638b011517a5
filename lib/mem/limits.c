/* limits.c - /proc and /sys/fs/cgroup, read. */
#include "mem/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 4096u
#define BUDGET_WHEN_UNKNOWN ((uint64_t)1 << 30)
/* Percent of what is available. */
#define AUTO_SHARE 60u
#define AUTO_SHARE_SWAPPING 30u
#define MOST_SHARE 90u
#define MOST_SHARE_SWAPPING 60u

/* --------------------------------------------------------------------------------------------- files */

static FILE *open_file(const char *root, const char *folder, const char *name)
{
    char path[PATH_BYTES];
    int length = snprintf(path, sizeof path, "%s%s/%s", root, folder, name);
    return length > 0 && (size_t)length < sizeof path ? fopen(path, "re") : NULL;
}

/* The first `count` numbers of a file. "max" and -1 are no numbers: false. */
static bool read_numbers(const char *root, const char *folder, const char *name, uint64_t *values,
                         unsigned count)
{
    char text[128];
    FILE *file = open_file(root, folder, name);
    if (file == NULL)
        return false;
    const char *at = fgets(text, sizeof text, file);
    (void)fclose(file);
    for (unsigned i = 0; i < count; i++) {
        char *end;
        if (at == NULL)
            return false;
        at += strspn(at, " ");
        if (*at < '0' || *at > '9')
            return false;
        values[i] = strtoull(at, &end, 10);
        at = end;
    }
    return true;
}

/* The number after `key` in a file of lines; 0 where there is none. */
static uint64_t read_key(const char *root, const char *folder, const char *name, const char *key)
{
    char line[256];
    uint64_t value = 0;
    FILE *file = open_file(root, folder, name);
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        size_t bytes = strlen(key);
        if (strncmp(line, key, bytes) == 0 && (line[bytes] == ' ' || line[bytes] == ':')) {
            value = strtoull(line + bytes + 1, NULL, 10);
            break;
        }
    }
    (void)fclose(file);
    return value;
}

/* ------------------------------------------------------------------------------------------- cgroups */

/* One kind of hierarchy: where it is mounted, and what its files are called. */
struct hierarchy {
    const char *mount;
    const char *controller; /* v1; "" for v2 */
    const char *limit, *limit_soft, *used, *cache_key;
    const char *quota, *period; /* v2: both in one file, period NULL */
};

static const struct hierarchy hierarchies[] = {
    {"/sys/fs/cgroup", "", "memory.max", "memory.high", "memory.current", "inactive_file",
     "cpu.max", NULL},
    {"/sys/fs/cgroup/unified", "", "memory.max", "memory.high", "memory.current", "inactive_file",
     "cpu.max", NULL},
    {"/sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes", NULL, "memory.usage_in_bytes",
     "total_inactive_file", NULL, NULL},
    {"/sys/fs/cgroup/cpu", "cpu", NULL, NULL, NULL, NULL, "cpu.cfs_quota_us", "cpu.cfs_period_us"},
};

/* The room that one cgroup leaves: what files hold in memory without need does not count as used. */
static void apply_memory(const char *root, const struct hierarchy *kind, const char *folder,
                         const char *limit_name, uint64_t *available)
{
    uint64_t limit, used = 0;
    if (limit_name == NULL || !read_numbers(root, folder, limit_name, &limit, 1))
        return;
    if (!read_numbers(root, folder, kind->used, &used, 1))
        used = 0;
    uint64_t cache = read_key(root, folder, "memory.stat", kind->cache_key);
    used -= cache < used ? cache : used;
    uint64_t room = limit > used ? limit - used : 1;
    if (room < *available)
        *available = room;
}

static void apply_cores(const char *root, const struct hierarchy *kind, const char *folder,
                        unsigned *cores)
{
    uint64_t quota[2] = {0, 0};
    if (kind->quota == NULL ||
        !read_numbers(root, folder, kind->quota, quota, kind->period == NULL ? 2 : 1))
        return;
    if (kind->period != NULL && !read_numbers(root, folder, kind->period, &quota[1], 1))
        return;
    if (quota[1] == 0)
        return;
    uint64_t count = quota[0] / quota[1] + (quota[0] % quota[1] != 0);
    count = count < 1 ? 1 : count;
    if (*cores == 0 || count < *cores)
        *cores = (unsigned)(count < 65536 ? count : 65536);
}

/* Each cgroup from `path` up to the root. In a container the path is often the host's: then only the root is there, and is the container's own. */
static void apply_ancestors(const char *root, const struct hierarchy *kind, const char *path,
                            struct scree__mem_limits *limits)
{
    char folder[PATH_BYTES];
    size_t mount = strlen(kind->mount);
    int length = snprintf(folder, sizeof folder, "%s%s", kind->mount, path);
    if (length < 0 || (size_t)length >= sizeof folder)
        return;
    for (;;) {
        apply_memory(root, kind, folder, kind->limit, &limits->available_bytes);
        apply_memory(root, kind, folder, kind->limit_soft, &limits->available_bytes);
        apply_cores(root, kind, folder, &limits->cores);
        char *slash = strrchr(folder, '/');
        if (slash == NULL || slash < folder + mount)
            return;
        *slash = '\0';
    }
}

/* Is `name` one of a comma-separated list? */
static bool lists(const char *list, const char *name)
{
    size_t bytes = strlen(name);
    for (const char *at = list;; at++) {
        if (strncmp(at, name, bytes) == 0 && (at[bytes] == ',' || at[bytes] == '\0'))
            return true;
        at = strchr(at, ',');
        if (at == NULL)
            return false;
    }
}

/* A line of /proc/self/cgroup: number:controllers:path. */
static void apply_line(const char *root, char *line, struct scree__mem_limits *limits)
{
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (path == NULL)
        return;
    *path++ = '\0';
    controllers++;
    if (strcmp(path, "/") == 0)
        path++;
    for (unsigned i = 0; i < sizeof hierarchies / sizeof hierarchies[0]; i++) {
        const char *wanted = hierarchies[i].controller;
        if (wanted[0] == '\0' ? controllers[0] == '\0' : lists(controllers, wanted))
            apply_ancestors(root, &hierarchies[i], path, limits);
    }
}

/* --------------------------------------------------------------------------------------------- whole */

void scree__mem_limits_read(const char *root, struct scree__mem_limits *limits)
{
    char line[PATH_BYTES + 256];
    memset(limits, 0, sizeof *limits);
    uint64_t available = read_key(root, "/proc", "meminfo", "MemAvailable");
    uint64_t swap = read_key(root, "/proc", "meminfo", "SwapTotal");
    uint64_t swap_free = read_key(root, "/proc", "meminfo", "SwapFree");
    limits->available_bytes = available > 0 ? available * 1024 : UINT64_MAX;
    limits->swap_bytes = swap * 1024;
    limits->swap_used_bytes = swap > swap_free ? (swap - swap_free) * 1024 : 0;
    FILE *file = open_file(root, "/proc/self", "cgroup");
    if (file != NULL) {
        while (fgets(line, sizeof line, file) != NULL)
            apply_line(root, line, limits);
        (void)fclose(file);
    }
    if (limits->available_bytes == UINT64_MAX)
        limits->available_bytes = 0;
}

bool scree__mem_limits_swapping(const struct scree__mem_limits *limits)
{
    return limits->swap_bytes > 0 && limits->swap_used_bytes > limits->swap_bytes / 2;
}

uint64_t scree__mem_limits_budget(const struct scree__mem_limits *limits, uint64_t asked)
{
    bool swapping = scree__mem_limits_swapping(limits);
    uint64_t hundredth = limits->available_bytes / 100;
    if (limits->available_bytes == 0)
        return asked != 0 ? asked : BUDGET_WHEN_UNKNOWN;
    if (asked == 0) {
        uint64_t share = hundredth * (swapping ? AUTO_SHARE_SWAPPING : AUTO_SHARE);
        return share > 0 ? share : 1;
    }
    uint64_t most = hundredth * (swapping ? MOST_SHARE_SWAPPING : MOST_SHARE);
    most = most > 0 ? most : 1;
    return asked < most ? asked : most;
}
