/* test_pages.c - cutting the hierarchy into pages: random octrees, small pages, walked as a reader
 * does. */
#include "base/bytes.h"
#include "copc/format.h"
#include "copc/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NODES_MAX 20000u
#define PAYLOAD_AT 1000u

static struct scree__copc_page_node nodes[NODES_MAX];
static uint32_t node_count;
static uint32_t seed;

static uint32_t rnd(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* Adds a subtree, children first; returns its root's number. */
static uint32_t grow(struct scree_copc_key key, uint32_t chance, uint32_t limit)
{
    uint32_t children[8], count = 0;
    for (int32_t c = 0; c < 8; c++) {
        struct scree_copc_key child = {key.level + 1, key.x * 2 + (c & 1), key.y * 2 + (c >> 1 & 1),
                                       key.z * 2 + (c >> 2)};
        if (key.level < 9 && node_count < limit && rnd() % 100 < chance)
            children[count++] = grow(child, chance, limit);
    }
    uint32_t self = node_count++;
    nodes[self].entry.key = key;
    nodes[self].entry.offset = 100000 + self;
    nodes[self].entry.byte_count = (int32_t)self + 1;
    nodes[self].entry.point_count = (int32_t)self + 7;
    nodes[self].parent = self;
    for (uint32_t i = 0; i < count; i++)
        nodes[children[i]].parent = self;
    return self;
}

struct walk {
    const struct scree__copc_pages *pages;
    uint64_t page_entries, seen_nodes, seen_pages, seen_bytes;
};

static void walk_page(struct walk *walk, uint64_t offset, uint64_t bytes,
                      struct scree_copc_key root)
{
    assert_true(offset >= PAYLOAD_AT);
    offset -= PAYLOAD_AT;
    assert_true(offset + bytes <= walk->pages->byte_count);
    assert_int_equal(bytes % SCREE__COPC_ENTRY_BYTES, 0);
    /* A node of eight children that all have pages of their own takes nine entries. */
    assert_true(bytes / SCREE__COPC_ENTRY_BYTES <=
                (walk->page_entries < 9 ? 9 : walk->page_entries));
    walk->seen_pages++;
    walk->seen_bytes += bytes;
    bool has_root = false;
    for (uint64_t at = 0; at < bytes; at += SCREE__COPC_ENTRY_BYTES) {
        struct scree_copc_entry entry;
        scree__copc_entry_load(walk->pages->bytes + offset + at, &entry);
        if (entry.point_count == SCREE__COPC_PAGE_POINTER) {
            walk_page(walk, entry.offset, (uint64_t)entry.byte_count, entry.key);
            continue;
        }
        has_root |= scree__copc_key_compare(entry.key, root) == 0;
        uint64_t number = entry.offset - 100000;
        assert_true(number < node_count);
        assert_memory_equal(&entry, &nodes[number].entry, sizeof entry);
        walk->seen_nodes++;
    }
    assert_true(has_root);
}

static void pages_hold_every_node_once(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 9, 16, 100, 2048};
    for (uint32_t round = 0; round < 60; round++) {
        struct scree_copc_key root = {0, 0, 0, 0};
        struct scree_error err = SCREE_ERROR_INIT;
        struct scree__copc_pages pages;
        seed = round * 77 + 1;
        node_count = 0;
        grow(root, 10 + round % 45, 1 + rnd() % (NODES_MAX - 100));
        uint64_t page_entries = sizes[round % 5];
        assert_int_equal(scree__copc_pages_build(&pages, NULL, nodes, node_count, page_entries,
                                                 PAYLOAD_AT, &err),
                         SCREE_OK);
        struct walk walk = {&pages, page_entries, 0, 0, 0};
        walk_page(&walk, PAYLOAD_AT, pages.root_bytes, root);
        assert_int_equal(walk.seen_nodes, node_count);
        assert_int_equal(walk.seen_pages, pages.page_count);
        assert_int_equal(walk.seen_bytes, pages.byte_count);
        if (node_count <= page_entries)
            assert_int_equal(pages.page_count, 1);
        scree__copc_pages_release(&pages, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_hold_every_node_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
