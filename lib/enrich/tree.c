/* tree.c - the files of a batch. */
#include "enrich/tree.h"
#include "base/bytes.h"
#include "base/error.h"
#include "enrich/identity.h"
#include "mem/budget.h"
#include "par/context.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096u

static bool ends_in(const char *name, const char *ending)
{
    const size_t length = strlen(name), bytes = strlen(ending);
    return length > bytes && strcasecmp(name + length - bytes, ending) == 0;
}

bool scree__enrich_is_cloud(const char *name)
{
    return ends_in(name, ".las") || ends_in(name, ".laz");
}

static bool is_side(const char *name)
{
    return ends_in(name, ".json") || ends_in(name, ".txt") || ends_in(name, ".prj");
}

static int64_t time_of(const struct stat *info)
{
    return (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
}

bool scree__enrich_look_at(const char *path, uint64_t *bytes, int64_t *time_ns)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return false;
    *bytes = (uint64_t)info.st_size;
    *time_ns = time_of(&info);
    return true;
}

/* ------------------------------------------------------------------------------------------- items */

static enum scree_status add(struct scree__enrich_items *items, const char *input,
                             const char *output, const struct stat *info, struct scree_error *err)
{
    void *memory = items->all;
    enum scree_status status = scree__mem_grow(NULL, &memory, &items->capacity, items->count + 1,
                                               sizeof *items->all, "list of files", err);
    if (status != SCREE_OK)
        return status;
    items->all = memory;
    struct scree__enrich_item *item = &items->all[items->count++];
    *item =
        (struct scree__enrich_item){scree__mem_string_copy(input), scree__mem_string_copy(output),
                                    (uint64_t)info->st_size, time_of(info)};
    return item->input != NULL && item->output != NULL
               ? SCREE_OK
               : scree__base_fail(err, SCREE_E_MEMORY, "list of files: out of memory");
}

static void release_items(struct scree__enrich_items *items)
{
    for (uint64_t i = 0; i < items->count; i++) {
        scree__mem_string_free(items->all[i].input);
        scree__mem_string_free(items->all[i].output);
    }
    scree__mem_free(NULL, items->all, items->capacity * sizeof *items->all);
}

void scree__enrich_tree_release(struct scree__enrich_tree *tree)
{
    release_items(&tree->points);
    release_items(&tree->sides);
    memset(tree, 0, sizeof *tree);
}

/* output_folder/relative, with the ending of the kind. */
static enum scree_status place(const char *folder, const char *relative,
                               enum scree_enrich_output_kind kind, char *path,
                               struct scree_error *err)
{
    static const char *const endings[] = {"", ".las", ".laz", ".copc.laz"};
    size_t length = strlen(relative);
    while (*relative == '/') {
        relative++;
        length--;
    }
    if (kind != SCREE_ENRICH_OUTPUT_SAME && scree__enrich_is_cloud(relative)) {
        length -= 4;
        if (length > 5 && strncasecmp(relative + length - 5, ".copc", 5) == 0)
            length -= 5;
    }
    const int written = snprintf(path, PATH_BYTES, "%s/%.*s%s", folder, (int)length, relative,
                                 scree__enrich_is_cloud(relative) ? endings[kind % 4] : "");
    if (written < 0 || (unsigned)written >= PATH_BYTES)
        return scree__base_fail(err, SCREE_E_ARGUMENT, "%.200s/%.200s: the path is too long",
                                folder, relative);
    return SCREE_OK;
}

/* -------------------------------------------------------------------------------------------- walk */

struct walk {
    struct scree_context *context;
    struct scree__enrich_tree *tree;
    const char *output_folder;
    enum scree_enrich_output_kind kind;
    struct stat output; /* st_ino 0: not there yet */
};

static bool is_output(const struct walk *walk, const struct stat *info)
{
    return walk->output.st_ino != 0 && info->st_ino == walk->output.st_ino &&
           info->st_dev == walk->output.st_dev;
}

static enum scree_status take_file(struct walk *walk, const char *path, const char *relative,
                                   const struct stat *info, bool only_points,
                                   struct scree_error *err)
{
    char output[PATH_BYTES];
    struct scree__enrich_items *items = NULL;
    if (scree__enrich_is_cloud(relative))
        items = &walk->tree->points;
    else if (!only_points && is_side(relative))
        items = &walk->tree->sides;
    if (items == NULL)
        return SCREE_OK;
    enum scree_status status = place(walk->output_folder, relative, walk->kind, output, err);
    return status == SCREE_OK ? add(items, path, output, info, err) : status;
}

