/*
 * scree/las.h - LAS and LAZ files: header, variable length records, coordinate reference system,
 * extra bytes, points.
 *
 * Points are raw records (see laz.h), read by units: a unit is a LAZ chunk, or a run of records of
 * an uncompressed file, or, where a LAZ file has no usable chunk table, all that must be decoded in
 * one go. Units can be read in parallel, each through a cursor of its own.
 *
 *     scree_source_open_file(path, &source, err)
 *     scree_las_open(source, context, &reader, err)     header, VLRs, EVLRs, chunk table, checked
 *     scree_las_cursor_new(reader, fields, &cursor, err)          one for each thread
 *     for unit in [0, scree_las_unit_count(reader)):              any order, any thread
 *         scree_las_cursor_open(cursor, unit, err)
 *         while scree_las_cursor_next(cursor, records, capacity, &count, err), count > 0: ...
 *     scree_las_cursor_free(cursor), scree_las_close(reader), scree_source_close(source)
 *
 * Threads: an open reader does not change, and any number of threads may ask it and have cursors on
 * it; a cursor, a writer and a summary belong to one thread at a time.
 *
 * Since 0.1.
 */
#ifndef SCREE_LAS_H
#define SCREE_LAS_H

#include "base.h"
#include "io.h"
#include "laz.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of the header's global encoding. */
#define SCREE_LAS_GPS_STANDARD_TIME 0x0001u /* adjusted standard GPS time; else GPS week time */
#define SCREE_LAS_SYNTHETIC_RETURNS 0x0008u
#define SCREE_LAS_WKT 0x0010u

/* The public header block, LAS 1.0 to 1.5. Text fields are NUL-terminated, trailing NULs and blanks
 * cut. */
struct scree_las_header {
    uint8_t version_major, version_minor;
    uint8_t point_format; /* 0 to 10 */
    bool compressed;      /* there is a LASzip VLR */
    uint16_t file_source_id, global_encoding;
    uint8_t guid[16];
    char system_id[33], generating_software[33];
    uint16_t creation_day, creation_year;
    uint16_t header_bytes, record_bytes;
    uint32_t point_offset, vlr_count, evlr_count;
    uint64_t evlr_offset, waveform_offset;
    uint64_t point_count; /* the 64-bit count from 1.4 on (the legacy one where that is 0), else the
                             legacy count */
    uint64_t return_counts[15]; /* as the header says; from the legacy counts before 1.4 */
    uint32_t legacy_point_count, legacy_return_counts[5];
    double scale[3], offset[3]; /* coordinate = record * scale + offset */
    double min[3], max[3];      /* as the header says */
};

/* A VLR, or an EVLR (extended). Text is NUL-terminated. */
struct scree_las_vlr {
    char user_id[17], description[33];
    uint16_t record_id;
    bool extended;
    uint64_t payload_bytes;
    uint64_t payload_offset; /* in the file; 0 for records made in memory */
    const uint8_t
        *payload; /* NULL: not held in memory (EVLRs over 1 MiB): read it from the source */
};

/* One extra-bytes descriptor (192 bytes in the file). */
struct scree_las_extra_byte {
    char name[33], description[33];
    uint8_t data_type; /* 0 undocumented bytes, 1-10 scalar, 11-30 the deprecated arrays */
    uint8_t options;   /* bit 0 no_data is set, 1 min, 2 max, 3 scale, 4 offset; for type 0: the
                          number of bytes */
    uint32_t bytes;    /* in a record */
    uint32_t offset;   /* from the start of the extra bytes */
    uint8_t raw[192];  /* the descriptor as it is in the file */
};

struct scree_las_unit {
    uint64_t first_point, point_count;
    uint64_t offset, bytes; /* in the file */
    bool sequential; /* several chunks without a table: bytes is up to the end of the point data */
};

struct scree_las_reader;
struct scree_las_cursor;

/*
 * Reads and checks all that precedes the points, the EVLRs and the chunk table. The reader borrows
 * source and context (may be NULL: no budget). Sizes from the file are checked against the file's
 * length before anything is allocated. Errors: SCREE_E_DATA, SCREE_E_UNSUPPORTED, SCREE_E_IO,
 * SCREE_E_BUDGET; each names the file and the byte offset. Oddities that leave the points readable
 * (wrong return counts, an absent chunk table, VLRs that run into the points ...) are remarks, not
 * errors.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_las_open(struct scree_source *source,
                                                            struct scree_context *context,
                                                            struct scree_las_reader **reader,
                                                            struct scree_error *err);
SCREE_API void scree_las_close(struct scree_las_reader *reader); /* accepts NULL */

