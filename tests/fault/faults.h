/*
 * faults.h - the system calls of lib/, made to fail on demand. The program is linked with --wrap for
 * each of them (tests/CMakeLists.txt), so that the library's calls come here first.
 */
#ifndef SCREE_TESTS_FAULTS_H
#define SCREE_TESTS_FAULTS_H

#include "scree/base.h"

enum fault_call {
    FAULT_OPEN,
    FAULT_TMPFILE, /* open of a file without a name */
    FAULT_STAT,    /* stat and fstat */
    FAULT_STATVFS,
    FAULT_READ,
    FAULT_WRITE,
    FAULT_FSYNC,
    FAULT_TRUNCATE,
    FAULT_LOCK,
    FAULT_LINK, /* renameat2 to a new name, and link */
    FAULT_RENAME,
    FAULT_UNLINK,
    FAULT_PUNCH,    /* fallocate: room made, or given back */
    FAULT_ALLOCATE, /* malloc, aligned_alloc and mmap */
    FAULT_CALLS
};

/* What happens to a call instead of an errno. */
#define FAULT_SHORT_ONE (-1)  /* read or write: one byte */
#define FAULT_SHORT_HALF (-2) /* read or write: half of the bytes */
#define FAULT_ZERO (-3)       /* read or write: returns 0 */
#define FAULT_CANCEL (-4)     /* works, but the context is cancelled first */
#define FAULT_KILL (-5)       /* SIGKILL before the call */
#define FAULT_KILL_HALF \
    (-6) /* write: half of the bytes, then SIGKILL; a call within the first 512
                                 bytes of a file, which is not torn: all of them, then SIGKILL */

struct fault {
    enum fault_call call;
    int what;                      /* an errno, or one of the above */
    uint64_t first, repeat;        /* calls first .. first + repeat - 1, from 1 */
    struct scree_context *context; /* with FAULT_CANCEL */
};

/* Counts begin at 0; NULL: counts only. Not while a job runs. */
void faults_begin(const struct fault *fault);
/* Ends it, and says how many calls were hit. */
uint64_t faults_end(void);
/* Calls since faults_begin(). */
uint64_t faults_calls(enum fault_call call);

/*
 * Does the job's nth such call kill the program? Tried in a child, which has the fault armed; the caller's process needs to have one thread. False: there are not
 * so many calls, and job(arg) gave SCREE_OK; anything else fails the test.
 */
bool faults_kill(const struct fault *fault, enum scree_status (*job)(const void *arg),
                 const void *arg);

/* From now on, each call's place in the program is noted: the functions that led to it. */
void faults_note_sites(bool on);
/* How many of the calls before this one (from 1) came from the same place, in the last run that was noted; 0 also for calls after the first 100,000. */
uint64_t faults_earlier_at_site(enum fault_call call, uint64_t number);

#endif
