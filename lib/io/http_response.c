/* http_response.c - the header of an HTTP response. */
#include "io/http_response.h"
#include "base/bytes.h"

#include <string.h>
#include <strings.h>

struct text {
    const char *at, *end;
};

void scree__io_response_init(struct scree__io_response *response)
{
    memset(response, 0, sizeof *response);
    response->retry_after_s = -1;
    response->date_s = -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct text trim(struct text text)
{
    while (text.at < text.end && is_space(*text.at))
        text.at++;
    while (text.at < text.end && is_space(text.end[-1]))
        text.end--;
    return text;
}

static bool is(struct text text, const char *word)
{
    size_t bytes = strlen(word);
    return (size_t)(text.end - text.at) == bytes && strncasecmp(text.at, word, bytes) == 0;
}

/* Reads digits; false where there is none, or where they overflow. */
static bool take_number(struct text *text, uint64_t *value)
{
    const char *begin = text->at;
    uint64_t number = 0;
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++) {
        if (!scree__base_mul64(number, 10, &number) ||
            !scree__base_add64(number, (uint64_t)(*text->at - '0'), &number))
            return false;
    }
    *value = number;
    return text->at > begin;
}

static bool take_char(struct text *text, char c)
{
    if (text->at == text->end || *text->at != c)
        return false;
    text->at++;
    return true;
}

static bool take_word(struct text *text, const char *word)
{
    size_t bytes = strlen(word);
    if ((size_t)(text->end - text->at) < bytes || strncasecmp(text->at, word, bytes) != 0)
        return false;
    text->at += bytes;
    return true;
}

/* Leaves out what does not fit or is not text. */
static void keep(char *place, size_t place_bytes, struct text text)
{
    size_t bytes = (size_t)(text.end - text.at);
    place[0] = '\0';
    if (bytes >= place_bytes)
        return;
    for (const char *c = text.at; c < text.end; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return;
    }
    memcpy(place, text.at, bytes);
    place[bytes] = '\0';
}

/* ---------------------------------------------------------------------------------------- dates */

/* Days since 1970-01-01 in the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
 * algorithms", days_from_civil). */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool take_two(struct text *text, uint64_t below, uint64_t *value)
{
    const char *begin = text->at;
    return take_number(text, value) && text->at - begin == 2 && *value < below;
}

static bool take_month(struct text *text, uint64_t *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (*month = 1; *month <= 12; ++*month) {
        char name[4] = {0};
        memcpy(name, names + 3 * (*month - 1), 3);
        if (take_word(text, name))
            return true;
    }
    return false;
}

int64_t scree__io_http_date(const char *bytes, size_t byte_count)
{
    struct text text = trim((struct text){bytes, bytes + byte_count});
    uint64_t day, month, year, hour, minute, second;
    if (text.end - text.at < 5 || text.at[3] != ',')
        return -1;
    text.at += 4;
    if (!take_char(&text, ' ') || !take_two(&text, 32, &day) || !take_char(&text, ' ') ||
        !take_month(&text, &month) || !take_char(&text, ' ') || !take_number(&text, &year) ||
        !take_char(&text, ' ') || !take_two(&text, 24, &hour) || !take_char(&text, ':') ||
        !take_two(&text, 60, &minute) || !take_char(&text, ':') || !take_two(&text, 61, &second) ||
        !take_word(&text, " GMT") || text.at != text.end || year < 1970 || year > 9999 || day < 1)
        return -1;
    int64_t days = days_since_1970((int64_t)year, (int64_t)month, (int64_t)day);
    return days * 86400 + (int64_t)(hour * 3600 + minute * 60 + second);
}

/* --------------------------------------------------------------------------------------- fields */

