/*
 * test_validate_file.h - a small COPC file made in memory, byte by byte, without the library's
 * writers: point format 7 with two extra bytes, five nodes on four levels, two hierarchy pages. It
 * is without fault; a recipe builds faults in, and places[] tells where to patch others.
 */
#ifndef SCREE_TEST_VALIDATE_FILE_H
#define SCREE_TEST_VALIDATE_FILE_H

#include "base/bytes.h"
#include "copc/format.h"
#include "scree/copc.h"
#include "scree/laz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TEST_RECORD_BYTES 38u
#define TEST_POINTS 12u

enum place {
    HEADER,
    INFO_VLR,
    INFO,
    LASZIP_VLR,
    LASZIP,
    WKT,
    WKT_END,
    EXTRA,
    POINTS,
    CHUNK, /* of the root node */
    TABLE,
    EVLR,
    PAGE,
    CHILD_PAGE,
    TEMPORAL,
    TIMES,       /* its root page: nodes 0 to 2, then */
    POINTER,     /* the pointer to */
    TIMES_BELOW, /* the page of nodes 3 and 4 */
    PLACES
};

struct recipe {
    bool no_wkt, two_wkts, large_vlr, temporal, eight_bits, black, return_zero, gps_nan, gps_back,
        late, weekly;
    bool temporal_vlr, two_temporals, dim;
    unsigned empty_nodes; /* appended to the root page */
    unsigned gap_bytes;   /* between the chunks and the chunk table */
    unsigned tail_bytes;  /* behind the last EVLR */
};

struct file {
    uint8_t *bytes;
    size_t byte_count, capacity;
    size_t places[PLACES];
};

static const char test_wkt[] = "LOCAL_CS[\"unknown\",UNIT[\"metre\",1]]";

/* Root, two nodes below, and a chain of two in a page of their own. Points are in records' units of
 * 0.01 around the centre; the cube is 12,800 of them wide. */
static const struct test_node {
    struct scree_copc_key key;
    uint32_t points;
    int32_t at, step; /* x, y and z alike */
} test_nodes[] = {
    {{0, 0, 0, 0}, 4, -6000, 4000}, {{1, 0, 0, 0}, 3, -6400, 3100}, {{1, 1, 1, 1}, 2, 100, 6000},
    {{2, 0, 0, 0}, 2, -6100, 2500}, {{3, 0, 0, 0}, 1, -5000, 0},
};
enum { TEST_NODES = sizeof test_nodes / sizeof *test_nodes };

static inline uint8_t *file_add(struct file *file, size_t bytes)
{
    if (file->byte_count + bytes > file->capacity) {
        file->capacity = 2 * (file->byte_count + bytes);
        file->bytes = realloc(file->bytes, file->capacity);
        if (file->bytes == NULL)
            abort();
    }
    uint8_t *p = file->bytes + file->byte_count;
    memset(p, 0, bytes);
    file->byte_count += bytes;
    return p;
}

/* Returns the payload. */
static inline uint8_t *file_add_record(struct file *file, bool extended, const char *user_id,
                                       uint16_t record_id, size_t bytes)
{
    const size_t head = extended ? 60 : 54;
    uint8_t *p = file_add(file, head + bytes);
    strncpy((char *)p + 2, user_id, 16);
    scree__base_store16(p + 18, record_id);
    if (extended)
        scree__base_store64(p + 20, bytes);
    else
        scree__base_store16(p + 20, (uint16_t)bytes);
    return p + head;
}

static inline void file_make_point(uint8_t *p, int32_t at, double time, const struct recipe *recipe)
{
    memset(p, 0, TEST_RECORD_BYTES);
    for (unsigned axis = 0; axis < 3; axis++)
        scree__base_store32(p + 4 * axis, (uint32_t)at);
    scree__base_store16(p + 12, recipe->dim ? 250 : 900);
    p[14] = recipe->return_zero ? 0x10 : 0x11;
    p[16] = 2;
    scree__base_store_f64(p + 22, time);
    for (unsigned i = 0; i < 3 && !recipe->black; i++)
        scree__base_store16(p + 30 + 2 * i, recipe->eight_bits ? 200 : 40000);
}

