/* memory_jobs.c - see memory_jobs.h. */
#include "memory_jobs.h"
#include "conversion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#if SCREE_HAVE_PROJ
#define CRS "EPSG:2154"
#define OTHER_CRS "EPSG:4326"
#else
#define CRS ""
#define OTHER_CRS NULL
#endif

static char mixed[300], older[300], plain[300], untabled[300], walked[300], damaged[300],
    tiles[300], city[300], changed[300], target[300], folder[300], vectors[300], ids[300],
    tags[300], index_path[300], segmented[300], merged[300];

static void keep(char to[300], const char *name)
{
    snprintf(to, 300, "%s", conversion_path(name));
}

static void copy_file(const char *from, const char *to)
{
    struct las_bytes bytes = las_bytes_of_file(from);
    conversion_write_file(to, bytes.bytes, bytes.count);
    las_bytes_free(&bytes);
}

static void ready(enum scree_status status, const struct scree_error *err)
{
    if (status != SCREE_OK)
        fail_msg("%s", err->message);
}

/* ------------------------------------------------------------------------------------------- las */

/* Every unit of a file, its CRS and what it says of its bytes. */
static enum scree_status read_file(struct scree_context *context, const char *path,
                                   struct scree_error *err)
{
    static uint8_t records[1 << 16];
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    struct scree_las_cursor *cursor = NULL;
    struct scree_las_crs crs = {0};
    enum scree_status status = scree_source_open_file(path, &source, err);
    if (status == SCREE_OK)
        status = scree_las_open(source, context, &reader, err);
    if (status == SCREE_OK)
        status = scree_las_crs_read(reader, &crs, err);
    if (status == SCREE_OK)
        status = scree_las_cursor_new(reader, SCREE_LAZ_FIELD_ALL, &cursor, err);
    for (uint64_t i = 0; status == SCREE_OK && i < scree_las_unit_count(reader); i++) {
        size_t count = 1;
        status = scree_las_cursor_open(cursor, i, err);
        while (status == SCREE_OK && count > 0)
            status = scree_las_cursor_next(cursor, records, 700, &count, err);
    }
    scree_las_crs_release(&crs);
    scree_las_cursor_free(cursor);
    scree_las_close(reader);
    scree_source_close(source);
    return status;
}

static enum scree_status read_mixed(struct scree_context *context, struct scree_error *err)
{
    return read_file(context, mixed, err);
}
static enum scree_status read_older(struct scree_context *context, struct scree_error *err)
{
    return read_file(context, older, err);
}
static enum scree_status read_plain(struct scree_context *context, struct scree_error *err)
{
    return read_file(context, plain, err);
}
static enum scree_status read_untabled(struct scree_context *context, struct scree_error *err)
{
    return read_file(context, untabled, err);
}
static enum scree_status read_walked(struct scree_context *context, struct scree_error *err)
{
    return read_file(context, walked, err);
}

static enum scree_status write_file(struct scree_context *context, struct scree_error *err)
{
    static const uint8_t note[4] = {1, 2, 3, 4};
    static const uint8_t records[5 * 30];
    const struct las_recipe recipe = {.version_minor = 4, .point_format = 6};
    const struct scree_las_vlr vlrs[1] = {
        {.user_id = "a", .record_id = 1, .payload = note, .payload_bytes = 4}};
    struct scree_las_header header;
    struct scree_las_summary summary;
    struct scree_sink *sink = NULL;
    struct scree_las_writer *writer = NULL;
    const struct scree_source_options *none = NULL;
    struct scree_source *source = NULL;
    (void)context;
    las_make_header(&recipe, &header);
    scree_las_summary_init(&summary);
    scree_las_summary_add(&summary, 6, records, 30, 5);
    enum scree_status status = scree_source_open(plain, none, &source, err);
    if (status == SCREE_OK)
        status = scree_sink_open_file(target, true, &sink, err);
    if (status == SCREE_OK)
        status = scree_las_writer_new(sink, &header, vlrs, 1, NULL, &writer, err);
    if (status == SCREE_OK)
        status = scree_las_writer_add_records(writer, records, 5, err);
    if (status == SCREE_OK) { /* the payload is copied from the other file */
        const struct scree_las_vlr evlr = {
            .user_id = "b", .record_id = 2, .extended = true, .payload_bytes = 100};
        status = scree_las_writer_add_evlr(writer, &evlr, source, NULL, err);
    }
    if (status == SCREE_OK)
        status = scree_las_writer_finish(writer, &summary, err);
    if (status == SCREE_OK)
        status = scree_sink_commit(sink, err);
    scree_las_writer_free(writer);
    scree_sink_close(sink);
    scree_source_close(source);
    return status;
}

