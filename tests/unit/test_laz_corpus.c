/*
 * Real files: every chunk decodes and is used up exactly, decoded records equal the uncompressed
 * twin where there is one, and encoding them again gives the same bytes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "laz_vectors.h"

struct file {
    char name[300];
    uint8_t *bytes;
    size_t size;
    uint64_t points_at, point_count;
    uint32_t record_bytes;
    bool packed; /* has a LASzip VLR */
    struct scree_laz_layout layout;
};

static const char *data_folder(char *path, size_t capacity)
{
    const char *root = getenv("SCREE_TEST_DATA");
    if (root) {
        snprintf(path, capacity, "%s/lidar", root);
        return path;
    }
#ifdef SCREE_SOURCE_DIR
    snprintf(path, capacity, "%s/../shared/data/lidar", SCREE_SOURCE_DIR);
    return path;
#else
    return NULL;
#endif
}

static uint8_t *read_all(const char *path, size_t *size)
{
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return NULL;
    assert_int_equal(fseek(stream, 0, SEEK_END), 0);
    long end = ftell(stream);
    assert_true(end >= 0);
    assert_int_equal(fseek(stream, 0, SEEK_SET), 0);
    uint8_t *bytes = malloc((size_t)end + 1);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (size_t)end, stream);
    assert_int_equal(*size, end);
    fclose(stream);
    return bytes;
}

static void find_vlr(struct file *file)
{
    size_t at = scree__base_load16(file->bytes + 94);
    uint32_t count = scree__base_load32(file->bytes + 100);
    struct scree_error err = SCREE_ERROR_INIT;
    for (uint32_t i = 0; i < count && at + 54 <= file->size; i++) {
        const uint8_t *vlr = file->bytes + at;
        size_t payload_bytes = scree__base_load16(vlr + 20);
        if (scree__base_load16(vlr + 18) == 22204 && memcmp(vlr + 2, "laszip encoded", 15) == 0) {
            assert_true(at + 54 + payload_bytes <= file->size);
            if (scree_laz_layout_parse(vlr + 54, payload_bytes, file->record_bytes, &file->layout,
                                       &err) != SCREE_OK)
                fail_msg("%s: %s", file->name, err.message);
            file->packed = true;
        }
        at += 54 + payload_bytes;
    }
}

