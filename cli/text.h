/* text.h - numbers and foreign strings as people read them. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdint.h>
#include <stdio.h>

/* Returned by value, so that it can be made in a printf's arguments: count_text(n).text */
struct text {
    char text[72];
};

struct text count_text(uint64_t count);       /* 22,704,000 */
struct text compact_text(uint64_t count);     /* 22.7M */
struct text size_text(uint64_t bytes);        /* 1.2 GiB */
struct text size_letter_text(uint64_t bytes); /* 1.2G, of 1024 each */
struct text size_exact_text(uint64_t bytes);  /* 1.2 GiB (1,288,490,189 bytes) */
struct text clock_text(double seconds);       /* 1:23:45, 0:07 */
struct text seconds_text(double seconds);     /* 0.42 s, 12.3 s, 3 min 5 s */
struct text number_text(double value);        /* the shortest text that reads back the same */
struct text coordinate_text(double v, double scale); /* with as many decimals as scale has */
const char *plural(uint64_t count);                  /* "" for 1, else "s" */

/* Is the UTF-8 sequence at `text` valid? Its bytes (1 to 4), or 0. */
unsigned utf8_sequence(const char *text);

/* Writes text that came from a file or a message: control characters and bytes that are not UTF-8
 * appear as \xNN, so that they reach no terminal. */
void put_clean(FILE *out, const char *text);
/* The same, then spaces up to `width` bytes. */
void put_column(FILE *out, const char *text, int width);

#endif
