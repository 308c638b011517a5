/*
 * scree/laz.h - the LAZ codec: bytes in, bytes out. No files, no threads, no context, no
 * allocation: the caller brings the memory.
 *
 * A LAZ file is a run of chunks, each decodable by itself, and a table of their sizes. This header
 * reads and writes both; where the chunks lie is the business of las.h. A point is a raw LAS
 * record: `layout.record_bytes` bytes, little-endian, as the LAS specification lays it out, extra
 * bytes last.
 *
 * Decoding a chunk:
 *     scree_laz_layout_parse(vlr ..., &layout)
 *     scree_laz_decoder_init(memory, bytes, &layout, fields, &decoder)    once, for any number of chunks
 *     scree_laz_decoder_begin(decoder, chunk, chunk_bytes, point_count)
 *     scree_laz_decoder_next(decoder, records, stride, count)             until all points are out
 *     scree_laz_decoder_end(decoder, &consumed)                           was every stream used up?
 *
 * `memory` is the caller's: scree_laz_decoder_bytes(&layout) of it, aligned to 64. Encoding is
 * scree_laz_encoder_init() once, then scree_laz_encode() for each chunk.
 *
 * Threads: one decoder or encoder at a time belongs to one thread; different ones are independent.
 * Since 0.1.
 */
#ifndef SCREE_LAZ_H
#define SCREE_LAZ_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Item types of the LASzip VLR. */
enum scree_laz_item_type {
    SCREE_LAZ_BYTE = 0,
    SCREE_LAZ_POINT10 = 6,
    SCREE_LAZ_GPSTIME11 = 7,
    SCREE_LAZ_RGB12 = 8,
    SCREE_LAZ_WAVEPACKET13 = 9,
    SCREE_LAZ_POINT14 = 10,
    SCREE_LAZ_RGB14 = 11,
    SCREE_LAZ_RGBNIR14 = 12,
    SCREE_LAZ_WAVEPACKET14 = 13,
    SCREE_LAZ_BYTE14 = 14
};

enum scree_laz_compressor {
    SCREE_LAZ_NONE = 0,      /* records as they are */
    SCREE_LAZ_POINTWISE = 1, /* the whole file is one chunk, no chunk table */
    SCREE_LAZ_CHUNKED = 2,   /* formats 0-5 */
    SCREE_LAZ_LAYERED = 3    /* formats 6-10 */
};

/* Field masks of scree_laz_decoder_init(): which layers of formats 6-10 to decode. */
#define SCREE_LAZ_FIELD_XY 0x0001u /* x, y, return counts and scanner channel: always decoded */
#define SCREE_LAZ_FIELD_Z 0x0002u
#define SCREE_LAZ_FIELD_CLASSIFICATION 0x0004u
#define SCREE_LAZ_FIELD_FLAGS 0x0008u
#define SCREE_LAZ_FIELD_INTENSITY 0x0010u
#define SCREE_LAZ_FIELD_SCAN_ANGLE 0x0020u
#define SCREE_LAZ_FIELD_USER_DATA 0x0040u
#define SCREE_LAZ_FIELD_POINT_SOURCE 0x0080u
#define SCREE_LAZ_FIELD_GPS_TIME 0x0100u
#define SCREE_LAZ_FIELD_RGB 0x0200u
#define SCREE_LAZ_FIELD_NIR 0x0400u
#define SCREE_LAZ_FIELD_WAVEPACKET 0x0800u
#define SCREE_LAZ_FIELD_EXTRA_BYTES 0x1000u
#define SCREE_LAZ_FIELD_ALL 0xFFFFFFFFu

#define SCREE_LAZ_ITEMS_MAX 16
#define SCREE_LAZ_VARIABLE_CHUNKS 0xFFFFFFFFu

struct scree_laz_item {
    uint16_t type;    /* enum scree_laz_item_type */
    uint16_t bytes;   /* of this item in a record */
    uint16_t version; /* 1 to 4; 0: stored as it is (compressor 0) */
};

/* What the LASzip VLR says: how records are cut into items, and points into chunks. */
struct scree_laz_layout {
    uint16_t compressor; /* enum scree_laz_compressor */
    uint8_t version_major, version_minor;
    uint16_t version_revision;
    uint32_t options;
    uint32_t chunk_points; /* points a chunk, or SCREE_LAZ_VARIABLE_CHUNKS */
    uint32_t record_bytes; /* sum of the items */
    uint16_t item_count;
    struct scree_laz_item items[SCREE_LAZ_ITEMS_MAX];
};

