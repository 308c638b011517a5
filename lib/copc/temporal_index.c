/* temporal_index.c - samples of all nodes, and the payload of the EVLR. */
#include "copc/temporal_index.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

static const char what[] = "samples of the temporal index";

uint32_t scree__temporal_auto_stride(uint64_t point_count)
{
    return point_count < 100000000u ? 100 : point_count < 1000000000u ? 500 : 1000;
}

uint64_t scree__temporal_samples_bytes(uint64_t point_count, uint64_t node_count, uint32_t stride)
{
    uint64_t samples = point_count / stride + 2 * node_count;
    return 8 * (samples < point_count ? samples : point_count);
}

void scree__temporal_vlr(struct scree_las_vlr *vlr, uint64_t payload_bytes)
{
    memset(vlr, 0, sizeof *vlr);
    snprintf(vlr->user_id, sizeof vlr->user_id, "%s", SCREE__TEMPORAL_USER_ID);
    snprintf(vlr->description, sizeof vlr->description, "%s", "COPC temporal index");
    vlr->record_id = SCREE__TEMPORAL_RECORD;
    vlr->extended = true;
    vlr->payload_bytes = payload_bytes;
}

/* -------------------------------------------------------------------------------------- sampling */

enum scree_status scree__temporal_samples_begin(struct scree__temporal_samples *samples,
                                                struct scree__mem_budget *budget,
                                                uint64_t point_count, uint32_t stride,
                                                struct scree_error *err)
{
    uint64_t count = point_count > 0 ? scree__temporal_sample_count(point_count, stride) : 0;
    void *memory;
    samples->count = 0;
    if (count > (UINT32_MAX - SCREE__TEMPORAL_NODE_BYTES) / 8)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "a node of %llu points has %llu samples in the temporal index, "
                                "536870909 are the most: a larger stride makes fewer",
                                (unsigned long long)point_count, (unsigned long long)count);
    if (count <= samples->capacity)
        return SCREE_OK;
    scree__temporal_samples_release(samples, budget);
    enum scree_status status = scree__mem_alloc(budget, count * 8, &memory, what, err);
    if (status == SCREE_OK) {
        samples->bytes = memory;
        samples->capacity = count;
    }
    return status;
}

void scree__temporal_samples_take(struct scree__temporal_samples *samples, const uint8_t *times,
                                  size_t stride_bytes, uint64_t first, uint64_t count,
                                  uint64_t point_count, uint32_t stride)
{
    uint64_t point = (first + stride - 1) / stride * stride;
    for (; point < first + count; point += stride)
        memcpy(samples->bytes + 8 * samples->count++, times + (point - first) * stride_bytes, 8);
    const uint64_t last = point_count - 1;
    if (last >= first && last < first + count && last % stride != 0)
        memcpy(samples->bytes + 8 * samples->count++, times + (last - first) * stride_bytes, 8);
}

void scree__temporal_samples_release(struct scree__temporal_samples *samples,
                                     struct scree__mem_budget *budget)
{
    scree__mem_free(budget, samples->bytes, samples->capacity * 8);
    memset(samples, 0, sizeof *samples);
}

/* ------------------------------------------------------------------------------------ collecting */

void scree__temporal_index_init(struct scree__temporal_index *index,
                                struct scree__mem_budget *budget,
                                struct scree__spill_scratch *scratch, uint32_t stride)
{
    memset(index, 0, sizeof *index);
    index->budget = budget;
    index->scratch = scratch;
    index->stride = stride;
}

enum scree_status scree__temporal_index_add(struct scree__temporal_index *index,
                                            struct scree_copc_key key,
                                            const struct scree__temporal_samples *samples,
                                            double time_min, double time_max,
                                            struct scree_error *err)
{
    const uint64_t bytes = samples->count * 8;
    void *memory = index->nodes;
    enum scree_status status =
        scree__mem_grow(index->budget, &memory, &index->node_capacity, index->node_count + 1,
                        sizeof *index->nodes, what, err);
    index->nodes = memory;
    if (status != SCREE_OK)
        return status;
    struct scree__temporal_kept *kept = &index->nodes[index->node_count];
    memset(kept, 0, sizeof *kept);
    kept->node =
        (struct scree__temporal_page_node){key, (uint32_t)samples->count, time_min, time_max};
    if (bytes > 0 && index->scratch != NULL)
        status = scree__spill_scratch_write(index->scratch, samples->bytes, (uint32_t)bytes, NULL,
                                            &kept->block, err);
    else if (bytes > 0) {
        status = scree__mem_alloc(index->budget, bytes, &memory, what, err);
        if (status == SCREE_OK) {
            memcpy(memory, samples->bytes, bytes);
            kept->samples = memory;
        }
    }
    if (status != SCREE_OK)
        return status;
    index->node_count++;
    index->sampled_count += bytes > 0;
    if (bytes > index->largest_bytes)
        index->largest_bytes = bytes;
    return SCREE_OK;
}

