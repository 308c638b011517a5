/*
 * out.h - answers as files. output.c opens where the bytes go and publishes; the writers below make them. Each
 * begins with the sink, works as a consumer (consumer.h), and finishes what is known only at the end.
 */
#ifndef SCREE_LIB_QUERY_OUT_H
#define SCREE_LIB_QUERY_OUT_H

#include "query/consumer.h"

/* ------------------------------------------------------------------------- records: LAS and LAZ */

#define SCREE__QUERY_CHUNK_POINTS 50000u /* what LASzip and its readers are used to */

/* A LAZ chunk on its way: filled by take, encoded by whoever comes by, written by take. */
enum {
    SCREE__QUERY_FREE,
    SCREE__QUERY_READY,
    SCREE__QUERY_CLAIMED,
    SCREE__QUERY_DONE,
    SCREE__QUERY_FAILED
};

struct scree__query_chunk {
    atomic_int state;
    uint8_t *records; /* then the encoded bytes */
    uint64_t capacity, count, bytes;
    struct scree_las_summary summary;
};

struct scree__query_encoder {
    void *memory;
    struct scree_laz_encoder *laz;
    uint8_t *out;
    uint64_t out_capacity;
};

struct scree__query_las {
    struct scree_query *query;
    struct scree_sink *sink;
    struct scree_las_writer *writer;
    struct scree_las_header header;
    struct scree_laz_layout layout; /* LAZ */
    bool compressed;
    bool placed;        /* LAS: records go to their place in the file as they are decoded */
    uint64_t points_at; /* where they begin, then */
    struct scree_las_summary summary;
    struct scree_las_vlr *vlrs, *evlrs;
    uint64_t vlr_count, evlr_count;
    uint8_t *extra_payload;
    uint64_t extra_payload_bytes, record_capacity;
    struct scree_las_reader *reader;   /* whose records the VLRs are; NULL: of several */
    bool keeps_waveforms;              /* inside the file */
    struct scree__query_chunk *chunks; /* a ring */
    unsigned chunk_capacity, threads;
    atomic_uint_least64_t head, tail; /* [head, tail) are full; tail is being filled */
    struct scree__query_encoder *encoders;
};

SCREE_MUST_CHECK enum scree_status scree__query_las_begin(struct scree__query_las *las,
                                                          struct scree_query *query,
                                                          struct scree_sink *sink, bool compressed,
                                                          int64_t creation_seconds,
                                                          struct scree_error *err);
void scree__query_las_consumer(struct scree__query_las *las,
                               struct scree__query_consumer *consumer);
SCREE_MUST_CHECK enum scree_status scree__query_las_finish(struct scree__query_las *las,
                                                           struct scree_error *err);
void scree__query_las_release(struct scree__query_las *las);

/* las_vlrs.c: which VLRs and EVLRs go into the file. */
SCREE_MUST_CHECK enum scree_status scree__query_vlrs_choose(struct scree__query_las *las,
                                                            struct scree_error *err);
void scree__query_vlrs_release(struct scree__query_las *las);

/* laz_ring.c: chunks between take and the encoders. */
SCREE_MUST_CHECK enum scree_status scree__query_ring_init(struct scree__query_las *las,
                                                          struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__query_ring_add(struct scree__query_las *las,
                                                         const uint8_t *records, uint64_t count,
                                                         struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__query_ring_help(void *las, unsigned worker,
                                                          struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__query_ring_finish(struct scree__query_las *las,
                                                            struct scree_error *err);
/* Memory that the ring and its encoders take when all are busy; before there is one. */
uint64_t scree__query_ring_bytes(const struct scree__query_las *las);
uint64_t scree__query_ring_bytes_of(const struct scree_query *query);
void scree__query_ring_release(struct scree__query_las *las);

/* ---------------------------------------------------------------------------- tables: CSV, PLY, NPY */

#define SCREE__QUERY_CELL_BYTES_MAX 26u /* of text or numbers, the comma included */

/* How one dim is written. */
struct scree__query_cell {
    struct scree__query_column column;
    enum scree__query_kind as; /* PLY, NPY: never BITS */
    uint32_t bytes;            /* PLY, NPY: in a row; CSV: at most, the comma included */
    bool decimal;              /* CSV: (raw * factor + shift) / 10^places, exactly */
    int64_t factor, shift;
    unsigned places;
};

/* Rows of one thread on their way into the file: few enough to stay in the cache. */
struct scree__query_staging {
    uint8_t *rows;
    uint64_t capacity;
};

struct scree__query_table {
    struct scree_query *query;
    struct scree_sink *sink;
    enum scree_query_format format;
    struct scree__query_cell *cells;
    uint64_t cell_count;
    uint32_t row_bytes;
    uint64_t rows;
    char *head;
    uint64_t head_capacity, head_bytes; /* as it is in the file: as long with any number of rows */
    bool placed;                        /* rows go to their place in the file as they are made */
    struct scree__query_staging *staging; /* by thread, where they are placed */
    unsigned threads;
};

SCREE_MUST_CHECK enum scree_status scree__query_table_begin(struct scree__query_table *table,
                                                            struct scree_query *query,
                                                            struct scree_sink *sink,
                                                            enum scree_query_format format,
                                                            struct scree_error *err);
void scree__query_table_consumer(struct scree__query_table *table,
                                 struct scree__query_consumer *consumer);
SCREE_MUST_CHECK enum scree_status scree__query_table_finish(struct scree__query_table *table,
                                                             struct scree_error *err);
void scree__query_table_release(struct scree__query_table *table);

/* table_head.c: the bytes before the first row, for table->rows of them. */
SCREE_MUST_CHECK enum scree_status scree__query_head_make(struct scree__query_table *table,
                                                          struct scree_error *err);

/* decimal.c: numbers as text, without the help of a locale. Each returns the bytes written, at most 32. */
void scree__query_decimal_plan(struct scree__query_cell *cell);
size_t scree__query_integer_text(int64_t value, char *text);
size_t scree__query_unsigned_text(uint64_t value, char *text);
size_t scree__query_decimal_text(int64_t units, unsigned places, char *text);
/* The shortest decimal that reads back to the same double, or float; "nan", "inf". */
size_t scree__query_double_text(double value, char *text);
size_t scree__query_float_text(float value, char *text);

#endif