static enum scree_status visit(struct walk *walk, FTS *tree, FTSENT *entry, size_t root_bytes,
                               struct scree_error *err)
{
    switch (entry->fts_info) {
    case FTS_D:
        if (is_output(walk, entry->fts_statp))
            (void)fts_set(tree, entry, FTS_SKIP);
        return SCREE_OK;
    case FTS_F:
        return take_file(walk, entry->fts_path, entry->fts_path + root_bytes, entry->fts_statp,
                         false, err);
    case FTS_DC:
        scree__par_log(walk->context, SCREE_LOG_WARNING,
                       "%s: a link that leads back into its own folder: left out", entry->fts_path);
        return SCREE_OK;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return scree__base_fail_errno(err, SCREE_E_IO, entry->fts_errno, "%s", entry->fts_path);
    default:
        return SCREE_OK;
    }
}

static enum scree_status walk_folder(struct walk *walk, const char *folder, struct scree_error *err)
{
    char root[PATH_BYTES];
    char *roots[2] = {root, NULL};
    snprintf(root, sizeof root, "%s", folder);
    size_t length = strlen(root);
    while (length > 1 && root[length - 1] == '/')
        root[--length] = '\0';
    struct stat info;
    if (stat(root, &info) == 0 && is_output(walk, &info))
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%s: is input and output: an output has a folder of its own", root);
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL)
        return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s", root);
    enum scree_status status = SCREE_OK;
    for (FTSENT *entry; status == SCREE_OK && (entry = fts_read(tree)) != NULL;)
        status = visit(walk, tree, entry, length, err);
    fts_close(tree);
    return status;
}

/* ----------------------------------------------------------------------------------------- whole */

static int compare_outputs(const void *a, const void *b)
{
    return strcmp(((const struct scree__enrich_item *)a)->output,
                  ((const struct scree__enrich_item *)b)->output);
}

static int compare_sizes(const void *a, const void *b)
{
    const struct scree__enrich_item *x = a, *y = b;
    return x->bytes != y->bytes ? x->bytes < y->bytes ? -1 : 1 : strcmp(x->output, y->output);
}

static enum scree_status check_outputs(struct scree__enrich_items *items, struct scree_error *err)
{
    if (items->count == 0)
        return SCREE_OK;
    qsort(items->all, items->count, sizeof *items->all, compare_outputs);
    for (uint64_t i = 0; i + 1 < items->count; i++)
        if (strcmp(items->all[i].output, items->all[i + 1].output) == 0)
            return scree__base_fail(err, SCREE_E_ARGUMENT, "%s and %s would both become %s",
                                    items->all[i].input, items->all[i + 1].input,
                                    items->all[i].output);
    for (uint64_t i = 0; i < items->count; i++) {
        struct stat from, to;
        if (stat(items->all[i].input, &from) == 0 && stat(items->all[i].output, &to) == 0 &&
            from.st_ino == to.st_ino && from.st_dev == to.st_dev)
            return scree__base_fail(err, SCREE_E_ARGUMENT, "%s: is input and output",
                                    items->all[i].output);
    }
    qsort(items->all, items->count, sizeof *items->all, compare_sizes);
    return SCREE_OK;
}

enum scree_status scree__enrich_tree_find(struct scree_context *context, const char *const *inputs,
                                          uint64_t count, const char *output_folder,
                                          enum scree_enrich_output_kind kind,
                                          struct scree__enrich_tree *tree, struct scree_error *err)
{
    struct walk walk = {context, tree, output_folder, kind, {0}};
    enum scree_status status = SCREE_OK;
    memset(tree, 0, sizeof *tree);
    if (stat(output_folder, &walk.output) != 0)
        memset(&walk.output, 0, sizeof walk.output);
    for (uint64_t i = 0; i < count && status == SCREE_OK; i++) {
        struct stat info;
        const char *slash = strrchr(inputs[i], '/');
        if (stat(inputs[i], &info) != 0)
            status = scree__base_fail_errno(err, SCREE_E_IO, errno, "%s", inputs[i]);
        else if (S_ISDIR(info.st_mode))
            status = walk_folder(&walk, inputs[i], err);
        else if (!scree__enrich_is_cloud(inputs[i]))
            status = scree__base_fail(err, SCREE_E_ARGUMENT, "%s: no .las or .laz file", inputs[i]);
        else
            status = take_file(&walk, inputs[i], slash != NULL ? slash + 1 : inputs[i], &info, true,
                               err);
    }
    if (status == SCREE_OK)
        status = check_outputs(&tree->points, err);
    if (status == SCREE_OK && tree->points.count == 0)
        status = scree__base_fail(err, SCREE_E_IO, "%s: there are no .las or .laz files",
                                  count > 0 ? inputs[0] : "(no input)");
    return status;
}

