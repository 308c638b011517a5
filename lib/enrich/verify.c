/*
 * verify.c - points of the input computed once more, each from a scan of the whole survey, and compared with their rows bit by bit.
 *
 * What the scan shares with the engine is the lattice and the formulas; neighbours and the ground (verify_ground.c) are found by looking at every point. Where files
 * overlap, sets of neighbours without a bound (all within a radius, and their count) are not looked at, nor the scores that need them.
 */
#include "base/bytes.h"
#include "base/error.h"
#include "enrich/verify.h"
#include "features/eigen.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 1024u

static int compare(const struct verify_candidate *a, const struct verify_candidate *b)
{
    if (a->d2 != b->d2)
        return a->d2 < b->d2 ? -1 : 1;
    for (int axis = 0; axis < 3; axis++)
        if (a->at[axis] != b->at[axis])
            return a->at[axis] < b->at[axis] ? -1 : 1;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return (a->file > b->file) - (a->file < b->file);
}

/* ------------------------------------------------------------------------------------------ points */

struct seen {
    int32_t at[3];
    uint64_t time;
    bool counts, ground, early;
};

/* Noise and withheld points count when they are told to. */
static bool counts_as_neighbor(const struct scree_enrich_options *options, unsigned format,
                               const uint8_t *record)
{
    const unsigned class = scree__enrich_class_of(format, record);
    const bool withheld = format < 6 ? (record[15] & 128) != 0 : (record[15] & 4) != 0;
    return !((class == 7 || class == 18) && !options->noise_neighbors) &&
           !(withheld && !options->withheld_neighbors);
}

/* False: the point is not part of the survey. */
static bool see(const struct verify *verify, const uint8_t *record, struct seen *seen)
{
    const struct scree__enrich_engine *engine = verify->engine;
    const struct scree_las_header *header = &verify->file->header;
    const unsigned format = header->point_format;
    const int32_t raw[3] = {scree__base_load_i32(record), scree__base_load_i32(record + 4),
                            scree__base_load_i32(record + 8)};
    if (!scree__enrich_lattice_put(&engine->lattice, verify->file, raw, seen->at))
        return false;
    seen->time = format >= 6                  ? scree__base_load64(record + 22)
                 : format == 0 || format == 2 ? 0
                                              : scree__base_load64(record + 20);
    seen->counts = counts_as_neighbor(&engine->options, format, record);
    const unsigned class = scree__enrich_class_of(format, record);
    seen->ground = seen->counts && (engine->options.ground_classes[class >> 6] >> (class & 63) & 1);
    const unsigned number = record[14] & (format < 6 ? 7 : 15),
                   of = format < 6 ? record[14] >> 3 & 7 : record[14] >> 4;
    seen->early = seen->counts && number < of;
    if (verify->number == 0)
        return true;
    int32_t min[3], max[3];
    scree__enrich_read_box(engine, false, min, max);
    const bool inner = seen->at[0] >= min[0] && seen->at[0] <= max[0] && seen->at[1] >= min[1] &&
                       seen->at[1] <= max[1];
    return seen->counts && !(inner && engine->options.ignore_overlap);
}

static void keep_nearest(const struct verify *verify, struct verify_query *query,
                         const struct verify_candidate *one)
{
    uint32_t at = query->near_count;
    if (at == verify->capacity) {
        if (compare(one, &query->near[at - 1]) >= 0)
            return;
        at--;
    } else {
        query->near_count++;
    }
    for (; at > 0 && compare(one, &query->near[at - 1]) < 0; at--)
        query->near[at] = query->near[at - 1];
    query->near[at] = *one;
}

