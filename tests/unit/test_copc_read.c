/* scree_copc_open(): what it reads, and what it refuses. */
#include "scree/copc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "test_validate_file.h"

struct opened {
    struct scree_source *source;
    struct scree_las_reader *reader;
    struct scree_copc *copc;
    struct scree_error err;
};

static enum scree_status open_file(struct opened *opened, const struct file *file)
{
    memset(opened, 0, sizeof *opened);
    assert_int_equal(scree_source_open_memory(file->bytes, file->byte_count, "made",
                                              &opened->source, &opened->err),
                     SCREE_OK);
    if (scree_las_open(opened->source, NULL, &opened->reader, &opened->err) != SCREE_OK)
        fail_msg("%s", opened->err.message);
    return scree_copc_open(opened->reader, NULL, &opened->copc, &opened->err);
}

static void close_file(struct opened *opened)
{
    scree_copc_close(opened->copc);
    scree_las_close(opened->reader);
    scree_source_close(opened->source);
}

static void entries_are_read_and_sorted(void **state)
{
    (void)state;
    const struct recipe plain = {0};
    struct file file = file_make(&plain);
    struct opened opened;
    if (open_file(&opened, &file) != SCREE_OK)
        fail_msg("%s", opened.err.message);
    assert_true(scree_copc_is(opened.reader));
    assert_int_equal(scree_copc_entry_count(opened.copc), TEST_NODES);
    assert_int_equal(scree_copc_page_count(opened.copc), 2);
    const struct scree_copc_entry *entries = scree_copc_entries(opened.copc);
    for (unsigned i = 0; i < TEST_NODES; i++) {
        assert_memory_equal(&entries[i].key, &test_nodes[i].key, sizeof entries[i].key);
        assert_int_equal(entries[i].point_count, test_nodes[i].points);
        assert_true(entries[i].offset + (uint64_t)entries[i].byte_count <= file.places[TABLE]);
    }
    const struct scree_copc_info *info = scree_copc_info(opened.copc);
    assert_true(info->center[2] == 3000 && info->halfsize == 64 && info->spacing == 1);
    assert_int_equal(info->root_page_offset, file.places[PAGE]);
    assert_true(info->gps_time_min == 100 && info->gps_time_max == 111);
    close_file(&opened);
    free(file.bytes);
}

static void faults_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum place place;
        unsigned at, width;
        int64_t value;
        enum scree_status status;
        const char *says;
    } cases[] = {
        {INFO_VLR, 18, 2, 2, SCREE_E_UNSUPPORTED, "not a COPC file"},
        {INFO, 24, 8, -1, SCREE_E_DATA, "not a cube"},
        {INFO, 40, 8, -1, SCREE_E_DATA, "within the file"},
        {INFO, 48, 8, 0, SCREE_E_DATA, "multiple of 32"},
        {INFO, 48, 8, 40, SCREE_E_DATA, "multiple of 32"},
        {PAGE, 24, 4, -5, SCREE_E_DATA, "node 0-0-0-0"},
        {PAGE, 28, 4, -2, SCREE_E_DATA, "point count -2"},
        {PAGE, 16, 8, 1 << 30, SCREE_E_DATA, "within the file"},
        {PAGE, 32, 4, 40, SCREE_E_DATA, "outside the octree"},
        {PAGE, 36, 4, 2, SCREE_E_DATA, "outside the octree"},
        {PAGE, 64, 4, 99, SCREE_E_DATA, "outside the octree"},
        {PAGE, 96 + 24, 4, -64, SCREE_E_DATA, "multiple of 32"},
        {PAGE, 96 + 24, 4, 1 << 24, SCREE_E_DATA, "within the file"},
        {CHILD_PAGE, 32, 4, 2, SCREE_E_DATA, "second entry"},
        {CHILD_PAGE, 32 + 28, 4, -1, SCREE_E_DATA, "byte"}, /* a chunk taken as a page */
    };
    const struct recipe plain = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file file = file_make(&plain);
        uint8_t *p = file.bytes + file.places[cases[i].place] + cases[i].at;
        for (unsigned j = 0; j < cases[i].width; j++)
            p[j] = (uint8_t)((uint64_t)cases[i].value >> 8 * j);
        struct opened opened;
        assert_int_equal(open_file(&opened, &file), cases[i].status);
        assert_null(opened.copc);
        if (strstr(opened.err.message, cases[i].says) == NULL)
            fail_msg("case %zu says: %s", i, opened.err.message);
        close_file(&opened);
        free(file.bytes);
    }
}

/* Pages that name each other, and a page that names itself: each is read once. */
static void loops_end(void **state)
{
    (void)state;
    const struct recipe plain = {0};
    for (unsigned i = 0; i < 2; i++) {
        struct file file = file_make(&plain);
        uint8_t *entry = file.bytes + file.places[CHILD_PAGE] + 32;
        scree__base_store64(entry + 16, file.places[i == 0 ? PAGE : CHILD_PAGE]);
        scree__base_store32(entry + 24, 64);
        scree__base_store32(entry + 28, (uint32_t)-1);
        struct opened opened;
        assert_int_equal(open_file(&opened, &file), SCREE_E_DATA);
        assert_non_null(strstr(opened.err.message, "second time"));
        close_file(&opened);
        free(file.bytes);
    }
}

/* A node is told apart from a pointer with its key: laspy once took both for nodes. */
static void pointers_are_no_nodes(void **state)
{
    (void)state;
    const struct recipe many = {.empty_nodes = 5000};
    struct file file = file_make(&many);
    struct opened opened;
    assert_int_equal(open_file(&opened, &file), SCREE_OK);
    assert_int_equal(scree_copc_entry_count(opened.copc), TEST_NODES + 5000);
    const struct scree_copc_entry *entries = scree_copc_entries(opened.copc);
    for (uint64_t i = 1; i < scree_copc_entry_count(opened.copc); i++) {
        assert_true(scree__copc_key_compare(entries[i - 1].key, entries[i].key) < 0);
        assert_true(entries[i].point_count >= 0);
    }
    close_file(&opened);
    free(file.bytes);
}

/* The box as copc.js steps down to it. */
static void node_boxes_are_halved(void **state)
{
    (void)state;
    const struct scree_copc_info info = {.center = {0.1, -7.3, 1e6}, .halfsize = 3.7};
    const struct scree_copc_key key = {3, 5, 0, 7};
    double min[3], max[3];
    scree__copc_node_box(&info, key, min, max);
    double low = 0.1 - 3.7, high = 0.1 + 3.7;
    low = low + (high - low) / 2;  /* x: 101b, first bit 1 */
    high = low + (high - low) / 2; /* 0 */
    low = low + (high - low) / 2;  /* 1 */
    assert_true(min[0] == low && max[0] == high);
    assert_true(min[1] == -7.3 - 3.7);
    assert_true(max[2] == 1e6 + 3.7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read_and_sorted),
        cmocka_unit_test(faults_are_refused),
        cmocka_unit_test(loops_end),
        cmocka_unit_test(pointers_are_no_nodes),
        cmocka_unit_test(node_boxes_are_halved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