/* A folder, a pattern, a list. */
static enum scree_status expand_paths(struct scree_context *context, struct scree_error *err)
{
    static const char *const endings[] = {".laz", ".las", NULL};
    struct scree_path_list list = {0};
    char list_path[302], pattern[310];
    (void)context;
    snprintf(list_path, sizeof list_path, "@%s", conversion_path("list.txt"));
    snprintf(pattern, sizeof pattern, "%s/*.laz", tiles);
    enum scree_status status = scree_paths_expand(tiles, endings, &list, err);
    if (status == SCREE_OK)
        status = scree_paths_expand(pattern, endings, &list, err);
    if (status == SCREE_OK)
        status = scree_paths_expand(list_path, endings, &list, err);
    scree_path_list_release(&list);
    return status;
}

/* ---------------------------------------------------------------------------------- conversions */

static enum scree_status convert_several(struct scree_context *context, struct scree_error *err)
{
    const char *inputs[] = {mixed, older, plain, walked, untabled};
    struct scree_convert_options options = conversion_options(inputs, 5, target);
    options.crs = CRS[0] != '\0' ? CRS : NULL;
    options.temporal_stride = 3;
    options.scratch_folder = folder;
    return conversion_run(context, &options, NULL, err);
}

static enum scree_status convert_salvaged(struct scree_context *context, struct scree_error *err)
{
    const char *inputs[] = {damaged};
    struct scree_convert_options options = conversion_options(inputs, 1, target);
    options.salvage = true;
    return conversion_run(context, &options, NULL, err);
}

static enum scree_status make_survey(struct scree_context *context, struct scree_error *err)
{
    struct scree_synth_options options;
    scree_synth_options_init(&options);
    options.output = target;
    options.point_count = 600;
    options.crs = CRS;
    options.replace = true;
    return scree_synth_run(context, &options, NULL, err);
}

static enum scree_status amend(struct scree_context *context, const char *output,
                               struct scree_error *err)
{
    struct scree_amend_options options;
    scree_amend_options_init(&options);
    options.path = changed;
    options.output = output;
    options.replace = true;
    options.temporal_stride = output == NULL ? 7 : 2;
    options.repair_header = true;
    options.crs = CRS[0] != '\0' ? "EPSG:3857" : NULL;
    return scree_amend(context, &options, NULL, err);
}

static void before_amend(void)
{
    copy_file(city, changed);
}

static enum scree_status amend_in_place(struct scree_context *context, struct scree_error *err)
{
    return amend(context, NULL, err);
}
static enum scree_status amend_copy(struct scree_context *context, struct scree_error *err)
{
    return amend(context, target, err);
}

static enum scree_status judge(struct scree_context *context, const char *path,
                               struct scree_error *err)
{
    struct scree_source *source = NULL;
    struct scree_validate_report report;
    enum scree_status status = scree_source_open_file(path, &source, err);
    if (status == SCREE_OK)
        status = scree_validate(context, source, NULL, &report, err);
    scree_source_close(source);
    return status;
}

static enum scree_status judge_copc(struct scree_context *context, struct scree_error *err)
{
    return judge(context, city, err);
}
static enum scree_status judge_damaged(struct scree_context *context, struct scree_error *err)
{
    return judge(context, damaged, err);
}

/* ---------------------------------------------------------------------------------------- queries */

enum answer { FILE_OF, COUNT, STATISTICS };

