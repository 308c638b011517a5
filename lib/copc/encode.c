/* encode.c - nodes into chunks. */
#include "copc/encode.h"
#include "base/bytes.h"
#include "base/error.h"
#include "copc/format.h"
#include "copc/node_order.h"
#include "copc/record.h"
#include "mem/shelf.h"

#include <string.h>

enum scree_status scree__copc_encoder_init(struct scree__copc_encoder *encoder,
                                           struct scree__mem_budget *budget,
                                           const struct scree_laz_layout *layout,
                                           struct scree_error *err)
{
    memset(encoder, 0, sizeof *encoder);
    encoder->record_bytes = layout->record_bytes;
    encoder->pick = scree__copc_pick_choose();
    encoder->laz_bytes = scree_laz_encoder_bytes(layout);
    enum scree_status status = scree__mem_alloc_rested(budget, encoder->laz_bytes,
                                                       &encoder->laz_memory, "LAZ encoder", err);
    if (status != SCREE_OK)
        return status;
    return scree_laz_encoder_init(encoder->laz_memory, encoder->laz_bytes, layout, &encoder->laz,
                                  err);
}

void scree__copc_encoder_shrink(struct scree__copc_encoder *encoder,
                                struct scree__mem_budget *budget)
{
    scree__mem_free(budget, encoder->places, encoder->capacity * SCREE__COPC_ENCODE_BYTES);
    scree__mem_free(budget, encoder->records, encoder->capacity * encoder->record_bytes);
    encoder->places = NULL;
    encoder->records = NULL;
    encoder->capacity = 0;
}

void scree__copc_encoder_release(struct scree__copc_encoder *encoder,
                                 struct scree__mem_budget *budget)
{
    scree__copc_encoder_shrink(encoder, budget);
    scree__mem_free(budget, encoder->laz_memory, encoder->laz_bytes);
    memset(encoder, 0, sizeof *encoder);
}

void scree__copc_slot_rest(struct scree__copc_slot *slot, struct scree__mem_budget *budget)
{
    scree__mem_rest(budget, slot->chunk, slot->chunk_capacity);
    slot->chunk = NULL;
    slot->chunk_capacity = 0;
}

void scree__copc_slot_release(struct scree__copc_slot *slot, struct scree__mem_budget *budget)
{
    scree__mem_free(budget, slot->chunk, slot->chunk_capacity);
    memset(slot, 0, sizeof *slot);
}

static enum scree_status need_points(struct scree__copc_encoder *encoder,
                                     struct scree__mem_budget *budget, uint64_t count,
                                     struct scree_error *err)
{
    static const char what[] = "the points of one node";
    void *memory;
    if (count <= encoder->capacity)
        return SCREE_OK;
    scree__copc_encoder_shrink(encoder, budget);
    enum scree_status status =
        scree__mem_alloc_rested(budget, count * SCREE__COPC_ENCODE_BYTES, &memory, what, err);
    if (status != SCREE_OK)
        return status;
    encoder->places = memory;
    status = scree__mem_alloc_rested(budget, count * encoder->record_bytes, &memory, what, err);
    if (status != SCREE_OK) {
        scree__mem_free(budget, encoder->places, count * SCREE__COPC_ENCODE_BYTES);
        encoder->places = NULL;
        return status;
    }
    encoder->records = memory;
    encoder->capacity = count;
    return SCREE_OK;
}

static enum scree_status need_chunk(struct scree__copc_slot *slot, struct scree__mem_budget *budget,
                                    const struct scree_laz_layout *layout, uint64_t count,
                                    struct scree_error *err)
{
    uint64_t bound = scree_laz_encode_bound(layout, count);
    void *memory;
    if (bound == 0)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "a node of %llu points is too large",
                                (unsigned long long)count);
    if (bound <= slot->chunk_capacity)
        return SCREE_OK;
    scree__mem_free(budget, slot->chunk, slot->chunk_capacity);
    slot->chunk = NULL;
    slot->chunk_capacity = 0;
    enum scree_status status =
        scree__mem_alloc_rested(budget, bound, &memory, "the chunk of one node", err);
    if (status == SCREE_OK) {
        slot->chunk = memory;
        slot->chunk_capacity = bound;
    }
    return status;
}

/* The points of a node that were carried: all of them, as they are. */
static uint64_t collect_carried(const struct scree__copc_carry *carry, uint64_t *places,
                                uint64_t capacity)
{
    uint64_t count = carry->count < capacity ? carry->count : capacity;
    for (uint64_t i = 0; i < count; i++)
        places[i] = i;
    return carry->count;
}