static void look_at(const struct verify *verify, struct verify_query *query,
                    const struct seen *seen, uint64_t point)
{
    const struct scree__enrich_question *question = &verify->engine->question;
    uint64_t d2 = 0;
    const bool itself = verify->number == 0 && point == query->point;
    for (int axis = 0; axis < 3; axis++) {
        const int64_t d = (int64_t)seen->at[axis] - query->at[axis];
        if (d > ENRICH_REACH || d < -ENRICH_REACH)
            return;
        d2 += (uint64_t)(d * d);
    }
    if (!seen->counts && !itself)
        return;
    if (d2 <= question->count2 && seen->counts) {
        query->within += !itself;
        query->early += seen->early;
    }
    if (d2 > question->limit2 && !itself)
        return;
    struct verify_candidate one = {.d2 = d2, .file = verify->number, .time = seen->time};
    memcpy(one.at, seen->at, sizeof one.at);
    if (question->k > 0) {
        if (query->near_count < verify->capacity || d2 <= query->near[query->near_count - 1].d2)
            keep_nearest(verify, query, &one);
        return;
    }
    const struct scree__enrich_hit hit = {d2, {one.at[0], one.at[1], one.at[2]}};
    scree__enrich_add_moment(&query->moments, query->at, &hit, 1);
}

static void look_at_ground(const struct verify *verify, struct verify_query *query,
                           const struct seen *seen)
{
    const int64_t most = 2 * verify->engine->question.ground_reach + 1;
    const int64_t dx = (int64_t)seen->at[0] - query->at[0],
                  dy = (int64_t)seen->at[1] - query->at[1];
    if (dx > most || dx < -most || dy > most || dy < -most)
        return;
    const struct features_corner point = {(int32_t)dx, (int32_t)dy,
                                          scree__enrich_minus(seen->at[2], query->at[2])};
    scree__verify_ground_look(verify, &query->ground, &point);
}

/* ------------------------------------------------------------------------------------------- scan */

static int compare_points(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = ((const struct verify_query *)b)->point;
    return (x > y) - (x < y);
}

static void take(struct verify *verify, struct verify_query *own, uint64_t first,
                 const uint8_t *records, size_t count)
{

    for (size_t i = 0; i < count; i++, records += verify->file->header.record_bytes) {
        struct seen seen;
        const uint64_t point = first + i;
        if (verify->stage == VERIFY_PLACES) {
            struct verify_query *query = bsearch(&point, verify->queries, verify->count,
                                                 sizeof *verify->queries, compare_points);
            if (query != NULL && see(verify, records, &seen)) {
                memcpy(query->at, seen.at, sizeof query->at);
                query->counts = seen.counts;
            }
            continue;
        }
        if (!see(verify, records, &seen))
            continue;
        if (verify->stage == VERIFY_LOWS) {
            if (seen.ground)
                scree__verify_lows_look(verify, seen.at);
            continue;
        }
        const bool ground =
            verify->heights && seen.ground && scree__verify_is_lowest(verify, seen.at);
        for (uint64_t q = 0; q < verify->count; q++) {
            if (verify->stage == VERIFY_NEAR)
                look_at(verify, &own[q], &seen, point);
            if (ground)
                look_at_ground(verify, &own[q], &seen);
        }
    }
}

static enum scree_status scan_unit(void *arg, uint64_t index, unsigned worker,
                                   struct scree_error *err)
{
    struct verify *verify = arg;
    struct scree_las_unit unit;
    enum scree_status status = SCREE_OK;
    size_t count = 1;
    if (verify->cursors[worker] == NULL)
        status = scree_las_cursor_new(verify->reader, SCREE_LAZ_FIELD_ALL, &verify->cursors[worker],
                                      err);
    if (status == SCREE_OK)
        status = scree_las_cursor_open(verify->cursors[worker], index, err);
    scree_las_unit(verify->reader, index, &unit);
    for (uint64_t at = unit.first_point; status == SCREE_OK && count > 0; at += count) {
        status = scree_las_cursor_next(verify->cursors[worker], verify->records[worker], BATCH,
                                       &count, err);
        if (status == SCREE_OK)
            take(verify, verify->queries + worker * verify->count, at, verify->records[worker],
                 count);
        if (status == SCREE_OK)
            status = scree__par_check_cancel(verify->job->context, err);
        if (status == SCREE_OK)
            scree__par_stage_add(verify->job->context, count);
    }
    return status;
}