static enum scree_status ask(struct scree_context *context,
                             const struct scree_query_options *options, enum answer answer,
                             const char *name, struct scree_error *err)
{
    struct scree_query *query = NULL;
    struct scree_query_output output;
    struct scree_query_statistics statistics = {0};
    scree_query_output_init(&output);
    output.path = conversion_path(name);
    output.replace = true;
    output.scratch_folder = folder;
    enum scree_status status = scree_query_open(context, options, &query, err);
    if (status == SCREE_OK && answer == FILE_OF)
        status = scree_query_run(query, &output, NULL, err);
    else if (status == SCREE_OK && answer == COUNT)
        status = scree_query_count(query, NULL, err);
    else if (status == SCREE_OK)
        status = scree_query_stats(query, &statistics, NULL, err);
    scree_query_statistics_release(&statistics);
    scree_query_close(query);
    return status;
}

static const char *const city_only[] = {city};
static const char *const joined[] = {mixed, older, untabled};

static struct scree_query_options question(const char *const *inputs, uint64_t count)
{
    struct scree_query_options options;
    scree_query_options_init(&options);
    options.inputs = inputs;
    options.input_count = count;
    options.where = "intensity >= 0 && !(class in (7, 18))";
    return options;
}

static enum scree_status query_copc(struct scree_context *context, struct scree_error *err)
{
    struct scree_query_options options = question(city_only, 1);
    options.time = "0,1e12";
    return ask(context, &options, FILE_OF, "q.copc.laz", err);
}
static enum scree_status query_laz(struct scree_context *context, struct scree_error *err)
{
    struct scree_query_options options = question(city_only, 1);
    options.polygon = "MULTIPOLYGON (((0 0, 9e6 0, 9e6 9e6, 0 9e6, 0 0), (1 1, 2 1, 2 2, 1 1)))";
    return ask(context, &options, FILE_OF, "q.laz", err);
}
static enum scree_status query_table(struct scree_context *context, struct scree_error *err)
{
    struct scree_query_options options = question(joined, 3);
    options.returns = "first,last,2,single";
    return ask(context, &options, FILE_OF, "q.csv", err);
}
static enum scree_status query_joined(struct scree_context *context, struct scree_error *err)
{
    struct scree_query_options options = question(joined, 3);
    return ask(context, &options, FILE_OF, "q.las", err);
}
static enum scree_status query_ply(struct scree_context *context, struct scree_error *err)
{
    struct scree_query_options options = question(city_only, 1);
    options.limit = 50;
    return ask(context, &options, FILE_OF, "q.ply", err);
}
static enum scree_status query_npy(struct scree_context *context, struct scree_error *err)
{
    struct scree_query_options options = question(joined, 3);
    options.dims = "x,y,z,intensity";
    return ask(context, &options, FILE_OF, "q.npy", err);
}
static enum scree_status query_statistics(struct scree_context *context, struct scree_error *err)
{
    struct scree_query_options options = question(joined, 3);
    return ask(context, &options, STATISTICS, "", err);
}
static enum scree_status query_area(struct scree_context *context, struct scree_error *err)
{
    struct scree_query_options options = question(city_only, 1);
    options.where = NULL;
    options.crs = OTHER_CRS;
    options.polygon = "{\"type\": \"FeatureCollection\", \"features\": [{\"type\": \"Feature\", "
                      "\"geometry\": {\"type\": \"Polygon\", \"coordinates\": "
                      "[[[2, 48], [3, 48], [3, 49], [2, 49], [2, 48]]]}}]}";
    return ask(context, &options, COUNT, "", err);
}

/* Through scratch, as the beginning of a LAZ file is known at its end. */
static enum scree_status query_stream(struct scree_context *context, struct scree_error *err)
{
    struct scree_query_options options = question(city_only, 1);
    struct scree_query *query = NULL;
    struct scree_query_output output;
    FILE *file = fopen(target, "wb");
    assert_non_null(file);
    scree_query_output_init(&output);
    output.descriptor = fileno(file);
    output.format = SCREE_QUERY_LAZ;
    output.scratch_folder = folder;
    enum scree_status status = scree_query_open(context, &options, &query, err);
    if (status == SCREE_OK)
        status = scree_query_run(query, &output, NULL, err);
    scree_query_close(query);
    assert_int_equal(fclose(file), 0);
    return status;
}

