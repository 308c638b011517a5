/* paths.c - what a person names on the command line, as a list of files. */
#include "scree/io.h"
#include "base/error.h"
#include "mem/budget.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static enum scree_status add_path(struct scree_path_list *list, const char *path,
                                  struct scree_error *err)
{
    void *paths = list->paths;
    enum scree_status status = scree__mem_grow(NULL, &paths, &list->capacity, list->count + 1,
                                               sizeof(char *), "list of inputs", err);
    if (status != SCREE_OK)
        return status;
    list->paths = paths;
    char *copy = scree__mem_string_copy(path);
    if (copy == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "list of inputs: out of memory");
    list->paths[list->count++] = copy;
    return SCREE_OK;
}

static bool has_ending(const char *name, const char *const *endings)
{
    size_t bytes = strlen(name);
    for (; *endings != NULL; endings++) {
        size_t ending_bytes = strlen(*endings);
        if (bytes > ending_bytes && strcasecmp(name + bytes - ending_bytes, *endings) == 0)
            return true;
    }
    return false;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts what was added since `from`. */
static void sort_added(struct scree_path_list *list, uint64_t from)
{
    if (list->count > from)
        qsort(list->paths + from, list->count - from, sizeof(char *), compare_paths);
}

static enum scree_status expand_folder(const char *folder, const char *const *endings,
                                       struct scree_path_list *list, struct scree_error *err)
{
    char *copy = scree__mem_string_copy(folder);
    if (copy == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", folder);
    size_t bytes = strlen(copy);
    while (bytes > 1 && copy[bytes - 1] == '/')
        copy[--bytes] = '\0';
    char *roots[2] = {copy, NULL};
    enum scree_status status = SCREE_OK;
    uint64_t before = list->count;
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL) {
        status = scree__base_fail_errno(err, SCREE_E_IO, errno, "%s", folder);
        goto out;
    }
    FTSENT *entry;
    while (status == SCREE_OK && (entry = fts_read(tree)) != NULL) {
        if (entry->fts_info == FTS_F && has_ending(entry->fts_name, endings))
            status = add_path(list, entry->fts_path, err);
        else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR)
            status =
                scree__base_fail_errno(err, SCREE_E_IO, entry->fts_errno, "%s", entry->fts_path);
    }
    fts_close(tree);
    sort_added(list, before);
    if (status == SCREE_OK && list->count == before)
        status = scree__base_fail(err, SCREE_E_IO, "%s: the folder holds no file ending in %s ...",
                                  folder, endings[0]);
out:
    scree__mem_string_free(copy);
    return status;
}

static enum scree_status expand_glob(const char *pattern, const char *const *endings,
                                     struct scree_path_list *list, struct scree_error *err)
{
    glob_t found;
    int code = glob(pattern, 0, NULL, &found);
    if (code == GLOB_NOMATCH)
        return scree__base_fail(err, SCREE_E_IO, "%s: no such file", pattern);
    if (code != 0)
        return scree__base_fail(err, SCREE_E_IO, "%s: the pattern cannot be expanded", pattern);
    enum scree_status status = SCREE_OK;
    for (size_t i = 0; i < found.gl_pathc && status == SCREE_OK; i++) {
        struct stat info;
        if (stat(found.gl_pathv[i], &info) == 0 && S_ISDIR(info.st_mode))
            status = expand_folder(found.gl_pathv[i], endings, list, err);
        else
            status = add_path(list, found.gl_pathv[i], err);
    }
    globfree(&found);
    return status;
}

static enum scree_status expand_list(const char *list_path, const char *const *endings,
                                     struct scree_path_list *list, struct scree_error *err)
{
    FILE *file = fopen(list_path, "re");
    if (file == NULL)
        return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s", list_path);
    char line[4096];
    uint64_t number = 0;
    enum scree_status status = SCREE_OK;
    while (status == SCREE_OK && fgets(line, sizeof line, file) != NULL) {
        size_t bytes = strlen(line);
        number++;
        if (bytes + 1 == sizeof line && line[bytes - 1] != '\n') {
            status = scree__base_fail(err, SCREE_E_DATA, "%s: line %llu is too long", list_path,
                                      (unsigned long long)number);
            break;
        }
        while (bytes > 0 && (line[bytes - 1] == '\n' || line[bytes - 1] == '\r'))
            line[--bytes] = '\0';
        if (bytes == 0 || line[0] == '#')
            continue;
        if (line[0] == '@')
            status = scree__base_fail(err, SCREE_E_DATA, "%s: line %llu: lists cannot name lists",
                                      list_path, (unsigned long long)number);
        else
            status = scree_paths_expand(line, endings, list, err);
    }
    if (status == SCREE_OK && ferror(file))
        status = scree__base_fail(err, SCREE_E_IO, "%s: cannot be read", list_path);
    (void)fclose(file); /* was only read */
    return status;
}

enum scree_status scree_paths_expand(const char *argument, const char *const *endings,
                                     struct scree_path_list *list, struct scree_error *err)
{
    struct stat info;
    if (scree_location_is_remote(argument))
        return add_path(list, argument, err);
    if (stat(argument, &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return expand_folder(argument, endings, list, err);
        return add_path(list, argument, err);
    }
    if (argument[0] == '@')
        return expand_list(argument + 1, endings, list, err);
    return expand_glob(argument, endings, list, err);
}

void scree_path_list_release(struct scree_path_list *list)
{
    for (uint64_t i = 0; i < list->count; i++)
        scree__mem_string_free(list->paths[i]);
    scree__mem_free(NULL, list->paths, list->capacity * sizeof(char *));
    memset(list, 0, sizeof *list);
}
