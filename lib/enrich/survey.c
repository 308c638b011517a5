/* survey.c - which files belong to a survey, and in which units it is. */
#include "base/error.h"
#include "enrich/job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Metres around an input in which other files belong to its survey; more where a radius or thin points ask for it. */
#define MARGIN_METRES 200.0
#define MARGIN_RADII 20.0

/* ----------------------------------------------------------------------------------------- files */

static enum scree_status add_file(struct scree__enrich_engine *engine, const char *path,
                                  struct scree_error *err)
{
    void *array = engine->files;
    enum scree_status status =
        scree__mem_grow(engine->budget, &array, &engine->file_capacity, engine->file_count + 1,
                        sizeof *engine->files, "files", err);
    engine->files = array;
    if (status != SCREE_OK)
        return status;
    struct scree__enrich_file *file = &engine->files[engine->file_count];
    memset(file, 0, sizeof *file);
    file->path = scree__mem_string_copy(path);
    if (file->path == NULL)
        return scree__base_fail(err, SCREE_E_MEMORY, "no memory for the name of a file");
    engine->file_count++;
    return SCREE_OK;
}

static void close_file(struct scree__enrich_file *file)
{
    scree_las_close(file->reader);
    scree_source_close(file->source);
    file->reader = NULL;
    file->source = NULL;
}

/* Opens it for its header. */
static enum scree_status open_file(struct scree__enrich_engine *engine, uint64_t index,
                                   struct scree_error *err)
{
    struct scree__enrich_file *file = &engine->files[index];
    struct scree_source_options options;
    scree_source_options_init(&options);
    if (engine->options.source_options != NULL)
        options = *engine->options.source_options;
    options.context = engine->context;
    enum scree_status status = scree_source_open(file->path, &options, &file->source, err);
    if (status == SCREE_OK)
        status = scree_las_open(file->source, engine->context, &file->reader, err);
    if (status != SCREE_OK)
        return status;
    file->header = *scree_las_header(file->reader);
    file->file_bytes = scree_source_bytes(file->source);
    return SCREE_OK;
}

/* ---------------------------------------------------------------------------------- CRS and units */

/* More than international and survey feet differ by. */
#define UNITS_DIFFER 1e-5

static void warn_of_heights(const struct scree__enrich_engine *engine, double metres)
{
    char name[80];
    const double height = scree__enrich_height_unit_of(engine->crs.wkt, name);
    if (metres > 0 && height > 0 && fabs(height / metres - 1) > UNITS_DIFFER)
        scree__par_log(engine->context, SCREE_LOG_WARNING,
                       "%s: heights are in %s, x and y in %s: neighbours and shapes mix the two",
                       engine->files[0].path, name, engine->unit_name);
}

static enum scree_status read_crs(struct scree__enrich_engine *engine, struct scree_error *err)
{
    const char *path = engine->files[0].path;
    enum scree_status status = engine->options.crs != NULL
                                   ? scree_las_crs_from_text(engine->options.crs, &engine->crs, err)
                                   : scree_las_crs_read(engine->files[0].reader, &engine->crs, err);
    if (status != SCREE_OK)
        return status;
    if (engine->crs.geographic || engine->crs.geocentric)
        return scree__base_fail(
            err, SCREE_E_UNSUPPORTED,
            "%s: coordinates are %s (%s): neighbours and heights have no meaning there; project it "
            "first, or name the CRS that it really has",
            path, engine->crs.geographic ? "degrees" : "geocentric", engine->crs.name);
    const double told =
        engine->crs.wkt != NULL ? scree__enrich_unit_of(engine->crs.wkt, engine->unit_name) : 0;
    const bool given = engine->options.unit != SCREE_ENRICH_UNIT_OF_CRS;
    if (given && told > 0)
        scree__par_log(engine->context, SCREE_LOG_INFO,
                       "%s: its CRS is in %s, which the options overrule", path, engine->unit_name);
    const double metres =
        given ? scree__enrich_unit_given(engine->options.unit, engine->unit_name) : told;
    if (metres == 0)
        scree__par_log(engine->context, SCREE_LOG_WARNING,
                       "%s: its CRS does not tell the unit of lengths; metres are assumed", path);
    if (engine->crs.wkt != NULL)
        warn_of_heights(engine, metres);
    engine->survey.unit_metres = metres > 0 ? metres : 1;
    engine->survey.unit_name = engine->unit_name;
    engine->survey.crs_name = engine->crs.name;
    return SCREE_OK;
}

static void set_lengths(struct scree__enrich_engine *engine)
{
    const struct scree_enrich_options *options = &engine->options;
    const struct scree_las_header *header = &engine->files[0].header;
    struct scree__enrich_survey *survey = &engine->survey;
    double metre = 1 / survey->unit_metres;
    scree__enrich_lengths(options, survey);
    double margin = MARGIN_METRES * metre;
    double area = (header->max[0] - header->min[0]) * (header->max[1] - header->min[1]);
    double thin =
        options->k > 0 && header->point_count > 0 && area > 0
            ? MARGIN_RADII * sqrt(area * options->k / (3.14 * (double)header->point_count))
            : 0;
    margin = thin > margin ? thin : margin;
    margin = survey->radius > margin ? survey->radius : margin;
    margin = survey->count_radius > margin ? survey->count_radius : margin;
    /* A cell that begins within the reach may have its lowest point beyond. */
    const double ground = 2 * survey->ground_reach + survey->ground_cell;
    if (scree__enrich_needs_heights(survey->features) && ground > margin)
        margin = ground;
    survey->margin = margin;
}

