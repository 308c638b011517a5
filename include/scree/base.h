/*
 * scree/base.h - what every other public header rests on: status and error, the log, the run's
 * context.
 *
 * Threads: functions here may be called from any thread unless their comment says otherwise.
 * Since 0.1.
 */
#ifndef SCREE_BASE_H
#define SCREE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SCREE_VERSION_MAJOR 0
#define SCREE_VERSION_MINOR 1
#define SCREE_VERSION_PATCH 0

#if defined(SCREE_SHARED) && defined(__GNUC__)
#define SCREE_API __attribute__((visibility("default")))
#else
#define SCREE_API
#endif

#if defined(__GNUC__)
#define SCREE_MUST_CHECK __attribute__((warn_unused_result))
#define SCREE_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#else
#define SCREE_MUST_CHECK
#define SCREE_PRINTF(format_at, args_at)
#endif

/* The outcome of every call that can fail. The numbers are part of the ABI. */
enum scree_status {
    SCREE_OK = 0,
    SCREE_E_ARGUMENT = 1, /* the caller asked for something that makes no sense */
    SCREE_E_MEMORY = 2,   /* the system has no memory left */
    SCREE_E_BUDGET = 3,   /* the run's memory budget is too small; error.need_bytes would do */
    SCREE_E_IO = 4,       /* the operating system refused a read, a write, a rename ... */
    SCREE_E_DATA = 5,     /* the input is damaged or contradicts itself */
    SCREE_E_UNSUPPORTED =
        6,                 /* the input is well formed, but of a kind that scree does not handle */
    SCREE_E_EXISTS = 7,    /* the output exists already and may not be replaced */
    SCREE_E_CANCELLED = 8, /* scree_context_cancel() was called */
    SCREE_E_MISMATCH = 9   /* inputs that cannot be combined (CRS, GPS time type ...) */
};

/* A short English name of a status ("damaged data"); "unknown status" for any other number. Never NULL; static storage. */
SCREE_API const char *scree_status_name(enum scree_status status);

/*
 * Where and why a call failed. Fallible functions take one as their last argument; it may be NULL.
 * The first failure is kept: a function never overwrites an error whose status is not SCREE_OK.
 * Initialise with SCREE_ERROR_INIT.
 */
struct scree_error {
    enum scree_status status;
    uint64_t
        need_bytes; /* with SCREE_E_BUDGET: the smallest budget, in bytes, that would have worked */
    char message[1000]; /* UTF-8, one line, NUL-terminated: file, place, what was expected and found
                         */
};

#define SCREE_ERROR_INIT \
    {                    \
        SCREE_OK, 0,     \
        {                \
            0            \
        }                \
    }

/* The library's version, "0.1.0": of what runs, while SCREE_VERSION_* are of what was compiled against. Static storage. */
SCREE_API const char *scree_version(void);

/*
 * Reads a size such as "2G", "512MiB", "1500000" or "70%". Binary multiples always (K M G T, with
 * or without "iB"; also "KB MB GB TB" as binary multiples; up to three decimals: "1.5G"). A
 * percentage is taken of whole_bytes and refused when whole_bytes is 0. Anything else, overflow and zero included, is
 * SCREE_E_ARGUMENT.
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_size_parse(const char *text, uint64_t whole_bytes, uint64_t *bytes, struct scree_error *err);

/* ------------------------------------------------------------------------------------ processor */

/*
 * Kernels use the instructions of the level "plain", "avx2" or "avx512" from now on, in the whole
 * process; NULL: the best that the machine has, which is the default. Results are the same bits at
 * every level; tests and comparisons want to choose. Call it before contexts, decoders and encoders
 * are made, while no other thread works: what exists keeps its level. Errors: SCREE_E_ARGUMENT (an
 * unknown name), SCREE_E_UNSUPPORTED (above what the machine has).
 */
SCREE_API SCREE_MUST_CHECK enum scree_status scree_cpu_force(const char *level,
                                                             struct scree_error *err);
/* The name of the level in force. Static storage. */
SCREE_API const char *scree_cpu_level(void);

/* -------------------------------------------------------------------------------------- context */

enum scree_log_level { SCREE_LOG_WARNING = 1, SCREE_LOG_INFO = 2, SCREE_LOG_DEBUG = 3 };

/* What a long job says of itself; see scree_context_options.progress. */
struct scree_progress {
    const char *stage;      /* "read", "build", "write" ...; static storage */
    uint64_t done, total;   /* in points, unless the stage says otherwise; total 0: not known */
    uint64_t memory_bytes;  /* taken from the budget now */
    uint64_t budget_bytes;  /* the budget */
    uint64_t scratch_bytes; /* written to scratch so far */
};

/*
 * One run: its memory budget, its threads, and how it talks. The callbacks may come from any
 * thread, but never two at a time; what they are handed is valid during the call; they call nothing
 * of the same context but scree_context_cancel(). Set `size` with scree_context_options_init(); fields are only
 * ever added at the end.
 */
struct scree_context_options {
    size_t size;
    /*
     * Budget; 0: 60 % of the memory that is available to the process, under its cgroups' limits too. Where more is asked for than is available, or
     * swap is in heavy use, it is lowered, and the log gets a warning with the figures; scree_context_budget_bytes() tells what it is.
     */
    uint64_t memory_bytes;
    unsigned
        threads; /* worker threads; 0: the cores that the process may use (affinity, and the cgroups' quotas of time) */
    void *user;  /* passed to the callbacks */
    void (*log)(void *user, enum scree_log_level level, const char *message);
    void (*progress)(void *user,
                     const struct scree_progress *progress); /* about ten times a second */
    /*
     * Asks the system for pages of 2 MiB where a buffer has 4 MiB or more (Linux, where transparent huge pages are not off): 5 to 9 % less CPU time
     * of a conversion where memory is the machine's own; slower in virtual machines whose host takes free memory back. The budget holds as without.
     */
    bool huge_pages;
};

struct scree_context;

/* All defaults, and `size`. */
SCREE_API void scree_context_options_init(struct scree_context_options *options);

/*
 * Starts the threads. options: copied; NULL for defaults. The caller owns *context (NULL after a
 * failure) and gives it to scree_context_free() after every job, source and sink on it is closed.
 * Of the jobs that are open on a context one runs at a time, and its calls come from one thread at a
 * time, unless a header says otherwise (vectors.h: searches); different contexts are independent.
 * Errors: SCREE_E_ARGUMENT (over 1024 threads), SCREE_E_MEMORY (also where threads cannot be started).
 */
SCREE_API SCREE_MUST_CHECK enum scree_status
scree_context_new(const struct scree_context_options *options, struct scree_context **context,
                  struct scree_error *err);
/* Ends the threads. Accepts NULL. */
SCREE_API void scree_context_free(struct scree_context *context);

/* Asks the running job to end with SCREE_E_CANCELLED soon, and so do all later ones on this context.
 * From any thread; async-signal-safe. */
SCREE_API void scree_context_cancel(struct scree_context *context);

/* The threads that work: the options' number, or the machine's. */
SCREE_API unsigned scree_context_threads(const struct scree_context *context);
/* The budget in force, which may be lower than was asked for. */
SCREE_API uint64_t scree_context_budget_bytes(const struct scree_context *context);
/* The most that was ever taken from the budget at once. */
SCREE_API uint64_t scree_context_peak_bytes(const struct scree_context *context);

#ifdef __cplusplus
}
#endif

#endif
