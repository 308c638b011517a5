/* source.c - what all sources have in common: opening by location, checks of ranges. */
#include "io/source.h"
#include "base/error.h"
#include "io/location.h"
#include "mem/budget.h"

#include <string.h>

#define MANY_RANGES 64 /* checked and read at once where each has to be looked at first */

void scree_source_options_init(struct scree_source_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->head_bytes = 8u << 10;
    options->tail_bytes = 64u << 10;
    options->cache_bytes = (uint64_t)4 << 20;
    options->gap_bytes = 64u << 10;
    options->overread_bytes = 256u << 10;
    options->request_bytes = (uint64_t)8 << 20;
    options->whole_bytes = (uint64_t)4 << 20;
}

enum scree_status scree__io_source_new(const struct scree__io_source_kind *kind, const char *name,
                                       struct scree_source **out, struct scree_error *err)
{
    void *memory;
    *out = NULL;
    enum scree_status status = scree__mem_alloc(NULL, kind->struct_bytes, &memory, "source", err);
    if (status != SCREE_OK)
        return status;
    struct scree_source *source = memory;
    memset(memory, 0, kind->struct_bytes);
    source->kind = kind;
    source->name = scree__mem_string_copy(name);
    if (source->name == NULL) {
        scree__mem_free(NULL, memory, kind->struct_bytes);
        return scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", name);
    }
    *out = source;
    return SCREE_OK;
}

static enum scree_status open_location(const char *location,
                                       const struct scree_source_options *options, bool reserved,
                                       struct scree_source **source, struct scree_error *err)
{
    struct scree_source_options wanted;
    *source = NULL;
    scree_source_options_init(&wanted);
    if (options != NULL) {
        size_t known = options->size < sizeof wanted ? options->size : sizeof wanted;
        memcpy(&wanted, options, known);
    }
    if (scree_location_is_remote(location))
        return scree__io_source_open_remote(location, &wanted, reserved, source, err);
    enum scree_status status = scree__io_location_check_local(location, err);
    return status == SCREE_OK ? scree_source_open_file(location, source, err) : status;
}

enum scree_status scree_source_open(const char *location,
                                    const struct scree_source_options *options,
                                    struct scree_source **source, struct scree_error *err)
{
    return open_location(location, options, false, source, err);
}

enum scree_status scree__io_source_open_reserved(const char *location,
                                                 const struct scree_source_options *options,
                                                 struct scree_source **source,
                                                 struct scree_error *err)
{
    return open_location(location, options, true, source, err);
}

void scree_source_close(struct scree_source *source)
{
    if (source == NULL)
        return;
    if (source->kind->release != NULL)
        source->kind->release(source);
    scree__mem_string_free(source->name);
    scree__mem_free(NULL, source, source->kind->struct_bytes);
}

uint64_t scree_source_bytes(const struct scree_source *source)
{
    return source->bytes;
}

const char *scree_source_name(const struct scree_source *source)
{
    return source->name;
}

static enum scree_status check_range(const struct scree_source *source, uint64_t offset,
                                     size_t byte_count, struct scree_error *err)
{
    if (byte_count == 0 ||
        (offset <= source->bytes && (uint64_t)byte_count <= source->bytes - offset))
        return SCREE_OK;
    uint64_t there = offset < source->bytes ? source->bytes - offset : 0;
    return scree__base_fail(
        err, SCREE_E_DATA,
        "%s: truncated: %llu bytes expected at byte %llu, %llu there (the file has %llu bytes)",
        source->name, (unsigned long long)byte_count, (unsigned long long)offset,
        (unsigned long long)there, (unsigned long long)source->bytes);
}

enum scree_status scree_source_read(struct scree_source *source, uint64_t offset, void *bytes,
                                    size_t byte_count, struct scree_error *err)
{
    struct scree_range range = {offset, byte_count, bytes};
    return scree_source_read_many(source, &range, 1, err);
}

enum scree_status scree_source_read_many(struct scree_source *source,
                                         const struct scree_range *ranges, size_t range_count,
                                         struct scree_error *err)
{
    for (size_t i = 0; i < range_count; i++) {
        enum scree_status status = check_range(source, ranges[i].offset, ranges[i].byte_count, err);
        if (status != SCREE_OK)
            return status;
    }
    return range_count > 0 ? source->kind->read_many(source, ranges, range_count, err) : SCREE_OK;
}

enum scree_status scree_source_prefetch(struct scree_source *source,
                                        const struct scree_range *ranges, size_t range_count,
                                        struct scree_error *err)
{
    struct scree_range inside[MANY_RANGES];
    size_t count = 0;
    enum scree_status status = SCREE_OK;
    if (source->kind->prefetch == NULL)
        return SCREE_OK;
    for (size_t i = 0; i < range_count && status == SCREE_OK; i++) {
        if (ranges[i].offset < source->bytes && ranges[i].byte_count > 0) {
            uint64_t there = source->bytes - ranges[i].offset;
            inside[count] = ranges[i];
            if (inside[count].byte_count > there)
                inside[count].byte_count = (size_t)there;
            count++;
        }
        if (count > 0 && (count == MANY_RANGES || i + 1 == range_count)) {
            status = source->kind->prefetch(source, inside, count, err);
            count = 0;
        }
    }
    return status;
}

void scree_source_statistics(const struct scree_source *source,
                             struct scree_source_statistics *statistics)
{
    memset(statistics, 0, sizeof *statistics);
    if (source->kind->statistics != NULL)
        source->kind->statistics(source, statistics);
}

/* ---------------------------------------------------------------------------------------- several */

enum scree_status scree__io_read_several(const struct scree__io_part *parts, size_t part_count,
                                         struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (size_t i = 0; i < part_count; i++) {
        for (size_t r = 0; r < parts[i].count && status == SCREE_OK; r++)
            status = check_range(parts[i].source, parts[i].ranges[r].offset,
                                 parts[i].ranges[r].byte_count, err);
    }
    for (size_t i = 0; i < part_count && status == SCREE_OK;) {
        const struct scree__io_source_kind *kind = parts[i].source->kind;
        size_t run = 1;
        while (kind->read_several != NULL && i + run < part_count &&
               parts[i + run].source->kind == kind)
            run++;
        if (kind->read_several != NULL)
            status = kind->read_several(parts + i, run, err);
        else if (parts[i].count > 0)
            status = kind->read_many(parts[i].source, parts[i].ranges, parts[i].count, err);
        i += run;
    }
    return status;
}

enum scree_status scree__io_source_open_known(const char *location, uint64_t bytes,
                                              const struct scree_source_options *options,
                                              struct scree_source **source, struct scree_error *err)
{
    struct scree_source_options wanted;
    *source = NULL;
    if (!scree_location_is_remote(location))
        return open_location(location, options, false, source, err);
    scree_source_options_init(&wanted);
    if (options != NULL)
        memcpy(&wanted, options, options->size < sizeof wanted ? options->size : sizeof wanted);
    return scree__io_source_open_remote_known(location, bytes, &wanted, source, err);
}
