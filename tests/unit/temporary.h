/* temporary.h - where tests put files: where flushing takes no time, if there is such a place. */
#ifndef SCREE_TESTS_TEMPORARY_H
#define SCREE_TESTS_TEMPORARY_H

/* $TMPDIR, else /dev/shm with 1 GiB free, else /tmp. Static storage. */
const char *temporary_base(void);

#endif