/* --------------------------------------------------------------------------------- files around */

static const char *const endings[] = {".las", ".laz", NULL};

/* The folder of a path as a pattern for the point files in it; NULL: no memory. */
static char *pattern_beside(const char *path)
{
    static const char rest[] = "*.[lL][aA][sSzZ]";
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    char *pattern = scree__mem_string_copy(path), *escaped = NULL;
    if (pattern == NULL)
        return NULL;
    pattern[length] = '\0';
    void *memory;
    if (scree__mem_alloc(NULL, 2 * length + sizeof rest, &memory, "a pattern", NULL) == SCREE_OK) {
        char *at = memory;
        for (size_t i = 0; i < length; i++) {
            if (strchr("*?[]\\", pattern[i]) != NULL)
                *at++ = '\\';
            *at++ = pattern[i];
        }
        memcpy(at, rest, sizeof rest);
        escaped = scree__mem_string_copy(memory);
        scree__mem_free(NULL, memory, 2 * length + sizeof rest);
    }
    scree__mem_string_free(pattern);
    return escaped;
}

static enum scree_status expand(const char *argument, bool may_be_empty,
                                struct scree_path_list *list, struct scree_error *err)
{
    struct scree_error own = SCREE_ERROR_INIT;
    enum scree_status status = scree_paths_expand(argument, endings, list, &own);
    if (status == SCREE_E_IO && may_be_empty)
        return SCREE_OK;
    return status == SCREE_OK ? SCREE_OK : scree__base_fail(err, status, "%s", own.message);
}

static enum scree_status find_paths(const struct scree__enrich_engine *engine,
                                    struct scree_path_list *list, struct scree_error *err)
{
    const struct scree_enrich_options *options = &engine->options;
    enum scree_status status = SCREE_OK;
    if (options->neighbors == SCREE_NEIGHBORS_AUTO && !scree_location_is_remote(options->input)) {
        char *pattern = pattern_beside(options->input);
        if (pattern == NULL)
            return scree__base_fail(err, SCREE_E_MEMORY, "no memory for a pattern");
        status = expand(pattern, true, list, err);
        scree__mem_string_free(pattern);
    } else if (options->neighbors == SCREE_NEIGHBORS_FOLDER) {
        if (options->neighbors_folder == NULL)
            return scree__base_fail(err, SCREE_E_ARGUMENT, "no folder of neighbours is named");
        status = expand(options->neighbors_folder, false, list, err);
    }
    return status;
}

