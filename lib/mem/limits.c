/* limits.c - /proc and /sys/fs/cgroup, read. */
#include "mem/limits.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_number(const char *path, uint64_t *value)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    char text[64];
    bool found = fgets(text, sizeof text, file) != NULL && text[0] >= '0' && text[0] <= '9';
    fclose(file);
    if (found)
        *value = strtoull(text, NULL, 10);
    return found;
}

static uint64_t available_from_meminfo(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    if (file == NULL)
        return 0;
    char line[160];
    uint64_t bytes = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "MemAvailable:", 13) == 0) {
            bytes = strtoull(line + 13, NULL, 10) * 1024;
            break;
        }
    }
    fclose(file);
    return bytes;
}

/* Lowers *bytes to what each cgroup from `path` up to the root still allows. */
static void apply_hierarchy(const char *root, const char *path, const char *limit_name,
                            const char *used_name, uint64_t *bytes)
{
    char folder[1024];
    if (strlen(path) >= sizeof folder)
        return;
    memcpy(folder, path, strlen(path) + 1);
    for (;;) {
        char name[1280];
        uint64_t limit, used;
        snprintf(name, sizeof name, "%s%s/%s", root, folder, limit_name);
        if (read_number(name, &limit)) {
            snprintf(name, sizeof name, "%s%s/%s", root, folder, used_name);
            if (!read_number(name, &used) || used > limit)
                used = 0;
            if (limit - used < *bytes)
                *bytes = limit - used;
        }
        char *slash = strrchr(folder, '/');
        if (slash == NULL)
            return;
        *slash = '\0';
    }
}

uint64_t scree__mem_available_bytes(void)
{
    uint64_t bytes = available_from_meminfo();
    if (bytes == 0)
        bytes = UINT64_MAX;
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file != NULL) {
        char line[1200];
        while (fgets(line, sizeof line, file) != NULL) {
            line[strcspn(line, "\n")] = '\0';
            char *controllers = strchr(line, ':');
            char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
            if (path == NULL)
                continue;
            *path++ = '\0';
            controllers++;
            if (strcmp(path, "/") == 0)
                path++;
            if (controllers[0] == '\0') {
                apply_hierarchy("/sys/fs/cgroup", path, "memory.max", "memory.current", &bytes);
                apply_hierarchy("/sys/fs/cgroup", path, "memory.high", "memory.current", &bytes);
            } else if (strstr(controllers, "memory") != NULL) {
                apply_hierarchy("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes",
                                "memory.usage_in_bytes", &bytes);
            }
        }
        fclose(file);
    }
    return bytes == UINT64_MAX ? 0 : bytes;
}
