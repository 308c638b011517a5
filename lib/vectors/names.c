/* names.c - ids and tags of rows: texts are read once, and go to scratch as numbers. */
#include "vectors/names.h"
#include "vectors/tags.h"
#include "base/bytes.h"
#include "base/error.h"

#include <string.h>
#include <strings.h>

#define CHUNK_BYTES 65536u
#define LINE_BYTES 4096u
#define OUT_ROWS 4096u

/* A text, line by line. */
struct lines {
    struct scree_source *source;
    uint64_t at, row;
    size_t begin, end; /* of what is left in the chunk */
    char line[LINE_BYTES];
    char chunk[CHUNK_BYTES];
    uint8_t out[8 * OUT_ROWS];
};

/* The next line without its end; *more false: there is none. */
static enum scree_status next_line(struct lines *lines, size_t *bytes, bool *more,
                                   struct scree_error *err)
{
    *bytes = 0;
    *more = false;
    for (;;) {
        if (lines->begin == lines->end) {
            uint64_t left = scree_source_bytes(lines->source) - lines->at;
            if (left == 0)
                break;
            size_t count = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
            enum scree_status status =
                scree_source_read(lines->source, lines->at, lines->chunk, count, err);
            if (status != SCREE_OK)
                return status;
            lines->at += count;
            lines->begin = 0;
            lines->end = count;
        }
        *more = true;
        char *from = lines->chunk + lines->begin;
        char *stop = memchr(from, '\n', lines->end - lines->begin);
        size_t count = stop != NULL ? (size_t)(stop - from) : lines->end - lines->begin;
        if (count > LINE_BYTES - *bytes)
            return scree__base_fail(err, SCREE_E_DATA, "%s: line %llu is longer than %u bytes",
                                    scree_source_name(lines->source),
                                    (unsigned long long)lines->row + 1, LINE_BYTES);
        memcpy(lines->line + *bytes, from, count);
        *bytes += count;
        lines->begin += count + (stop != NULL);
        if (stop != NULL)
            break;
    }
    if (*bytes > 0 && lines->line[*bytes - 1] == '\r')
        --*bytes;
    return SCREE_OK;
}

static bool parse_id(const char *text, size_t bytes, uint64_t *id)
{
    *id = 0;
    for (size_t i = 0; i < bytes; i++) {
        uint64_t digit = (uint64_t)(text[i] - '0');
        if (text[i] < '0' || text[i] > '9' || *id > (UINT64_MAX - digit) / 10)
            return false;
        *id = *id * 10 + digit;
    }
    return bytes > 0;
}

static enum scree_status flush(struct lines *lines, size_t width,
                               struct scree__spill_scratch *scratch, struct scree_error *err)
{
    struct scree__spill_block block;
    uint32_t rows = (uint32_t)(lines->row % OUT_ROWS);
    if (rows == 0)
        rows = lines->row == 0 ? 0 : OUT_ROWS;
    return rows == 0 ? SCREE_OK
                     : scree__spill_scratch_write(scratch, lines->out, (uint32_t)(rows * width),
                                                  NULL, &block, err);
}

static void note_id(struct scree__vectors_names *names, uint64_t id)
{
    names->least_id = id < names->least_id ? id : names->least_id;
    names->most_id = id > names->most_id ? id : names->most_id;
}

static enum scree_status wrong_rows(const char *name, uint64_t found, uint64_t expected,
                                    struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: %llu rows, but there are %llu vectors",
                            name, (unsigned long long)found, (unsigned long long)expected);
}

