/* index.h - what the commands of scree index share. */
#ifndef CLI_INDEX_H
#define CLI_INDEX_H

#include "cli/command.h"
#include "scree/vectors.h"

extern const struct command command_index_build, command_index_search, command_index_info,
    command_index_verify, command_index_eval, command_index_plan, command_index_delete,
    command_index_append, command_index_merge, command_index_gc;

#define INDEX_FORMATS "auto|npy|fvecs|bvecs|fbin|u8bin|f4|f2|f8|u1"
#define INDEX_METRICS "l2|cosine|ip"
#define INDEX_RERANKS "none|fp32|fp16|sq8"

/* Options of commands that read rows; at: offsets of the command's arguments. */
#define INDEX_TAGS(at)                                                         \
    {                                                                          \
        "tags", 0, "FILE", OPTION_TEXT, at, 0, 0,                              \
            "tags of the rows, for filters: a line a row, commas between tags" \
    }
#define INDEX_SKIP_INVALID(at)                                    \
    {                                                             \
        "skip-invalid", 0, NULL, OPTION_FLAG, at, 0, 0,           \
            "leave out rows with NaN or infinity, and count them" \
    }

/* The word for a number of these lists. Static storage. */
const char *index_metric_word(enum scree_vectors_metric metric);
const char *index_rerank_word(enum scree_vectors_rerank rerank);

/* A word of the command line that stands for a file of vectors: "-" is standard input. */
void index_input(const char *word, unsigned format, uint64_t dim,
                 struct scree_vectors_input *input);

/*
 * The columns of a build. words: FILE, or NAME=FILE. The texts hold one value for all columns, or NAME=VALUE,NAME=VALUE; NULL leaves the defaults.
 * False: a mistake, which has been said. names: memory for `count` names of 65 bytes.
 */
bool index_columns(const struct command *command, char **words, uint32_t count, const char *metrics,
                   const char *bits, const char *reranks, const char *lists,
                   struct scree_vectors_column_options *columns, char (*names)[65]);

#endif