static enum scree_status scan_file(struct verify *verify, uint32_t number, struct scree_error *err)
{
    const struct scree__enrich_engine *engine = verify->engine;
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    const uint64_t bytes = (uint64_t)BATCH * engine->files[number].header.record_bytes;
    enum scree_status status = SCREE_OK;
    verify->number = number;
    verify->file = &engine->files[number];
    verify->reader = verify->job->reader;
    if (number > 0) {
        status =
            scree_source_open(verify->file->path, engine->options.source_options, &source, err);
        if (status == SCREE_OK)
            status = scree_las_open(source, verify->job->context, &reader, err);
        verify->reader = reader;
    }
    for (unsigned w = 0; w < verify->workers && status == SCREE_OK; w++) {
        void *memory;
        status = scree__mem_alloc(verify->budget, bytes, &memory, "records", err);
        if (status == SCREE_OK)
            verify->records[w] = memory;
    }
    if (status == SCREE_OK)
        status = scree__par_for(scree__par_pool(verify->job->context),
                                scree_las_unit_count(verify->reader), scan_unit, verify, err);
    for (unsigned w = 0; w < verify->workers; w++) {
        scree_las_cursor_free(verify->cursors[w]);
        scree__mem_free(verify->budget, verify->records[w], bytes);
        verify->cursors[w] = NULL;
        verify->records[w] = NULL;
    }
    scree_las_close(reader);
    scree_source_close(source);
    return status;
}

/* --------------------------------------------------------------------------------------- comparison */

/* What the workers have found for one query, together: into the first one's. */
static void join(const struct verify *verify, uint64_t q)
{
    struct verify_query *all = &verify->queries[q];
    for (unsigned w = 1; w < verify->workers; w++) {
        const struct verify_query *other = &verify->queries[w * verify->count + q];
        for (uint32_t i = 0; i < other->near_count; i++)
            keep_nearest(verify, all, &other->near[i]);
        all->within += other->within;
        all->early += other->early;
        struct features_moments *sums = &all->moments;
        const struct features_moments *more = &other->moments;
        sums->count += more->count;
        sums->reach2 = more->reach2 > sums->reach2 ? more->reach2 : sums->reach2;
        for (int i = 0; i < 3; i++)
            sums->sum[i] += more->sum[i];
        for (int i = 0; i < 6; i++) {
            sums->low[i] += more->low[i];
            sums->high[i] += more->high[i];
        }
    }
}

/* A point that several files have counts as often as in the one that has it most often. */
static void drop_duplicates(struct verify_query *query)
{
    uint32_t kept = 0, had = 0, of_file = 0;
    for (uint32_t i = 0; i < query->near_count; i++) {
        struct verify_candidate *one = &query->near[i];
        const bool same = i > 0 && one->d2 == one[-1].d2 && one->time == one[-1].time &&
                          memcmp(one->at, one[-1].at, sizeof one->at) == 0;
        if (!same) {
            had = of_file = 0;
        } else if (one->file != one[-1].file) {
            had = of_file > had ? of_file : had;
            of_file = 0;
        }
        one->dropped = ++of_file <= had;
    }
    for (uint32_t i = 0; i < query->near_count; i++)
        if (!query->near[i].dropped)
            query->near[kept++] = query->near[i];
    query->near_count = kept;
}

static void sum_up(const struct verify *verify, struct verify_query *query,
                   struct features_moments *moments)
{
    const uint32_t k = verify->engine->question.k;
    *moments = query->moments;
    if (k == 0)
        return;
    memset(moments, 0, sizeof *moments);
    if (verify->engine->tagged)
        drop_duplicates(query);
    for (uint32_t i = 0; i < query->near_count && i < k; i++) {
        const struct verify_candidate *one = &query->near[i];
        const struct scree__enrich_hit hit = {one->d2, {one->at[0], one->at[1], one->at[2]}};
        scree__enrich_add_moment(moments, query->at, &hit, 1);
    }
}

static void make_row(const struct verify *verify, const struct features_moments *moments,
                     struct features_row *row)
{
    const double unit = verify->engine->question.unit;
    struct features_shape shape;
    scree__features_shapes(&scree__features_loops_plain, moments, 1, &shape);
    for (int axis = 0; axis < 3; axis++) {
        row->normal[axis] = (float)shape.normal[axis];
        row->eigenvalue[axis] = (float)(shape.value[axis] * unit * unit);
    }
    row->reach = (float)(sqrt((double)moments->reach2) * unit);
    row->count = moments->count;
}

