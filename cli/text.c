/* text.c - numbers and foreign strings as people read them. */
#include "cli/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct text count_text(uint64_t count)
{
    struct text out;
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    size_t used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out.text[used++] = ',';
        out.text[used++] = digits[i];
    }
    out.text[used] = '\0';
    return out;
}

/* Three significant digits and a unit; `step` is from one unit to the next. */
static void scaled(struct text *out, uint64_t value, double step, const char *const *units)
{
    double v = (double)value;
    unsigned unit = 0;
    while (units[unit + 1] != NULL && v >= step * 0.9995) {
        v /= step;
        unit++;
    }
    int decimals = unit == 0 || v >= 99.95 ? 0 : 1;
    snprintf(out->text, sizeof out->text, "%.*f%s", decimals, v, units[unit]);
}

struct text compact_text(uint64_t count)
{
    static const char *const units[] = {"", "K", "M", "G", "T", NULL};
    struct text out;
    scaled(&out, count, 1000, units);
    return out;
}

struct text size_text(uint64_t bytes)
{
    static const char *const units[] = {" bytes", " KiB", " MiB", " GiB", " TiB", " PiB", NULL};
    struct text out;
    scaled(&out, bytes, 1024, units);
    return out;
}

struct text size_letter_text(uint64_t bytes)
{
    static const char *const units[] = {"", "K", "M", "G", "T", "P", NULL};
    struct text out;
    scaled(&out, bytes, 1024, units);
    return out;
}

struct text size_exact_text(uint64_t bytes)
{
    struct text out;
    if (bytes < 1024)
        snprintf(out.text, sizeof out.text, "%s bytes", count_text(bytes).text);
    else
        snprintf(out.text, sizeof out.text, "%s (%s bytes)", size_text(bytes).text,
                 count_text(bytes).text);
    return out;
}

struct text clock_text(double seconds)
{
    struct text out;
    if (!(seconds >= 0) || seconds > 360000)
        snprintf(out.text, sizeof out.text, "-:--");
    else {
        unsigned s = (unsigned)(seconds + 0.5);
        if (s >= 3600)
            snprintf(out.text, sizeof out.text, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
        else
            snprintf(out.text, sizeof out.text, "%u:%02u", s / 60, s % 60);
    }
    return out;
}

struct text seconds_text(double seconds)
{
    struct text out;
    if (seconds < 9.995)
        snprintf(out.text, sizeof out.text, "%.2f s", seconds);
    else if (seconds < 120)
        snprintf(out.text, sizeof out.text, "%.1f s", seconds);
    else
        snprintf(out.text, sizeof out.text, "%.0f min %.0f s", floor(seconds / 60),
                 floor(fmod(seconds, 60)));
    return out;
}

struct text number_text(double value)
{
    struct text out;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out.text, sizeof out.text, "%.*g", digits, value);
        if (strtod(out.text, NULL) == value)
            break;
    }
    return out;
}

struct text coordinate_text(double v, double scale)
{
    struct text out;
    if (!(scale > 0) || !(scale <= 1) || !(scale >= 1e-12) || !(fabs(v) < 1e15))
        return number_text(v);
    int decimals = (int)ceil(-log10(scale) - 1e-9);
    snprintf(out.text, sizeof out.text, "%.*f", decimals, v);
    return out;
}

const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

unsigned utf8_sequence(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned bytes = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (s[0] > 0xF4)
        return 0;
    for (unsigned i = 1; i < bytes; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates, beyond U+10FFFF. */
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return bytes;
}

/* C0, DEL and C1 (C2 80 to C2 9F in UTF-8): what a terminal may take for a command. */
static bool is_control(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    return s[0] < 0x20 || s[0] == 0x7F || (s[0] == 0xC2 && s[1] < 0xA0);
}

static int put_counted(FILE *out, const char *text)
{
    int width = 0;
    while (*text != '\0') {
        unsigned bytes = utf8_sequence(text);
        if (bytes == 0 || is_control(text)) {
            width += fprintf(out, "\\x%02X", (unsigned)(unsigned char)*text);
            text++;
            continue;
        }
        (void)fwrite(text, 1, bytes, out);
        text += bytes;
        width++;
    }
    return width;
}

void put_clean(FILE *out, const char *text)
{
    put_counted(out, text);
}

void put_column(FILE *out, const char *text, int width)
{
    int used = put_counted(out, text);
    fprintf(out, "%*s", used < width ? width - used : 0, "");
}