static bool file_open(struct file *file, const char *folder, const char *name)
{
    char path[700];
    memset(file, 0, sizeof *file);
    snprintf(file->name, sizeof file->name, "%s", name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    file->bytes = read_all(path, &file->size);
    if (!file->bytes)
        return false;
    assert_true(file->size >= 227 && memcmp(file->bytes, "LASF", 4) == 0);
    file->points_at = scree__base_load32(file->bytes + 96);
    file->record_bytes = scree__base_load16(file->bytes + 105);
    file->point_count = scree__base_load32(file->bytes + 107);
    if (file->bytes[25] >= 4 && scree__base_load64(file->bytes + 247) != 0)
        file->point_count = scree__base_load64(file->bytes + 247);
    find_vlr(file);
    return true;
}

/* Decodes a chunk, checks what it consumed, encodes it again where scree writes such items. Returns
 * its size. */
static size_t check_chunk(const struct file *file, const uint8_t *chunk, size_t bytes, size_t count,
                          uint8_t *records)
{
    struct scree_error err = SCREE_ERROR_INIT;
    size_t consumed = 0, encoded_bytes;
    if (laz_vectors_decode(&file->layout, SCREE_LAZ_FIELD_ALL, chunk, bytes, count, 1009, records,
                           &consumed, &err) != SCREE_OK)
        fail_msg("%s: %s", file->name, err.message);
    uint8_t *encoded = laz_vectors_encode(&file->layout, records, count, &encoded_bytes);
    if (encoded_bytes != consumed || memcmp(encoded, chunk, consumed) != 0)
        fail_msg("%s: encoded again, a chunk of %zu points takes %zu bytes instead of %zu",
                 file->name, count, encoded_bytes, consumed);
    free(encoded);
    return consumed;
}

static void check_chunks(const struct file *file, uint8_t *records)
{
    uint64_t table_at = scree__base_load64(file->bytes + file->points_at);
    size_t at = (size_t)file->points_at + 8, table_bytes, again;
    bool variable = file->layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    struct scree_error err = SCREE_ERROR_INIT;
    uint64_t left = file->point_count;
    uint32_t count = 0;
    if (table_at == UINT64_MAX)
        table_at = scree__base_load64(file->bytes + file->size - 8);
    assert_true(table_at < file->size);
    const uint8_t *table = file->bytes + table_at;
    size_t available = file->size - (size_t)table_at;
    if (scree_laz_chunk_table_count(table, available, file->point_count, &count, &err) != SCREE_OK)
        fail_msg("%s: %s", file->name, err.message);
    struct scree_laz_chunk *chunks = calloc(count + 1, sizeof *chunks);
    assert_int_equal(
        scree_laz_chunk_table_read(table, available, variable, chunks, count, &table_bytes, NULL),
        SCREE_OK);
    uint8_t *rewritten = malloc(scree_laz_chunk_table_bound(count));
    assert_int_equal(scree_laz_chunk_table_write(chunks, count, variable, rewritten,
                                                 scree_laz_chunk_table_bound(count), &again, NULL),
                     SCREE_OK);
    assert_int_equal(again, table_bytes);
    assert_memory_equal(rewritten, table, table_bytes);
    for (uint32_t i = 0; i < count && left > 0; i++) {
        uint64_t n = variable ? chunks[i].point_count : file->layout.chunk_points;
        n = n < left ? n : left;
        assert_true(at + chunks[i].bytes <= table_at);
        size_t consumed =
            check_chunk(file, file->bytes + at, (size_t)chunks[i].bytes, (size_t)n, records);
        assert_int_equal(consumed, chunks[i].bytes);
        at += consumed;
        records += n * file->record_bytes;
        left -= n;
    }
    assert_true(left == 0);
    assert_int_equal(at, table_at);
    free(rewritten);
    free(chunks);
}

/* name.laz against name.las, where their records are of the same kind. */
static void check_twin(const char *folder, const struct file *file, const uint8_t *records)
{
    struct file twin;
    char name[300];
    snprintf(name, sizeof name, "%s", file->name);
    strcpy(name + strlen(name) - 4, ".las");
    if (!file_open(&twin, folder, name))
        return;
    if (!twin.packed && twin.point_count == file->point_count &&
        twin.record_bytes == file->record_bytes &&
        (twin.bytes[104] & 0x3F) == (file->bytes[104] & 0x3F)) {
        print_message("%s: has a twin\n", file->name);
        assert_memory_equal(records, twin.bytes + twin.points_at,
                            file->point_count * file->record_bytes);
    }
    free(twin.bytes);
}

static void check_file(const char *folder, const char *name)
{
    struct file file;
    assert_true(file_open(&file, folder, name));
    if (!file.packed)
        fail_msg("%s: no LASzip VLR", name);
    uint8_t *records = malloc((size_t)file.point_count * file.record_bytes + 1);
    assert_non_null(records);
    if (file.layout.compressor == SCREE_LAZ_POINTWISE)
        check_chunk(&file, file.bytes + file.points_at, file.size - (size_t)file.points_at,
                    (size_t)file.point_count, records);
    else
        check_chunks(&file, records);
    check_twin(folder, &file, records);
    free(records);
    free(file.bytes);
}

static void every_file(void **state)
{
    char path[500];
    const char *folder = data_folder(path, sizeof path);
    DIR *list = folder ? opendir(folder) : NULL;
    unsigned files = 0;
    (void)state;
    if (!list) {
        print_message("no test data at %s: set SCREE_TEST_DATA\n", folder ? folder : "(unknown)");
        skip();
    }
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || length >= 300 || strcmp(entry->d_name + length - 4, ".laz") != 0)
            continue;
        check_file(folder, entry->d_name);
        files++;
    }
    closedir(list);
    print_message("%u files\n", files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
