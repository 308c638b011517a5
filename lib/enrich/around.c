/* around.c - a hash table of files by path. */
#include "enrich/around.h"
#include "enrich/identity.h"
#include "enrich/tree.h"
#include "mem/budget.h"

#include <string.h>

struct known {
    char *path; /* NULL: free */
    uint64_t bytes;
    int64_t time_ns;
    struct scree__enrich_bounds bounds;
};

struct scree__enrich_around {
    struct scree_context *context;
    struct known *table;
    uint64_t count, slots; /* a power of two, or 0 */
};

enum scree_status scree__enrich_around_new(struct scree_context *context,
                                           struct scree__enrich_around **out,
                                           struct scree_error *err)
{
    void *memory = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof **out, &memory, "the files around", err);
    *out = memory;
    if (status != SCREE_OK)
        return status;
    memset(*out, 0, sizeof **out);
    (*out)->context = context;
    return SCREE_OK;
}

void scree__enrich_around_free(struct scree__enrich_around *around)
{
    if (around == NULL)
        return;
    for (uint64_t i = 0; i < around->slots; i++)
        scree__mem_string_free(around->table[i].path);
    scree__mem_free(NULL, around->table, around->slots * sizeof *around->table);
    scree__mem_free(NULL, around, sizeof *around);
}

/* The slot of a path, or the free one where it belongs; slots > count. */
static struct known *slot_of(struct known *table, uint64_t slots, const char *path)
{
    uint64_t at = scree__enrich_digest(SCREE__ENRICH_DIGEST_BEGIN, path, strlen(path));
    while (table[at & (slots - 1)].path != NULL && strcmp(table[at & (slots - 1)].path, path) != 0)
        at++;
    return &table[at & (slots - 1)];
}

/* Room for one more, with half of the slots free. */
static bool grow(struct scree__enrich_around *around)
{
    const uint64_t slots = around->slots == 0 ? 64 : 2 * around->slots;
    void *memory = NULL;
    if (2 * (around->count + 1) <= around->slots)
        return true;
    if (scree__mem_alloc(NULL, slots * sizeof *around->table, &memory, "the files around", NULL) !=
        SCREE_OK)
        return false;
    struct known *table = memset(memory, 0, slots * sizeof *around->table);
    for (uint64_t i = 0; i < around->slots; i++)
        if (around->table[i].path != NULL)
            *slot_of(table, slots, around->table[i].path) = around->table[i];
    scree__mem_free(NULL, around->table, around->slots * sizeof *around->table);
    around->table = table;
    around->slots = slots;
    return true;
}

/* NULL: no memory, or the file is gone. */
static struct known *enter(struct scree__enrich_around *around, const char *path)
{
    uint64_t bytes;
    int64_t time_ns;
    if (!scree__enrich_look_at(path, &bytes, &time_ns) || !grow(around))
        return NULL;
    struct known *known = slot_of(around->table, around->slots, path);
    if (known->path == NULL) {
        known->path = scree__mem_string_copy(path);
        if (known->path == NULL)
            return NULL;
        around->count++;
    }
    known->bytes = bytes;
    known->time_ns = time_ns;
    memset(&known->bounds, 0, sizeof known->bounds);
    return known;
}

const struct scree__enrich_bounds *
scree__enrich_around_find(const struct scree__enrich_around *around, const char *path)
{
    uint64_t bytes;
    int64_t time_ns;
    if (around->slots == 0)
        return NULL;
    const struct known *known = slot_of(around->table, around->slots, path);
    if (known->path == NULL || !scree__enrich_look_at(path, &bytes, &time_ns) ||
        known->bytes != bytes || known->time_ns != time_ns)
        return NULL;
    return &known->bounds;
}

void scree__enrich_around_keep(struct scree__enrich_around *around, const char *path,
                               const struct scree_las_header *header)
{
    struct known *known = enter(around, path);
    if (known == NULL)
        return;
    memcpy(known->bounds.min, header->min, sizeof known->bounds.min);
    memcpy(known->bounds.max, header->max, sizeof known->bounds.max);
    known->bounds.point_count = header->point_count;
}

void scree__enrich_around_leave_out(struct scree__enrich_around *around, const char *path,
                                    const char *why)
{
    struct known *known = enter(around, path);
    scree__par_log(around->context, SCREE_LOG_WARNING,
                   "%s: left out of the surroundings of other files", why);
    if (known != NULL)
        known->bounds.left_out = true;
}