/* ------------------------------------------------------------------------------------ enrichment */

static struct scree_enrich_options enrichment(const char *input)
{
    struct scree_enrich_options options;
    scree_enrich_options_init(&options);
    options.input = input;
    options.output = target;
    options.replace = true;
    options.k = 6;
    options.crs = CRS[0] != '\0' ? CRS : NULL;
    options.neighbors = SCREE_NEIGHBORS_NONE;
    options.scratch_folder = folder;
    return options;
}

static enum scree_status enrich(struct scree_context *context,
                                const struct scree_enrich_options *options, struct scree_error *err)
{
    struct scree_enrich_job *job = NULL;
    enum scree_status status = scree_enrich_open(context, options, &job, err);
    if (status == SCREE_OK)
        status = scree_enrich_run(job, NULL, err);
    scree_enrich_close(job);
    return status;
}

static enum scree_status enrich_building(struct scree_context *context, struct scree_error *err)
{
    struct scree_enrich_options options = enrichment(city);
    options.mode = SCREE_ENRICH_BUILDING;
    options.report = conversion_path("report.json");
    options.map = conversion_path("map.png");
    options.verify_count = 3;
    options.context_files = (const char *const[]){mixed};
    options.context_count = 1;
    return enrich(context, &options, err);
}
static enum scree_status enrich_scratch(struct scree_context *context, struct scree_error *err)
{
    struct scree_enrich_options options = enrichment(plain);
    options.force_scratch = true;
    options.compress_scratch = true;
    options.window_points = 100;
    options.ground_cell = 3;
    options.verify_count = 2;
    options.las14 = true;
    options.neighbors = SCREE_NEIGHBORS_FOLDER;
    options.neighbors_folder = tiles;
    options.output_kind = SCREE_ENRICH_OUTPUT_LAZ;
    return enrich(context, &options, err);
}
static enum scree_status enrich_octree(struct scree_context *context, struct scree_error *err)
{
    struct scree_enrich_options options = enrichment(mixed);
    options.output_kind = SCREE_ENRICH_OUTPUT_COPC;
    options.ground_mode = SCREE_GROUND_IDW;
    return enrich(context, &options, err);
}
static enum scree_status enrich_cloud(struct scree_context *context, struct scree_error *err)
{
    static float rows[30 * 23];
    static double coordinates[90];
    struct scree_enrich_options options = enrichment(NULL);
    struct scree_enrich_cloud cloud = {
        .size = sizeof cloud, .count = 30, .coordinates = coordinates, .scale = {0.01, 0.01, 0.01}};
    for (unsigned i = 0; i < 90; i++)
        coordinates[i] = (double)(i * i % 37) / 10;
    return scree_enrich_points(context, &options, &cloud, rows, err);
}
/* A file that fails is told of, and no failure of the batch: here it is. */
static void hear_of(void *user, const struct scree_enrich_file *file)
{
    struct scree_error *err = user;
    if (file->outcome == SCREE_ENRICH_FAILED && err->status == SCREE_OK)
        *err = *file->error;
}

static enum scree_status enrich_batch(struct scree_context *context, struct scree_error *err)
{
    const char *inputs[] = {tiles};
    struct scree_enrich_options each = enrichment(NULL);
    struct scree_enrich_batch_options options;
    struct scree_enrich_batch_result result = {0};
    scree_enrich_batch_options_init(&options);
    each.neighbors = SCREE_NEIGHBORS_AUTO;
    each.features = SCREE_FEATURE_BIT(SCREE_FEATURE_PLANARITY);
    options.each = &each;
    options.inputs = inputs;
    options.input_count = 1;
    options.output_folder = folder;
    options.redo = true;
    options.file = hear_of;
    options.user = err;
    enum scree_status status = scree_enrich_batch(context, &options, &result, err);
    return status == SCREE_OK ? err->status : status;
}

/* --------------------------------------------------------------------------------------- vectors */

