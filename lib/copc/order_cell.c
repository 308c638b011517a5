/* order_cell.c - one cell: by the keys in its places; where those are equal by deeper levels, and in the end by GPS time and bytes. */
#include "copc/order_cell.h"
#include "copc/record.h"

#include <string.h>

#define KEY_BITS 32u

static const uint8_t *record_of(const struct scree__copc_cell_sorter *sorter, uint64_t place)
{
    return sorter->points->records +
           (uint64_t)scree__copc_place_id(place) * sorter->points->form.bytes;
}

/* False when the budget has no room for the scratch of so many points. */
static bool need_scratch(struct scree__copc_cell_sorter *sorter, uint64_t count)
{
    void *memory;
    if (count <= sorter->capacity)
        return true;
    uint64_t capacity = count < SCREE__COPC_CELL_SCRATCH ? SCREE__COPC_CELL_SCRATCH : count;
    scree__copc_cell_release(sorter);
    if (scree__mem_alloc(sorter->budget, capacity * SCREE__COPC_PLACE_BYTES, &memory,
                         "sorting the points of one cell", NULL) != SCREE_OK)
        return false;
    sorter->capacity = capacity;
    sorter->scratch = memory;
    return true;
}

void scree__copc_cell_release(struct scree__copc_cell_sorter *sorter)
{
    scree__mem_free(sorter->budget, sorter->scratch, sorter->capacity * SCREE__COPC_PLACE_BYTES);
    sorter->scratch = NULL;
    sorter->capacity = 0;
}

/* ------------------------------------------------------------------------------------- equal position */

int scree__copc_record_compare(const struct scree__copc_form *form, const uint8_t *a,
                               const uint8_t *b)
{
    uint64_t time_a = scree__copc_form_time(form, a), time_b = scree__copc_form_time(form, b);
    if (time_a != time_b)
        return time_a < time_b ? -1 : 1;
    if (!scree__copc_form_waits(form))
        return memcmp(a, b, form->bytes);
    uint8_t records[2][SCREE__COPC_WAITED_BYTES_MAX];
    scree__copc_record_waited(form, a, records[0]);
    uint32_t bytes = scree__copc_record_waited(form, b, records[1]);
    return memcmp(records[0], records[1], bytes);
}

/* The Morton code is equal. */
static int compare_ties(const struct scree__copc_cell_sorter *sorter, uint64_t a, uint64_t b)
{
    return scree__copc_record_compare(&sorter->points->form, record_of(sorter, a),
                                      record_of(sorter, b));
}

static void insert_ties(const struct scree__copc_cell_sorter *sorter, uint64_t *places,
                        uint64_t count)
{
    for (uint64_t i = 1; i < count; i++) {
        uint64_t place = places[i];
        uint64_t at = i;
        for (; at > 0 && compare_ties(sorter, places[at - 1], place) > 0; at--)
            places[at] = places[at - 1];
        places[at] = place;
    }
}

/* Merge sort, bottom up, from runs of 16. The result is in places. */
static void merge_ties(const struct scree__copc_cell_sorter *sorter, uint64_t *places,
                       uint64_t count)
{
    enum { RUN = 16 };
    for (uint64_t i = 0; i < count; i += RUN)
        insert_ties(sorter, places + i, count - i < RUN ? count - i : RUN);
    uint64_t *from = places, *to = sorter->scratch;
    for (uint64_t run = RUN; run < count; run *= 2) {
        for (uint64_t i = 0; i < count; i += 2 * run) {
            uint64_t a = i, b = i + run < count ? i + run : count, a_end = b;
            uint64_t b_end = i + 2 * run < count ? i + 2 * run : count;
            for (uint64_t k = i; k < b_end; k++) {
                bool left =
                    a < a_end && (b >= b_end || compare_ties(sorter, from[a], from[b]) <= 0);
                to[k] = left ? from[a++] : from[b++];
            }
        }
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != places)
        memcpy(places, from, count * sizeof *places);
}

/* Heap sort: slower, and in place. */
static void heap_ties(const struct scree__copc_cell_sorter *sorter, uint64_t *places,
                      uint64_t count)
{
    for (uint64_t root = count / 2, end = count; end > 1;) {
        uint64_t place;
        if (root > 0) {
            place = places[--root];
        } else {
            place = places[--end];
            places[end] = places[0];
        }
        uint64_t at = root;
        for (uint64_t child; (child = 2 * at + 1) < end; at = child) {
            if (child + 1 < end && compare_ties(sorter, places[child], places[child + 1]) < 0)
                child++;
            if (compare_ties(sorter, place, places[child]) >= 0)
                break;
            places[at] = places[child];
        }
        places[at] = place;
    }
}