static bool same_file(const char *a, const char *b)
{
    struct stat s, t;
    if (strcmp(a, b) == 0)
        return true;
    return !scree_location_is_remote(a) && !scree_location_is_remote(b) && stat(a, &s) == 0 &&
           stat(b, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

static bool known_file(const struct scree__enrich_engine *engine, const char *path)
{
    for (uint64_t i = 0; i < engine->file_count; i++)
        if (same_file(engine->files[i].path, path))
            return true;
    return engine->options.output != NULL && same_file(engine->options.output, path);
}

static bool comes_near(const struct scree__enrich_engine *engine, const double min[2],
                       const double max[2], uint64_t point_count)
{
    const struct scree_las_header *input = &engine->files[0].header;
    double margin = engine->survey.margin;
    for (int a = 0; a < 2; a++)
        if (min[a] > input->max[a] + margin || max[a] < input->min[a] - margin)
            return false;
    return point_count > 0;
}

/* A batch has looked at it before, and it does not come near or cannot be read. */
static bool known_to_be_out(const struct scree__enrich_engine *engine, const char *path)
{
    const struct scree__enrich_bounds *bounds =
        engine->around != NULL ? scree__enrich_around_find(engine->around, path) : NULL;
    return bounds != NULL &&
           (bounds->left_out || !comes_near(engine, bounds->min, bounds->max, bounds->point_count));
}

static bool is_files_own(enum scree_status status)
{
    return status == SCREE_E_DATA || status == SCREE_E_UNSUPPORTED || status == SCREE_E_IO;
}

/* Takes it into the survey if it comes near, or, where the options name it, in any case. */
static enum scree_status try_file(struct scree__enrich_engine *engine, const char *path, bool named,
                                  struct scree_error *err)
{
    struct scree_error why = SCREE_ERROR_INIT;
    if ((!named && known_to_be_out(engine, path)) || known_file(engine, path))
        return SCREE_OK;
    enum scree_status status = add_file(engine, path, err);
    if (status != SCREE_OK)
        return status;
    struct scree__enrich_file *file = &engine->files[engine->file_count - 1];
    const struct scree_las_header *header = &file->header;
    file->named = named;
    status = open_file(engine, engine->file_count - 1, &why);
    const bool near = status == SCREE_OK &&
                      (named || comes_near(engine, header->min, header->max, header->point_count));
    close_file(file);
    if (engine->around != NULL && !named && is_files_own(status)) {
        scree__enrich_around_leave_out(engine->around, path, why.message);
        status = SCREE_OK;
    } else if (status != SCREE_OK) {
        if (err != NULL)
            *err = why;
    } else if (engine->around != NULL) {
        scree__enrich_around_keep(engine->around, path, header);
    }
    if (near) {
        scree__enrich_lattice_join(engine, file);
        return SCREE_OK;
    }
    scree__mem_string_free(file->path);
    engine->file_count--;
    return status;
}

static int by_path(const void *a, const void *b)
{
    const struct scree__enrich_file *f = a, *g = b;
    return strcmp(f->path, g->path);
}

/* Once, however many files it is about. */
static void warn_of_rounding(const struct scree__enrich_engine *engine)
{
    const struct scree__enrich_file *first = NULL;
    uint64_t count = 0;
    char more[64] = "";
    for (uint64_t i = 1; i < engine->file_count; i++)
        if (!engine->files[i].exact && count++ == 0)
            first = &engine->files[i];
    if (first == NULL)
        return;
    if (count > 1)
        snprintf(more, sizeof more, " and %llu more", (unsigned long long)(count - 1));
    scree__par_log(engine->context, SCREE_LOG_WARNING,
                   "%s%s: scale or offset do not fit those of %s: places are rounded, and results "
                   "at the border depend on which of the files is the input",
                   first->path, more, engine->files[0].path);
}

static enum scree_status find_files(struct scree__enrich_engine *engine, struct scree_error *err)
{
    struct scree_path_list list = {NULL, 0, 0};
    enum scree_status status = find_paths(engine, &list, err);
    for (uint64_t i = 0; i < list.count && status == SCREE_OK; i++)
        status = try_file(engine, list.paths[i], false, err);
    for (uint64_t i = 0; i < engine->options.context_count && status == SCREE_OK; i++)
        status = try_file(engine, engine->options.context_files[i], true, err);
    scree_path_list_release(&list);
    if (engine->file_count > 2)
        qsort(engine->files + 1, engine->file_count - 1, sizeof *engine->files, by_path);
    if (status == SCREE_OK)
        warn_of_rounding(engine);
    return status;
}

/* Files overlap where their bounds do, or touch. */
static void find_overlap(struct scree__enrich_engine *engine)
{
    for (uint64_t i = 0; i < engine->file_count; i++)
        for (uint64_t j = i + 1; j < engine->file_count; j++) {
            const struct scree_las_header *f = &engine->files[i].header,
                                          *g = &engine->files[j].header;
            if (f->min[0] <= g->max[0] && f->max[0] >= g->min[0] && f->min[1] <= g->max[1] &&
                f->max[1] >= g->min[1])
                engine->tagged = true;
        }
}

static enum scree_status describe_files(struct scree__enrich_engine *engine,
                                        struct scree_error *err)
{
    void *memory = NULL;
    uint64_t count = engine->file_count - 1;
    enum scree_status status = scree__mem_alloc(
        engine->budget, count * sizeof *engine->survey_files, &memory, "files", err);
    engine->survey_files = memory;
    if (status != SCREE_OK)
        return status;
    for (uint64_t i = 0; i < count; i++) {
        const struct scree__enrich_file *file = &engine->files[i + 1];
        engine->survey_files[i] = (struct scree__enrich_context_file){
            file->path, file->file_bytes, file->header.point_count, file->exact};
    }
    engine->survey.files = engine->survey_files;
    engine->survey.file_count = count;
    return SCREE_OK;
}

enum scree_status scree__enrich_survey_open(struct scree__enrich_engine *engine,
                                            struct scree_error *err)
{
    const struct scree_enrich_options *options = &engine->options;
    engine->survey.features =
        options->features != 0 ? options->features : scree_enrich_mode_features(options->mode);
    enum scree_status status = add_file(engine, options->input, err);
    if (status == SCREE_OK)
        status = open_file(engine, 0, err);
    if (status == SCREE_OK)
        status = read_crs(engine, err);
    if (status != SCREE_OK)
        return status;
    engine->files[0].exact = true;
    set_lengths(engine);
    status = scree__enrich_lattice_make(engine, err);
    if (status == SCREE_OK)
        status = find_files(engine, err);
    if (status == SCREE_OK)
        status = describe_files(engine, err);
    find_overlap(engine);
    return status;
}

void scree__enrich_survey_release(struct scree__enrich_engine *engine)
{
    scree__mem_free(engine->budget, engine->survey_files,
                    (engine->file_count > 0 ? engine->file_count - 1 : 0) *
                        sizeof *engine->survey_files);
    for (uint64_t i = 0; i < engine->file_count; i++) {
        close_file(&engine->files[i]);
        scree__mem_string_free(engine->files[i].path);
    }
    scree__mem_free(engine->budget, engine->files, engine->file_capacity * sizeof *engine->files);
    scree_las_crs_release(&engine->crs);
}
