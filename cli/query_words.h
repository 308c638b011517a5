/* query_words.h - what the words of `scree query` stand for: numbers in a row, and areas from files. */
#ifndef CLI_QUERY_WORDS_H
#define CLI_QUERY_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Decimal, finite numbers with commas between, at most `most` of them. Returns how many; 0 for what is none. */
unsigned query_numbers(const char *text, double *numbers, unsigned most);

/*
 * The text of an area: what is in the file of that name, or the words themselves where they look like WKT or
 * GeoJSON. The caller frees it. NULL: it has been said on stderr why not.
 */
char *query_polygon_text(const char *words);

#endif