/* One line a row to scratch: an id where tags is NULL, else the number of a set. */
static enum scree_status read_lines(struct scree__vectors_names *names, struct lines *lines,
                                    struct scree__vectors_tags *tags,
                                    struct scree__spill_scratch *scratch, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    const char *name = scree_source_name(lines->source);
    size_t width = tags != NULL ? 4 : 8, bytes;
    bool more = true;
    while (status == SCREE_OK) {
        status = next_line(lines, &bytes, &more, err);
        if (status != SCREE_OK || !more)
            break;
        uint8_t *to = lines->out + lines->row % OUT_ROWS * width;
        if (tags != NULL) {
            uint32_t set = 0;
            status = scree__vectors_tags_line(tags, lines->line, bytes, &set, err);
            if (status == SCREE_E_DATA)
                scree__base_error_prefix(err, "%s: line %llu", name,
                                         (unsigned long long)lines->row + 1);
            memcpy(to, &set, sizeof set);
        } else {
            uint64_t id = 0;
            if (!parse_id(lines->line, bytes, &id))
                status = scree__base_fail(err, SCREE_E_DATA,
                                          "%s: line %llu: expected a whole number, an id", name,
                                          (unsigned long long)lines->row + 1);
            note_id(names, id);
            memcpy(to, &id, sizeof id);
        }
        if (status == SCREE_OK && ++lines->row % OUT_ROWS == 0)
            status = flush(lines, width, scratch, err);
    }
    if (status == SCREE_OK && lines->row % OUT_ROWS != 0)
        status = flush(lines, width, scratch, err);
    if (status == SCREE_OK && lines->row != names->row_count)
        status = wrong_rows(name, lines->row, names->row_count, err);
    return status;
}

static enum scree_status read_text(struct scree__vectors_names *names, struct scree_source *source,
                                   struct scree__vectors_tags *tags,
                                   struct scree__spill_scratch *scratch,
                                   struct scree__mem_budget *budget, struct scree_error *err)
{
    void *memory;
    enum scree_status status =
        scree__mem_alloc(budget, sizeof(struct lines), &memory, "lines of a text", err);
    if (status != SCREE_OK)
        return status;
    struct lines *lines = memory;
    memset(lines, 0, sizeof *lines);
    lines->source = source;
    status = read_lines(names, lines, tags, scratch, err);
    scree__mem_free(budget, lines, sizeof *lines);
    return status;
}

static enum scree_status scan_npy(struct scree__vectors_names *names, struct scree_error *err)
{
    uint8_t raw[8 * 256];
    uint64_t ids[256], rows = names->row_count;
    if (names->npy.row_count != rows)
        return wrong_rows(scree_source_name(names->npy.source), names->npy.row_count, rows, err);
    enum scree_status status = SCREE_OK;
    for (uint64_t at = 0; at < rows && status == SCREE_OK; at += 256) {
        uint64_t count = rows - at < 256 ? rows - at : 256;
        status = scree__vectors_input_read_ids(&names->npy, at, count, raw, ids, err);
        for (uint64_t i = 0; i < count && status == SCREE_OK; i++)
            note_id(names, ids[i]);
    }
    return status;
}

static enum scree_status open_ids(struct scree__vectors_names *names, const char *ids,
                                  const struct scree_source_options *source_options,
                                  struct scree__spill_scratch *scratch,
                                  struct scree__mem_budget *budget, struct scree_error *err)
{
    struct scree_source *source;
    enum scree_status status = scree_source_open(ids, source_options, &source, err);
    if (status != SCREE_OK)
        return status;
    const char *name = scree_source_name(source);
    size_t bytes = strlen(name);
    names->least_id = UINT64_MAX;
    names->most_id = 0;
    if (bytes > 4 && strcasecmp(name + bytes - 4, ".npy") == 0) {
        names->kind = SCREE__VECTORS_IDS_NPY;
        status = scree__vectors_input_init_ids(&names->npy, source, err);
        names->npy.source = source;
        names->npy.owned = true;
        return status == SCREE_OK ? scan_npy(names, err) : status;
    }
    names->kind = SCREE__VECTORS_IDS_SCRATCH;
    names->ids_at = scree__spill_scratch_bytes(scratch);
    status = read_text(names, source, NULL, scratch, budget, err);
    scree_source_close(source);
    return status;
}

