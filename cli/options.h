/*
 * options.h - option tables. A command's table is the only source of its parsing and its --help.
 *
 * A table's entries say where in the command's arguments (a struct that begins with struct
 * common_options) a value goes. The struct is the caller's, filled with defaults before.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command;

enum option_kind {
    OPTION_FLAG,    /* unsigned: how often it was given */
    OPTION_SIZE,    /* uint64_t: bytes; a percentage is of the machine's memory */
    OPTION_COUNT,   /* uint64_t: 20M = 20,000,000 */
    OPTION_INTEGER, /* uint64_t: digits only */
    OPTION_AUTO,    /* uint64_t: digits only, or "auto", which is OPTION_AUTO_VALUE */
    OPTION_TEXT,    /* const char * */
    OPTION_CHOICE,  /* unsigned: index into `argument`, "auto|plain|json|none" */
    OPTION_DOUBLES, /* struct number_list: 0.01 or 0.01,0.01,0.001 */
    OPTION_HELP,
    OPTION_VERSION
};

#define OPTION_AUTO_VALUE UINT64_MAX

struct option_entry {
    const char *name;
    char letter;          /* 0: long form only */
    const char *argument; /* its name in the help; NULL for flags */
    enum option_kind kind;
    size_t offset;     /* of the destination in the command's arguments */
    uint64_t min, max; /* of counts and integers */
    const char *help;
};

struct number_list {
    double values[3];
    unsigned count;
};

enum progress_choice { PROGRESS_AUTO, PROGRESS_PLAIN, PROGRESS_JSON, PROGRESS_NONE };

/* The first member of every command's arguments. */
struct common_options {
    uint64_t memory_bytes; /* 0: the library's choice */
    unsigned huge_pages;
    uint64_t threads; /* 0: all cores */
    const char *tmp;
    unsigned progress; /* enum progress_choice */
    unsigned json, quiet, verbose, dry_run, force;
    const char *s3_endpoint, *s3_region, *ca_file;
    unsigned s3_anonymous, s3_style; /* enum scree_s3_style */
};

#define COMMON_AT(member) offsetof(struct common_options, member)
#define COMMON_MEMORY                                                              \
    {                                                                              \
        "memory", 'm', "SIZE|PERCENT", OPTION_SIZE, COMMON_AT(memory_bytes), 0, 0, \
            "memory budget, such as 2G, 512MiB or 70% of the machine's memory "    \
            "(default: 60% of what is free)"                                       \
    }
#define COMMON_HUGE_PAGES                                                                      \
    {                                                                                          \
        "huge-pages", 0, NULL, OPTION_FLAG, COMMON_AT(huge_pages), 0, 0,                       \
            "large buffers in pages of 2 MiB: some percent less CPU time where memory is the " \
            "machine's own, slower in some virtual machines"                                   \
    }
#define COMMON_THREADS                                                                 \
    {                                                                                  \
        "threads", 't', "N", OPTION_INTEGER, COMMON_AT(threads), 1, 1024,              \
            "worker threads (default: one per core); the result does not depend on it" \
    }
#define COMMON_TMP(what)                                         \
    {                                                            \
        "tmp", 0, "DIR", OPTION_TEXT, COMMON_AT(tmp), 0, 0, what \
    }
#define COMMON_PROGRESS                                                                  \
    {                                                                                    \
        "progress", 0, "auto|plain|json|none", OPTION_CHOICE, COMMON_AT(progress), 0, 0, \
            "how progress is shown on stderr; auto: a bar on a terminal, else nothing"   \
    }
#define COMMON_JSON                                                                          \
    {                                                                                        \
        "json", 'j', NULL, OPTION_FLAG, COMMON_AT(json), 0, 0, "one JSON document on stdout" \
    }
#define COMMON_QUIET                                               \
    {                                                              \
        "quiet", 'q', NULL, OPTION_FLAG, COMMON_AT(quiet), 0, 0,   \
            "no progress and no summary; warnings and errors stay" \
    }
#define COMMON_VERBOSE(what)                                              \
    {                                                                     \
        "verbose", 'v', NULL, OPTION_FLAG, COMMON_AT(verbose), 0, 0, what \
    }
#define COMMON_FORCE                                                                          \
    {                                                                                         \
        "force", 'f', NULL, OPTION_FLAG, COMMON_AT(force), 0, 0, "replace an existing output" \
    }
/* What a uint64_t of the command's arguments becomes; 0 when it is not given. */
#define COMMON_TEMPORAL_INDEX(at)                                                         \
    {                                                                                     \
        "temporal-index", 0, "N|auto", OPTION_AUTO, at, 1, UINT32_MAX - 1,                \
            "add an index of GPS times, with the time of every N-th point of each node; " \
            "auto: 100 to 1000 by the number of points"                                   \
    }
/* For commands that take http://, https:// and s3:// locations. */
#define COMMON_REMOTE                                                               \
    {"s3-endpoint",                                                                 \
     0,                                                                             \
     "URL",                                                                         \
     OPTION_TEXT,                                                                   \
     COMMON_AT(s3_endpoint),                                                        \
     0,                                                                             \
     0,                                                                             \
     "server of s3:// locations, if not Amazon's: https://host:port (default: "     \
     "AWS_ENDPOINT_URL, ~/.aws/config)"},                                           \
        {"s3-region",                                                               \
         0,                                                                         \
         "NAME",                                                                    \
         OPTION_TEXT,                                                               \
         COMMON_AT(s3_region),                                                      \
         0,                                                                         \
         0,                                                                         \
         "region of the buckets (default: AWS_REGION, ~/.aws/config, us-east-1)"},  \
        {"s3-style",                                                                \
         0,                                                                         \
         "auto|path|virtual",                                                       \
         OPTION_CHOICE,                                                             \
         COMMON_AT(s3_style),                                                       \
         0,                                                                         \
         0,                                                                         \
         "where a URL has the bucket: in the path or in the host's name"},          \
        {"s3-anonymous",          0, NULL, OPTION_FLAG,                             \
         COMMON_AT(s3_anonymous), 0, 0,    "do not sign requests: public buckets"}, \
    {                                                                               \
        "ca-file", 0, "FILE", OPTION_TEXT, COMMON_AT(ca_file), 0, 0,                \
            "certificates to trust for https, PEM (default: the system's)"          \
    }
#define COMMON_END                                                     \
    {"version", 0, NULL, OPTION_VERSION, 0, 0, 0, "show the version"}, \
        {"help", 'h', NULL, OPTION_HELP, 0, 0, 0, "show this text"},   \
    {                                                                  \
        NULL, 0, NULL, OPTION_FLAG, 0, 0, 0, NULL                      \
    }

enum parse_outcome {
    PARSE_RUN,  /* go on */
    PARSE_DONE, /* --help or --version was answered */
    PARSE_USAGE /* a mistake, which has been said on stderr */
};

/*
 * Reads argv with the command's table into `arguments`. Options and operands may be mixed; the
 * operands are argv[*first_operand] to argv[argc - 1] afterwards.
 */
enum parse_outcome options_parse(const struct command *command, int argc, char **argv,
                                 void *arguments, int *first_operand);

/* Says what is wrong with the call, with a pointer to the help. Returns EXIT_CODE_USAGE. */
int options_misuse(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
