/* journal.c - what a batch has done. */
#include "enrich/journal.h"
#include "base/error.h"
#include "enrich/text.h"
#include "mem/budget.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct scree__enrich_journal {
    char path[4096];
    int descriptor;
    bool torn; /* the last line has no end */
    struct scree__enrich_entry *entries;
    uint64_t count, capacity;
};

static uint64_t hex_of(const cJSON *root, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, name);
    return cJSON_IsString(item) ? strtoull(item->valuestring, NULL, 16) : 0;
}

static int64_t whole_of(const cJSON *root, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, name);
    return cJSON_IsString(item) ? strtoll(item->valuestring, NULL, 10) : -1;
}

static enum scree_status keep(struct scree__enrich_journal *journal,
                              const struct scree__enrich_entry *entry, struct scree_error *err)
{
    void *memory = journal->entries;
    for (uint64_t i = 0; i < journal->count; i++)
        if (strcmp(journal->entries[i].output, entry->output) == 0) {
            const char *name = journal->entries[i].output;
            journal->entries[i] = *entry;
            journal->entries[i].output = name;
            return SCREE_OK;
        }
    enum scree_status status =
        scree__mem_grow(NULL, &memory, &journal->capacity, journal->count + 1,
                        sizeof *journal->entries, "journal", err);
    if (status != SCREE_OK)
        return status;
    journal->entries = memory;
    struct scree__enrich_entry *added = &journal->entries[journal->count];
    *added = *entry;
    added->output = scree__mem_string_copy(entry->output);
    if (added->output == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "journal: out of memory");
    journal->count++;
    return SCREE_OK;
}

static enum scree_status read_line(struct scree__enrich_journal *journal, const char *line,
                                   size_t length, struct scree_error *err)
{
    cJSON *root = cJSON_ParseWithLength(line, length);
    const cJSON *output = cJSON_GetObjectItemCaseSensitive(root, "output");
    const cJSON *state = cJSON_GetObjectItemCaseSensitive(root, "status");
    enum scree_status status = SCREE_OK;
    if (cJSON_IsString(output) && cJSON_IsString(state)) {
        const struct scree__enrich_entry entry = {
            .output = output->valuestring,
            .done = strcmp(state->valuestring, "done") == 0,
            .options = hex_of(root, "options"),
            .around = hex_of(root, "around"),
            .input_bytes = (uint64_t)whole_of(root, "input_bytes"),
            .output_bytes = (uint64_t)whole_of(root, "output_bytes"),
            .input_time_ns = whole_of(root, "input_time_ns"),
            .output_time_ns = whole_of(root, "output_time_ns")};
        status = keep(journal, &entry, err);
    }
    cJSON_Delete(root);
    return status;
}

/* Lines beyond this are nothing that was written here. */
#define LINE_BYTES 32768u

static enum scree_status read_all(struct scree__enrich_journal *journal, struct scree_error *err)
{
    void *line;
    enum scree_status status = scree__mem_alloc(NULL, LINE_BYTES, &line, "journal", err);
    if (status != SCREE_OK)
        return status;
    FILE *file = fopen(journal->path, "re");
    bool whole = true; /* what is read next begins a line */
    if (file == NULL)
        status = scree__base_fail_errno(err, SCREE_E_IO, errno, "%s", journal->path);
    while (status == SCREE_OK && fgets(line, LINE_BYTES, file) != NULL) {
        const size_t length = strlen(line);
        journal->torn = length == 0 || ((const char *)line)[length - 1] != '\n';
        if (whole && !journal->torn)
            status = read_line(journal, line, length, err);
        whole = !journal->torn;
    }
    if (file != NULL)
        (void)fclose(file); /* was only read */
    scree__mem_free(NULL, line, LINE_BYTES);
    return status;
}

