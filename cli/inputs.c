/* inputs.c - the files that the words of a command line stand for. */
#include "cli/inputs.h"
#include "cli/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct identity {
    dev_t device;
    ino_t inode;
    uint64_t index; /* in the list */
};

static const char *const endings[] = {".las", ".laz", NULL};

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_unfinished(const char *path)
{
    size_t bytes = strlen(path);
    return bytes > 5 && strcasecmp(path + bytes - 5, ".part") == 0;
}

static int compare_files(const void *left, const void *right)
{
    const struct identity *a = left, *b = right;
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static enum scree_status fail(struct scree_error *err, enum scree_status status, const char *path,
                              const char *what)
{
    err->status = status;
    snprintf(err->message, sizeof err->message, "%s: %s", path, what);
    return status;
}

/* Appends what one word stands for. A path that is not to be read is emptied. */
static enum scree_status expand_word(struct inputs *inputs, const char *word,
                                     const char *output_name, const struct stat *output,
                                     struct scree_error *err)
{
    struct stat info;
    bool direct = stat(word, &info) == 0 && !S_ISDIR(info.st_mode);
    if (scree_location_is_remote(word) && strcmp(word, output_name) == 0)
        return fail(err, SCREE_E_ARGUMENT, word, "is both an input and the output");
    if (direct && output != NULL && same_file(&info, output))
        return fail(err, SCREE_E_ARGUMENT, word, "is both an input and the output");
    uint64_t before = inputs->list.count;
    enum scree_status status = scree_paths_expand(word, endings, &inputs->list, err);
    if (status != SCREE_OK || direct)
        return status;
    for (uint64_t i = before; i < inputs->list.count; i++) {
        char *path = inputs->list.paths[i];
        if (is_unfinished(path)) {
            inputs->unfinished_count++;
            path[0] = '\0';
        } else if (output != NULL && stat(path, &info) == 0 && same_file(&info, output)) {
            inputs->output_left_out = true;
            path[0] = '\0';
        }
    }
    return SCREE_OK;
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Empties every remote location that comes a second time. */
static void drop_repeated_locations(struct inputs *inputs)
{
    char **remote = malloc((inputs->list.count + 1) * sizeof *remote);
    uint64_t count = 0;
    if (remote == NULL)
        status_out_of_memory();
    for (uint64_t i = 0; i < inputs->list.count; i++) {
        if (scree_location_is_remote(inputs->list.paths[i]))
            remote[count++] = inputs->list.paths[i];
    }
    qsort(remote, count, sizeof *remote, compare_texts);
    for (uint64_t i = 0; i + 1 < count; i++) {
        if (strcmp(remote[i], remote[i + 1]) == 0) {
            remote[i][0] = '\0';
            inputs->repeated_count++;
        }
    }
    free(remote);
}

/* Empties the path of every file that comes a second time. */
static void drop_repeated(struct inputs *inputs)
{
    struct identity *files = malloc((inputs->list.count + 1) * sizeof *files);
    uint64_t count = 0;
    if (files == NULL)
        status_out_of_memory();
    for (uint64_t i = 0; i < inputs->list.count; i++) {
        struct stat info;
        if (inputs->list.paths[i][0] == '\0' || stat(inputs->list.paths[i], &info) != 0)
            continue;
        files[count++] = (struct identity){info.st_dev, info.st_ino, i};
    }
    qsort(files, count, sizeof *files, compare_files);
    for (uint64_t i = 1; i < count; i++) {
        if (files[i].device == files[i - 1].device && files[i].inode == files[i - 1].inode) {
            inputs->list.paths[files[i].index][0] = '\0';
            inputs->repeated_count++;
        }
    }
    free(files);
}

/*
 * The paths that are left, in order. missing, where not NULL: for each word that is kept as it is, the length of the list before
 * it, else UINT64_MAX.
 */
static enum scree_status gather(struct inputs *inputs, char *const *words, uint64_t word_count,
                                const uint64_t *missing, struct scree_error *err)
{
    drop_repeated(inputs);
    drop_repeated_locations(inputs);
    inputs->paths = malloc((inputs->list.count + word_count + 1) * sizeof *inputs->paths);
    if (inputs->paths == NULL)
        status_out_of_memory();
    uint64_t word = 0;
    for (uint64_t i = 0; i <= inputs->list.count; i++) {
        for (; missing != NULL && word < word_count &&
               (missing[word] == UINT64_MAX || missing[word] == i);
             word++) {
            if (missing[word] == i)
                inputs->paths[inputs->count++] = words[word];
        }
        if (i < inputs->list.count && inputs->list.paths[i][0] != '\0')
            inputs->paths[inputs->count++] = inputs->list.paths[i];
    }
    if (inputs->count == 0)
        return fail(err, SCREE_E_IO, words[0], "no input is left");
    return SCREE_OK;
}

enum scree_status inputs_find(struct inputs *inputs, char *const *words, uint64_t word_count,
                              const char *output, struct scree_error *err)
{
    struct stat info;
    memset(inputs, 0, sizeof *inputs);
    bool output_exists = stat(output, &info) == 0;
    for (uint64_t i = 0; i < word_count; i++) {
        enum scree_status status =
            expand_word(inputs, words[i], output, output_exists ? &info : NULL, err);
        if (status != SCREE_OK)
            return status;
    }
    return gather(inputs, words, word_count, NULL, err);
}

/* Not there, and no location, list or pattern. */
static bool is_missing_file(const char *word)
{
    struct stat info;
    return !scree_location_is_remote(word) && word[0] != '@' && strpbrk(word, "*?[") == NULL &&
           stat(word, &info) != 0;
}

enum scree_status inputs_find_each(struct inputs *inputs, char *const *words, uint64_t word_count,
                                   struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    uint64_t *missing = malloc((word_count + 1) * sizeof *missing);
    if (missing == NULL)
        status_out_of_memory();
    memset(inputs, 0, sizeof *inputs);
    for (uint64_t i = 0; i < word_count && status == SCREE_OK; i++) {
        bool is_missing = is_missing_file(words[i]);
        missing[i] = is_missing ? inputs->list.count : UINT64_MAX;
        if (!is_missing)
            status = expand_word(inputs, words[i], "", NULL, err);
    }
    if (status == SCREE_OK)
        status = gather(inputs, words, word_count, missing, err);
    free(missing);
    return status;
}

void inputs_release(struct inputs *inputs)
{
    free(inputs->paths);
    scree_path_list_release(&inputs->list);
    memset(inputs, 0, sizeof *inputs);
}