/* The header as it was read. Valid until the reader is closed. */
SCREE_API const struct scree_las_header *scree_las_header(const struct scree_las_reader *reader);
/* The caller's, as it was given to scree_las_open(). */
SCREE_API struct scree_source *scree_las_source(const struct scree_las_reader *reader);
/* VLRs first, then EVLRs, in file order; valid until the reader is closed. */
SCREE_API uint64_t scree_las_vlr_count(const struct scree_las_reader *reader);
/* index < scree_las_vlr_count(); NULL beyond. */
SCREE_API const struct scree_las_vlr *scree_las_vlr(const struct scree_las_reader *reader,
                                                    uint64_t index);
/* The first record with this user id and record id; NULL when there is none. */
SCREE_API const struct scree_las_vlr *scree_las_find_vlr(const struct scree_las_reader *reader,
                                                         const char *user_id, uint16_t record_id);
/* The LASzip layout; compressor SCREE_LAZ_NONE for LAS. */
SCREE_API const struct scree_laz_layout *scree_las_layout(const struct scree_las_reader *reader);
/*
 * Descriptors of the extra bytes, in record order, from all extra-bytes VLRs. They cover all extra
 * bytes of the record exactly: bytes that no descriptor names come as one of type 0 with an empty
 * name; descriptors beyond the record are left out, with a remark.
 */
SCREE_API uint32_t scree_las_extra_byte_count(const struct scree_las_reader *reader);
/* index < scree_las_extra_byte_count(); NULL beyond. Valid until the reader is closed. */
SCREE_API const struct scree_las_extra_byte *
scree_las_extra_byte(const struct scree_las_reader *reader, uint32_t index);
/* One line each, without the file's name. */
SCREE_API uint64_t scree_las_remark_count(const struct scree_las_reader *reader);
/* index < scree_las_remark_count(); NULL beyond. Valid until the reader is closed. */
SCREE_API const char *scree_las_remark(const struct scree_las_reader *reader, uint64_t index);

/* Bytes of a record of a point format without extra bytes; 0 for an unknown format. */
SCREE_API uint32_t scree_las_format_bytes(unsigned point_format);

/* --------------------------------------------------------------------------------------- points */

/* Units, in the order of the points; 0 in a file without points. */
SCREE_API uint64_t scree_las_unit_count(const struct scree_las_reader *reader);
/* *unit: where the unit lies; all zero beyond the last one. */
SCREE_API void scree_las_unit(const struct scree_las_reader *reader, uint64_t index,
                              struct scree_las_unit *unit);
/* True when the units come from a chunk table that agrees with the file and the header. */
SCREE_API bool scree_las_has_chunk_table(const struct scree_las_reader *reader);

/* fields: see laz.h. Buffers come from the reader's context's budget. Use a cursor from one thread
 * at a time. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_las_cursor_new(const struct scree_las_reader *reader, uint32_t fields,
                     struct scree_las_cursor **cursor, struct scree_error *err);
SCREE_API void scree_las_cursor_free(struct scree_las_cursor *cursor); /* accepts NULL */

/* Moves to the start of a unit. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_las_cursor_open(struct scree_las_cursor *cursor, uint64_t unit, struct scree_error *err);

/*
 * The next points of the unit: up to `capacity` records, tightly packed. *count 0 at its end, where
 * the chunk's exact size has been checked. Errors name the file, the chunk, its byte offset in the
 * file and the point.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_las_cursor_next(struct scree_las_cursor *cursor,
                                                                   uint8_t *records,
                                                                   size_t capacity, size_t *count,
                                                                   struct scree_error *err);

/*
 * What scree_las_cursor_next_two() does for one of two cursors, and what became of it. err may be
 * NULL; else it must be the part's own.
 */
struct scree_las_part {
    struct scree_las_cursor *cursor;
    uint8_t *records;
    size_t capacity;
    struct scree_error *err;
    size_t count;             /* out */
    enum scree_status status; /* out */
};

/*
 * The same as scree_las_cursor_next() for each of the parts, whatever becomes of the other one. The
 * cursors are different ones; they may be of different readers. Two chunks of formats 0-5 with the
 * same items take much less time this way than one after the other. Since 0.1.
 */
SCREE_API void scree_las_cursor_next_two(struct scree_las_part parts[2]);

/* ------------------------------------------------------------------ coordinate reference system */

enum scree_las_crs_origin { SCREE_CRS_NONE = 0, SCREE_CRS_WKT = 1, SCREE_CRS_GEOTIFF = 2 };