static inline void file_make_head(struct file *file, const struct recipe *recipe,
                                  const struct scree_laz_layout *layout)
{
    uint8_t *h = file_add(file, 375);
    memcpy(h, "LASF", 4);
    scree__base_store16(
        h + 6, (uint16_t)((recipe->weekly ? 0 : SCREE_LAS_GPS_STANDARD_TIME) | SCREE_LAS_WKT));
    h[24] = 1;
    h[25] = 4;
    scree__base_store16(h + 94, 375);
    h[104] = 0x80 | 7;
    scree__base_store16(h + 105, TEST_RECORD_BYTES);
    for (unsigned i = 0; i < 3; i++) {
        scree__base_store_f64(h + 131 + 8 * i, 0.01);
        scree__base_store_f64(h + 155 + 8 * i, 1000.0 * (i + 1));
        scree__base_store_f64(h + 179 + 16 * i, 6100 * 0.01 + 1000.0 * (i + 1));
        scree__base_store_f64(h + 187 + 16 * i, -6400 * 0.01 + 1000.0 * (i + 1));
    }
    scree__base_store64(h + 247, TEST_POINTS);
    scree__base_store64(h + 255, TEST_POINTS);
    file->places[INFO_VLR] = file->byte_count;
    (void)file_add_record(file, false, "copc", 1, 160);
    file->places[INFO] = file->byte_count - 160;
    file->places[LASZIP_VLR] = file->byte_count;
    const size_t laszip_bytes = scree_laz_layout_vlr_bytes(layout);
    scree_laz_layout_vlr_write(layout,
                               file_add_record(file, false, "laszip encoded", 22204, laszip_bytes));
    file->places[LASZIP] = file->byte_count - laszip_bytes;
    uint32_t vlrs = 3;
    for (unsigned i = 0; i < (recipe->no_wkt ? 0u : recipe->two_wkts ? 2u : 1u); i++, vlrs++) {
        memcpy(file_add_record(file, false, "LASF_Projection", 2112, sizeof test_wkt), test_wkt,
               sizeof test_wkt);
        file->places[WKT] = file->byte_count - sizeof test_wkt;
        file->places[WKT_END] = file->byte_count - 1;
    }
    uint8_t *extra = file_add_record(file, false, "LASF_Spec", 4, 192);
    extra[2] = 3; /* unsigned short */
    memcpy(extra + 4, "echo width", 10);
    file->places[EXTRA] = file->byte_count - 192;
    if (recipe->temporal_vlr) {
        (void)file_add_record(file, false, "copc_temporal", 1000, 32);
        vlrs++;
    }
    if (recipe->large_vlr) {
        (void)file_add_record(file, false, "scree test", 1, 65535);
        vlrs++;
    }
    scree__base_store32(file->bytes + 100, vlrs);
    scree__base_store32(file->bytes + 96, (uint32_t)file->byte_count);
    file->places[POINTS] = file->byte_count;
}

/* Encodes the nodes' chunks and the table; fills entries. */
static inline void file_make_chunks(struct file *file, const struct recipe *recipe,
                                    const struct scree_laz_layout *layout,
                                    struct scree_copc_entry entries[TEST_NODES])
{
    const size_t encoder_bytes = (scree_laz_encoder_bytes(layout) + 63) / 64 * 64;
    void *memory = aligned_alloc(64, encoder_bytes);
    struct scree_laz_encoder *encoder;
    struct scree_laz_chunk chunks[TEST_NODES];
    if (memory == NULL ||
        scree_laz_encoder_init(memory, encoder_bytes, layout, &encoder, NULL) != SCREE_OK)
        abort();
    (void)file_add(file, 8);
    double time = recipe->late ? 3e8 : 100;
    for (unsigned i = 0; i < TEST_NODES; i++) {
        const struct test_node *node = &test_nodes[i];
        uint8_t records[4 * TEST_RECORD_BYTES];
        for (uint32_t j = 0; j < node->points; j++, time += recipe->gps_back && i == 0 ? -1 : 1)
            file_make_point(records + j * TEST_RECORD_BYTES, node->at + (int32_t)j * node->step,
                            recipe->gps_nan && j == 1 ? (double)NAN : time, recipe);
        const size_t bound = scree_laz_encode_bound(layout, node->points), at = file->byte_count;
        size_t bytes;
        if (scree_laz_encode(encoder, records, TEST_RECORD_BYTES, node->points,
                             file_add(file, bound), bound, &bytes, NULL) != SCREE_OK)
            abort();
        file->byte_count = at + bytes;
        chunks[i] = (struct scree_laz_chunk){bytes, node->points};
        entries[i] =
            (struct scree_copc_entry){node->key, at, (int32_t)bytes, (int32_t)node->points};
    }
    free(memory);
    file->places[CHUNK] = (size_t)entries[0].offset;
    (void)file_add(file, recipe->gap_bytes);
    file->places[TABLE] = file->byte_count;
    scree__base_store64(file->bytes + file->places[POINTS], file->byte_count);
    const size_t bound = scree_laz_chunk_table_bound(TEST_NODES);
    size_t bytes;
    if (scree_laz_chunk_table_write(chunks, TEST_NODES, true, file_add(file, bound), bound, &bytes,
                                    NULL) != SCREE_OK)
        abort();
    file->byte_count = file->places[TABLE] + bytes;
}

