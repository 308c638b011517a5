/*
 * manifest.h - an index of several files: the manifest stands under the index's name, its segments beside it. It holds all that mutates (which
 * segments there are, ids deleted from each, recalls) and the heads of the segments, so that one read opens the index. It is replaced as a whole;
 * segments never change. docs/formats/svx.md has the bytes.
 */
#ifndef SCREE_LIB_VECTORS_MANIFEST_H
#define SCREE_LIB_VECTORS_MANIFEST_H

#include "scree/io.h"
#include "mem/budget.h"

#define SCREE__VECTORS_SEGMENTS_MAX 256u
#define SCREE__VECTORS_MANIFEST_HEAD_BYTES 64u
#define SCREE__VECTORS_SEGMENT_BYTES 96u

struct scree__vectors_manifest_segment {
    uint32_t number;      /* of its file: NAME.segment-NUMBER */
    uint32_t columns_crc; /* of its column table: which file it is */
    uint64_t file_bytes;
    uint64_t least_id, most_id;
    /* Its head: superblock, column table, tags, then of each column rotation, directory and centroids, each aligned to 64; without rotation and
       centroids in all but the first segment. */
    const uint8_t *image;
    uint64_t image_bytes;
    const uint8_t *deleted; /* u64, ascending */
    uint64_t deleted_count;
};

struct scree__vectors_manifest {
    uint64_t generation;
    uint32_t next_number; /* above those of all segments that there ever were */
    uint32_t segment_count;
    const uint8_t *recalls;
    uint32_t recalls_bytes;
    uint64_t file_bytes;
    struct scree__vectors_manifest_segment segments[SCREE__VECTORS_SEGMENTS_MAX];
};

/* Do the first 8 bytes say so? */
bool scree__vectors_is_manifest(const uint8_t *bytes);
/* Is a local file one? SCREE_E_IO. */
SCREE_MUST_CHECK enum scree_status scree__vectors_path_is_manifest(const char *path, bool *is,
                                                                   struct scree_error *err);
/* From the first 64 bytes: how long it is. SCREE_E_DATA, SCREE_E_UNSUPPORTED. */
SCREE_MUST_CHECK enum scree_status scree__vectors_manifest_length(const uint8_t *bytes,
                                                                  const char *name,
                                                                  uint64_t *length,
                                                                  struct scree_error *err);
/* All of it: pointers lead into bytes[byte_count]. What the images hold is not looked at. SCREE_E_DATA. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_manifest_load(const uint8_t *bytes, uint64_t byte_count, const char *name,
                             struct scree__vectors_manifest *manifest, struct scree_error *err);
SCREE_MUST_CHECK enum scree_status
scree__vectors_manifest_write(const struct scree__vectors_manifest *manifest,
                              struct scree_sink *sink, struct scree_error *err);

/* A manifest that is replaced: the lock of its .part file is held from begin to end. All zero before begin; release it in any case. */
struct scree__vectors_manifest_edit {
    struct scree_sink *sink;
    struct scree__mem_budget *budget;
    uint8_t *bytes;
    uint64_t byte_count;
    struct scree__vectors_manifest
        *manifest; /* changed by the caller; what it points to is the caller's or in `bytes` */
};

/* path: of a manifest. SCREE_E_EXISTS: another run writes it. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_manifest_begin(const char *path, struct scree__mem_budget *budget,
                              struct scree__vectors_manifest_edit *edit, struct scree_error *err);
/* Of the next generation; flushed, then renamed. */
SCREE_MUST_CHECK enum scree_status
scree__vectors_manifest_commit(struct scree__vectors_manifest_edit *edit, struct scree_error *err);
void scree__vectors_manifest_release(struct scree__vectors_manifest_edit *edit);

/* A segment's entry from its file: the image is memory of image_bytes, from the budget; ids and deletions are left alone. shared: with rotation and centroids. */
SCREE_MUST_CHECK enum scree_status scree__vectors_manifest_image(
    struct scree_source *source, bool shared, struct scree__mem_budget *budget,
    struct scree__vectors_manifest_segment *segment, struct scree_error *err);

/* Where segment `number` of the index at `location` is; a URL's query stays at its end. False: too long. */
bool scree__vectors_segment_name(const char *location, uint32_t number, char name[4096]);

#endif
