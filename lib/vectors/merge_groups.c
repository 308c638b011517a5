/* merge_groups.c - lists by groups, each read ahead by one thread. */
#include "vectors/merge_joining.h"
#include "base/error.h"

/* What a thread reads ahead, of all segments together; how many groups of lists, each read ahead by itself, a thread gets, so that all have something to do. */
#define AHEAD_BYTES ((uint64_t)8 << 20)
#define GROUPS_A_THREAD 4u

static uint64_t table_bytes(const struct scree__vectors_joining *j)
{
    return scree__vectors_align(
        2 * (uint64_t)j->merge->segment_count * sizeof(struct scree__vectors_ahead), 64);
}

static void begin_ahead(const struct scree__vectors_joining *j, unsigned worker, uint32_t first,
                        uint32_t end)
{
    struct scree__vectors_ahead *aheads = scree__vectors_joining_aheads(j, worker);
    const uint32_t segments = j->merge->segment_count;
    const uint64_t table = table_bytes(j);
    const uint64_t room = (j->ahead_bytes - table) / (2 * segments);
    for (uint32_t s = 0; s < segments; s++) {
        struct scree__vectors_merge_end until =
            scree__vectors_merge_end_of(&j->merge->segments[s], j->column, first, end);
        uint8_t *bytes = (uint8_t *)aheads + table + 2 * s * room;
        aheads[2 * s] =
            (struct scree__vectors_ahead){.bytes = bytes, .room = room, .until = until.blocks};
        aheads[2 * s + 1] =
            (struct scree__vectors_ahead){.bytes = bytes + room, .room = room, .until = until.rows};
    }
}

static enum scree_status do_group(void *arg, uint64_t group, unsigned worker,
                                  struct scree_error *err)
{
    struct scree__vectors_joining *j = arg;
    const uint32_t lists = j->job->columns[j->column].cell_count;
    const uint32_t first = (uint32_t)group * j->group_lists;
    const uint32_t end = lists - first < j->group_lists ? lists : first + j->group_lists;
    enum scree_status status = SCREE_OK;
    if (j->ahead_bytes > 0)
        begin_ahead(j, worker, first, end);
    for (uint32_t list = first; list < end && status == SCREE_OK; list++) {
        status = scree__par_check_cancel(j->job->context, err);
        if (status == SCREE_OK)
            status = j->list_item(j, list, worker, err);
    }
    return status;
}

static enum scree_status do_groups(struct scree__vectors_joining *j, uint32_t workers,
                                   struct scree_error *err)
{
    const uint32_t lists = j->job->columns[j->column].cell_count;
    const uint32_t pieces = workers == 1 ? 1 : GROUPS_A_THREAD * workers;
    j->group_lists = (lists + pieces - 1) / pieces;
    if (workers == 1)
        return do_group(j, 0, 0, err);
    return scree__par_for(scree__par_pool(j->job->context),
                          (lists + j->group_lists - 1) / j->group_lists, do_group, j, err);
}

enum scree_status scree__vectors_merge_for_lists(struct scree__vectors_joining *j,
                                                 uint64_t worker_bytes, scree__par_item item,
                                                 struct scree_error *err)
{
    struct scree_vectors_build_job *job = j->job;
    const struct {
        uint32_t workers;
        uint64_t ahead;
    } ways[] = {{job->threads, AHEAD_BYTES},
                {job->threads, AHEAD_BYTES / 8},
                {job->threads, 0},
                {1, AHEAD_BYTES / 8},
                {1, 0}};
    const unsigned last = sizeof ways / sizeof ways[0] - 1;
    struct scree_error own;
    enum scree_status status = SCREE_E_BUDGET;
    j->worker_bytes = scree__vectors_align(worker_bytes, 64);
    j->list_item = item;
    for (unsigned i = 0; i <= last && status == SCREE_E_BUDGET; i++) {
        void *memory;
        uint64_t bytes = ways[i].workers * (j->worker_bytes + ways[i].ahead);
        if (ways[i].ahead > 0 && table_bytes(j) > ways[i].ahead / 2)
            continue;
        own = (struct scree_error)SCREE_ERROR_INIT;
        status = scree__mem_alloc(job->budget, bytes, &memory, "lists", i == last ? err : &own);
        if (status != SCREE_OK)
            continue;
        j->memory = memory;
        j->ahead_bytes = ways[i].ahead;
        status = do_groups(j, ways[i].workers, err);
        scree__mem_free(job->budget, memory, bytes);
        return status;
    }
    return status == SCREE_E_BUDGET ? status : scree__base_fail(err, status, "%s", own.message);
}
