/*
 * seeds_laz.c - makes the seeds of the targets laz_chunk, laz_records and laz_table: small sound
 * inputs of every layout, so that a fuzzer need not find out what a chunk looks like.
 *
 * usage: seeds_laz FOLDER     writes FOLDER/laz_chunk/..., FOLDER/laz_records/..., FOLDER/laz_table/...
 */
#include "base/bytes.h"
#include "laz_case.h"
#include "laz_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WILD_POINTS 24u
/* Three blocks of a layered chunk. */
#define EVEN_POINTS 2100u
/* Enough for the loops over chunks that keep to one scanner channel. */
#define ONE_CHANNEL_POINTS 130u

static const char *folder;

static void write_seed(const char *target, const char *name, const uint8_t *bytes, size_t count)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, count, file) != count || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void put_head(uint8_t *head, unsigned format, unsigned choice, unsigned extra_bytes,
                     unsigned fields, size_t point_count, unsigned step)
{
    head[0] = (uint8_t)format;
    head[1] = (uint8_t)choice;
    head[2] = (uint8_t)extra_bytes;
    scree__base_store16(head + 3, (uint16_t)fields);
    scree__base_store16(head + 5, (uint16_t)(point_count - 1));
    head[7] = (uint8_t)step;
}

/* Points a step apart: thousands of them take a few bytes. */
static uint8_t *even_records(size_t record_bytes, size_t count)
{
    uint8_t *records = laz_case_memory(count * record_bytes);
    memset(records, 1, record_bytes);
    for (size_t i = 1; i < count; i++) {
        uint8_t *record = records + i * record_bytes;
        memcpy(record, record - record_bytes, record_bytes);
        scree__base_store32(record, (uint32_t)i);
    }
    return records;
}

/* channels: of points at random; 0: even ones. */
static void chunk_seed(const char *name, const uint8_t *head, unsigned channels, unsigned format)
{
    struct laz_case fuzz;
    size_t record_bytes, chunk_bytes;
    if (!laz_case_read(&fuzz, head, LAZ_CASE_HEAD_BYTES))
        exit(1);
    uint8_t *records = channels > 0 ? laz_vectors_records(format, channels, head[2], 100 + format,
                                                          fuzz.point_count, &record_bytes)
                                    : even_records(fuzz.layout.record_bytes, fuzz.point_count);
    uint8_t *chunk = laz_case_encode(&fuzz, records, &chunk_bytes);
    uint8_t *seed = laz_case_memory(LAZ_CASE_HEAD_BYTES + chunk_bytes);
    memcpy(seed, head, LAZ_CASE_HEAD_BYTES);
    memcpy(seed + LAZ_CASE_HEAD_BYTES, chunk, chunk_bytes);
    write_seed("laz_chunk", name, seed, LAZ_CASE_HEAD_BYTES + chunk_bytes);
    free(seed);
    free(chunk);
    free(records);
}

/* Every format in every version that its items have; stored and in one chunk a file once each. */
static void chunk_seeds(void)
{
    uint8_t head[LAZ_CASE_HEAD_BYTES];
    char name[80];
    for (unsigned format = 0; format <= 10; format++) {
        unsigned choices = format < 6 ? 2 : 3;
        for (unsigned choice = 0; choice < choices; choice++) {
            snprintf(name, sizeof name, "format%u-v%u", format, choice + (format < 6 ? 1 : 2));
            put_head(head, format, choice, choice == 1 ? 2 : 0, 0x0A55u << choice, WILD_POINTS, 7);
            chunk_seed(name, head, 3, format);
        }
    }
    put_head(head, 3, 0x41, 0, 0, WILD_POINTS, 5);
    chunk_seed("format3-one-chunk", head, 3, 3);
    put_head(head, 1, 0x80, 3, 0, WILD_POINTS, 5);
    chunk_seed("format1-stored", head, 3, 1);
    put_head(head, 8, 1, 1, 0x1003, EVEN_POINTS, 252);
    chunk_seed("format8-blocks", head, 0, 8);
    put_head(head, 1, 1, 1, 0, EVEN_POINTS, 0);
    chunk_seed("format1-blocks", head, 0, 1);
    for (unsigned format = 6; format <= 8; format++) {
        snprintf(name, sizeof name, "format%u-one-channel", format);
        put_head(head, format, 1 + format % 2, 3, 0xFFFF, ONE_CHANNEL_POINTS, 0);
        chunk_seed(name, head, 1, format);
    }
}