static bool parse_range(struct scree__io_response *response, struct text value)
{
    uint64_t last;
    if (!take_word(&value, "bytes"))
        return false;
    value = trim(value);
    bool unsatisfied = take_char(&value, '*');
    if (!unsatisfied &&
        (!take_number(&value, &response->range_begin) || !take_char(&value, '-') ||
         !take_number(&value, &last) || last < response->range_begin || last == UINT64_MAX))
        return false;
    if (!take_char(&value, '/'))
        return false;
    if (!take_char(&value, '*')) {
        if (!take_number(&value, &response->total))
            return false;
        response->total_known = true;
    }
    if (value.at != value.end)
        return false;
    response->range_kind = unsatisfied ? SCREE__IO_RANGE_UNSATISFIED : SCREE__IO_RANGE_BYTES;
    response->range_end = unsatisfied ? 0 : last + 1;
    return unsatisfied || !response->total_known || response->range_end <= response->total;
}

static void take_range(struct scree__io_response *response, struct text value)
{
    struct text shown = value;
    if ((size_t)(shown.end - shown.at) >= sizeof response->range_text)
        shown.end = shown.at + sizeof response->range_text - 1;
    keep(response->range_text, sizeof response->range_text, shown);
    /* A second one contradicts or repeats the first: not worth telling apart. */
    if (response->range_kind == SCREE__IO_RANGE_NONE && parse_range(response, value))
        return;
    response->range_kind = SCREE__IO_RANGE_BAD;
    response->total_known = false;
}

static void take_retry_after(struct scree__io_response *response, struct text value)
{
    struct text digits = value;
    uint64_t seconds;
    if (take_number(&digits, &seconds) && digits.at == digits.end) {
        response->retry_after_s = seconds < INT32_MAX ? (int64_t)seconds : INT32_MAX;
        return;
    }
    int64_t date = scree__io_http_date(value.at, (size_t)(value.end - value.at));
    /* The server's clock, where it has told it, is the one that its date is by. */
    if (date >= 0 && response->date_s >= 0)
        response->retry_after_s = date > response->date_s ? date - response->date_s : 0;
}

static void take_length(struct scree__io_response *response, struct text value)
{
    uint64_t length;
    response->length_known = take_number(&value, &length) && value.at == value.end;
    response->length = response->length_known ? length : 0;
}

static void take_encoding(struct scree__io_response *response, struct text value)
{
    if (value.at == value.end || is(value, "identity"))
        return;
    if ((size_t)(value.end - value.at) >= sizeof response->encoding)
        value.end = value.at + sizeof response->encoding - 1;
    keep(response->encoding, sizeof response->encoding, value);
    if (response->encoding[0] == '\0')
        memcpy(response->encoding, "?", 2);
}

static void take_field(struct scree__io_response *response, struct text name, struct text value)
{
    if (is(name, "content-length"))
        take_length(response, value);
    else if (is(name, "content-range"))
        take_range(response, value);
    else if (is(name, "etag"))
        keep(response->etag, sizeof response->etag, value);
    else if (is(name, "last-modified"))
        keep(response->last_modified, sizeof response->last_modified, value);
    else if (is(name, "content-encoding"))
        take_encoding(response, value);
    else if (is(name, "retry-after"))
        take_retry_after(response, value);
    else if (is(name, "date"))
        response->date_s = scree__io_http_date(value.at, (size_t)(value.end - value.at));
    else if (is(name, "location"))
        keep(response->location, sizeof response->location, value);
    else if (is(name, "x-amz-bucket-region"))
        keep(response->region, sizeof response->region, value);
}

/* "HTTP/1.1 206 Partial Content", "HTTP/2 206" */
static bool take_status(struct scree__io_response *response, struct text line)
{
    uint64_t status;
    if (!take_word(&line, "HTTP/"))
        return false;
    while (line.at < line.end && *line.at != ' ')
        line.at++;
    scree__io_response_init(response);
    line = trim(line);
    if (take_number(&line, &status) && status >= 100 && status <= 999)
        response->status = (int)status;
    return true;
}

void scree__io_response_line(struct scree__io_response *response, const char *bytes,
                             size_t byte_count)
{
    struct text line = trim((struct text){bytes, bytes + byte_count});
    if (line.at == line.end || take_status(response, line))
        return;
    const char *colon = memchr(line.at, ':', (size_t)(line.end - line.at));
    if (colon != NULL)
        take_field(response, trim((struct text){line.at, colon}),
                   trim((struct text){colon + 1, line.end}));
}
