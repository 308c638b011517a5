/*
 * laz_read.c - the codec by itself: how many points a LAZ file has, and how high they lie.
 * cc -std=c11 -Iinclude -Ilib examples/laz_read.c lib/laz/?*.c lib/simd/?*.c lib/base/error.c
 */
#include <scree/laz.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(fine, ...) ((fine) ? (void)0 : (fprintf(stderr, __VA_ARGS__), exit(1)))
#define CALL(call) CHECK((call) == SCREE_OK, "%s\n", err.message)

static struct scree_error err = SCREE_ERROR_INIT;
static uint8_t file[1 << 26], records[256 * 65535];

static uint64_t load(const uint8_t *at, unsigned bytes) /* little-endian */
{
    return bytes == 0 ? 0 : at[0] | load(at + 1, bytes - 1) << 8;
}

/* The LASzip VLR among those behind the header says how points are packed. */
static void find_layout(size_t size, struct scree_laz_layout *layout)
{
    size_t at = load(file + 94, 2), bytes = 0;
    for (uint64_t i = load(file + 100, 4); i > 0 && at + 54 <= size; i--, at += 54 + bytes) {
        bytes = load(file + at + 20, 2);
        if (load(file + at + 18, 2) != 22204 || bytes > size - at - 54)
            continue;
        CALL(scree_laz_layout_parse(file + at + 54, bytes, (uint32_t)load(file + 105, 2), layout,
                                    &err));
        return;
    }
    CHECK(false, "no LASzip VLR\n");
}

int main(int argc, char **argv)
{
    FILE *stream = argc == 2 ? fopen(argv[1], "rb") : NULL;
    size_t size = stream ? fread(file, 1, sizeof file, stream) : 0;
    CHECK(size >= 375 && size < sizeof file, "usage: laz_read FILE.laz (below 64 MiB)\n");
    struct scree_laz_layout layout;
    find_layout(size, &layout);
    uint64_t points = file[25] >= 4 ? load(file + 247, 8) : load(file + 107, 4), left = points;
    size_t at = load(file + 96, 4), table = at < size - 8 ? load(file + at, 8) : size;
    CHECK(layout.compressor >= SCREE_LAZ_CHUNKED && table < size, "no chunk table\n");
    uint32_t count, k = 0;
    bool vary = layout.chunk_points == SCREE_LAZ_VARIABLE_CHUNKS;
    CALL(scree_laz_chunk_table_count(file + table, size - table, points, &count, &err));
    struct scree_laz_chunk *chunk = calloc(count + 1, sizeof *chunk);
    size_t bytes = scree_laz_decoder_bytes(&layout);
    void *state = aligned_alloc(64, (bytes + 63) / 64 * 64);
    CHECK(chunk && state, "out of memory\n");
    CALL(scree_laz_chunk_table_read(file + table, size - table, vary, chunk, count, NULL, &err));
    struct scree_laz_decoder *decoder;
    CALL(scree_laz_decoder_init(state, bytes, &layout, SCREE_LAZ_FIELD_Z, &decoder, &err));
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (at += 8; left > 0; at += chunk[k++].bytes) {
        CHECK(k < count && chunk[k].bytes <= size - at, "chunks beyond the table or the file\n");
        uint64_t each = vary ? chunk[k].point_count : layout.chunk_points,
                 n = each < left ? each : left;
        CALL(scree_laz_decoder_begin(decoder, file + at, chunk[k].bytes, n, &err));
        for (left -= n; n > 0; n -= bytes) {
            bytes = n < 256 ? n : 256;
            CALL(scree_laz_decoder_next(decoder, records, layout.record_bytes, bytes, &err));
            for (size_t i = 0; i < bytes; i++) {
                int32_t v = (int32_t)load(records + i * layout.record_bytes + 8, 4);
                low = v < low ? v : low;
                high = v > high ? v : high;
            }
        }
        CALL(scree_laz_decoder_end(decoder, NULL, &err));
    }
    double scale, offset; /* as this machine has them, if it is little-endian */
    memcpy(&scale, file + 147, sizeof scale);
    memcpy(&offset, file + 171, sizeof offset);
    printf("%llu points, z from %.3f to %.3f\n", (unsigned long long)points, low * scale + offset,
           high * scale + offset);
    free(chunk), free(state);
}
