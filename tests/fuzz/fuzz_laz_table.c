/*
 * fuzz_laz_table.c - any bytes as a chunk table, and any table written and read again.
 *     byte 0    bit 0: chunks vary; bit 1: the rest is the sizes of a table to be written
 */
#include "laz_case.h"
#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* More than any input can hold by the file's word; what the library lets through is what counts. */
#define CHUNKS_MAX ((uint64_t)1 << 13)

static bool same(const struct scree_laz_chunk *a, const struct scree_laz_chunk *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (a[i].bytes != b[i].bytes || a[i].point_count != b[i].point_count)
            return false;
    return true;
}

/* Written, the table is read back; all its bytes are its own. */
static void check_written(const struct scree_laz_chunk *chunks, uint32_t count, bool variable)
{
    size_t bound = scree_laz_chunk_table_bound(count), written = 0, used = 0;
    uint8_t *made = laz_case_memory(bound);
    struct scree_laz_chunk *again = laz_case_memory(count * sizeof *again);
    uint32_t told = 0;
    REQUIRE(scree_laz_chunk_table_write(chunks, count, variable, made, bound, &written, NULL) ==
            SCREE_OK);
    REQUIRE(written <= bound);
    uint8_t *table = laz_case_memory(written);
    memcpy(table, made, written);
    REQUIRE(scree_laz_chunk_table_count(table, written, count, &told, NULL) == SCREE_OK);
    REQUIRE(told == count);
    REQUIRE(scree_laz_chunk_table_read(table, written, variable, again, count, &used, NULL) ==
            SCREE_OK);
    REQUIRE(used == written && same(chunks, again, count));
    free(table);
    free(again);
    free(made);
}

static void read_table(const uint8_t *table, size_t bytes, bool variable)
{
    uint32_t count = 0;
    size_t used = 0;
    if (scree_laz_chunk_table_count(table, bytes, CHUNKS_MAX, &count, NULL) != SCREE_OK)
        return;
    REQUIRE(count <= CHUNKS_MAX);
    struct scree_laz_chunk *chunks = laz_case_memory(count * sizeof *chunks);
    struct scree_error err = SCREE_ERROR_INIT;
    enum scree_status status =
        scree_laz_chunk_table_read(table, bytes, variable, chunks, count, &used, &err);
    REQUIRE(status == SCREE_OK || (status == SCREE_E_DATA && err.message[0] != '\0'));
    if (status == SCREE_OK) {
        REQUIRE(used <= bytes);
        check_written(chunks, count, variable);
    }
    free(chunks);
}

static void write_table(const uint8_t *sizes, size_t bytes, bool variable)
{
    size_t entry_bytes = variable ? 8 : 4;
    uint32_t count = (uint32_t)(bytes / entry_bytes);
    struct scree_laz_chunk *chunks = laz_case_memory(count * sizeof *chunks);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = sizes + i * entry_bytes;
        chunks[i].bytes = scree__base_load32(entry) & INT32_MAX;
        chunks[i].point_count = variable ? scree__base_load32(entry + 4) & INT32_MAX : 0;
    }
    check_written(chunks, count, variable);
    free(chunks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    bool variable = data[0] & 1;
    if (data[0] & 2)
        write_table(data + 1, size - 1, variable);
    else
        read_table(data + 1, size - 1, variable);
    return 0;
}
