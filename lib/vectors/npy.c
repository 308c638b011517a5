/* npy.c - a dictionary in Python's notation, of three entries: 'descr', 'fortran_order', 'shape'. */
#include "vectors/npy.h"
#include "base/bytes.h"
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#define HEAD_MAX 65536u /* numpy itself refuses more than 10 000 */

struct text {
    const char *name; /* of the file */
    char head[2048];  /* a header that is longer is no plain array */
    size_t at, end;
};

static enum scree_status malformed(const struct text *text, const char *what,
                                   struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_DATA, "%s: npy header, byte %zu: %s", text->name, text->at,
                            what);
}

static void skip_blanks(struct text *text)
{
    while (text->at < text->end && (text->head[text->at] == ' ' || text->head[text->at] == '\n' ||
                                    text->head[text->at] == '\t'))
        text->at++;
}

static bool take(struct text *text, char wanted)
{
    skip_blanks(text);
    if (text->at >= text->end || text->head[text->at] != wanted)
        return false;
    text->at++;
    return true;
}

static bool take_word(struct text *text, const char *word)
{
    size_t bytes = strlen(word);
    skip_blanks(text);
    if (text->end - text->at < bytes || memcmp(text->head + text->at, word, bytes) != 0)
        return false;
    text->at += bytes;
    return true;
}

/* 'text' or "text", without escapes; what does not fit is cut off. */
static bool take_string(struct text *text, char *to, size_t capacity)
{
    skip_blanks(text);
    if (text->at >= text->end)
        return false;
    char quote = text->head[text->at];
    if (quote != '\'' && quote != '"')
        return false;
    const char *begin = text->head + text->at + 1;
    const char *end = memchr(begin, quote, text->end - text->at - 1);
    if (end == NULL)
        return false;
    size_t bytes = (size_t)(end - begin);
    size_t kept = bytes < capacity ? bytes : capacity - 1;
    memcpy(to, begin, kept);
    to[kept] = '\0';
    text->at += bytes + 2;
    return true;
}

static bool take_number(struct text *text, uint64_t *value)
{
    skip_blanks(text);
    bool any = false;
    *value = 0;
    for (; text->at < text->end && text->head[text->at] >= '0' && text->head[text->at] <= '9';
         text->at++, any = true) {
        uint64_t digit = (uint64_t)(text->head[text->at] - '0');
        if (*value > (UINT64_MAX - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    (void)take(text, 'L'); /* as Python 2 wrote them */
    return any;
}

static enum scree_status take_shape(struct text *text, struct scree__vectors_npy *npy,
                                    struct scree_error *err)
{
    if (!take(text, '('))
        return malformed(text, "expected a shape", err);
    npy->axes = 0;
    while (!take(text, ')')) {
        uint64_t length;
        if (!take_number(text, &length))
            return malformed(text, "expected the length of an axis", err);
        if (npy->axes == SCREE__VECTORS_NPY_AXES_MAX)
            return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: an array of more than two axes",
                                    text->name);
        npy->shape[npy->axes++] = length;
        if (!take(text, ',')) {
            if (!take(text, ')'))
                return malformed(text, "expected a comma or the end of the shape", err);
            break;
        }
    }
    return npy->axes > 0 ? SCREE_OK : malformed(text, "a number instead of an array", err);
}

static enum scree_status take_type(struct text *text, struct scree__vectors_npy *npy,
                                   struct scree_error *err)
{
    static const char *const types[] = {"<f4", "<f2", "<f8", "|u1", "<i4", "<u4", "<i8", "<u8"};
    if (!take_string(text, npy->type, sizeof npy->type))
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: not an array of plain numbers",
                                text->name);
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(npy->type, types[i]) == 0) {
            npy->element = (enum scree__vectors_element)i;
            return SCREE_OK;
        }
    }
    return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                            "%s: numbers of type %s; expected <f4, <f2, <f8 or |u1", text->name,
                            npy->type);
}

static enum scree_status parse(struct text *text, struct scree__vectors_npy *npy,
                               struct scree_error *err)
{
    unsigned found = 0;
    if (!take(text, '{'))
        return malformed(text, "expected a dictionary", err);
    while (!take(text, '}')) {
        char key[32];
        enum scree_status status = SCREE_OK;
        if (!take_string(text, key, sizeof key) || !take(text, ':'))
            return malformed(text, "expected a key and a colon", err);
        if (strcmp(key, "descr") == 0) {
            found |= 1;
            status = take_type(text, npy, err);
        } else if (strcmp(key, "fortran_order") == 0) {
            found |= 2;
            if (take_word(text, "True"))
                return scree__base_fail(err, SCREE_E_UNSUPPORTED,
                                        "%s: in Fortran order; expected C order", text->name);
            if (!take_word(text, "False"))
                return malformed(text, "expected True or False", err);
        } else if (strcmp(key, "shape") == 0) {
            found |= 4;
            status = take_shape(text, npy, err);
        } else {
            return malformed(text, "an unknown key", err);
        }
        if (status != SCREE_OK)
            return status;
        if (!take(text, ',')) {
            if (!take(text, '}'))
                return malformed(text, "expected a comma or the end", err);
            break;
        }
    }
    return found == 7 ? SCREE_OK : malformed(text, "type, order or shape is missing", err);
}

enum scree_status scree__vectors_npy_read(struct scree_source *source,
                                          struct scree__vectors_npy *npy, struct scree_error *err)
{
    uint8_t head[12];
    struct text text = {.name = scree_source_name(source)};
    memset(npy, 0, sizeof *npy);
    enum scree_status status = scree_source_read(source, 0, head, 10, err);
    if (status != SCREE_OK)
        return status;
    if (memcmp(head, "\x93NUMPY", 6) != 0)
        return scree__base_fail(err, SCREE_E_DATA, "%s: does not begin like an npy file",
                                text.name);
    unsigned major = head[6], at = major == 1 ? 10 : 12;
    if (major < 1 || major > 3)
        return scree__base_fail(err, SCREE_E_UNSUPPORTED, "%s: version %u of the npy format",
                                text.name, major);
    if (major > 1)
        status = scree_source_read(source, 0, head, sizeof head, err);
    if (status != SCREE_OK)
        return status;
    uint32_t bytes = major == 1 ? scree__base_load16(head + 8) : scree__base_load32(head + 8);
    uint64_t length = scree_source_bytes(source);
    if (bytes > HEAD_MAX || bytes > length - at)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: truncated, or no npy file: a header of %u bytes in a file of "
                                "%llu",
                                text.name, bytes, (unsigned long long)length);
    npy->data_offset = at + (uint64_t)bytes;
    text.end = bytes < sizeof text.head ? bytes : sizeof text.head;
    status = scree_source_read(source, at, text.head, text.end, err);
    return status == SCREE_OK ? parse(&text, npy, err) : status;
}