static inline void file_make_hierarchy(struct file *file, const struct recipe *recipe,
                                       const struct scree_copc_entry entries[TEST_NODES])
{
    const size_t root_bytes = 32 * (4 + (size_t)recipe->empty_nodes);
    file->places[EVLR] = file->byte_count;
    uint8_t *page = file_add_record(file, true, "copc", 1000, root_bytes + 64);
    file->places[PAGE] = file->places[EVLR] + 60;
    file->places[CHILD_PAGE] = file->places[PAGE] + root_bytes;
    for (unsigned i = 0; i < 3; i++)
        scree__copc_entry_store(page + 32 * i, &entries[i]);
    const struct scree_copc_entry pointer = {entries[3].key, file->places[CHILD_PAGE], 64, -1};
    scree__copc_entry_store(page + 96, &pointer);
    for (unsigned i = 0; i < recipe->empty_nodes; i++) {
        const struct scree_copc_entry empty = {
            {16, (int32_t)(i % 256) + 60000, (int32_t)(i / 256) + 60000, 60000}, 0, 0, 0};
        scree__copc_entry_store(page + 128 + 32 * i, &empty);
    }
    scree__copc_entry_store(page + root_bytes, &entries[3]);
    scree__copc_entry_store(page + root_bytes + 32, &entries[4]);
    const struct scree_copc_info info = {
        .center = {1000, 2000, 3000},
        .halfsize = 64,
        .spacing = 1,
        .root_page_offset = file->places[PAGE],
        .root_page_bytes = root_bytes,
        .gps_time_min = recipe->gps_back ? 97 : 100,
        .gps_time_max = recipe->gps_back ? 103 : 111,
    };
    scree__copc_info_store(file->bytes + file->places[INFO], &info);
}

static inline uint8_t *file_make_times(uint8_t *p, unsigned node, double *time)
{
    const struct scree_copc_entry as_entry = {.key = test_nodes[node].key};
    uint8_t entry[32];
    scree__copc_entry_store(entry, &as_entry);
    memcpy(p, entry, 16);
    scree__base_store32(p + 16, test_nodes[node].points);
    p += 20;
    for (uint32_t j = 0; j < test_nodes[node].points; j++, p += 8, ++*time)
        scree__base_store_f64(p, *time);
    return p;
}

/* A sample for each point; nodes 3 and 4 in a page of their own. */
static inline void file_make_temporal(struct file *file)
{
    const size_t root_bytes = 3 * 20 + 9 * 8 + 48, below_bytes = 2 * 20 + 3 * 8;
    uint8_t *p = file_add_record(file, true, "copc_temporal", 1000, 32 + root_bytes + below_bytes);
    double time = 100;
    file->places[TEMPORAL] = file->byte_count - root_bytes - below_bytes - 32;
    file->places[TIMES] = file->places[TEMPORAL] + 32;
    file->places[TIMES_BELOW] = file->places[TIMES] + root_bytes;
    file->places[POINTER] = file->places[TIMES_BELOW] - 48;
    scree__base_store32(p, 1);
    scree__base_store32(p + 4, 1);
    scree__base_store32(p + 8, TEST_NODES);
    scree__base_store32(p + 12, 2);
    scree__base_store64(p + 16, file->places[TIMES]);
    scree__base_store32(p + 24, (uint32_t)root_bytes);
    p += 32;
    for (unsigned i = 0; i < 3; i++)
        p = file_make_times(p, i, &time);
    scree__base_store32(p, 2); /* the key of node 3 */
    scree__base_store64(p + 20, file->places[TIMES_BELOW]);
    scree__base_store32(p + 28, (uint32_t)below_bytes);
    scree__base_store_f64(p + 32, 109);
    scree__base_store_f64(p + 40, 111);
    p += 48;
    for (unsigned i = 3; i < 5; i++)
        p = file_make_times(p, i, &time);
}

/* Free file.bytes. */
static inline struct file file_make(const struct recipe *recipe)
{
    struct file file = {0};
    struct scree_laz_layout layout;
    struct scree_copc_entry entries[TEST_NODES];
    if (scree_laz_layout_init(&layout, 7, 2, SCREE_LAZ_VARIABLE_CHUNKS, NULL) != SCREE_OK)
        abort();
    file_make_head(&file, recipe, &layout);
    file_make_chunks(&file, recipe, &layout, entries);
    scree__base_store64(file.bytes + 235, file.byte_count);
    scree__base_store32(file.bytes + 243, 1u + recipe->temporal + recipe->two_temporals);
    file_make_hierarchy(&file, recipe, entries);
    if (recipe->temporal)
        file_make_temporal(&file);
    if (recipe->two_temporals)
        file_make_temporal(&file);
    (void)file_add(&file, recipe->tail_bytes);
    return file;
}

#endif
