/*
 * make_adversary.c - inputs that are hard on memory: where the points lie (all at one place, in one cell, a column, clusters a continent apart,
 * throughout a cube, in a block that everything is near to, the ground on one circle), how they are stored (one chunk, 200 extra bytes, thousands of files), what the header says of them.
 *
 *     make_adversary KIND POINTS OUT     OUT: a .laz file; for `tiles` a folder that exists, and POINTS is the number of files
 *
 * Streaming: memory for one chunk. The same arguments make the same bytes.
 */
#include "scree/las.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_POINTS 50000u
#define TILE_POINTS 100u
#define EXTRA_FIELDS 25u /* of 8 bytes each */
#define DESCRIPTOR_BYTES 192u

struct kind {
    const char *name;
    void (*place)(uint64_t index, uint64_t count, uint64_t random, int32_t at[3]);
    bool one_chunk, extra_bytes;
    bool ground;     /* every other point is, and the rest is not; else classes are random */
    const char *lie; /* what the header says wrong */
};

struct making {
    const struct kind *kind;
    uint64_t first, count;
    struct scree_las_header header;
    struct scree_laz_layout layout;
    struct scree_las_writer *writer;
    struct scree_las_summary summary;
    struct scree_laz_encoder *encoder;
    void *encoder_memory;
    uint8_t *records, *chunk;
    uint64_t chunk_points;
    size_t chunk_capacity;
};

/* ------------------------------------------------------------------------------------------------- places */

static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 30) * 0xBF58476D1CE4E5B9u;
    v = (v ^ v >> 27) * 0x94D049BB133111EBu;
    return v ^ v >> 31;
}

/* Millimetres from the file's origin; a random number below `side` from three times 20 bits. */
static int32_t below(uint64_t random, int axis, int32_t side)
{
    return (int32_t)((random >> 20 * axis & 0xFFFFF) * (uint64_t)side >> 20);
}

static void coincident(uint64_t index, uint64_t count, uint64_t random, int32_t at[3])
{
    (void)index, (void)count, (void)random;
    at[0] = at[1] = at[2] = 123456;
}

/* One metre, and two points 2 000 km away on either side: all the rest lies in one cell of 21 levels. */
static void one_cell(uint64_t index, uint64_t count, uint64_t random, int32_t at[3])
{
    for (int a = 0; a < 3; a++)
        at[a] = 777000 + below(random, a, 1000);
    if (index == 0 || index + 1 == count)
        at[0] = index == 0 ? -2000000000 : 2000000000;
}

static void column(uint64_t index, uint64_t count, uint64_t random, int32_t at[3])
{
    (void)count, (void)random;
    at[0] = at[1] = 5000;
    at[2] = (int32_t)(index * 7 % 100000000);
}

static void terrain(uint64_t index, uint64_t count, uint64_t random, int32_t at[3])
{
    int32_t side = (int32_t)(sqrt((double)count / 10) * 1000) + 1000;
    at[0] = (int32_t)(index * (uint64_t)side / count);
    at[1] = below(random, 1, side);
    at[2] = (int32_t)(20000 * sin(at[0] / 1e5) * cos(at[1] / 1e5)) + below(random, 2, 200);
}

/* Terrain, but every fourth point lies at one place. */
static void pile(uint64_t index, uint64_t count, uint64_t random, int32_t at[3])
{
    if (index % 4 != 0)
        terrain(index, count, random, at);
    else
        at[0] = at[1] = at[2] = 4000;
}

/* Five, each within a kilometre, up to 4 000 km apart; a swath at a time, as flights bring them. */
static void clusters(uint64_t index, uint64_t count, uint64_t random, int32_t at[3])
{
    static const int32_t middles[5][2] = {{-1999000000, -1500000000},
                                          {1999000000, 1700000000},
                                          {0, 0},
                                          {-900000000, 1999000000},
                                          {1234567000, -1999000000}};
    const int32_t *middle = middles[index * 10 / count % 5];
    for (int a = 0; a < 2; a++)
        at[a] = middle[a] + below(random, a, 1000000);
    at[2] = 100000 + below(random, 2, 30000);
}

/* Throughout a cube: inner nodes hold up to 2 million points. */
static void volume(uint64_t index, uint64_t count, uint64_t random, int32_t at[3])
{
    (void)index, (void)count;
    for (int a = 0; a < 3; a++)
        at[a] = below(random, a, 1000000);
}

/* 999 of 1000 in a block of 3 m x 3 m x 5 cm, the others 4 000 km around. */
static void block(uint64_t index, uint64_t count, uint64_t random, int32_t at[3])
{
    (void)count;
    for (int a = 0; a < 2; a++)
        at[a] = index % 1000 != 0 ? below(random, a, 3000)
                                  : below(random, a, INT32_MAX) * 2 - INT32_MAX;
    at[2] = below(random, 2, 50);
}