/* An item list in place of a format: POINT10, RGB12, BYTE in an order that no format has. */
static void list_seed(void)
{
    uint8_t seed[LAZ_CASE_HEAD_BYTES + 34 + 18 + 80] = {0};
    struct scree_laz_layout layout;
    memset(&layout, 0, sizeof layout);
    layout.compressor = SCREE_LAZ_CHUNKED;
    layout.chunk_points = 50000;
    layout.item_count = 3;
    layout.items[0] = (struct scree_laz_item){SCREE_LAZ_RGB12, 6, 2};
    layout.items[1] = (struct scree_laz_item){SCREE_LAZ_POINT10, 20, 1};
    layout.items[2] = (struct scree_laz_item){SCREE_LAZ_BYTE, 2, 1};
    put_head(seed, 0xE0, 0, 0, 0xFFFF, 9, 4);
    scree_laz_layout_vlr_write(&layout, seed + LAZ_CASE_HEAD_BYTES);
    /* The low word of the special EVLRs' number, which nobody reads, is where the target finds the
     * record's length. */
    scree__base_store16(seed + LAZ_CASE_HEAD_BYTES + 16, 28);
    write_seed("laz_chunk", "item-list", seed, sizeof seed);
}

static void records_seeds(void)
{
    static const uint8_t script[] = {3,    1,  2,  3,    4,    5,  6,   7,    8,    9,    10, 11,
                                     12,   13, 14, 0x91, 18,   17, 19,  20,   21,   22,   23, 24,
                                     0xFD, 0,  1,  2,    4,    3,  255, 255,  255,  0x41, 4,  250,
                                     0x0A, 15, 1,  0x30, 0xF9, 22, 1,   0xFC, 0xF1, 8,    3};
    uint8_t seed[LAZ_CASE_HEAD_BYTES + sizeof script];
    char name[80];
    memcpy(seed + LAZ_CASE_HEAD_BYTES, script, sizeof script);
    for (unsigned format = 0; format <= 10; format++) {
        for (unsigned choice = 0; choice < (format < 6 ? 2u : 3u); choice++) {
            snprintf(name, sizeof name, "format%u-v%u", format, choice + (format < 6 ? 1 : 2));
            put_head(seed, format, choice, format % 3, 0x1555u >> choice, 40 + 400 * (format % 4),
                     60 * choice);
            write_seed("laz_records", name, seed, sizeof seed);
        }
    }
}

static void table_seed(const char *name, bool variable, uint32_t count)
{
    struct scree_laz_chunk chunks[60];
    uint8_t seed[4096];
    size_t bytes;
    for (uint32_t i = 0; i < count; i++) {
        chunks[i].bytes = 1000 + 37 * i * (i % 5);
        chunks[i].point_count = 50000 - i * i;
    }
    seed[0] = variable;
    if (scree_laz_chunk_table_write(chunks, count, variable, seed + 1, sizeof seed - 1, &bytes,
                                    NULL) != SCREE_OK)
        exit(1);
    write_seed("laz_table", name, seed, 1 + bytes);
}

static void table_seeds(void)
{
    static const uint8_t sizes[] = {2, 1, 2, 0, 0, 255, 255, 255, 127, 0, 0, 0, 0, 5, 0, 0, 0};
    table_seed("fixed", false, 60);
    table_seed("variable", true, 60);
    table_seed("one", false, 1);
    table_seed("empty", true, 0);
    write_seed("laz_table", "written", sizes, sizeof sizes);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: seeds_laz FOLDER\n");
        return 2;
    }
    folder = argv[1];
    mkdir(folder, 0777);
    chunk_seeds();
    list_seed();
    records_seeds();
    table_seeds();
    return 0;
}