/* Others within the count radius, and above their number the share of early returns among all. */
static uint32_t count_of(const struct verify_query *query)
{
    const uint64_t all = query->within + query->counts;
    const uint64_t share = all > 0 ? (query->early * 255 + all / 2) / all : 0;
    return (uint32_t)(share << 24 | (query->within < 0xFFFFFF ? query->within : 0xFFFFFF));
}

static bool is_score(enum scree_feature feature)
{
    return feature >= SCREE_FEATURE_WALL_SCORE && feature <= SCREE_FEATURE_BUILDING_SCORE;
}

static bool is_looked_at(const struct verify *verify, enum scree_feature feature)
{
    if (!verify->heights && (feature == SCREE_FEATURE_HEIGHT_ABOVE_GROUND || is_score(feature)))
        return false;
    if (!verify->engine->tagged || feature == SCREE_FEATURE_HEIGHT_ABOVE_GROUND)
        return true;
    return verify->engine->question.k > 0 && feature != SCREE_FEATURE_NEIGHBOR_COUNT &&
           !is_score(feature);
}

static enum scree_status compare_query(const struct verify *verify, uint64_t q,
                                       struct scree_error *err)
{
    struct verify_query *query = &verify->queries[q];
    struct scree__enrich_values values = {.height = SCREE_FEATURE_NO_DATA};
    struct features_moments moments;
    float row[SCREE_FEATURE_COUNT], expected[SCREE_FEATURE_COUNT];
    const enum scree_feature *features;
    const uint32_t count = scree__enrich_rows_features(verify->job->rows, &features);
    join(verify, q);
    sum_up(verify, query, &moments);
    make_row(verify, &moments, &values.row);
    values.count = count_of(query);
    if (verify->heights)
        values.height = scree__verify_ground_height(verify, &query->ground);
    scree__enrich_derive(&verify->engine->rules, &values, 1, expected);
    enum scree_status status =
        scree__enrich_rows_read(verify->job->rows, query->point, 1, row, err);
    for (uint32_t i = 0; i < count && status == SCREE_OK; i++)
        if (is_looked_at(verify, features[i]) && memcmp(&row[i], &expected[i], sizeof row[i]) != 0)
            status = scree__base_fail(err, SCREE_E_DATA,
                                      "%s: point %" PRIu64 ": %s is %.9g, a scan of everything "
                                      "gives %.9g (an error of scree: please report it)",
                                      verify->job->options.input, query->point,
                                      scree_feature_info(features[i])->name, (double)row[i],
                                      (double)expected[i]);
    return status;
}

/* ------------------------------------------------------------------------------------------- whole */