/* Around nothing, at 60 m: every other point on the circle, of the rest one half near it, one inside. */
static void ring(uint64_t index, uint64_t count, uint64_t random, int32_t at[3])
{
    (void)count;
    const double angle =
        (double)(random >> 24) / (double)((uint64_t)1 << 40) * 2 * 3.14159265358979;
    const double part = (double)(random & 0xFFFF) / 65536;
    double radius = 60000;
    if (index % 2 != 0)
        radius = index % 4 == 1 ? 59000 + 2000 * part : 59000 * sqrt(part);
    at[0] = (int32_t)lrint(radius * cos(angle));
    at[1] = (int32_t)lrint(radius * sin(angle));
    at[2] = below(random, 2, 5000);
}

/* --------------------------------------------------------------------------------------------------- file */

static void check(enum scree_status status, const struct scree_error *err)
{
    if (status == SCREE_OK)
        return;
    fprintf(stderr, "make_adversary: %s\n", err->message);
    exit(1);
}

static void *memory_of(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (memory == NULL) {
        fprintf(stderr, "make_adversary: out of memory\n");
        exit(1);
    }
    return memory;
}

static void store(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void store_double(uint8_t *at, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    store(at, bits, 8);
}

/* Format 6. */
static void make_record(const struct making *making, uint64_t index, uint8_t *record)
{
    uint64_t random = mix(making->first + index + 1), more = mix(random + 99);
    int32_t at[3];
    memset(record, 0, making->layout.record_bytes);
    making->kind->place(index, making->count, random, at);
    for (int a = 0; a < 3; a++)
        store(record + 4 * a, (uint32_t)at[a], 4);
    store(record + 12, more & 0x3FFF, 2);
    record[14] = 0x11;
    record[16] = (uint8_t)(more >> 14 & 7);
    if (making->kind->ground)
        record[16] = index % 2 == 0 ? 2 : 1;
    store(record + 18, more >> 20 & 0x3FF, 2);
    store(record + 20, 1 + (index >> 20), 2);
    store_double(record + 22, 1e8 + (double)(index / 2) * 1e-5);
    for (uint32_t at_extra = 30; at_extra + 8 <= making->layout.record_bytes; at_extra += 8)
        store(record + at_extra, mix(more + at_extra) & 0xFFF, 8);
}

static void make_header(struct making *making)
{
    struct scree_las_header *header = &making->header;
    header->version_major = 1;
    header->version_minor = 4;
    header->point_format = 6;
    header->record_bytes = (uint16_t)making->layout.record_bytes;
    header->global_encoding = SCREE_LAS_GPS_STANDARD_TIME | SCREE_LAS_WKT;
    header->creation_year = 2024;
    header->creation_day = 60;
    for (int a = 0; a < 3; a++)
        header->scale[a] = 0.001;
    header->offset[0] = 3000000;
    header->offset[1] = 3000000;
}

static void describe_fields(uint8_t *descriptors, struct scree_las_vlr *vlr)
{
    memset(descriptors, 0, EXTRA_FIELDS * DESCRIPTOR_BYTES);
    for (unsigned i = 0; i < EXTRA_FIELDS; i++) {
        uint8_t *descriptor = descriptors + i * DESCRIPTOR_BYTES;
        descriptor[2] = 7; /* unsigned, 8 bytes */
        snprintf((char *)descriptor + 4, 32, "field %u", i);
    }
    memset(vlr, 0, sizeof *vlr);
    snprintf(vlr->user_id, sizeof vlr->user_id, "LASF_Spec");
    vlr->record_id = 4;
    vlr->payload = descriptors;
    vlr->payload_bytes = EXTRA_FIELDS * DESCRIPTOR_BYTES;
}

/* Header fields from byte 179 on: max and min of x, y, z. */
static void tell_lies(const struct making *making, struct scree_sink *sink)
{
    struct scree_error err = SCREE_ERROR_INIT;
    const char *lie = making->kind->lie;
    uint8_t bytes[48];
    if (lie == NULL)
        return;
    if (strcmp(lie, "counts") == 0) {
        store(bytes, 17, 4);
        for (int i = 0; i < 5; i++)
            store(bytes + 4 + 4 * i, 1000000007u * (unsigned)i, 4);
        check(scree_sink_patch(sink, 107, bytes, 24, &err), &err);
        return;
    }
    for (int a = 0; a < 3; a++) {
        double offset = making->header.offset[a], low = offset + 1, high = offset + 2;
        if (strcmp(lie, "large") == 0) {
            low = offset - 1e6;
            high = offset + 1e6;
        } else if (strcmp(lie, "nan") == 0) {
            low = high = NAN;
        }
        store_double(bytes + 16 * a, high);
        store_double(bytes + 16 * a + 8, low);
    }
    check(scree_sink_patch(sink, 179, bytes, sizeof bytes, &err), &err);
}

static void make_points(struct making *making)
{
    struct scree_error err = SCREE_ERROR_INIT;
    uint32_t record_bytes = making->layout.record_bytes;
    for (uint64_t done = 0; done < making->count;) {
        uint64_t count = making->count - done;
        size_t bytes;
        count = count < making->chunk_points ? count : making->chunk_points;
        for (uint64_t i = 0; i < count; i++)
            make_record(making, done + i, making->records + i * record_bytes);
        scree_las_summary_add(&making->summary, 6, making->records, record_bytes, count);
        check(scree_laz_encode(making->encoder, making->records, record_bytes, count, making->chunk,
                               making->chunk_capacity, &bytes, &err),
              &err);
        check(scree_las_writer_add_chunk(making->writer, making->chunk, bytes, count, NULL, &err),
              &err);
        done += count;
    }
}

static void make_file(struct making *making, const char *path)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_sink *sink;
    struct scree_las_vlr vlr;
    uint8_t descriptors[EXTRA_FIELDS * DESCRIPTOR_BYTES];
    scree_las_summary_init(&making->summary);
    describe_fields(descriptors, &vlr);
    check(scree_sink_open_file(path, true, &sink, &err), &err);
    check(scree_las_writer_new(sink, &making->header, &vlr, making->kind->extra_bytes ? 1 : 0,
                               &making->layout, &making->writer, &err),
          &err);
    make_points(making);
    check(scree_las_writer_finish(making->writer, &making->summary, &err), &err);
    tell_lies(making, sink);
    check(scree_sink_commit(sink, &err), &err);
    scree_las_writer_free(making->writer);
    scree_sink_close(sink);
}

