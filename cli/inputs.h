/* inputs.h - the files that the words of a command line stand for. */
#ifndef CLI_INPUTS_H
#define CLI_INPUTS_H

#include "scree/io.h"

struct inputs {
    struct scree_path_list list;
    const char **paths; /* those of the list that are inputs, each file once; in the list's order */
    uint64_t count;
    uint64_t repeated_count;   /* files that were named more than once */
    uint64_t unfinished_count; /* *.part that a folder, pattern or list held */
    bool output_left_out;      /* the output itself lay among them */
};

/*
 * Expands files, folders, patterns and @lists, takes each file once (by device and inode), and
 * leaves out the output and unfinished outputs (*.part) where a folder, pattern or list brought
 * them in. An output that is named as an input is SCREE_E_ARGUMENT. Release in any case.
 */
enum scree_status inputs_find(struct inputs *inputs, char *const *words, uint64_t word_count,
                              const char *output, struct scree_error *err);

/* The same for commands that judge each input on its own, and write nothing: a word that stands for nothing that is there is kept
 * as it is (the words outlive the inputs), so that opening it says why. */
enum scree_status inputs_find_each(struct inputs *inputs, char *const *words, uint64_t word_count,
                                   struct scree_error *err);

void inputs_release(struct inputs *inputs);

#endif