struct scree_las_crs {
    enum scree_las_crs_origin origin;
    char *wkt;      /* WKT1 where it can be said in WKT1, NUL-terminated; NULL for SCREE_CRS_NONE */
    char name[160]; /* "RGF93 / Lambert-93"; empty when not known */
    char note[256]; /* what could not be carried over ("vertical CRS 32767 is user-defined"); empty:
                       nothing */
    bool geographic; /* horizontal units are degrees */
    bool geocentric;
};

/*
 * The CRS of a file: its WKT VLR, else its GeoTIFF keys through PROJ. A file without any is
 * SCREE_OK with SCREE_CRS_NONE; one that is there but cannot be read is SCREE_E_DATA. Release with
 * scree_las_crs_release().
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_las_crs_read(const struct scree_las_reader *reader, struct scree_las_crs *crs,
                   struct scree_error *err);
/* From what a person gives: "EPSG:2154", "EPSG:2154+5720", WKT, PROJJSON or a PROJ string. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_las_crs_from_text(const char *text, struct scree_las_crs *crs, struct scree_error *err);
/* Same meaning (PROJ's equivalence, axis order of WKT1 aside), not same bytes. Without PROJ: same
 * bytes. */
SCREE_API bool scree_las_crs_equal(const struct scree_las_crs *a, const struct scree_las_crs *b);
/* Frees what the struct holds, and makes it all zero. Accepts NULL. */
SCREE_API void scree_las_crs_release(struct scree_las_crs *crs);

/* -------------------------------------------------------------------------------------- writing */

struct scree_las_writer;

/* What a pass over the points finds out, for the header. Start from scree_las_summary_init(); one thread at a time each. */
struct scree_las_summary {
    uint64_t point_count,
        return_counts[15];  /* return number 0 and above 15 are in point_count only */
    int32_t min[3], max[3]; /* of the records' integers; min > max: no points */
};

/* No points yet. */
SCREE_API void scree_las_summary_init(struct scree_las_summary *summary);
/* Adds records of the given format. */
SCREE_API void scree_las_summary_add(struct scree_las_summary *summary, unsigned point_format,
                                     const uint8_t *records, size_t stride_bytes, uint64_t count);
/* Adds the points of `other`, for example of another thread. */
SCREE_API void scree_las_summary_merge(struct scree_las_summary *summary,
                                       const struct scree_las_summary *other);

/*
 * Begins a LAS 1.2, 1.3 or 1.4 file at the sink's position 0. From `header` are taken: version,
 * point_format, record_bytes, ids, dates, encoding, scale, offset; counts, bounds and offsets are
 * the writer's. layout NULL: LAS; else LAZ as it says (its VLR is added after the given ones). The
 * VLRs are copied out at once. The writer borrows the sink.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_las_writer_new(struct scree_sink *sink, const struct scree_las_header *header,
                     const struct scree_las_vlr *vlrs, uint64_t vlr_count,
                     const struct scree_laz_layout *layout, struct scree_las_writer **writer,
                     struct scree_error *err);
/* LAS: records as they are, tightly packed. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_las_writer_add_records(struct scree_las_writer *writer, const uint8_t *records,
                             uint64_t count, struct scree_error *err);
/* LAZ: one encoded chunk (scree_laz_encode()). *offset (may be NULL): where it lies in the file. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_las_writer_add_chunk(struct scree_las_writer *writer, const uint8_t *chunk,
                           uint64_t chunk_bytes, uint64_t point_count, uint64_t *offset,
                           struct scree_error *err);
/* LAZ: ends the point data and writes the chunk table. Implied by scree_las_writer_finish(). */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_las_writer_end_points(struct scree_las_writer *writer, struct scree_error *err);
/* An EVLR (1.4 only), after the points. Its payload is read from `source` where payload is NULL.
 * *offset (may be NULL): of the payload. */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_las_writer_add_evlr(struct scree_las_writer *writer, const struct scree_las_vlr *evlr,
                          struct scree_source *source, uint64_t *offset, struct scree_error *err);
/*
 * Patches the header. The number of points added must be summary->point_count (else SCREE_E_DATA).
 * Does not commit the sink. Legacy counts are written for formats 0-5 where they fit, and are 0 for
 * 6-10.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_las_writer_finish(struct scree_las_writer *writer, const struct scree_las_summary *summary,
                        struct scree_error *err);
SCREE_API void scree_las_writer_free(struct scree_las_writer *writer); /* accepts NULL */

#ifdef __cplusplus
}
#endif

#endif
