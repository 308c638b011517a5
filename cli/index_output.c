/* index_output.c - results of a search, as they come. */
#include "cli/index_output.h"
#include "cli/json.h"
#include "cli/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool index_output_form(const char *path, enum index_output_form *form)
{
    static const char *const endings[] = {".txt", ".json", ".ivecs", ".npy"};
    size_t bytes = strlen(path);
    for (unsigned i = 0; i < 4; i++) {
        size_t length = strlen(endings[i]);
        if (bytes > length && strcasecmp(path + bytes - length, endings[i]) == 0) {
            *form = (enum index_output_form)i;
            return true;
        }
    }
    return false;
}

static enum scree_status put(struct index_output *output, const void *bytes, size_t count,
                             struct scree_error *err)
{
    if (output->sink != NULL)
        return scree_sink_write(output->sink, bytes, count, err);
    (void)fwrite(bytes, 1, count, stdout); /* a failure is said when the stream is closed */
    return SCREE_OK;
}

__attribute__((format(printf, 3, 4))) static enum scree_status
put_text(struct index_output *output, struct scree_error *err, const char *format, ...)
{
    char text[5000];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return put(output, text, length < 0 ? 0 : (size_t)length, err);
}

static void little(uint8_t *p, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static enum scree_status begin_npy(struct index_output *output, struct scree_error *err)
{
    static const uint8_t magic[8] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    uint8_t head[128];
    char text[118];
    int length = snprintf(text, sizeof text,
                          "{'descr': '<i8', 'fortran_order': False, 'shape': (%" PRIu64 ", %u), }",
                          output->query_count, output->k);
    memset(head, ' ', sizeof head);
    memcpy(head, magic, sizeof magic);
    little(head + 8, sizeof head - 10, 2);
    memcpy(head + 10, text, (size_t)length);
    head[sizeof head - 1] = '\n';
    return put(output, head, sizeof head, err);
}

enum scree_status index_output_begin(struct index_output *output, const char *path,
                                     const struct scree_sink_options *options, const char *index,
                                     struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    if (path != NULL)
        status = scree_sink_open(path, options, &output->sink, err);
    if (status != SCREE_OK)
        return status;
    if (output->form == INDEX_NPY)
        return begin_npy(output, err);
    if (output->form != INDEX_JSON)
        return SCREE_OK;
    cJSON *name = cJSON_CreateObject();
    json_text(name, "file", index); /* for its quotes */
    char *text = cJSON_PrintUnformatted(name);
    status = put_text(
        output, err, "{\"schema\":1,\"command\":\"index search\",%s,\"k\":%u,\"results\":[",
        text != NULL ? (text[strlen(text) - 1] = '\0', text + 1) : "\"file\":null", output->k);
    cJSON_free(text);
    cJSON_Delete(name);
    return status;
}

static enum scree_status add_json(struct index_output *output, const uint64_t *ids,
                                  const float *distances, uint32_t count, struct scree_error *err)
{
    enum scree_status status = put_text(output, err, "%s\n{\"query\":%" PRIu64 ",\"ids\":[",
                                        output->done > 0 ? "," : "", output->done);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
        status = put_text(output, err, "%s%" PRIu64, i > 0 ? "," : "", ids[i]);
    if (status == SCREE_OK)
        status = put_text(output, err, "],\"distances\":[");
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
        status = put_text(output, err, "%s%.9g", i > 0 ? "," : "", (double)distances[i]);
    return status == SCREE_OK ? put_text(output, err, "]}") : status;
}

static enum scree_status add_words(struct index_output *output, const uint64_t *ids, uint32_t count,
                                   struct scree_error *err)
{
    unsigned width = output->form == INDEX_IVECS ? 4 : 8;
    uint8_t word[8];
    enum scree_status status = SCREE_OK;
    if (output->form == INDEX_IVECS) {
        little(word, output->k, 4);
        status = put(output, word, 4, err);
    }
    for (uint32_t i = 0; i < output->k && status == SCREE_OK; i++) {
        uint64_t id = i < count ? ids[i] : UINT64_MAX;
        if (i < count && id > (width == 4 ? (uint64_t)INT32_MAX : (uint64_t)INT64_MAX)) {
            err->status = SCREE_E_UNSUPPORTED;
            snprintf(err->message, sizeof err->message,
                     "the id %" PRIu64 " does not fit %s; .json and .txt hold any", id,
                     width == 4 ? ".ivecs" : ".npy");
            return SCREE_E_UNSUPPORTED;
        }
        little(word, id, width);
        status = put(output, word, width, err);
    }
    return status;
}

static enum scree_status add_text(struct index_output *output, const uint64_t *ids,
                                  const float *distances, uint32_t count, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
        status = put_text(output, err, "%" PRIu64 "\t%u\t%" PRIu64 "\t%.9g\n", output->done, i + 1,
                          ids[i], (double)distances[i]);
    return status;
}

enum scree_status index_output_add(struct index_output *output, uint64_t count, const uint64_t *ids,
                                   const float *distances, const uint32_t *counts,
                                   struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < count && status == SCREE_OK; i++) {
        const uint64_t *row = ids + i * output->k;
        const float *far = distances + i * output->k;
        if (output->form == INDEX_JSON)
            status = add_json(output, row, far, counts[i], err);
        else if (output->form == INDEX_TEXT)
            status = add_text(output, row, far, counts[i], err);
        else
            status = add_words(output, row, counts[i], err);
        output->done++;
    }
    return status;
}

enum scree_status index_output_end(struct index_output *output, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    if (output->form == INDEX_JSON)
        status = put_text(output, err, "\n]}\n");
    if (status == SCREE_OK && output->sink != NULL)
        status = scree_sink_commit(output->sink, err);
    return status;
}

void index_output_close(struct index_output *output)
{
    scree_sink_close(output->sink);
    output->sink = NULL;
}