enum scree_status scree__enrich_make_folders(const char *path, struct scree_error *err)
{
    char folder[PATH_BYTES];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = folder + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: cannot make the folder",
                                          folder);
        *slash = '/';
    }
    return SCREE_OK;
}

/* -------------------------------------------------------------------------------------- side files */

static enum scree_status copy_bytes(const char *from, struct scree_sink *sink,
                                    struct scree_error *err)
{
    uint8_t bytes[65536];
    struct scree_source *source;
    enum scree_status status = scree_source_open_file(from, &source, err);
    if (status != SCREE_OK)
        return status;
    const uint64_t count = scree_source_bytes(source);
    for (uint64_t done = 0, now; done < count && status == SCREE_OK; done += now) {
        now = count - done < sizeof bytes ? count - done : sizeof bytes;
        status = scree_source_read(source, done, bytes, (size_t)now, err);
        if (status == SCREE_OK)
            status = scree_sink_write(sink, bytes, (size_t)now, err);
    }
    scree_source_close(source);
    return status;
}

enum scree_status scree__enrich_copy_file(const struct scree__enrich_item *item, bool always,
                                          bool *copied, struct scree_error *err)
{
    struct stat from, to;
    struct scree_sink *sink = NULL;
    *copied = false;
    if (stat(item->input, &from) != 0)
        return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s", item->input);
    if (!always && stat(item->output, &to) == 0 && time_of(&to) >= time_of(&from))
        return SCREE_OK;
    enum scree_status status = scree__enrich_make_folders(item->output, err);
    if (status == SCREE_OK)
        status = scree_sink_open_file(item->output, true, &sink, err);
    if (status == SCREE_OK)
        status = copy_bytes(item->input, sink, err);
    if (status == SCREE_OK)
        status = scree_sink_commit(sink, err);
    scree_sink_close(sink);
    if (status != SCREE_OK)
        return status;
    const struct timespec times[2] = {from.st_atim, from.st_mtim};
    *copied = true;
    (void)chmod(item->output, from.st_mode & 07777);
    if (utimensat(AT_FDCWD, item->output, times, 0) != 0)
        return scree__base_fail_errno(err, SCREE_E_IO, errno, "%s: cannot set its times",
                                      item->output);
    return SCREE_OK;
}

/* ----------------------------------------------------------------------------------------- digests */

/* Entries add up, so that their order does not matter. */
uint64_t scree__enrich_folder_digest(const char *folder, bool deep)
{
    char root[PATH_BYTES];
    char *roots[2] = {root, NULL};
    uint64_t sum = 0;
    snprintf(root, sizeof root, "%s", folder);
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree != NULL && (entry = fts_read(tree)) != NULL;) {
        uint8_t numbers[16];
        if (entry->fts_info == FTS_D && entry->fts_level > 0 && !deep)
            (void)fts_set(tree, entry, FTS_SKIP);
        if (entry->fts_info != FTS_F || !scree__enrich_is_cloud(entry->fts_name))
            continue;
        scree__base_store64(numbers, (uint64_t)entry->fts_statp->st_size);
        scree__base_store64(numbers + 8, (uint64_t)time_of(entry->fts_statp));
        uint64_t digest = scree__enrich_digest(SCREE__ENRICH_DIGEST_BEGIN, entry->fts_path,
                                               strlen(entry->fts_path));
        sum += scree__enrich_digest(digest, numbers, sizeof numbers);
    }
    if (tree != NULL)
        fts_close(tree);
    return sum;
}