static void find_gps_times(const struct scree__copc_encoder *encoder, uint64_t count,
                           struct scree__copc_slot *slot)
{
    const uint8_t *times = encoder->records + SCREE__COPC_GPS_TIME_AT;
    uint64_t last = count;
    while (last > 0 && scree__copc_gps_key(scree__base_load64(
                           times + (last - 1) * encoder->record_bytes)) == UINT64_MAX)
        last--; /* NaN */
    slot->has_gps_time = last > 0;
    if (last == 0)
        return;
    slot->gps_time_min = scree__base_load_f64(times);
    slot->gps_time_max = scree__base_load_f64(times + (last - 1) * encoder->record_bytes);
}

static struct scree_copc_key key_of(const struct scree__copc_cube *cube, const uint8_t *record,
                                    uint32_t level)
{
    int32_t at[3];
    uint64_t cells[3] = {0, 0, 0};
    scree__copc_record_position(record, at);
    struct scree_copc_key key = {(int32_t)level, 0, 0, 0};
    scree__copc_cube_cells(cube, at, cells);
    if (level <= cube->depth) {
        unsigned shift = cube->depth - level;
        key.x = (int32_t)(cells[0] >> shift);
        key.y = (int32_t)(cells[1] >> shift);
        key.z = (int32_t)(cells[2] >> shift);
    }
    return key;
}

static enum scree_status check_box(const struct scree__copc_cube *cube,
                                   const struct scree__las_range axes[3], struct scree_copc_key key,
                                   struct scree_error *err)
{
    struct scree_copc_info info;
    double low[3], high[3];
    memset(&info, 0, sizeof info);
    memcpy(info.center, cube->center, sizeof info.center);
    info.halfsize = cube->halfsize;
    scree__copc_node_box(&info, key, low, high);
    for (int a = 0; a < 3; a++) {
        double first = axes[a].min * cube->grid.scale[a] + cube->grid.offset[a];
        double last = axes[a].max * cube->grid.scale[a] + cube->grid.offset[a];
        if (!(low[a] <= first && last <= high[a]))
            return scree__base_fail(
                err, SCREE_E_DATA,
                "node %d-%d-%d-%d: %c from %.17g to %.17g leaves its box %.17g to "
                "%.17g (an error of scree: please report it)",
                key.level, key.x, key.y, key.z, "xyz"[a], first, last, low[a], high[a]);
    }
    return SCREE_OK;
}

enum scree_status scree__copc_encode_node(struct scree__copc_encoder *encoder,
                                          struct scree__mem_budget *budget,
                                          const struct scree_laz_layout *layout,
                                          const struct scree__copc_points *points,
                                          const struct scree__copc_cube *cube,
                                          const uint32_t *order, const uint8_t *level,
                                          const struct scree__copc_node *node, uint64_t room_points,
                                          struct scree__copc_slot *slot, struct scree_error *err)
{
    uint64_t count = node->point_count;
    if (count > INT32_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "%llu points at one position: a COPC node holds 2147483647",
                                (unsigned long long)count);
    enum scree_status status = need_points(encoder, budget, room_points, err);
    if (status == SCREE_OK)
        status = need_chunk(slot, budget, layout, room_points, err);
    if (status != SCREE_OK)
        return status;
    uint64_t *places = encoder->places;
    uint64_t found = node->was_open ? collect_carried(&node->carry, places, count)
                                    : encoder->pick(order + node->begin, level + node->begin,
                                                    node->end - node->begin, (uint8_t)node->level,
                                                    places, count);
    if (found != count)
        return scree__base_fail(
            err, SCREE_E_DATA,
            "node at level %u: %llu points planned, %llu found (an error of scree: "
            "please report it)",
            node->level, (unsigned long long)count, (unsigned long long)found);
    struct scree__copc_node_source source = {points->records, points->form, cube, node->level};
    if (node->was_open) {
        source.records = node->carry.records;
        source.form = scree__copc_form_out(encoder->record_bytes);
    }
    struct scree__las_range axes[3];
    scree__copc_node_order(&source, places, places + encoder->capacity, count, encoder->records,
                           axes);
    slot->key = key_of(cube, encoder->records, node->level);
    find_gps_times(encoder, count, slot);
    status = check_box(cube, axes, slot->key, err);
    if (status != SCREE_OK)
        return status;
    size_t bytes;
    status = scree_laz_encode(encoder->laz, encoder->records, encoder->record_bytes, count,
                              slot->chunk, (size_t)slot->chunk_capacity, &bytes, err);
    if (status != SCREE_OK)
        return status;
    if (bytes > INT32_MAX)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                "a node of %llu bytes: COPC allows 2147483647",
                                (unsigned long long)bytes);
    slot->chunk_bytes = bytes;
    return SCREE_OK;
}
