/* temporal_naive.c - see the header. */
#include "temporal_naive.h"

#include "base/bytes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GPS_TIME_AT 22

/* -------------------------------------------------------------------------------------- decoding */

static void decode_node(const struct scree_las_reader *reader, struct naive_node *node)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_las_cursor *cursor;
    uint32_t record_bytes = scree_las_header(reader)->record_bytes;
    size_t count = (size_t)node->entry.point_count, got = 0, now;
    uint8_t *records = malloc(count * record_bytes);
    node->times = malloc(count * sizeof(double));
    assert_true(records != NULL && node->times != NULL);
    assert_int_equal(scree_las_cursor_new(reader, SCREE_LAZ_FIELD_ALL, &cursor, &err), SCREE_OK);
    for (uint64_t u = 0; u < scree_las_unit_count(reader); u++) {
        struct scree_las_unit unit;
        scree_las_unit(reader, u, &unit);
        if (unit.offset != node->entry.offset)
            continue;
        assert_int_equal(unit.point_count, count);
        assert_int_equal(scree_las_cursor_open(cursor, u, &err), SCREE_OK);
        do {
            assert_int_equal(scree_las_cursor_next(cursor, records + got * record_bytes,
                                                   count - got, &now, &err),
                             SCREE_OK);
            got += now;
        } while (now > 0 && got < count);
    }
    assert_int_equal(got, count);
    for (size_t i = 0; i < count; i++)
        node->times[i] = scree__base_load_f64(records + i * record_bytes + GPS_TIME_AT);
    scree_las_cursor_free(cursor);
    free(records);
}

void temporal_naive_open(struct naive_copc *copc, const char *path)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_copc *opened;
    memset(copc, 0, sizeof *copc);
    copc->file = las_bytes_of_file(path);
    assert_int_equal(
        scree_source_open_memory(copc->file.bytes, copc->file.count, path, &source, &err),
        SCREE_OK);
    assert_int_equal(scree_las_open(source, NULL, &reader, &err), SCREE_OK);
    assert_int_equal(scree_copc_open(reader, NULL, &opened, &err), SCREE_OK);
    copc->nodes = calloc(scree_copc_entry_count(opened) + 1, sizeof *copc->nodes);
    assert_non_null(copc->nodes);
    for (uint64_t i = 0; i < scree_copc_entry_count(opened); i++) {
        struct naive_node *node = &copc->nodes[copc->node_count];
        node->entry = scree_copc_entries(opened)[i];
        if (node->entry.point_count > 0) {
            decode_node(reader, node);
            copc->node_count++;
        }
    }
    const struct scree_las_vlr *vlr = scree_las_find_vlr(reader, "copc_temporal", 1000);
    if (vlr != NULL) {
        assert_true(vlr->extended);
        copc->index_begin = vlr->payload_offset;
        copc->index_end = vlr->payload_offset + vlr->payload_bytes;
    }
    scree_copc_close(opened);
    scree_las_close(reader);
    scree_source_close(source);
}

void temporal_naive_close(struct naive_copc *copc)
{
    for (size_t i = 0; i < copc->node_count; i++)
        free(copc->nodes[i].times);
    free(copc->nodes);
    las_bytes_free(&copc->file);
}

/* ----------------------------------------------------------------------------------------- index */

struct naive_page {
    uint64_t begin, end;
};

struct checking {
    struct naive_copc *copc;
    struct naive_page *pages;
    size_t page_count;
};

static bool same_key(struct scree_copc_key a, struct scree_copc_key b)
{
    return a.level == b.level && a.x == b.x && a.y == b.y && a.z == b.z;
}

static bool lies_under(struct scree_copc_key key, struct scree_copc_key top)
{
    for (; key.level > top.level; key.level--, key.x /= 2, key.y /= 2, key.z /= 2) {
    }
    return same_key(key, top);
}

static bool before(struct scree_copc_key a, struct scree_copc_key b)
{
    const int32_t from_a[4] = {a.level, a.x, a.y, a.z}, from_b[4] = {b.level, b.x, b.y, b.z};
    for (int i = 0; i < 4; i++)
        if (from_a[i] != from_b[i])
            return from_a[i] < from_b[i];
    return false;
}

static bool same_bits(const uint8_t *p, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return scree__base_load64(p) == bits;
}

/* Also that `min` and `max` of a pointer are those of all points below. */
static void check_times(const struct naive_copc *copc, struct scree_copc_key top, const uint8_t *p)
{
    double min = NAN, max = NAN;
    for (size_t n = 0; n < copc->node_count; n++) {
        if (!lies_under(copc->nodes[n].entry.key, top))
            continue;
        for (int32_t i = 0; i < copc->nodes[n].entry.point_count; i++) {
            double time = copc->nodes[n].times[i];
            min = isnan(min) || time < min ? time : min;
            max = isnan(max) || time > max ? time : max;
        }
    }
    double said_min = scree__base_load_f64(p), said_max = scree__base_load_f64(p + 8);
    assert_true(said_min == min || (isnan(said_min) && isnan(min)));
    assert_true(said_max == max || (isnan(said_max) && isnan(max)));
}