enum scree_status scree__enrich_journal_open(const char *folder, struct scree__enrich_journal **out,
                                             struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status =
        scree__mem_alloc(NULL, sizeof(struct scree__enrich_journal), &memory, "journal", err);
    if (status != SCREE_OK)
        return status;
    struct scree__enrich_journal *journal = memory;
    memset(journal, 0, sizeof *journal);
    snprintf(journal->path, sizeof journal->path, "%s/" SCREE__ENRICH_JOURNAL, folder);
    journal->descriptor = open(journal->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (journal->descriptor < 0)
        status = scree__base_fail_errno(err, SCREE_E_IO, errno, "%s", journal->path);
    else if (flock(journal->descriptor, LOCK_EX | LOCK_NB) != 0)
        status =
            scree__base_fail(err, SCREE_E_EXISTS, "%s: another run works on this folder", folder);
    if (status == SCREE_OK)
        status = read_all(journal, err);
    if (status != SCREE_OK) {
        scree__enrich_journal_close(journal);
        return status;
    }
    *out = journal;
    return SCREE_OK;
}

const struct scree__enrich_entry *
scree__enrich_journal_find(const struct scree__enrich_journal *journal, const char *output)
{
    for (uint64_t i = 0; journal != NULL && i < journal->count; i++)
        if (strcmp(journal->entries[i].output, output) == 0)
            return &journal->entries[i];
    return NULL;
}

static void compose(struct scree__enrich_text *text, const struct scree__enrich_entry *entry,
                    const struct scree__enrich_told *told)
{
    scree__enrich_text_add(text, "{\"output\":");
    scree__enrich_text_add_string(text, entry->output);
    scree__enrich_text_add(text, ",\"status\":\"%s\",\"input\":", entry->done ? "done" : "failed");
    scree__enrich_text_add_string(text, told->input);
    /* 64-bit numbers as texts: many readers of JSON would round them. */
    scree__enrich_text_add(text,
                           ",\"options\":\"%016" PRIx64 "\",\"around\":\"%016" PRIx64
                           "\",\"input_bytes\":\"%" PRIu64 "\",\"input_time_ns\":\"%" PRId64
                           "\",\"input_digest\":\"%016" PRIx64 "\",\"output_bytes\":\"%" PRIu64
                           "\",\"output_time_ns\":\"%" PRId64 "\",\"points\":%" PRIu64
                           ",\"seconds\":%.3f,\"peak_bytes\":%" PRIu64,
                           entry->options, entry->around, entry->input_bytes, entry->input_time_ns,
                           told->input_digest, entry->output_bytes, entry->output_time_ns,
                           told->point_count, told->seconds, told->peak_bytes);
    if (told->error != NULL) {
        scree__enrich_text_add(text, ",\"error\":");
        scree__enrich_text_add_string(text, told->error);
    }
    scree__enrich_text_add(text, "}\n");
}

enum scree_status scree__enrich_journal_add(struct scree__enrich_journal *journal,
                                            const struct scree__enrich_entry *entry,
                                            const struct scree__enrich_told *told,
                                            struct scree_error *err)
{
    struct scree__enrich_text text = {0};
    if (journal->torn)
        scree__enrich_text_add(&text, "\n");
    compose(&text, entry, told);
    enum scree_status status = scree__enrich_text_end(&text, err);
    /* One call a line: a run that is killed leaves whole lines, or one without an end. */
    if (status == SCREE_OK &&
        write(journal->descriptor, text.text, (size_t)text.bytes) != (ssize_t)text.bytes)
        status = scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: cannot write", journal->path);
    journal->torn = false;
    scree__enrich_text_release(&text);
    return status == SCREE_OK ? keep(journal, entry, err) : status;
}

void scree__enrich_journal_close(struct scree__enrich_journal *journal)
{
    if (journal == NULL)
        return;
    if (journal->descriptor >= 0)
        close(journal->descriptor);
    for (uint64_t i = 0; i < journal->count; i++)
        scree__mem_string_free((char *)journal->entries[i].output);
    scree__mem_free(NULL, journal->entries, journal->capacity * sizeof *journal->entries);
    scree__mem_free(NULL, journal, sizeof *journal);
}
