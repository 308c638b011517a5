/*
 * identity.h - which file is it: name, length, and a digest of its first and last 64 KiB. An enriched file is known by what it was before.
 */
#ifndef SCREE_LIB_ENRICH_IDENTITY_H
#define SCREE_LIB_ENRICH_IDENTITY_H

#include "enrich/text.h"
#include "scree/las.h"

struct scree__enrich_identity {
    char name[256]; /* without folders */
    uint64_t bytes, digest;
};

SCREE_MUST_CHECK enum scree_status
scree__enrich_identity_of_source(struct scree_source *source,
                                 struct scree__enrich_identity *identity, struct scree_error *err);
/* Of an open file: what its parameter record says it was, where it has one. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_identity_of_reader(const struct scree_las_reader *reader,
                                 struct scree__enrich_identity *identity, struct scree_error *err);
/* The same for a file by its path. */
SCREE_MUST_CHECK enum scree_status
scree__enrich_identity_of_file(const char *path, const struct scree_source_options *options,
                               struct scree__enrich_identity *identity, struct scree_error *err);
/* As a JSON object. */
void scree__enrich_identity_add(struct scree__enrich_text *text,
                                const struct scree__enrich_identity *identity);

/* FNV-1a, 64 bits, continued from `digest`. */
#define SCREE__ENRICH_DIGEST_BEGIN UINT64_C(0xCBF29CE484222325)
uint64_t scree__enrich_digest(uint64_t digest, const void *bytes, size_t count);

#endif
