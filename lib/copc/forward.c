/* forward.c - which VLRs and EVLRs go into the output. */
#include "copc/forward.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct left_out {
    const char *user_id;
    uint32_t first_record, last_record;
};

/* Described anew by the output, or untrue of it. */
static const struct left_out left_out[] = {
    {"laszip encoded", 0, 65535},
    {"copc", 0, 65535},
    {"copc_temporal", 0, 65535},
    {"LAStools", 10, 10}, /* LAStiling: square of the input tile */
    {"LAStools", 30, 30}, /* LAX: spatial index over the input's point order */
    {"LASF_Projection", 2112, 2112},
    {"LASF_Projection", 34735, 34737},
    {"LASF_Spec", 4, 4},         /* extra bytes */
    {"LASF_Spec", 100, 354},     /* waveform packet descriptors */
    {"LASF_Spec", 65535, 65535}, /* waveform data packets */
    {"LASF_Spec", 7, 7},         /* superseded */
};

static bool is_left_out(const struct scree_las_vlr *vlr)
{
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (strcmp(vlr->user_id, left_out[i].user_id) == 0 &&
            vlr->record_id >= left_out[i].first_record && vlr->record_id <= left_out[i].last_record)
            return true;
    return false;
}

static int compare_records(const void *a, const void *b)
{
    const struct scree__copc_forwarded *first = a, *second = b;
    const struct scree_las_vlr *x = &first->vlr, *y = &second->vlr;
    int order = strcmp(x->user_id, y->user_id);
    if (order == 0 && x->record_id != y->record_id)
        order = x->record_id < y->record_id ? -1 : 1;
    if (order == 0)
        order = strcmp(x->description, y->description);
    if (order == 0 && x->payload_bytes != y->payload_bytes)
        order = x->payload_bytes < y->payload_bytes ? -1 : 1;
    if (order == 0 && x->extended != y->extended)
        order = x->extended ? 1 : -1;
    if (order == 0 && (x->payload == NULL) != (y->payload == NULL))
        order = x->payload == NULL ? 1 : -1;
    if (order == 0 && x->payload != NULL && x->payload_bytes > 0)
        order = memcmp(x->payload, y->payload, (size_t)x->payload_bytes);
    if (order == 0 && x->payload == NULL && first->path != NULL && second->path != NULL)
        order = strcmp(first->path, second->path);
    return order;
}

static void release_record(struct scree__copc_forwarded *record, struct scree__mem_budget *budget)
{
    scree__mem_free(budget, (void *)(uintptr_t)record->vlr.payload, record->vlr.payload_bytes);
    scree__mem_string_free(record->path);
}

static bool is_known(const struct scree__copc_forward *forward, const struct scree_las_vlr *vlr)
{
    struct scree__copc_forwarded probe = {*vlr, NULL};
    for (uint64_t i = 0; vlr->payload != NULL && i < forward->count; i++)
        if (compare_records(&forward->records[i], &probe) == 0)
            return true;
    return false;
}

static enum scree_status add_record(struct scree__copc_forward *forward,
                                    struct scree__mem_budget *budget,
                                    const struct scree_las_reader *reader,
                                    const struct scree_las_vlr *vlr, struct scree_error *err)
{
    static const char what[] = "forwarded VLRs";
    void *memory = forward->records;
    enum scree_status status =
        scree__mem_grow(budget, &memory, &forward->capacity, forward->count + 1,
                        sizeof *forward->records, what, err);
    forward->records = memory;
    if (status != SCREE_OK)
        return status;
    struct scree__copc_forwarded *record = &forward->records[forward->count];
    record->vlr = *vlr;
    record->path = NULL;
    if (vlr->payload != NULL && vlr->payload_bytes > 0) {
        status = scree__mem_alloc(budget, vlr->payload_bytes, &memory, what, err);
        if (status != SCREE_OK)
            return status;
        memcpy(memory, vlr->payload, (size_t)vlr->payload_bytes);
        record->vlr.payload = memory;
    } else if (vlr->payload_bytes > 0) {
        record->path = scree__mem_string_copy(scree_source_name(scree_las_source(reader)));
        if (record->path == NULL)
            return scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", what);
    }
    forward->count++;
    return SCREE_OK;
}

enum scree_status scree__copc_forward_add(struct scree__copc_forward *forward,
                                          struct scree__mem_budget *budget,
                                          const struct scree_las_reader *reader,
                                          struct scree_error *err)
{
    uint64_t count = scree_las_vlr_count(reader);
    for (uint64_t i = 0; i < count; i++) {
        const struct scree_las_vlr *vlr = scree_las_vlr(reader, i);
        if (is_left_out(vlr) || is_known(forward, vlr))
            continue;
        enum scree_status status = add_record(forward, budget, reader, vlr, err);
        if (status != SCREE_OK)
            return status;
    }
    return SCREE_OK;
}

void scree__copc_forward_finish(struct scree__copc_forward *forward,
                                struct scree__mem_budget *budget)
{
    if (forward->count == 0)
        return;
    qsort(forward->records, forward->count, sizeof *forward->records, compare_records);
    uint64_t kept = 1;
    for (uint64_t i = 1; i < forward->count; i++) {
        if (compare_records(&forward->records[kept - 1], &forward->records[i]) == 0)
            release_record(&forward->records[i], budget);
        else
            forward->records[kept++] = forward->records[i];
    }
    forward->count = kept;
}

void scree__copc_forward_release(struct scree__copc_forward *forward,
                                 struct scree__mem_budget *budget)
{
    for (uint64_t i = 0; i < forward->count; i++)
        release_record(&forward->records[i], budget);
    scree__mem_free(budget, forward->records, forward->capacity * sizeof *forward->records);
    memset(forward, 0, sizeof *forward);
}