static enum scree_status build(struct scree_context *context, const char *output, bool append,
                               const char *id_file, struct scree_error *err)
{
    const struct scree_vectors_column_options column = {.name = append ? NULL : "v",
                                                        .input = {.location = vectors},
                                                        .metric = SCREE_VECTORS_COSINE,
                                                        .bits = 2,
                                                        .rerank = SCREE_VECTORS_RERANK_FP32,
                                                        .list_count = append ? 0 : 3};
    struct scree_vectors_build_options options;
    struct scree_vectors_build_result result;
    struct scree_vectors_build_job *job = NULL;
    scree_vectors_build_options_init(&options);
    options.columns = &column;
    options.column_count = 1;
    options.output = output;
    options.ids = id_file;
    options.tags = tags;
    options.append = append;
    options.replace = true;
    enum scree_status status = scree_vectors_build_open(context, &options, &job, err);
    if (status == SCREE_OK)
        status = scree_vectors_build_run(job, &result, err);
    scree_vectors_build_close(job);
    return status;
}

static enum scree_status build_index(struct scree_context *context, struct scree_error *err)
{
    return build(context, merged, false, ids, err);
}

static void before_append(void)
{
    char name[330];
    for (unsigned i = 1; i < 4; i++) {
        snprintf(name, sizeof name, "%s.segment-%u", segmented, i);
        unlink(name);
    }
    snprintf(name, sizeof name, "%s.del", segmented);
    unlink(name);
    copy_file(index_path, segmented);
}

static enum scree_status append_rows(struct scree_context *context, struct scree_error *err)
{
    return build(context, segmented, true, NULL, err);
}

static enum scree_status delete_ids(struct scree_context *context, struct scree_error *err)
{
    const uint64_t some[] = {3, 9, 4};
    uint64_t deleted;
    return scree_vectors_delete(context, segmented, some, 3, &deleted, err);
}

static void before_merge(void)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = conversion_context(1, (uint64_t)96 << 20);
    before_append();
    ready(append_rows(context, &err), &err);
    ready(delete_ids(context, &err), &err);
    scree_context_free(context);
}

static enum scree_status merge(struct scree_context *context, bool retrain, struct scree_error *err)
{
    const char *inputs[] = {segmented};
    struct scree_vectors_merge_options options;
    struct scree_vectors_merge_result result;
    scree_vectors_merge_options_init(&options);
    options.inputs = inputs;
    options.input_count = 1;
    options.output = merged;
    options.replace = true;
    options.retrain = retrain;
    return scree_vectors_merge(context, &options, &result, err);
}

static enum scree_status merge_lists(struct scree_context *context, struct scree_error *err)
{
    return merge(context, false, err);
}
static enum scree_status merge_rows(struct scree_context *context, struct scree_error *err)
{
    return merge(context, true, err);
}

/* Opened, searched with every kind of filter, evaluated, verified. */
static enum scree_status search(struct scree_context *context, struct scree_error *err)
{
    static float queries[20 * 6];
    static const uint8_t bits[8] = {255, 255, 255, 255, 255, 255, 255, 255};
    static const struct scree_vectors_id_range range = {0, 1000};
    uint64_t found[20 * 5];
    float distances[20 * 5];
    uint32_t count;
    struct scree_vectors_index *index = NULL;
    struct scree_vectors_search_options options;
    struct scree_vectors_eval_options eval;
    struct scree_vectors_eval_point points[SCREE_VECTORS_EVAL_POINTS];
    struct scree_vectors_planned_read reads[16];
    for (unsigned i = 0; i < 20 * 6; i++)
        queries[i] = (float)(i % 7) + 1;
    scree_vectors_search_options_init(&options);
    options.k = 5;
    options.id_bits = bits;
    options.id_bit_count = 64;
    options.id_ranges = &range;
    options.id_range_count = 1;
    options.tag = "even";
    scree_vectors_eval_options_init(&eval);
    struct scree_vectors_search_options three;
    scree_vectors_search_options_init(&three);
    three.k = 3;
    eval.search = &three;
    eval.query_count = 4;
    enum scree_status status = scree_vectors_open(context, segmented, NULL, &index, err);
    if (status == SCREE_OK)
        status =
            scree_vectors_search(index, &options, queries, 20, found, distances, NULL, NULL, err);
    if (status == SCREE_OK)
        status = scree_vectors_search_plan(index, &options, queries, reads, 16, &count, err);
    if (status == SCREE_OK)
        status = scree_vectors_eval(index, &eval, points, &count, err);
    if (status == SCREE_OK)
        status = scree_vectors_verify(index, err);
    scree_vectors_close(index);
    return status;
}

