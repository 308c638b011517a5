/* s3_profile.c - the text of an AWS configuration or credentials file. */
#include "base/error.h"
#include "scree/io.h"

#include <stdio.h>
#include <string.h>

struct text {
    const char *begin, *end;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct text trim(struct text text)
{
    while (text.begin < text.end && is_blank(*text.begin))
        text.begin++;
    while (text.begin < text.end && is_blank(text.end[-1]))
        text.end--;
    return text;
}

static bool equals(struct text text, const char *word)
{
    size_t bytes = (size_t)(text.end - text.begin);
    return bytes == strlen(word) && memcmp(text.begin, word, bytes) == 0;
}

/* Is this the section of the profile: [name], [profile name]? */
static bool is_wanted(struct text section, const char *name)
{
    static const char prefix[] = "profile";
    size_t bytes = sizeof prefix - 1;
    if (equals(section, name))
        return true;
    if ((size_t)(section.end - section.begin) <= bytes ||
        memcmp(section.begin, prefix, bytes) != 0 || !is_blank(section.begin[bytes]))
        return false;
    section.begin += bytes;
    return equals(trim(section), name);
}

/* Where the value of a key goes; NULL: not of interest. */
static char *place_of(struct scree_s3_profile *profile, struct text key, size_t *bytes)
{
    struct {
        const char *name;
        char *place;
        size_t bytes;
    } places[] = {
        {"aws_access_key_id", profile->access_key_id, sizeof profile->access_key_id},
        {"aws_secret_access_key", profile->secret_access_key, sizeof profile->secret_access_key},
        {"aws_session_token", profile->session_token, sizeof profile->session_token},
        {"region", profile->region, sizeof profile->region},
        {"endpoint_url", profile->endpoint, sizeof profile->endpoint},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (equals(key, places[i].name)) {
            *bytes = places[i].bytes;
            return places[i].place;
        }
    }
    return NULL;
}

static enum scree_status take_value(struct scree_s3_profile *profile, struct text line,
                                    const char *file_name, uint64_t number, struct scree_error *err)
{
    const char *equal = memchr(line.begin, '=', (size_t)(line.end - line.begin));
    struct text key = trim((struct text){line.begin, equal});
    struct text value = trim((struct text){equal + 1, line.end});
    size_t place_bytes = 0, bytes = (size_t)(value.end - value.begin);
    char *place = place_of(profile, key, &place_bytes);
    if (place == NULL || place[0] != '\0')
        return SCREE_OK;
    if (bytes >= place_bytes || memchr(value.begin, '\0', bytes) != NULL)
        return scree__base_fail(err, SCREE_E_DATA,
                                "%s: line %llu: the value is too long or not text (%zu bytes, at "
                                "most %zu)",
                                file_name, (unsigned long long)number, bytes, place_bytes - 1);
    memcpy(place, value.begin, bytes);
    place[bytes] = '\0';
    return SCREE_OK;
}

static enum scree_status bad_line(const char *file_name, uint64_t number, struct scree_error *err)
{
    return scree__base_fail(err, SCREE_E_DATA,
                            "%s: line %llu: expected [section], key = value or a comment",
                            file_name, (unsigned long long)number);
}

enum scree_status scree_s3_profile_parse(const char *text, size_t byte_count, const char *name,
                                         const char *file_name, struct scree_s3_profile *profile,
                                         struct scree_error *err)
{
    const char *end = text + byte_count;
    bool wanted = false;
    uint64_t number = 0;
    enum scree_status status = SCREE_OK;
    while (text < end && status == SCREE_OK) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        struct text whole = {text, line_end != NULL ? line_end : end};
        struct text line = trim(whole);
        /* An indented line belongs to the key before it: settings of one service. */
        bool indented = whole.begin < whole.end && is_blank(*whole.begin);
        text = line_end != NULL ? line_end + 1 : end;
        number++;
        if (line.begin == line.end || *line.begin == '#' || *line.begin == ';')
            continue;
        if (*line.begin == '[') {
            if (line.end[-1] != ']')
                return bad_line(file_name, number, err);
            wanted = is_wanted(trim((struct text){line.begin + 1, line.end - 1}), name);
            profile->found = profile->found || wanted;
        } else if (memchr(line.begin, '=', (size_t)(line.end - line.begin)) == NULL) {
            return bad_line(file_name, number, err);
        } else if (wanted && !indented) {
            status = take_value(profile, line, file_name, number, err);
        }
    }
    return status;
}