/*
 * Reads a LASzip VLR's payload. record_bytes is the point record length of the LAS header, which
 * the items must add up to. Errors: SCREE_E_DATA (wrong length, items, sizes), SCREE_E_UNSUPPORTED
 * (unknown compressor, coder, item or version).
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_layout_parse(const uint8_t *payload, size_t payload_bytes, uint32_t record_bytes,
                       struct scree_laz_layout *layout, struct scree_error *err);

/*
 * The layout that scree writes: compressor 2 with version 2 items for point formats 0-5, compressor
 * 3 with version 3 items for 6-10. extra_bytes: bytes a record beyond the format's own.
 * chunk_points: 1 or more, or SCREE_LAZ_VARIABLE_CHUNKS. Errors: SCREE_E_ARGUMENT.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_layout_init(struct scree_laz_layout *layout, unsigned point_format, uint32_t extra_bytes,
                      uint32_t chunk_points, struct scree_error *err);

/* Bytes of the VLR payload. */
SCREE_API size_t scree_laz_layout_vlr_bytes(const struct scree_laz_layout *layout);
/* The payload itself, so many bytes (no 54-byte VLR header). */
SCREE_API void scree_laz_layout_vlr_write(const struct scree_laz_layout *layout, uint8_t *payload);

/* ------------------------------------------------------------------------------------- decoding */

struct scree_laz_decoder;

/* Bytes of memory that a decoder of this layout needs; independent of the number of points. 0:
 * layout not usable. */
SCREE_API size_t scree_laz_decoder_bytes(const struct scree_laz_layout *layout);

/*
 * Makes a decoder in the caller's memory (aligned to 64, at least scree_laz_decoder_bytes());
 * nothing to free. fields: mask of SCREE_LAZ_FIELD_*; a field that is left out has the value of the
 * chunk's first point. Compressors 1 and 2 always decode everything. Compressor 0 copies.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_decoder_init(void *memory, size_t memory_bytes, const struct scree_laz_layout *layout,
                       uint32_t fields, struct scree_laz_decoder **decoder,
                       struct scree_error *err);

/*
 * Starts a chunk of point_count points (1 or more). chunk must stay valid until the last
 * scree_laz_decoder_next(). chunk_bytes may be more than the chunk has (a chunk whose size is not
 * known yet): scree_laz_decoder_end() tells what was used. A layered chunk carries its own point
 * count: a difference is SCREE_E_DATA.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_decoder_begin(struct scree_laz_decoder *decoder, const uint8_t *chunk, size_t chunk_bytes,
                        uint64_t point_count, struct scree_error *err);

/*
 * Decodes the next `count` points (no more than are left) into records[i * stride_bytes], i in [0,
 * count); stride_bytes >= record_bytes, bytes between records are left alone. Any split into calls
 * gives the same points. Errors: SCREE_E_DATA, with the point within the chunk and the byte offset
 * within the chunk; what was decoded before stays valid.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_decoder_next(struct scree_laz_decoder *decoder, uint8_t *records, size_t stride_bytes,
                       size_t count, struct scree_error *err);

/*
 * What scree_laz_decoder_next_two() does for one of two chunks, and what became of it. err may be
 * NULL; else it must be the part's own.
 */
struct scree_laz_part {
    struct scree_laz_decoder *decoder;
    uint8_t *records;
    size_t stride_bytes, count;
    struct scree_error *err;
    enum scree_status status; /* out */
};

/*
 * The same as scree_laz_decoder_next() for each of the parts, whatever becomes of the other one;
 * the decoders are different ones. Where both chunks are pointwise (formats 0-5, compressors 1 and
 * 2) or both layered, and have the same items, this takes less time than one after the other: see
 * bench/results. For that the counts should be large, and about equal. A damaged layered chunk is
 * told by the blocks that the two go through together. Since 0.1.
 */
SCREE_API void scree_laz_decoder_next_two(struct scree_laz_part parts[2]);

/*
 * Points of the chunk that are out, also after scree_laz_decoder_next() has failed: those in the
 * caller's memory before the place where a stream contradicted itself. Pointwise chunks: to the
 * point; layered chunks: to the block that the failing call had come to, which may be few or none.
 * LAZ has no checksums, and a stream that is damaged in its middle goes on to give points for a
 * while: where the chunk was cut off, the points before the cut are right; where bytes of it were
 * changed, some of these points are wrong, and nothing tells which.
 */
SCREE_API uint64_t scree_laz_decoder_done(const struct scree_laz_decoder *decoder);
/* Did scree_laz_decoder_next() fail on a pointwise chunk for no other reason than that its bytes
 * end? (A layered chunk that is cut off fails in scree_laz_decoder_begin().) */