enum scree_status scree__temporal_index_plan(struct scree__temporal_index *index,
                                             uint64_t *payload_bytes, struct scree_error *err)
{
    enum scree_status status = scree__temporal_pages_plan(
        &index->pages, index->budget, index->nodes, sizeof *index->nodes, index->node_count, err);
    *payload_bytes = SCREE__TEMPORAL_HEADER_BYTES + index->pages.byte_count;
    return status;
}

void scree__temporal_index_release(struct scree__temporal_index *index)
{
    for (uint64_t i = 0; i < index->node_count; i++)
        scree__mem_free(index->budget, index->nodes[i].samples,
                        8 * (uint64_t)index->nodes[i].node.sample_count);
    scree__mem_free(index->budget, index->nodes, index->node_capacity * sizeof *index->nodes);
    scree__temporal_pages_release(&index->pages, index->budget);
    memset(index, 0, sizeof *index);
}

/* --------------------------------------------------------------------------------------- writing */

struct writing {
    const struct scree__temporal_index *index;
    uint64_t first_page; /* where in the file */
    scree__temporal_put put;
    void *user;
    uint8_t *buffer; /* largest_bytes, where samples are on scratch */
};

static enum scree_status put_header(const struct writing *writing, struct scree_error *err)
{
    const struct scree__temporal_index *index = writing->index;
    uint8_t bytes[SCREE__TEMPORAL_HEADER_BYTES];
    const struct scree__temporal_header header = {.version = SCREE__TEMPORAL_VERSION,
                                                  .stride = index->stride,
                                                  .node_count = (uint32_t)index->sampled_count,
                                                  .page_count = (uint32_t)index->pages.page_count,
                                                  .root_page_offset = writing->first_page,
                                                  .root_page_bytes =
                                                      (uint32_t)index->pages.pages[0].bytes};
    scree__temporal_header_store(bytes, &header);
    return writing->put(writing->user, bytes, sizeof bytes, err);
}

static enum scree_status put_item(const struct writing *writing, struct scree__temporal_item item,
                                  struct scree_error *err)
{
    const struct scree__temporal_pages *pages = &writing->index->pages;
    const struct scree__temporal_kept *kept = &writing->index->nodes[item.node];
    const struct scree__temporal_page *page = &pages->pages[pages->page_of[item.node]];
    const uint64_t sample_bytes = 8 * (uint64_t)kept->node.sample_count;
    struct scree__temporal_entry entry = {.key = kept->node.key};
    uint8_t bytes[SCREE__TEMPORAL_POINTER_BYTES];
    if (item.is_pointer) {
        entry.page_offset = writing->first_page + page->start;
        entry.page_bytes = (uint32_t)page->bytes;
        entry.time_min = pages->subtree_min[item.node];
        entry.time_max = pages->subtree_max[item.node];
        scree__temporal_pointer_store(bytes, &entry);
        return writing->put(writing->user, bytes, sizeof bytes, err);
    }
    entry.sample_count = kept->node.sample_count;
    scree__temporal_entry_store(bytes, &entry);
    enum scree_status status = writing->put(writing->user, bytes, SCREE__TEMPORAL_NODE_BYTES, err);
    if (status == SCREE_OK && kept->samples == NULL)
        status = scree__spill_scratch_read(writing->index->scratch, &kept->block, writing->buffer,
                                           NULL, err);
    if (status == SCREE_OK)
        status =
            writing->put(writing->user, kept->samples != NULL ? kept->samples : writing->buffer,
                         (size_t)sample_bytes, err);
    return status;
}

enum scree_status scree__temporal_index_write(const struct scree__temporal_index *index,
                                              uint64_t payload_offset, scree__temporal_put put,
                                              void *user, struct scree_error *err)
{
    struct writing writing = {.index = index,
                              .first_page = payload_offset + SCREE__TEMPORAL_HEADER_BYTES,
                              .put = put,
                              .user = user};
    const uint64_t buffer_bytes = index->scratch != NULL ? index->largest_bytes : 0;
    void *memory;
    enum scree_status status = scree__mem_alloc(index->budget, buffer_bytes, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    writing.buffer = memory;
    status = put_header(&writing, err);
    /* The pages' items follow each other as the pages do. */
    for (uint64_t i = 0; status == SCREE_OK && i < index->pages.item_count; i++)
        status = put_item(&writing, index->pages.items[i], err);
    scree__mem_free(index->budget, memory, buffer_bytes);
    return status;
}
