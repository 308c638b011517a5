/*
 * temporal_pages.c - cutting a temporal index into pages. Nodes are put into preorder, so that a
 * subtree is a run and a backward sweep meets children before their parents. Each node adds up the
 * bytes of its subtree that would lie in its page; where they are too many, the child with the most
 * gets a page of its own and leaves a pointer behind.
 */
#include "copc/temporal_pages.h"
#include "base/error.h"
#include "copc/format.h"
#include "copc/preorder.h"

#include <string.h>

#define NONE UINT32_MAX

/* All by place in preorder, but for the nodes themselves. The root is at place 0. */
struct cutter {
    const char *nodes;
    size_t item_bytes;
    uint64_t count;
    uint32_t *order; /* node by place */
    uint32_t *parent, *first_child, *next_sibling;
    uint32_t *page;
    uint64_t *part; /* bytes in its page of the subtree */
    bool *starts_page;
};

static const struct scree__temporal_page_node *node_at(const struct cutter *cutter, uint64_t place)
{
    return (const void *)(cutter->nodes + cutter->order[place] * cutter->item_bytes);
}

static uint64_t own_bytes(const struct cutter *cutter, uint64_t place)
{
    const uint32_t samples = node_at(cutter, place)->sample_count;
    return samples == 0 ? 0 : SCREE__TEMPORAL_NODE_BYTES + 8 * (uint64_t)samples;
}

/* So that no node has more than eight children, whatever keys a file has. */
static enum scree_status find_parents(struct cutter *cutter, struct scree_error *err)
{
    uint32_t open[SCREE__COPC_LEVEL_LIMIT + 1]; /* places of the node before and its ancestors */
    for (uint64_t i = 0; i < cutter->count; i++) {
        struct scree_copc_key key = node_at(cutter, i)->key;
        struct scree_copc_key up = scree__copc_key_parent(key);
        int before = i > 0 ? node_at(cutter, i - 1)->key.level : -1;
        if (key.level > before + 1 || (key.level == 0) != (i == 0) ||
            (i > 0 && scree__copc_key_compare(node_at(cutter, open[key.level - 1])->key, up) != 0))
            return scree__base_fail(err, SCREE_E_DATA, "node %d-%d-%d-%d: its parent is missing",
                                    key.level, key.x, key.y, key.z);
        cutter->parent[i] = i > 0 ? open[key.level - 1] : 0;
        open[key.level] = (uint32_t)i;
    }
    return SCREE_OK;
}

static void fit_page(struct cutter *cutter, uint64_t place, uint64_t limit, uint64_t least)
{
    while (cutter->part[place] > limit) {
        uint32_t largest = NONE;
        uint64_t bytes = least - 1;
        for (uint32_t child = cutter->first_child[place]; child != NONE;
             child = cutter->next_sibling[child])
            if (!cutter->starts_page[child] && cutter->part[child] > bytes) {
                largest = child;
                bytes = cutter->part[child];
            }
        if (largest == NONE)
            return;
        cutter->starts_page[largest] = true;
        cutter->part[place] -= bytes - SCREE__TEMPORAL_POINTER_BYTES;
    }
}

/* NaN is no number to compare with. */
static void widen(double *min, double *max, double low, double high)
{
    if (isnan(*min) || low < *min)
        *min = isnan(low) ? *min : low;
    if (isnan(*max) || high > *max)
        *max = isnan(high) ? *max : high;
}

