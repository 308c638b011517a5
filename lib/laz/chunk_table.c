/* chunk_table.c - sizes (and, where they vary, point counts) of a file's chunks, as differences to
 * the chunk before. */
#include "scree/laz.h"
#include "base/bytes.h"
#include "base/error.h"
#include "laz/intcoder.h"

#define FIXED_BYTES 8u /* version, count */

/*
 * The cheapest entry, "the same again", costs a symbol and a bit at their highest probabilities, 1
 * - 32/2^15 and 1 - 1/2^13: 0.0016 bits. So a byte holds some 5 000 entries at most; a count beyond
 * this is a lie.
 */
#define ENTRIES_PER_BYTE_MAX 8192u

/* A symbol, a detail symbol and 23 raw bits; see encode.c. */
#define INT32_MOST 7u

enum context { POINTS = 0, BYTES = 1 };

enum scree_status scree_laz_chunk_table_count(const uint8_t *table, size_t available_bytes,
                                              uint64_t count_max, uint32_t *count,
                                              struct scree_error *err)
{
    if (available_bytes < FIXED_BYTES)
        return scree__base_fail(err, SCREE_E_DATA, "chunk table is truncated: %zu bytes",
                                available_bytes);
    uint32_t version = scree__base_load32(table), entries = scree__base_load32(table + 4);
    if (version != 0)
        return scree__base_fail(err, SCREE_E_DATA, "chunk table has version %lu; 0 is known",
                                (unsigned long)version);
    size_t stream_bytes = available_bytes - FIXED_BYTES;
    if (entries > count_max ||
        (entries > 0 && (stream_bytes < 4 || entries / ENTRIES_PER_BYTE_MAX > stream_bytes)))
        return scree__base_fail(err, SCREE_E_DATA,
                                "chunk table claims %lu chunks; the file has room for fewer",
                                (unsigned long)entries);
    *count = entries;
    return SCREE_OK;
}

static void forget(struct laz_int32_2 *coder)
{
    LAZ_FORGET_INT(coder);
}

enum scree_status scree_laz_chunk_table_read(const uint8_t *table, size_t available_bytes,
                                             bool variable, struct scree_laz_chunk *chunks,
                                             uint32_t count, size_t *table_bytes,
                                             struct scree_error *err)
{
    uint32_t entries = 0, points = 0, bytes = 0;
    struct laz_int32_2 coder;
    struct laz_reader reader;
    unsigned k;
    enum scree_status status =
        scree_laz_chunk_table_count(table, available_bytes, count, &entries, err);
    if (status != SCREE_OK)
        return status;
    if (entries != count)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "chunk table has %lu entries, not %lu",
                                (unsigned long)entries, (unsigned long)count);
    if (table_bytes)
        *table_bytes = FIXED_BYTES;
    if (count == 0)
        return SCREE_OK;
    forget(&coder);
    laz_reader_start(&reader, table + FIXED_BYTES, table + available_bytes);
    for (uint32_t i = 0; i < count; i++) {
        if (variable)
            points = LAZ_READ_INT(&reader, &coder, POINTS, points, &k);
        bytes = LAZ_READ_INT(&reader, &coder, BYTES, bytes, &k);
        if (!laz_reader_sound(&reader) || (int32_t)points < 0 || (int32_t)bytes < 0)
            return scree__base_fail(
                err, SCREE_E_DATA, "chunk table: entry %lu of %lu, byte %zu: damaged",
                (unsigned long)i, (unsigned long)count, (size_t)(reader.at - table));
        chunks[i].bytes = bytes;
        chunks[i].point_count = points;
    }
    if (table_bytes)
        *table_bytes = (size_t)(reader.at - table);
    return SCREE_OK;
}

size_t scree_laz_chunk_table_bound(uint32_t count)
{
    uint64_t bound =
        FIXED_BYTES + LAZ_WRITER_FLUSH + LAZ_WRITER_SLACK + (uint64_t)count * 2 * INT32_MOST;
    return bound <= SIZE_MAX ? (size_t)bound : 0;
}

enum scree_status scree_laz_chunk_table_write(const struct scree_laz_chunk *chunks, uint32_t count,
                                              bool variable, uint8_t *out, size_t out_capacity,
                                              size_t *out_bytes, struct scree_error *err)
{
    struct scree_laz_chunk before = {0, 0};
    struct laz_int32_2 coder;
    struct laz_writer writer;
    if (out_capacity < scree_laz_chunk_table_bound(count))
        return scree__base_fail(err, SCREE_E_ARGUMENT, "room for %zu bytes; %zu are needed",
                                out_capacity, scree_laz_chunk_table_bound(count));
    scree__base_store32(out, 0);
    scree__base_store32(out + 4, count);
    *out_bytes = FIXED_BYTES;
    if (count == 0)
        return SCREE_OK;
    forget(&coder);
    laz_writer_start(&writer, out + FIXED_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        if (chunks[i].bytes > INT32_MAX || (variable && chunks[i].point_count > INT32_MAX))
            return scree__base_fail(err, SCREE_E_ARGUMENT,
                                    "chunk %lu: %llu bytes, %llu points; 2^31 - 1 are the most",
                                    (unsigned long)i, (unsigned long long)chunks[i].bytes,
                                    (unsigned long long)chunks[i].point_count);
        if (variable)
            LAZ_WRITE_INT(&writer, &coder, POINTS, before.point_count, chunks[i].point_count);
        LAZ_WRITE_INT(&writer, &coder, BYTES, before.bytes, chunks[i].bytes);
        before = chunks[i];
    }
    *out_bytes = FIXED_BYTES + scree__laz_writer_flush(&writer);
    return SCREE_OK;
}
