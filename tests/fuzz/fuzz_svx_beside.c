/*
 * fuzz_svx_beside.c - any bytes as what lies beside an index. The first byte chooses: a list of deleted ids, the journal of a build, a text of ids, lines of
 * tags, or the section of tags of a file.
 */
#include "base/bytes.h"
#include "simd/crc32c.h"
#include "vectors/deletions.h"
#include "vectors/journal.h"
#include "vectors/names.h"
#include "vectors/tags.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *folder(void)
{
    const char *named = getenv("TMPDIR");
    return named != NULL ? named : "/tmp";
}

/* A file with these bytes, for what opens a path. */
static const char *file_of(const uint8_t *bytes, size_t size)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/fuzz_svx_beside.%ld", folder(), (long)getpid());
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0)
        return NULL;
    bool whole = write(file, bytes, size) == (ssize_t)size;
    close(file);
    return whole ? path : NULL;
}

static void deletions(const uint8_t *bytes, size_t size)
{
    struct scree_source *source = NULL;
    uint64_t *ids = NULL, count = 0;
    if (scree_source_open_memory(bytes, size, "fuzz", &source, NULL) == SCREE_OK &&
        scree__vectors_deletions_read(source, 7, NULL, &ids, &count, NULL) == SCREE_OK) {
        if (size != 28 + 8 * count)
            abort();
        for (uint64_t i = 1; i < count; i++)
            if (ids[i] <= ids[i - 1])
                abort();
        free(ids);
    }
    scree_source_close(source);
}

/* As they are, and of the right index, with a CRC that fits. */
static void deletions_both(const uint8_t *data, size_t size)
{
    deletions(data, size);
    uint8_t *bytes = malloc(size + 1);
    if (size >= 28 && bytes != NULL) {
        memcpy(bytes, data, size);
        scree__base_store32(bytes + 12, 7);
        scree__base_store32(bytes + size - 4, scree__simd_crc32c(0, bytes, size - 4));
        deletions(bytes, size);
    }
    free(bytes);
}

static void journal(const uint8_t *data, size_t size)
{
    struct scree__vectors_journal *journal = NULL;
    struct scree__vectors_record record;
    const char *path = file_of(data, size);
    uint8_t byte;
    if (path == NULL || scree__vectors_journal_open(path, &journal, NULL) != SCREE_OK)
        return;
    uint64_t end = 0;
    while (scree__vectors_journal_next(journal, &record)) {
        if (record.offset != end + 16 || record.byte_count > size - record.offset)
            abort();
        end = record.offset + record.byte_count + 4;
        if (record.byte_count > 0)
            (void)!scree__vectors_journal_read(journal, end - 5, &byte, 1, NULL);
    }
    /* What is appended is read back. */
    if (scree__vectors_journal_begin(journal, 1, 2, 3, NULL) == SCREE_OK &&
        scree__vectors_journal_add(journal, "abc", 3, NULL) == SCREE_OK &&
        scree__vectors_journal_end(journal, false, NULL) == SCREE_OK) {
        scree__vectors_journal_close(journal, false);
        journal = NULL;
        if (scree__vectors_journal_open(path, &journal, NULL) != SCREE_OK)
            return;
        uint32_t last = 0;
        while (scree__vectors_journal_next(journal, &record))
            last = record.number;
        if (last != 2)
            abort();
    }
    scree__vectors_journal_close(journal, true);
}

static void ids(const uint8_t *data, size_t size)
{
    struct scree__spill_scratch *scratch = NULL;
    struct scree__vectors_names names;
    uint64_t rows = 0, some[256];
    uint32_t sets[256];
    for (size_t i = 0; i < size; i++)
        rows += data[i] == '\n';
    rows += size > 0 && data[size - 1] != '\n';
    const char *path = file_of(data, size);
    const struct scree__vectors_names_from from = {.ids = path};
    memset(&names, 0, sizeof names);
    if (path == NULL || rows == 0 ||
        scree__spill_scratch_open(folder(), 0, SCREE__SPILL_PLAIN, 0, &scratch, NULL) != SCREE_OK)
        return;
    if (scree__vectors_names_open(&names, &from, rows, NULL, scratch, NULL, NULL) == SCREE_OK &&
        scree__vectors_names_read(&names, scratch, 0, rows < 256 ? (uint32_t)rows : 256, some, sets,
                                  NULL) == SCREE_OK) {
        for (uint64_t i = 0; i < rows && i < 256; i++)
            if (some[i] < names.least_id || some[i] > names.most_id)
                abort();
    }
    scree__vectors_names_release(&names, NULL);
    scree__spill_scratch_close(scratch);
    unlink(path);
}

/* Without a fault, every set has a text. */
static void tag_section(const uint8_t *section, size_t size, uint32_t set_count)
{
    static uint8_t allowed[SCREE__VECTORS_TAG_SETS_MAX];
    char line[64];
    if (scree__vectors_tags_fault(section, size, set_count) != NULL)
        return;
    for (uint32_t set = 0; set < set_count; set++)
        (void)scree__vectors_tags_text(section, set, line, sizeof line);
    (void)scree__vectors_tags_find(section, "a", allowed);
}

static void tag_lines(const uint8_t *data, size_t size)
{
    struct scree__vectors_tags tags;
    uint32_t last = 0, set;
    if (scree__vectors_tags_init(&tags, NULL, NULL) != SCREE_OK)
        return;
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t length = end != NULL ? (size_t)(end - data) - at : size - at;
        if (scree__vectors_tags_line(&tags, (const char *)data + at, length, &set, NULL) ==
            SCREE_OK)
            last = set > last ? set : last;
        at += length + 1;
    }
    uint64_t bytes = scree__vectors_tags_section_bytes(&tags);
    uint8_t *section = malloc(bytes + 1);
    if (section != NULL) {
        scree__vectors_tags_store(&tags, section);
        if (last >= tags.set_count ||
            scree__vectors_tags_fault(section, bytes, (uint32_t)tags.set_count) != NULL)
            abort();
        tag_section(section, bytes, (uint32_t)tags.set_count);
    }
    free(section);
    scree__vectors_tags_release(&tags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    switch (data[0] % 5) {
    case 0:
        deletions_both(data + 1, size - 1);
        break;
    case 1:
        journal(data + 1, size - 1);
        break;
    case 2:
        ids(data + 1, size - 1);
        break;
    case 3:
        tag_lines(data + 1, size - 1);
        break;
    default: { /* in memory of its own, aligned as in a file */
        uint8_t *section = malloc(size > 2 ? size - 2 : 1);
        if (section != NULL)
            memcpy(section, data + 2, size - 2);
        if (section != NULL)
            tag_section(section, size - 2, data[1]);
        free(section);
    }
    }
    return 0;
}