static void cut(struct cutter *cutter, struct scree__temporal_pages *pages)
{
    for (uint64_t i = 0; i < cutter->count; i++) {
        cutter->first_child[i] = cutter->next_sibling[i] = NONE;
        cutter->starts_page[i] = false;
        cutter->part[i] = own_bytes(cutter, i);
    }
    for (uint64_t i = cutter->count; i-- > 0;) {
        const struct scree__temporal_page_node *node = node_at(cutter, i);
        uint32_t number = cutter->order[i], parent = cutter->parent[i];
        pages->subtree_min[number] = node->time_min;
        pages->subtree_max[number] = node->time_max;
        for (uint32_t child = cutter->first_child[i]; child != NONE;
             child = cutter->next_sibling[child])
            widen(&pages->subtree_min[number], &pages->subtree_max[number],
                  pages->subtree_min[cutter->order[child]],
                  pages->subtree_max[cutter->order[child]]);
        if (i == 0) {
            fit_page(cutter, i, SCREE__TEMPORAL_ROOT_PAGE_BYTES, SCREE__TEMPORAL_POINTER_BYTES + 1);
            return;
        }
        fit_page(cutter, i, SCREE__TEMPORAL_PAGE_BYTES, SCREE__TEMPORAL_PAGE_BYTES_MIN);
        cutter->next_sibling[i] = cutter->first_child[parent];
        cutter->first_child[parent] = (uint32_t)i;
        cutter->part[parent] += cutter->part[i];
    }
}

static void number_pages(struct cutter *cutter, struct scree__temporal_pages *pages)
{
    cutter->page[0] = 0; /* which is its own parent */
    pages->page_count = 1;
    pages->pages[0] = (struct scree__temporal_page){0};
    for (uint64_t i = 0; i < cutter->count; i++) {
        uint32_t above = cutter->page[cutter->parent[i]];
        uint32_t page = above;
        if (cutter->starts_page[i]) {
            page = (uint32_t)pages->page_count++;
            pages->pages[page] = (struct scree__temporal_page){0};
            pages->pages[above].item_count++;
            pages->pages[above].bytes += SCREE__TEMPORAL_POINTER_BYTES;
        }
        cutter->page[i] = page;
        pages->page_of[cutter->order[i]] = page;
        pages->pages[page].item_count += node_at(cutter, i)->sample_count > 0;
        pages->pages[page].bytes += own_bytes(cutter, i);
    }
}

/* Each page's items, in preorder for now. */
static void fill_pages(const struct cutter *cutter, struct scree__temporal_pages *pages)
{
    for (uint64_t p = 0; p < pages->page_count; p++) {
        struct scree__temporal_page *page = &pages->pages[p];
        page->start = pages->byte_count;
        page->first_item = pages->item_count;
        pages->byte_count += page->bytes;
        pages->item_count += page->item_count;
        page->item_count = 0;
    }
    for (uint64_t i = 0; i < cutter->count; i++) {
        if (cutter->starts_page[i]) {
            struct scree__temporal_page *above = &pages->pages[cutter->page[cutter->parent[i]]];
            pages->items[above->first_item + above->item_count++] =
                (struct scree__temporal_item){cutter->order[i], true};
        }
        struct scree__temporal_page *page = &pages->pages[cutter->page[i]];
        if (node_at(cutter, i)->sample_count > 0)
            pages->items[page->first_item + page->item_count++] =
                (struct scree__temporal_item){cutter->order[i], false};
    }
}

static struct scree_copc_key key_of(const struct cutter *cutter, struct scree__temporal_item item)
{
    return ((const struct scree__temporal_page_node *)(const void *)(cutter->nodes +
                                                                     item.node *
                                                                         cutter->item_bytes))
        ->key;
}

static void sift(const struct cutter *cutter, struct scree__temporal_item *items, uint64_t at,
                 uint64_t count)
{
    struct scree__temporal_item moved = items[at];
    for (uint64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && scree__copc_key_compare(key_of(cutter, items[child]),
                                                         key_of(cutter, items[child + 1])) < 0)
            child++;
        if (scree__copc_key_compare(key_of(cutter, items[child]), key_of(cutter, moved)) <= 0)
            break;
        items[at] = items[child];
    }
    items[at] = moved;
}

/* By level, x, y, z: a page has no key twice. */
static void sort_items(const struct cutter *cutter, struct scree__temporal_item *items,
                       uint64_t count)
{
    for (uint64_t i = count / 2; i > 0; i--)
        sift(cutter, items, i - 1, count);
    for (uint64_t last = count; last > 1; last--) {
        struct scree__temporal_item largest = items[0];
        items[0] = items[last - 1];
        items[last - 1] = largest;
        sift(cutter, items, 0, last - 1);
    }
}

