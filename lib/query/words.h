/* words.h - the short texts of a query: times, classes, returns. Errors: SCREE_E_ARGUMENT, with the column. */
#ifndef SCREE_LIB_QUERY_WORDS_H
#define SCREE_LIB_QUERY_WORDS_H

#include "scree/base.h"

/* begin <= GPS time < end. */
struct scree__query_window {
    double begin, end;
    bool is_date; /* said as a date: adjusted standard GPS time */
};

/*
 * "t0,t1": numbers, or dates and times of ISO 8601 ("2024-06-11T08:30:00.25Z", "2024-06-11", "20240611T083000+02:00"; without a zone:
 * UTC). A date becomes adjusted standard GPS time: seconds since 1980-01-06, leap seconds included (18 since 2017, and
 * after the last one that is known), minus 10^9.
 */
SCREE_MUST_CHECK enum scree_status scree__query_window_parse(const char *text,
                                                             struct scree__query_window *window,
                                                             struct scree_error *err);

/* "2,6,10-17" */
SCREE_MUST_CHECK enum scree_status scree__query_classes_parse(const char *text, bool wanted[256],
                                                              struct scree_error *err);

/* "first,last,intermediate,single,3": wanted[return number][number of returns] */
SCREE_MUST_CHECK enum scree_status scree__query_returns_parse(const char *text, bool wanted[16][16],
                                                              struct scree_error *err);

#endif