static enum scree_status store_recalls(struct scree_context *context, struct scree_error *err)
{
    const struct scree_vectors_recall_info points[2] = {{10, 1, 20, 0.5F}, {10, 2, 30, 0.9F}};
    (void)context;
    return scree_vectors_recalls_store(segmented, 0, points, 2, 5, err);
}

/* ----------------------------------------------------------------------------------------- files */

static struct scree_las_vlr vlr_of(const char *user, uint16_t id, const void *bytes, size_t count)
{
    struct scree_las_vlr vlr = {.record_id = id, .payload = bytes, .payload_bytes = count};
    snprintf(vlr.user_id, sizeof vlr.user_id, "%s", user);
    return vlr;
}

static void make_las_files(void)
{
    static const uint16_t keys[] = {1, 1, 0, 3, 1024, 0, 1, 1, 3072, 0, 1, 2154, 3076, 0, 1, 9001};
    uint8_t described[2 * 192] = {0};
    described[2] = 3;
    memcpy(described + 4, "Amplitude", 9);
    described[192 + 2] = 1;
    memcpy(described + 196, "Mark", 4);
    const struct scree_las_vlr vlrs[2] = {vlr_of("LASF_Spec", 4, described, sizeof described),
                                          vlr_of("LASF_Projection", 34735, keys, sizeof keys)};
    const struct scree_las_vlr evlrs[2] = {vlr_of("a", 7, described, 30),
                                           vlr_of("b", 8, described, 10)};
    struct las_recipe recipe = {.version_minor = 4,
                                .point_format = 7,
                                .extra_bytes = 3,
                                .point_count = 240,
                                .chunk_points = 100,
                                .vlrs = vlrs,
                                .vlr_count = 2,
                                .evlrs = evlrs,
                                .evlr_count = 2};
    conversion_make_file(mixed, &recipe, NULL);
    struct las_bytes file = las_bytes_of_file(mixed);
    memset(file.bytes + las_point_offset(&file), 255, 8);
    conversion_write_file(walked, file.bytes, file.count);
    las_bytes_free(&file);
    recipe.evlr_count = 0;
    recipe.version_minor = 2;
    recipe.point_format = 3;
    recipe.extra_bytes = 0;
    recipe.vlrs = &vlrs[1];
    recipe.vlr_count = 1;
    conversion_make_file(older, &recipe, NULL);
    file = las_bytes_of_file(older);
    memset(file.bytes + las_point_offset(&file), 255, 8);
    conversion_write_file(untabled, file.bytes, file.count);
    conversion_write_file(damaged, file.bytes, file.count * 2 / 3);
    las_bytes_free(&file);
    recipe.point_format = 1;
    recipe.chunk_points = 0;
    recipe.vlr_count = 0;
    conversion_make_file(plain, &recipe, NULL);
}

static void make_vectors(struct scree_context *context)
{
    enum { ROWS = 60, DIM = 6 };
    struct scree_error err = SCREE_ERROR_INIT;
    uint32_t bytes[ROWS * (DIM + 1)];
    char id_text[ROWS * 5], tag_text[ROWS * 6];
    size_t id_bytes = 0, tag_bytes = 0;
    for (unsigned i = 0; i < ROWS; i++) {
        bytes[i * (DIM + 1)] = DIM;
        for (unsigned d = 0; d < DIM; d++) {
            const float value = (float)((i * 37 + d * 11) % 23) - 7;
            memcpy(&bytes[i * (DIM + 1) + 1 + d], &value, sizeof value);
        }
        id_bytes += (size_t)snprintf(id_text + id_bytes, sizeof id_text - id_bytes, "%u\n", i);
        tag_bytes += (size_t)snprintf(tag_text + tag_bytes, sizeof tag_text - tag_bytes, "%s\n",
                                      i % 2 == 0 ? "even" : "odd");
    }
    conversion_write_file(vectors, bytes, sizeof bytes);
    conversion_write_file(ids, id_text, id_bytes);
    conversion_write_file(tags, tag_text, tag_bytes);
    ready(build(context, index_path, false, ids, &err), &err);
}