/* What stays, and what is needed while cutting: as many bytes as follow from the types. */
static uint64_t result_bytes(uint64_t node_count)
{
    return node_count *
               (2 * sizeof(double) + sizeof(uint32_t) + 2 * sizeof(struct scree__temporal_item)) +
           node_count * sizeof(struct scree__temporal_page);
}

static uint64_t work_bytes(uint64_t node_count)
{
    return node_count * (sizeof(uint64_t) + 5 * sizeof(uint32_t) + sizeof(bool));
}

uint64_t scree__temporal_pages_memory(uint64_t node_count)
{
    return result_bytes(node_count) + work_bytes(node_count);
}

static void lay_out(struct scree__temporal_pages *pages, uint64_t node_count)
{
    pages->subtree_min = pages->memory;
    pages->subtree_max = pages->subtree_min + node_count;
    pages->pages = (struct scree__temporal_page *)(pages->subtree_max + node_count);
    pages->items = (struct scree__temporal_item *)(pages->pages + node_count);
    pages->page_of = (uint32_t *)(pages->items + 2 * node_count);
}

static enum scree_status check_sizes(const struct scree__temporal_pages *pages,
                                     struct scree_error *err)
{
    for (uint64_t p = 0; p < pages->page_count; p++)
        if (pages->pages[p].bytes > UINT32_MAX)
            return scree__base_fail(
                err, SCREE_E_UNSUPPORTED,
                "a page of the temporal index would have %llu bytes, 4294967295 "
                "is the most: a larger stride makes it smaller",
                (unsigned long long)pages->pages[p].bytes);
    return SCREE_OK;
}

enum scree_status scree__temporal_pages_plan(struct scree__temporal_pages *pages,
                                             struct scree__mem_budget *budget, const void *nodes,
                                             size_t item_bytes, uint64_t node_count,
                                             struct scree_error *err)
{
    static const char what[] = "temporal index";
    struct cutter cutter = {.nodes = nodes, .item_bytes = item_bytes, .count = node_count};
    void *work;
    memset(pages, 0, sizeof *pages);
    if (node_count == 0 || node_count >= NONE)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "temporal index of %llu nodes",
                                (unsigned long long)node_count);
    pages->memory_bytes = result_bytes(node_count);
    enum scree_status status =
        scree__mem_alloc(budget, pages->memory_bytes, &pages->memory, what, err);
    if (status != SCREE_OK)
        return status;
    lay_out(pages, node_count);
    status = scree__mem_alloc(budget, work_bytes(node_count), &work, what, err);
    if (status != SCREE_OK)
        return status;
    cutter.part = work;
    cutter.order = (uint32_t *)(cutter.part + node_count);
    cutter.parent = cutter.order + node_count;
    cutter.first_child = cutter.parent + node_count;
    cutter.next_sibling = cutter.first_child + node_count;
    cutter.page = cutter.next_sibling + node_count;
    cutter.starts_page = (bool *)(cutter.page + node_count);
    for (uint64_t i = 0; i < node_count; i++)
        cutter.order[i] = (uint32_t)i;
    scree__copc_preorder_sort(cutter.order, node_count, nodes, item_bytes);
    status = find_parents(&cutter, err);
    if (status == SCREE_OK) {
        cut(&cutter, pages);
        number_pages(&cutter, pages);
        fill_pages(&cutter, pages);
        for (uint64_t p = 0; p < pages->page_count; p++)
            sort_items(&cutter, pages->items + pages->pages[p].first_item,
                       pages->pages[p].item_count);
        status = check_sizes(pages, err);
    }
    scree__mem_free(budget, work, work_bytes(node_count));
    return status;
}

void scree__temporal_pages_release(struct scree__temporal_pages *pages,
                                   struct scree__mem_budget *budget)
{
    scree__mem_free(budget, pages->memory, pages->memory_bytes);
    memset(pages, 0, sizeof *pages);
}
