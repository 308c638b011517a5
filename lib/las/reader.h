/*
 * reader.h - the inside of a LAS reader, shared by the files that fill it: header.c, vlr.c,
 * extra_bytes.c, units.c and cursor.c. reader.c calls them in the order in which the file says
 * things. All memory comes from the context's budget.
 */
#ifndef SCREE_LIB_LAS_READER_H
#define SCREE_LIB_LAS_READER_H

#include "scree/las.h"
#include "mem/budget.h"

/* Where a chunk begins. The array of a reader has one more at its end: where the last one ends. */
struct scree__las_chunk {
    uint64_t offset, first_point;
};

/* Where the points of a file end before the header's count: point_count of them have no unit. */
struct scree__las_cut {
    uint64_t first_point, point_count;
    uint64_t chunk, offset;
    char reason[200];
};

struct scree_las_reader {
    struct scree_source *source;
    struct scree__mem_budget *budget;
    uint64_t file_bytes;
    struct scree_las_header header;
    struct scree_laz_layout layout;
    uint8_t format_byte; /* byte 104 of the file: point format and compression bits */

    struct scree_las_vlr *vlrs;
    uint64_t vlr_count, vlr_capacity;
    uint64_t evlr_held_bytes; /* payloads of EVLRs in memory */

    struct scree_las_extra_byte *extras;
    uint64_t extra_count, extra_capacity;

    char **remarks;
    uint64_t remark_count, remark_capacity;

    uint64_t unit_count;
    uint64_t unit_points;            /* uncompressed: records a unit */
    struct scree__las_chunk *chunks; /* LAZ with known chunks: unit_count + 1; else NULL */
    uint64_t chunk_capacity;
    bool has_chunk_table;
    bool sequential; /* one unit, its chunks found by decoding one after the other */

    /* Salvage: what the header says and the file has not; units that a survey has found sound. */
    bool salvage;
    uint64_t claimed_points;
    struct scree__las_cut cut;
    const struct scree_las_unit *sound_units; /* borrowed; NULL: all */
};

#define SCREE__LAS_COUNT_OF_HEADER UINT64_MAX

/* scree_las_open() for a file whose header is known to count its points wrong: point_count is taken
 * for what it says. */
SCREE_MUST_CHECK enum scree_status scree__las_open_counted(struct scree_source *source,
                                                           struct scree_context *context,
                                                           uint64_t point_count,
                                                           struct scree_las_reader **reader,
                                                           struct scree_error *err);

/*
 * scree_las_open() without looking for the points: no chunk table is read, and there are no units until
 * scree__las_units_read() has made them. For files whose points are found another way (COPC).
 */
SCREE_MUST_CHECK enum scree_status scree__las_open_head(struct scree_source *source,
                                                        struct scree_context *context,
                                                        struct scree_las_reader **reader,
                                                        struct scree_error *err);

/* Each fills its part of the reader. Errors name the file and the byte. */
SCREE_MUST_CHECK enum scree_status scree__las_header_read(struct scree_las_reader *reader,
                                                          struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__las_header_remarks(struct scree_las_reader *reader,
                                                             struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__las_vlrs_read(struct scree_las_reader *reader,
                                                        struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__las_evlrs_read(struct scree_las_reader *reader,
                                                         struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__las_extra_bytes_read(struct scree_las_reader *reader,
                                                               struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__las_units_read(struct scree_las_reader *reader,
                                                         struct scree_error *err);

void scree__las_vlrs_release(struct scree_las_reader *reader);

/*
 * The chunk table. *usable false: there is none that could be right, and a remark says why. A table
 * that is well formed and contradicts the header is SCREE_E_DATA.
 */
SCREE_MUST_CHECK enum scree_status scree__las_table_read(struct scree_las_reader *reader,
                                                         bool *usable, struct scree_error *err);
/* Layered chunks without a table: finds them from their own headers. */
SCREE_MUST_CHECK enum scree_status scree__las_chunks_walk(struct scree_las_reader *reader,
                                                          struct scree_error *err);
/* Appends to reader->chunks. */
SCREE_MUST_CHECK enum scree_status scree__las_chunk_add(struct scree_las_reader *reader,
                                                        uint64_t index, uint64_t offset,
                                                        uint64_t first_point,
                                                        struct scree_error *err);

/*
 * salvage.c: scree_las_open() for damaged files. Points that have no place in the file are no error: the
 * units are what is there, the header's count is theirs, and reader->cut says what is missing.
 */
SCREE_MUST_CHECK enum scree_status scree__las_open_damaged(struct scree_source *source,
                                                           struct scree_context *context,
                                                           struct scree_las_reader **reader,
                                                           struct scree_error *err);
/* The units and the header's count are these from now on. Borrows the array. */
void scree__las_sound_units(struct scree_las_reader *reader, const struct scree_las_unit *units,
                            uint64_t count);
/* Points from `first_point` on have no unit: `why` is the failure that says so. */
void scree__las_cut_at(struct scree_las_reader *reader, uint64_t first_point, uint64_t chunk,
                       uint64_t offset, const struct scree_error *why);
/* reader.c */
SCREE_MUST_CHECK enum scree_status scree__las_open(struct scree_source *source,
                                                   struct scree_context *context, bool salvage,
                                                   struct scree_las_reader **reader,
                                                   struct scree_error *err);

/*
 * A cursor for this reader: a new one where *cursor is NULL, else the one that is there, of another reader of the same context (which may be closed
 * by now): its memory serves again. *cursor is NULL after a failure.
 */
SCREE_MUST_CHECK enum scree_status scree__las_cursor_move(struct scree_las_cursor **cursor,
                                                          const struct scree_las_reader *reader,
                                                          uint32_t fields, struct scree_error *err);

/* What a cursor knows of a unit in which it failed, or of where it stands. */
struct scree__las_cursor_place {
    uint64_t done;          /* points of the unit that are out */
    uint64_t chunk, offset; /* the chunk that it is in */
    uint64_t offset_before; /* of the chunk before, or the same */
    bool at_end; /* the chunk's bytes end too early, and so does the file; nothing else is wrong */
};
void scree__las_cursor_place(const struct scree_las_cursor *cursor,
                             struct scree__las_cursor_place *place);

/* Adds a remark: one line, printf style. What comes after the first hundred is left out. */
SCREE_MUST_CHECK enum scree_status scree__las_remark(struct scree_las_reader *reader,
                                                     struct scree_error *err, const char *format,
                                                     ...) SCREE_PRINTF(3, 4);
void scree__las_remarks_release(struct scree_las_reader *reader);

/* Fails with "file: at byte N: message". */
enum scree_status scree__las_fail(const struct scree_las_reader *reader, struct scree_error *err,
                                  enum scree_status status, uint64_t offset, const char *format,
                                  ...) SCREE_PRINTF(5, 6);

#endif