static enum scree_status open_tags(struct scree__vectors_names *names, const char *location,
                                   const struct scree_source_options *source_options,
                                   struct scree__spill_scratch *scratch,
                                   struct scree__mem_budget *budget, struct scree_error *err)
{
    struct scree_source *source;
    struct scree__vectors_tags tags;
    void *memory;
    enum scree_status status = scree_source_open(location, source_options, &source, err);
    if (status != SCREE_OK)
        return status;
    status = scree__vectors_tags_init(&tags, budget, err);
    names->tags_at = scree__spill_scratch_bytes(scratch);
    if (status == SCREE_OK)
        status = read_text(names, source, &tags, scratch, budget, err);
    uint64_t bytes = scree__vectors_tags_section_bytes(&tags);
    if (status == SCREE_OK)
        status = scree__mem_alloc(budget, bytes, &memory, "tags", err);
    if (status == SCREE_OK) {
        names->section = memory;
        names->section_bytes = bytes;
        names->set_count = (uint32_t)tags.set_count;
        scree__vectors_tags_store(&tags, names->section);
    }
    scree__vectors_tags_release(&tags);
    scree_source_close(source);
    return status;
}

/* Read as from a file of them. */
static enum scree_status open_id_values(struct scree__vectors_names *names,
                                        const struct scree__vectors_names_from *from,
                                        struct scree_error *err)
{
    struct scree_source *source;
    enum scree_status status = scree_source_open_memory(from->id_values, 8 * from->id_count,
                                                        "ids in memory", &source, err);
    if (status != SCREE_OK)
        return status;
    names->least_id = UINT64_MAX;
    names->most_id = 0;
    names->kind = SCREE__VECTORS_IDS_NPY;
    names->npy = (struct scree__vectors_input){.source = source,
                                               .owned = true,
                                               .element = SCREE__VECTORS_U8,
                                               .element_bytes = 8,
                                               .dim = 1,
                                               .row_count = from->id_count,
                                               .row_bytes = 8};
    return scan_npy(names, err);
}

enum scree_status scree__vectors_names_open(
    struct scree__vectors_names *names, const struct scree__vectors_names_from *from,
    uint64_t row_count, const struct scree_source_options *source_options,
    struct scree__spill_scratch *scratch, struct scree__mem_budget *budget, struct scree_error *err)
{
    memset(names, 0, sizeof *names);
    names->row_count = row_count;
    names->most_id = row_count > 0 ? row_count - 1 : 0;
    enum scree_status status = SCREE_OK;
    if (from->ids != NULL)
        status = open_ids(names, from->ids, source_options, scratch, budget, err);
    else if (from->id_values != NULL)
        status = open_id_values(names, from, err);
    if (status == SCREE_OK && from->tags != NULL)
        status = open_tags(names, from->tags, source_options, scratch, budget, err);
    return status;
}

void scree__vectors_names_release(struct scree__vectors_names *names,
                                  struct scree__mem_budget *budget)
{
    if (names->kind == SCREE__VECTORS_IDS_NPY)
        scree__vectors_input_release(&names->npy);
    scree__mem_free(budget, names->section, names->section_bytes);
    memset(names, 0, sizeof *names);
}

enum scree_status scree__vectors_names_read(const struct scree__vectors_names *names,
                                            struct scree__spill_scratch *scratch, uint64_t first,
                                            uint32_t count, uint64_t *ids, uint32_t *sets,
                                            struct scree_error *err)
{
    uint8_t raw[8 * 256];
    enum scree_status status = SCREE_OK;
    struct scree__spill_block block = {names->ids_at + 8 * first, 8 * count, 8 * count};
    if (names->kind == SCREE__VECTORS_IDS_NPY)
        status = scree__vectors_input_read_ids(&names->npy, first, count, raw, ids, err);
    else if (names->kind == SCREE__VECTORS_IDS_SCRATCH)
        status = scree__spill_scratch_read(scratch, &block, ids, NULL, err);
    else
        for (uint32_t i = 0; i < count; i++)
            ids[i] = names->first_id + first + i;
    block = (struct scree__spill_block){names->tags_at + 4 * first, 4 * count, 4 * count};
    memset(sets, 0, count * sizeof *sets);
    if (status == SCREE_OK && names->section_bytes > 0)
        status = scree__spill_scratch_read(scratch, &block, sets, NULL, err);
    return status;
}