/* One in each of `count` equal stretches of the input, by a hash of its number: the same ones in every run. */
static uint64_t pick(uint64_t q, uint64_t count, uint64_t points)
{
    const uint64_t begin = points / count * q + points % count * q / count;
    const uint64_t end = points / count * (q + 1) + points % count * (q + 1) / count;
    uint64_t hash = (q + 1) * UINT64_C(0x9E3779B97F4A7C15);
    hash = (hash ^ hash >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    return begin + (hash ^ hash >> 27) % (end > begin ? end - begin : 1);
}

static enum scree_status make_room(struct verify *verify, struct scree_error *err)
{
    const uint64_t sets = verify->count * verify->workers;
    void *memory;
    enum scree_status status = scree__mem_alloc(verify->budget, sets * sizeof *verify->queries,
                                                &memory, "points to verify", err);
    if (status != SCREE_OK)
        return status;
    verify->queries = memory;
    memset(memory, 0, sets * sizeof *verify->queries);
    status = scree__mem_alloc(verify->budget, sets * verify->capacity * sizeof *verify->room,
                              &memory, "points to verify", err);
    if (status != SCREE_OK)
        return status;
    verify->room = memory;
    for (uint64_t i = 0; i < sets; i++) {
        verify->queries[i].near = verify->room + i * verify->capacity;
        verify->queries[i].point =
            pick(i % verify->count, verify->count, verify->job->plan.point_count);
    }
    const uint64_t bytes = verify->workers * (sizeof *verify->cursors + sizeof *verify->records);
    status = scree__mem_alloc(verify->budget, bytes, &memory, "points to verify", err);
    if (status != SCREE_OK)
        return status;
    memset(memory, 0, bytes);
    verify->cursors = memory;
    verify->records = (uint8_t **)(void *)(verify->cursors + verify->workers);
    return SCREE_OK;
}

static enum scree_status scan_survey(struct verify *verify, struct scree_error *err)
{
    enum scree_status status = SCREE_OK;
    for (uint32_t f = 0; f < verify->engine->file_count && status == SCREE_OK; f++)
        status = scan_file(verify, f, err);
    return status;
}

/* What the workers know of the ground, together; and whether it is settled. */
static bool settle_ground(struct verify *verify)
{
    bool more = false;
    for (uint64_t q = 0; q < verify->count; q++) {
        struct verify_ground *ground = &verify->queries[q].ground;
        for (unsigned w = 1; w < verify->workers; w++)
            scree__verify_ground_join(verify, ground,
                                      &verify->queries[w * verify->count + q].ground);
        more = scree__verify_ground_settle(verify, ground) || more;
        for (unsigned w = 1; w < verify->workers; w++)
            verify->queries[w * verify->count + q].ground = *ground;
    }
    return more;
}

static enum scree_status find_lows(struct verify *verify, struct scree_error *err)
{
    if (!verify->heights || verify->engine->question.ground_cells.side == 0)
        return SCREE_OK;
    scree__verify_lows_begin(verify);
    verify->stage = VERIFY_LOWS;
    enum scree_status status = scan_survey(verify, err);
    return status == SCREE_OK ? scree__verify_lows_end(verify, err) : status;
}

static enum scree_status scan(struct verify *verify, struct scree_error *err)
{
    uint64_t points = verify->job->plan.point_count;
    for (uint64_t f = 0; f < verify->engine->file_count; f++)
        points += verify->engine->files[f].header.point_count;
    scree__par_stage_begin(verify->job->context, "verify", points);
    enum scree_status status = scan_file(verify, 0, err);
    for (unsigned w = 1; w < verify->workers; w++)
        for (uint64_t q = 0; q < verify->count; q++) {
            struct verify_query *own = &verify->queries[w * verify->count + q];
            memcpy(own->at, verify->queries[q].at, sizeof own->at);
            own->counts = verify->queries[q].counts;
        }
    if (status == SCREE_OK)
        status = find_lows(verify, err);
    verify->stage = VERIFY_NEAR;
    if (status == SCREE_OK)
        status = scan_survey(verify, err);
    verify->stage = VERIFY_TRIANGLE;
    while (status == SCREE_OK && verify->heights && settle_ground(verify))
        status = scan_survey(verify, err);
    if (status == SCREE_OK)
        scree__par_stage_end(verify->job->context);
    return status;
}

enum scree_status scree__enrich_job_verify(struct scree_enrich_job *job, uint64_t count,
                                           uint64_t *verified, struct scree_error *err)
{
    struct verify verify = {.job = job,
                            .engine = job->engine,
                            .budget = scree__par_budget(job->context),
                            .workers = scree_context_threads(job->context)};
    const uint64_t points = job->plan.point_count;
    const uint32_t k = job->options.k > 0 ? job->options.k : 1;
    verify.count = count < points ? count : points;
    verify.capacity = verify.engine->tagged ? k * (uint32_t)verify.engine->file_count : k;
    verify.heights = verify.engine->question.heights;
    if (verify.count == 0)
        return SCREE_OK;
    enum scree_status status = make_room(&verify, err);
    if (status == SCREE_OK)
        status = scan(&verify, err);
    for (uint64_t q = 0; q < verify.count && status == SCREE_OK; q++)
        status = compare_query(&verify, q, err);
    if (status == SCREE_OK)
        *verified = verify.count;
    const uint64_t sets = verify.count * verify.workers;
    scree__verify_lows_release(&verify);
    scree__mem_free(verify.budget, verify.queries,
                    verify.queries != NULL ? sets * sizeof *verify.queries : 0);
    scree__mem_free(verify.budget, verify.room,
                    verify.room != NULL ? sets * verify.capacity * sizeof *verify.room : 0);
    scree__mem_free(verify.budget, verify.cursors,
                    verify.cursors != NULL
                        ? verify.workers * (sizeof *verify.cursors + sizeof *verify.records)
                        : 0);
    return status;
}