static void check_node(struct checking *checking, struct scree_copc_key key, const uint8_t *p,
                       uint32_t samples)
{
    struct naive_copc *copc = checking->copc;
    for (size_t n = 0; n < copc->node_count; n++) {
        struct naive_node *node = &copc->nodes[n];
        uint32_t at = 0;
        if (!same_key(node->entry.key, key))
            continue;
        assert_false(node->indexed);
        node->indexed = true;
        int32_t last = node->entry.point_count - 1;
        for (int64_t i = 0; i <= last; i += copc->stride, at++) {
            assert_true(at < samples);
            assert_true(same_bits(p + 8 * at, node->times[i]));
        }
        if ((uint32_t)last % copc->stride != 0) {
            assert_true(at < samples);
            assert_true(same_bits(p + 8 * at, node->times[last]));
            at++;
        }
        assert_int_equal(at, samples);
        return;
    }
    fail_msg("node %d-%d-%d-%d has no points", key.level, key.x, key.y, key.z);
}

static void check_page(struct checking *checking, struct scree_copc_key top, uint64_t begin,
                       uint64_t bytes, size_t depth)
{
    struct naive_copc *copc = checking->copc;
    const uint8_t *p = copc->file.bytes + begin, *end = p + bytes;
    uint64_t largest = 0;
    struct scree_copc_key last = {-1, 0, 0, 0};
    assert_true(begin >= copc->index_begin + 32 && begin <= copc->index_end &&
                bytes <= copc->index_end - begin);
    checking->pages[checking->page_count++] = (struct naive_page){begin, begin + bytes};
    copc->deepest_page = depth > copc->deepest_page ? depth : copc->deepest_page;
    copc->pages_below_root += depth > 0;
    while (p < end) {
        struct scree_copc_key key = {scree__base_load_i32(p), scree__base_load_i32(p + 4),
                                     scree__base_load_i32(p + 8), scree__base_load_i32(p + 12)};
        uint32_t samples = scree__base_load32(p + 16);
        uint64_t size = samples > 0 ? 20 + 8 * (uint64_t)samples : 48;
        assert_true(size <= (uint64_t)(end - p));
        assert_true(lies_under(key, top));
        assert_true(before(last, key));
        last = key;
        if (samples > 0) {
            check_node(checking, key, p + 20, samples);
            largest = size > largest ? size : largest;
        } else {
            uint64_t page_bytes = scree__base_load32(p + 28);
            assert_false(same_key(key, top));
            check_times(copc, key, p + 32);
            if (page_bytes < 16384) {
                copc->small_pages++;
                assert_int_equal(depth, 0); /* none below other pages */
            }
            check_page(checking, key, scree__base_load64(p + 20), page_bytes, depth + 1);
        }
        p += size;
    }
    /* Larger only for a node that is alone in it but for pointers and small entries. */
    uint64_t limit = depth == 0 ? 16384 : 262144;
    if (bytes > limit)
        assert_true(largest + 8 * (depth == 0 ? 48 : 16384) >= bytes);
}

static int compare_pages(const void *a, const void *b)
{
    const struct naive_page *x = a, *y = b;
    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

void naive_check_index(struct naive_copc *copc, uint32_t stride)
{
    const struct scree_copc_key root = {0, 0, 0, 0};
    struct checking checking = {copc, malloc((copc->node_count + 1) * sizeof(struct naive_page)),
                                0};
    assert_true(copc->index_begin > 0 && copc->index_end - copc->index_begin >= 32);
    const uint8_t *header = copc->file.bytes + copc->index_begin;
    assert_int_equal(scree__base_load32(header), 1);
    copc->stride = scree__base_load32(header + 4);
    copc->page_count = scree__base_load32(header + 12);
    assert_int_equal(copc->stride, stride);
    assert_int_equal(scree__base_load32(header + 8), copc->node_count);
    assert_int_equal(scree__base_load64(header + 16), copc->index_begin + 32);
    assert_int_equal(scree__base_load32(header + 28), 0);
    check_page(&checking, root, scree__base_load64(header + 16), scree__base_load32(header + 24),
               0);
    assert_int_equal(checking.page_count, copc->page_count);
    qsort(checking.pages, checking.page_count, sizeof *checking.pages, compare_pages);
    uint64_t at = copc->index_begin + 32;
    for (size_t i = 0; i < checking.page_count; i++) {
        assert_int_equal(checking.pages[i].begin, at);
        at = checking.pages[i].end;
    }
    assert_int_equal(at, copc->index_end);
    for (size_t i = 0; i < copc->node_count; i++)
        assert_true(copc->nodes[i].indexed);
    free(checking.pages);
}