void memory_jobs_files(void)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = conversion_context(1, (uint64_t)96 << 20);
    struct scree_synth_options options;
    keep(mixed, "mixed.laz");
    keep(older, "older.laz");
    keep(plain, "plain.las");
    keep(untabled, "untabled.laz");
    keep(walked, "walked.laz");
    keep(damaged, "damaged.laz");
    keep(tiles, "tiles");
    keep(city, "city.copc.laz");
    keep(changed, "changed.copc.laz");
    keep(target, "target.laz");
    keep(folder, "folder");
    keep(vectors, "vectors.fvecs");
    keep(ids, "ids.txt");
    keep(tags, "tags.txt");
    keep(index_path, "index.svx");
    keep(segmented, "segmented.svx");
    keep(merged, "merged.svx");
    assert_int_equal(mkdir(folder, 0777), 0);
    make_las_files();
    scree_synth_options_init(&options);
    options.output = tiles;
    options.point_count = 800;
    options.tile_count = 4;
    options.crs = CRS;
    ready(scree_synth_run(context, &options, NULL, &err), &err);
    const char *name = conversion_path("tiles/tile_0_0.laz");
    conversion_write_file(conversion_path("list.txt"), name, strlen(name));
    const char *inputs[] = {conversion_path("tiles/tile_0_0.laz"),
                            conversion_path("tiles/tile_1_0.laz")};
    struct scree_convert_options convert = conversion_options(inputs, 2, city);
    convert.temporal_stride = 5;
    ready(conversion_run(context, &convert, NULL, &err), &err);
    make_vectors(context);
    scree_context_free(context);
}

const struct memory_job memory_jobs[] = {
    {"a file of format 7, with records of all kinds", read_mixed, NULL},
    {"a file of format 3", read_older, NULL},
    {"a LAS file", read_plain, NULL},
    {"a file without a table of chunks", read_untabled, NULL},
    {"layered chunks without a table", read_walked, NULL},
    {"a file is written", write_file, NULL},
    {"paths", expand_paths, NULL},
    {"several files are converted", convert_several, NULL},
    {"a damaged file is converted", convert_salvaged, NULL},
    {"a survey is made up", make_survey, NULL},
    {"a file is amended in place", amend_in_place, before_amend},
    {"a file is amended in a copy", amend_copy, before_amend},
    {"a COPC file is judged", judge_copc, NULL},
    {"a damaged file is judged", judge_damaged, NULL},
    {"a query by time, to COPC", query_copc, NULL},
    {"a query by polygon, to LAZ", query_laz, NULL},
    {"a query over several files, to CSV", query_table, NULL},
    {"a query over several files, to LAS", query_joined, NULL},
    {"a query with a limit, to PLY", query_ply, NULL},
    {"a query over several files, to NPY", query_npy, NULL},
    {"a query to a descriptor", query_stream, NULL},
    {"statistics", query_statistics, NULL},
    {"a count within an area", query_area, NULL},
    {"enriched, with scores, report and map", enrich_building, NULL},
    {"enriched through scratch", enrich_scratch, NULL},
    {"enriched, to COPC", enrich_octree, NULL},
    {"points in memory enriched", enrich_cloud, NULL},
    {"a folder enriched", enrich_batch, NULL},
    {"an index is built", build_index, NULL},
    {"rows are appended", append_rows, before_append},
    {"ids are deleted from an index of one file", delete_ids, before_append},
    {"ids are deleted from an index of several", delete_ids, before_merge},
    {"segments are joined", merge_lists, before_merge},
    {"segments are built anew", merge_rows, before_merge},
    {"an index is searched", search, before_merge},
    {"recalls are kept", store_recalls, before_merge},
};
const size_t memory_job_count = sizeof memory_jobs / sizeof memory_jobs[0];