SCREE_API bool scree_laz_decoder_ran_out(const struct scree_laz_decoder *decoder);

/*
 * Ends a chunk after its last point. *consumed_bytes (may be NULL) is the chunk's true size. Every
 * layer, or the one stream, must have been used up exactly, as the coder's flush leaves it; else
 * SCREE_E_DATA.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_decoder_end(struct scree_laz_decoder *decoder, size_t *consumed_bytes,
                      struct scree_error *err);

/*
 * Size of a layered chunk (compressor 3) from its first bytes, without decoding: the fixed part and
 * the layer sizes. *chunk_bytes, *point_count (may be NULL). SCREE_E_DATA when bytes are too few
 * for the fixed part.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_layered_chunk_size(const struct scree_laz_layout *layout, const uint8_t *chunk,
                             size_t available_bytes, uint64_t *chunk_bytes, uint32_t *point_count,
                             struct scree_error *err);

/* Bytes before the first layer of a layered chunk: record, count, layer sizes. */
SCREE_API size_t scree_laz_layered_fixed_bytes(const struct scree_laz_layout *layout);

/* ------------------------------------------------------------------------------------- encoding */

struct scree_laz_encoder;

/* Bytes of memory that an encoder of this layout needs; independent of the number of points. 0:
 * layout not usable. */
SCREE_API size_t scree_laz_encoder_bytes(const struct scree_laz_layout *layout);
/*
 * Makes an encoder in the caller's memory (aligned to 64, at least scree_laz_encoder_bytes()); nothing
 * to free. Every layout that scree_laz_layout_parse() takes can be encoded, items of any version.
 * Errors: SCREE_E_ARGUMENT (the memory), those of scree_laz_layout_parse().
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_encoder_init(void *memory, size_t memory_bytes, const struct scree_laz_layout *layout,
                       struct scree_laz_encoder **encoder, struct scree_error *err);

/* The most bytes that a chunk of point_count points can take; 0 on overflow. */
SCREE_API size_t scree_laz_encode_bound(const struct scree_laz_layout *layout,
                                        uint64_t point_count);

/*
 * Encodes one chunk of point_count >= 1 points, the bytes LASzip writes, bit for bit (but for two
 * cases in which LASzip loses data: see lib/laz/README.md). out_capacity
 * >= scree_laz_encode_bound(). records[i * stride_bytes] as in scree_laz_decoder_next(); they are
 * only read. Errors: SCREE_E_ARGUMENT (no points, too little room, more points than a chunk has).
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_encode(struct scree_laz_encoder *encoder, const uint8_t *records, size_t stride_bytes,
                 uint64_t point_count, uint8_t *out, size_t out_capacity, size_t *out_bytes,
                 struct scree_error *err);

/* ---------------------------------------------------------------------------------- chunk table */

struct scree_laz_chunk {
    uint64_t bytes;
    uint64_t point_count; /* filled from the table only where chunks are variable; else 0 */
};

/*
 * Reads the chunk table that starts at `table` (version, count, coded stream). available_bytes: to
 * the end of the file. Two steps, so that nothing is allocated on a file's word:
 * scree_laz_chunk_table_count() reads the count and refuses it when `available_bytes` cannot hold
 * it or it exceeds count_max; then the caller brings chunks[count]. *table_bytes (may be NULL):
 * bytes that the table takes.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_chunk_table_count(const uint8_t *table, size_t available_bytes, uint64_t count_max,
                            uint32_t *count, struct scree_error *err);
/* The second step: chunks[count]. variable: chunks have numbers of points of their own. Errors: SCREE_E_DATA. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_chunk_table_read(const uint8_t *table, size_t available_bytes, bool variable,
                           struct scree_laz_chunk *chunks, uint32_t count, size_t *table_bytes,
                           struct scree_error *err);

/* The most bytes that scree_laz_chunk_table_write() produces, in `out`. */
SCREE_API size_t scree_laz_chunk_table_bound(uint32_t count);
/* Writes a table, as scree_laz_chunk_table_read() reads it. out_capacity >= scree_laz_chunk_table_bound().
 * Errors: SCREE_E_ARGUMENT (too little room, sizes that a table cannot hold). */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_laz_chunk_table_write(const struct scree_laz_chunk *chunks, uint32_t count, bool variable,
                            uint8_t *out, size_t out_capacity, size_t *out_bytes,
                            struct scree_error *err);

#ifdef __cplusplus
}
#endif

#endif
