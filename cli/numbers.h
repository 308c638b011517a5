/* numbers.h - strict numbers from the command line and the environment. */
#ifndef CLI_NUMBERS_H
#define CLI_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

struct number_list;

/* "20M" = 20,000,000; "1.5K"; K, M, G are decimal, in either case. Whole numbers only. */
bool parse_count(const char *text, uint64_t *count);
/* Digits only. */
bool parse_integer(const char *text, uint64_t *value);
/* One number or three with commas between; decimal, finite. */
bool parse_numbers(const char *text, struct number_list *list);

/* "2", "2m", "6ft", "6us-ft": above 0. metric: in metres now, as it had a unit. */
bool parse_length(const char *text, double *length, bool *metric);

/* Bytes of memory in this machine; 0 when not known. */
uint64_t machine_memory_bytes(void);

#endif