static void sort_ties(struct scree__copc_cell_sorter *sorter, uint64_t *places, uint64_t count)
{
    if (count <= SCREE__COPC_RADIX_IN_PLACE)
        insert_ties(sorter, places, count);
    else if (need_scratch(sorter, count))
        merge_ties(sorter, places, count);
    else
        heap_ties(sorter, places, count);
}

/* ----------------------------------------------------------------------------------------------- keys */

/* The next levels of the codes into the keys. */
static void refill_keys(const struct scree__copc_cell_sorter *sorter, uint64_t *places,
                        uint64_t count, unsigned levels, unsigned below)
{
    uint32_t mask = (uint32_t)(((uint64_t)1 << 3 * levels) - 1);
    for (uint64_t i = 0; i < count; i++) {
        if (i + SCREE__COPC_AHEAD < count)
            __builtin_prefetch(record_of(sorter, places[i + SCREE__COPC_AHEAD]));
        int32_t at[3];
        uint64_t cells[3];
        scree__copc_record_position(record_of(sorter, places[i]), at);
        scree__copc_cube_cells(sorter->cube, at, cells);
        uint64_t code = scree__copc_morton(cells[0] >> below, cells[1] >> below, cells[2] >> below);
        places[i] = scree__copc_place((uint32_t)code & mask, scree__copc_place_id(places[i]));
    }
}

/* Puts the places whose key has 0 in `bit` before the others; returns where those begin. */
static uint64_t split_keys(uint64_t *places, uint64_t count, unsigned bit)
{
    uint64_t begin = 0, end = count;
    while (begin < end) {
        if ((places[begin] >> 32 >> bit & 1) == 0) {
            begin++;
            continue;
        }
        uint64_t swap = places[--end];
        places[end] = places[begin];
        places[begin] = swap;
    }
    return begin;
}

/* By the keys' lowest `bits` bits, the others being equal. Where there is no scratch for so many, they are split by the highest one in place. */
static void sort_keys(struct scree__copc_cell_sorter *sorter, uint64_t *places, uint64_t count,
                      unsigned bits)
{
    while (count > SCREE__COPC_RADIX_IN_PLACE && !need_scratch(sorter, count)) {
        if (bits == 0)
            return;
        uint64_t middle = split_keys(places, count, --bits);
        sort_keys(sorter, places, middle, bits);
        places += middle;
        count -= middle;
    }
    const uint64_t *sorted = scree__copc_radix_sort_spread(places, sorter->scratch, count);
    if (sorted != places)
        memcpy(places, sorted, count * sizeof *places);
}

/* Prefixes of the points in [begin + 1, end). Does one have the same key as the one before? */
static bool find_prefixes(struct scree__copc_cell_sorter *sorter, uint64_t begin, uint64_t end,
                          unsigned below)
{
    unsigned deepest = sorter->cube->depth - below; /* the level of the key's last bits */
    const uint64_t *order = sorter->order;
    uint8_t *prefix = sorter->prefix;
    bool alike = false;
    for (uint64_t i = begin + 1; i < end; i++) {
        uint64_t differ = (order[i] ^ order[i - 1]) >> 32;
        unsigned highest = 63u - (unsigned)__builtin_clzll(differ | 1);
        prefix[i] = (uint8_t)(differ == 0 ? deepest : deepest - 1 - highest / 3);
        alike |= differ == 0;
    }
    return alike;
}

void scree__copc_cell_sort(struct scree__copc_cell_sorter *sorter, uint64_t begin, uint64_t end,
                           unsigned below)
{
    uint64_t *order = sorter->order;
    unsigned deepest = sorter->cube->depth - below;
    if (end - begin < 2)
        return;
    sort_keys(sorter, order + begin, end - begin, KEY_BITS);
    if (!find_prefixes(sorter, begin, end, below))
        return;
    for (uint64_t i = begin + 1; i < end; i++) {
        if (sorter->prefix[i] != deepest)
            continue;
        uint64_t from = i - 1;
        while (i < end && sorter->prefix[i] == deepest)
            i++;
        if (below == 0) {
            sort_ties(sorter, order + from, i - from);
            continue;
        }
        unsigned levels = below < SCREE__COPC_KEY_LEVELS ? below : SCREE__COPC_KEY_LEVELS;
        refill_keys(sorter, order + from, i - from, levels, below - levels);
        scree__copc_cell_sort(sorter, from, i, below - levels);
    }
}
