/* slots.c - the memory of a run. */
#include "synth/file.h"
#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

static void free_slot(const struct scree__synth_run *run, struct scree__synth_slot *slot)
{
    struct scree__mem_budget *budget = scree__par_budget(run->context);
    if (slot == NULL)
        return;
    scree__mem_free(budget, slot->records, run->records_bytes);
    scree__mem_free(budget, slot->chunk, run->chunk_bound);
    scree__mem_free(budget, slot->encoder_memory, run->encoder_bytes);
    scree__mem_free(budget, slot, sizeof *slot);
}

static enum scree_status new_slot(const struct scree__synth_run *run,
                                  struct scree__synth_slot **out, struct scree_error *err)
{
    struct scree__mem_budget *budget = scree__par_budget(run->context);
    void *memory;
    enum scree_status status =
        scree__mem_alloc(budget, sizeof(struct scree__synth_slot), &memory, "survey", err);
    if (status != SCREE_OK)
        return status;
    struct scree__synth_slot *slot = memory;
    memset(slot, 0, sizeof *slot);
    scree__synth_scene_init(&slot->scene, run->survey.seed);
    status = scree__mem_alloc(budget, run->records_bytes, &memory, "points of a chunk", err);
    if (status != SCREE_OK)
        goto out;
    slot->records = memory;
    if (!run->compressed)
        goto out;
    status = scree__mem_alloc(budget, run->chunk_bound, &memory, "LAZ chunk", err);
    if (status != SCREE_OK)
        goto out;
    slot->chunk = memory;
    status =
        scree__mem_alloc(budget, run->encoder_bytes, &slot->encoder_memory, "LAZ encoder", err);
    if (status != SCREE_OK)
        goto out;
    status = scree_laz_encoder_init(slot->encoder_memory, run->encoder_bytes, &run->layout,
                                    &slot->encoder, err);
out:
    if (status != SCREE_OK) {
        free_slot(run, slot);
        slot = NULL;
    }
    *out = slot;
    return status;
}

enum scree_status scree__synth_slots_init(struct scree__synth_run *run, struct scree_error *err)
{
    /* One more than threads: a finished chunk can wait for its turn. */
    unsigned wanted = scree_context_threads(run->context) + 1;
    void *memory;
    enum scree_status status = scree__mem_alloc(scree__par_budget(run->context),
                                                wanted * sizeof *run->slots, &memory, "slots", err);
    if (status != SCREE_OK)
        return status;
    run->slots = memory;
    run->slot_capacity = wanted;
    for (run->slot_count = 0; run->slot_count < wanted; run->slot_count++) {
        struct scree_error own = SCREE_ERROR_INIT;
        status = new_slot(run, &run->slots[run->slot_count], &own);
        if (status == SCREE_E_BUDGET && run->slot_count > 0)
            return SCREE_OK;
        if (status != SCREE_OK) {
            if (err != NULL && err->status == SCREE_OK)
                *err = own;
            return status;
        }
    }
    return SCREE_OK;
}

void scree__synth_slots_release(struct scree__synth_run *run)
{
    for (unsigned i = 0; i < run->slot_count; i++)
        free_slot(run, run->slots[i]);
    scree__mem_free(scree__par_budget(run->context), run->slots,
                    run->slot_capacity * sizeof *run->slots);
    run->slots = NULL;
    run->slot_count = run->slot_capacity = 0;
}