static void begin(struct making *making, const struct kind *kind, uint64_t count)
{
    struct scree_error err = SCREE_ERROR_INIT;
    memset(making, 0, sizeof *making);
    making->kind = kind;
    making->count = count;
    making->chunk_points = kind->one_chunk || count < CHUNK_POINTS ? count : CHUNK_POINTS;
    check(scree_laz_layout_init(&making->layout, 6, kind->extra_bytes ? 8 * EXTRA_FIELDS : 0,
                                (uint32_t)making->chunk_points, &err),
          &err);
    make_header(making);
    making->chunk_capacity = scree_laz_encode_bound(&making->layout, making->chunk_points);
    making->records = memory_of((size_t)making->chunk_points * making->layout.record_bytes);
    making->chunk = memory_of(making->chunk_capacity);
    size_t bytes = scree_laz_encoder_bytes(&making->layout);
    making->encoder_memory = memory_of(bytes);
    check(scree_laz_encoder_init(making->encoder_memory, bytes, &making->layout, &making->encoder,
                                 &err),
          &err);
}

static void end(struct making *making)
{
    free(making->records);
    free(making->chunk);
    free(making->encoder_memory);
}

/* Files of 100 points in a square of 30 m each. */
static void make_tiles(const struct kind *kind, uint64_t file_count, const char *folder)
{
    struct making making;
    uint64_t columns = (uint64_t)ceil(sqrt((double)file_count));
    begin(&making, kind, TILE_POINTS);
    for (uint64_t i = 0; i < file_count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/tile_%06" PRIu64 ".laz", folder, i);
        making.first = i * TILE_POINTS;
        making.header.offset[0] = 3000000 + 30.0 * (double)(i % columns);
        making.header.offset[1] = 3000000 + 30.0 * (double)(i / columns);
        make_file(&making, path);
    }
    end(&making);
}

static const struct kind kinds[] = {
    {"coincident", coincident, false, false, false, NULL},
    {"one-cell", one_cell, false, false, false, NULL},
    {"pile", pile, false, false, false, NULL},
    {"column", column, false, false, false, NULL},
    {"clusters", clusters, false, false, false, NULL},
    {"volume", volume, false, false, false, NULL},
    {"block", block, false, false, false, NULL},
    {"ring", ring, false, false, true, NULL},
    {"one-chunk", terrain, true, false, false, NULL},
    {"extra-bytes", terrain, false, true, false, NULL},
    {"tiles", terrain, false, false, false, NULL},
    {"bounds-small", terrain, false, false, false, "small"},
    {"bounds-large", terrain, false, false, false, "large"},
    {"bounds-nan", terrain, false, false, false, "nan"},
    {"counts", terrain, false, false, false, "counts"},
};

int main(int argc, char **argv)
{
    uint64_t count = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && count > 0; i++) {
        struct making making;
        if (strcmp(argv[1], kinds[i].name) != 0)
            continue;
        if (strcmp(argv[1], "tiles") == 0) {
            make_tiles(&kinds[i], count, argv[3]);
            return 0;
        }
        begin(&making, &kinds[i], count);
        make_file(&making, argv[3]);
        end(&making);
        return 0;
    }
    fprintf(stderr, "usage: make_adversary KIND POINTS OUT\nkinds:");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        fprintf(stderr, " %s", kinds[i].name);
    fputc('\n', stderr);
    return 2;
}
