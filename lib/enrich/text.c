/* text.c - texts that grow. */
#include "enrich/text.h"
#include "base/error.h"
#include "mem/budget.h"
#include "scree/io.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct scree__enrich_text *text, uint64_t bytes)
{
    void *memory = text->text;
    if (!text->failed && scree__mem_grow(NULL, &memory, &text->capacity, text->bytes + bytes + 1, 1,
                                         "text", NULL) != SCREE_OK)
        text->failed = true;
    text->text = memory;
    return !text->failed;
}

void scree__enrich_text_add(struct scree__enrich_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0 || !make_room(text, (uint64_t)length))
        return;
    va_start(args, format);
    vsnprintf(text->text + text->bytes, (size_t)length + 1, format, args);
    va_end(args);
    text->bytes += (uint64_t)length;
}

/* Bytes of the UTF-8 sequence there; 0: none. */
static unsigned sequence(const unsigned char *s)
{
    unsigned count = s[0] >= 0xF0 && s[0] < 0xF5 ? 4 : s[0] >= 0xE0 ? 3 : s[0] >= 0xC2 ? 2 : 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xF5)
        return 0;
    for (unsigned i = 1; i < count; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    return count;
}

void scree__enrich_text_add_string(struct scree__enrich_text *text, const char *value)
{
    const unsigned char *s = (const unsigned char *)value;
    scree__enrich_text_add(text, "\"");
    while (*s != 0) {
        const unsigned count = sequence(s);
        if (*s == '"' || *s == '\\')
            scree__enrich_text_add(text, "\\%c", *s);
        else if (*s < 0x20 || *s == 0x7F || count == 0)
            scree__enrich_text_add(text, "\\u%04x", *s);
        else
            scree__enrich_text_add(text, "%.*s", (int)count, (const char *)s);
        s += count > 0 ? count : 1;
    }
    scree__enrich_text_add(text, "\"");
}

void scree__enrich_text_add_number(struct scree__enrich_text *text, double value)
{
    char digits[40];
    if (!isfinite(value)) {
        scree__enrich_text_add(text, "null");
        return;
    }
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    scree__enrich_text_add(text, "%s", digits);
}

enum scree_status scree__enrich_text_end(const struct scree__enrich_text *text,
                                         struct scree_error *err)
{
    if (!text->failed && text->text != NULL)
        return SCREE_OK;
    return scree__base_fail(err, SCREE_E_MEMORY, "a text of some kilobytes: out of memory");
}

void scree__enrich_text_release(struct scree__enrich_text *text)
{
    scree__mem_free(NULL, text->text, text->capacity);
    memset(text, 0, sizeof *text);
}

enum scree_status scree__enrich_text_save(const struct scree__enrich_text *text, const char *path,
                                          struct scree_error *err)
{
    struct scree_sink *sink = NULL;
    enum scree_status status = scree__enrich_text_end(text, err);
    if (status == SCREE_OK)
        status = scree_sink_open_file(path, true, &sink, err);
    if (status == SCREE_OK)
        status = scree_sink_write(sink, text->text, (size_t)text->bytes, err);
    if (status == SCREE_OK)
        status = scree_sink_commit(sink, err);
    scree_sink_close(sink);
    return status;
}
