/*
 * kmeans.c - training of centroids.
 *
 *     choose_all()    first centroids, in rounds: draw by weight, then shorten distances
 *     iterate()       assign, group rows by list, average, refill lists that are empty
 *     arrange()       the order of the result
 */
#include "vectors/kmeans.h"
#include "base/error.h"
#include "vectors/draw.h"
#include "vectors/kmeans_order.h"
#include "vectors/lists.h"

#include <math.h>
#include <string.h>

#define TILE 240u       /* rows a piece of work: a multiple of every kernel's tile */
#define FIRST_ROUNDS 8u /* in which the first centroids are drawn */
#define FIRST_ROWS 16u  /* rows of the sample, a list, that they are drawn from */
#define FEW_ROWS 24u    /* a list: no iteration on a part of the sample with fewer */
#define SMALL_PART 8u   /* of the mean: a list as small as that is given up for a large one */
#define LARGE_TIMES 4u  /* the mean: a list as large as that is divided if a small one can be had */
#define DEFAULT_ITERATIONS 10u

struct kmeans {
    struct scree_context *context;
    struct scree__mem_budget *budget;
    const float *rows;
    size_t stride;
    uint64_t row_count, first_count;
    uint32_t dim, list_count;
    uint64_t seed;

    float *current; /* [list_count][dim] */
    struct scree__vectors_lists lists;
    uint32_t *nearest;                 /* [row_count], for the rows of the part */
    float *distances2;                 /* [first_count] */
    double *weights;                   /* [first_count]: sums of distances2 up to and with each */
    uint32_t *order;                   /* [row_count]: numbers in the part, by list */
    uint32_t *begins;                  /* [list_count + 1] in order */
    uint32_t *counts;                  /* [list_count] */
    double *sums;                      /* [threads][dim] */
    struct scree__vectors_lists fresh; /* of a round of first centroids */
};

/* Rows first, first + step ... of the sample. */
struct part {
    struct kmeans *kmeans;
    const struct scree__vectors_lists *lists;
    uint64_t step, count;
    float *distances2; /* NULL: not wanted */
};

static const float *row_at(const struct kmeans *kmeans, uint64_t row)
{
    return kmeans->rows + row * kmeans->stride;
}

/* ------------------------------------------------------------------------------------- memory */

static unsigned threads_of(struct scree_context *context)
{
    return context == NULL ? 1 : scree__par_pool_threads(scree__par_pool(context));
}

static uint64_t first_rows(uint64_t row_count, uint32_t list_count)
{
    uint64_t wanted = (uint64_t)list_count * FIRST_ROWS;
    return row_count < wanted ? row_count : wanted;
}

struct block {
    void **at;
    uint64_t bytes;
};

/* All arrays; returns how many. */
static unsigned blocks_of(struct kmeans *kmeans, unsigned threads, struct block blocks[8])
{
    const uint64_t rows = kmeans->row_count, first = kmeans->first_count;
    const uint64_t lists = kmeans->list_count, dim = kmeans->dim;
    unsigned count = 0;
    blocks[count++] = (struct block){(void **)&kmeans->current, lists * dim * sizeof(float)};
    blocks[count++] = (struct block){(void **)&kmeans->nearest, rows * sizeof(uint32_t)};
    blocks[count++] = (struct block){(void **)&kmeans->distances2, first * sizeof(float)};
    blocks[count++] = (struct block){(void **)&kmeans->weights, first * sizeof(double)};
    blocks[count++] = (struct block){(void **)&kmeans->order, rows * sizeof(uint32_t)};
    blocks[count++] = (struct block){(void **)&kmeans->begins, (lists + 1) * sizeof(uint32_t)};
    blocks[count++] = (struct block){(void **)&kmeans->counts, lists * sizeof(uint32_t)};
    blocks[count++] = (struct block){(void **)&kmeans->sums, threads * dim * sizeof(double)};
    return count;
}

static uint32_t round_size(uint32_t list_count)
{
    return (list_count + FIRST_ROUNDS - 1) / FIRST_ROUNDS;
}

uint64_t scree__vectors_kmeans_bytes(uint64_t row_count, uint32_t dim, uint32_t list_count,
                                     unsigned threads)
{
    struct kmeans kmeans = {.row_count = row_count, .dim = dim, .list_count = list_count};
    struct block blocks[8];
    uint64_t bytes = scree__vectors_lists_bytes(list_count, dim) +
                     scree__vectors_lists_bytes(round_size(list_count), dim);
    kmeans.first_count = first_rows(row_count, list_count);
    for (unsigned i = blocks_of(&kmeans, threads, blocks); i-- > 0;)
        bytes += blocks[i].bytes;
    return bytes + scree__vectors_order_bytes(list_count);
}

static enum scree_status take_memory(struct kmeans *kmeans, unsigned threads,
                                     struct scree_error *err)
{
    struct block blocks[8];
    for (unsigned i = blocks_of(kmeans, threads, blocks); i-- > 0;) {
        enum scree_status status =
            scree__mem_alloc(kmeans->budget, blocks[i].bytes, blocks[i].at, "k-means", err);
        if (status != SCREE_OK)
            return status;
    }
    return scree__vectors_lists_init(&kmeans->lists, kmeans->budget, NULL, 0, kmeans->list_count,
                                     kmeans->dim, err);
}

static void give_memory(struct kmeans *kmeans, unsigned threads)
{
    struct block blocks[8];
    for (unsigned i = blocks_of(kmeans, threads, blocks); i-- > 0;)
        scree__mem_free(kmeans->budget, *blocks[i].at, blocks[i].bytes);
    scree__vectors_lists_release(&kmeans->lists);
    scree__vectors_lists_release(&kmeans->fresh);
}

/* --------------------------------------------------------------------------------- assignment */

static enum scree_status for_each(struct scree_context *context, uint64_t count,
                                  scree__par_item item, void *arg, struct scree_error *err)
{
    if (context != NULL)
        return scree__par_for(scree__par_pool(context), count, item, arg, err);
    enum scree_status status = SCREE_OK;
    for (uint64_t i = 0; i < count && status == SCREE_OK; i++)
        status = item(arg, i, 0, err);
    return status;
}

static enum scree_status assign_tile(void *arg, uint64_t index, unsigned worker,
                                     struct scree_error *err)
{
    const struct part *part = arg;
    const struct kmeans *kmeans = part->kmeans;
    uint64_t begin = index * TILE;
    uint64_t count = part->count - begin < TILE ? part->count - begin : TILE;
    (void)worker;
    (void)err;
    scree__vectors_assign(part->lists, row_at(kmeans, begin * part->step),
                          kmeans->stride * part->step, count, kmeans->nearest + begin,
                          part->distances2 == NULL ? NULL : part->distances2 + begin);
    return SCREE_OK;
}

static enum scree_status assign_part(struct part *part, struct scree_error *err)
{
    return for_each(part->kmeans->context, (part->count + TILE - 1) / TILE, assign_tile, part, err);
}

/* ---------------------------------------------------------------------------- first centroids */

/* A row of the first rows, by weight; one that has none left only where all have. */
static uint64_t draw_row(struct kmeans *kmeans)
{
    const uint64_t count = kmeans->first_count;
    double total = kmeans->weights[count - 1];
    if (!(total > 0))
        return scree__vectors_draw_below(&kmeans->seed, count);
    double at = scree__vectors_draw_unit(&kmeans->seed) * total;
    uint64_t low = 0, high = count - 1; /* the first whose weight is above `at` */
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (kmeans->weights[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/*
 * By squared distance, but no more than the mean of them: what lies far from all is found, and rows that are outliers by themselves do not make lists of their
 * own. (MNIST, 256 lists, 16 probed: recall 0.990 by plain squared distances, 0.991 by these.)
 */
static void sum_weights(struct kmeans *kmeans)
{
    double sum = 0, mean = 0;
    for (uint64_t i = 0; i < kmeans->first_count; i++)
        mean += kmeans->distances2[i];
    mean /= (double)kmeans->first_count;
    for (uint64_t i = 0; i < kmeans->first_count; i++) {
        sum += kmeans->distances2[i] < mean ? kmeans->distances2[i] : mean;
        kmeans->weights[i] = sum;
    }
}

/* Distances to the fresh centroids, through `weights` as floats, where they are shorter. */
static enum scree_status shorten(struct kmeans *kmeans, uint32_t first, uint32_t count,
                                 uint64_t step, struct scree_error *err)
{
    float *now = (float *)(void *)kmeans->weights;
    struct part part = {kmeans, &kmeans->fresh, step, kmeans->first_count, now};
    scree__vectors_lists_release(&kmeans->fresh);
    enum scree_status status = scree__vectors_lists_init(
        &kmeans->fresh, kmeans->budget, kmeans->current + (size_t)first * kmeans->dim, kmeans->dim,
        count, kmeans->dim, err);
    if (status == SCREE_OK)
        status = assign_part(&part, err);
    if (status != SCREE_OK)
        return status;
    for (uint64_t i = 0; i < kmeans->first_count; i++)
        if (first == 0 || now[i] < kmeans->distances2[i])
            kmeans->distances2[i] = now[i];
    return SCREE_OK;
}

static enum scree_status choose_all(struct kmeans *kmeans, struct scree_error *err)
{
    const uint64_t step = kmeans->row_count / kmeans->first_count;
    const uint32_t most = round_size(kmeans->list_count);
    for (uint64_t i = 0; i < kmeans->first_count; i++)
        kmeans->distances2[i] = 1;
    enum scree_status status = SCREE_OK;
    for (uint32_t first = 0; first < kmeans->list_count && status == SCREE_OK; first += most) {
        uint32_t left = kmeans->list_count - first, count = left < most ? left : most;
        sum_weights(kmeans);
        for (uint32_t list = first; list < first + count; list++) {
            const float *row = row_at(kmeans, draw_row(kmeans) * step);
            memcpy(kmeans->current + (size_t)list * kmeans->dim, row, kmeans->dim * sizeof(float));
        }
        if (left > most)
            status = shorten(kmeans, first, count, step, err);
    }
    return status;
}

/* --------------------------------------------------------------------------------- iterations */

static void group_rows(struct kmeans *kmeans, uint64_t count)
{
    memset(kmeans->counts, 0, kmeans->list_count * sizeof *kmeans->counts);
    for (uint64_t i = 0; i < count; i++)
        kmeans->counts[kmeans->nearest[i]]++;
    uint32_t begin = 0;
    for (uint32_t list = 0; list < kmeans->list_count; list++) {
        kmeans->begins[list] = begin;
        begin += kmeans->counts[list];
    }
    kmeans->begins[kmeans->list_count] = begin;
    for (uint64_t i = 0; i < count; i++)
        kmeans->order[kmeans->begins[kmeans->nearest[i]]++] = (uint32_t)i;
    for (uint32_t list = 0; list < kmeans->list_count; list++)
        kmeans->begins[list] -= kmeans->counts[list];
}

static enum scree_status average_list(void *arg, uint64_t index, unsigned worker,
                                      struct scree_error *err)
{
    const struct part *part = arg;
    const struct kmeans *kmeans = part->kmeans;
    double *sums = kmeans->sums + (size_t)worker * kmeans->dim;
    uint32_t begin = kmeans->begins[index], end = kmeans->begins[index + 1];
    (void)err;
    if (begin == end)
        return SCREE_OK;
    memset(sums, 0, kmeans->dim * sizeof *sums);
    for (uint32_t i = begin; i < end; i++) {
        const float *row = row_at(kmeans, kmeans->order[i] * part->step);
        for (uint32_t d = 0; d < kmeans->dim; d++)
            sums[d] += row[d];
    }
    float *centroid = kmeans->current + index * kmeans->dim;
    for (uint32_t d = 0; d < kmeans->dim; d++)
        centroid[d] = (float)(sums[d] / (end - begin));
    return SCREE_OK;
}

static uint32_t largest_list(const struct kmeans *kmeans)
{
    uint32_t largest = 0;
    for (uint32_t list = 1; list < kmeans->list_count; list++)
        if (kmeans->counts[list] > kmeans->counts[largest])
            largest = list;
    return largest;
}

/* Lists without rows, and very small ones while there are very large ones, begin again at a row of the largest. */
static void refill(struct kmeans *kmeans, const struct part *part)
{
    const uint64_t lists = kmeans->list_count;
    for (uint32_t list = 0; list < lists; list++) {
        if (kmeans->counts[list] * lists * SMALL_PART > part->count)
            continue;
        uint32_t largest = largest_list(kmeans), count = kmeans->counts[largest];
        bool large = count * lists > part->count * LARGE_TIMES;
        if (count < 2 || (kmeans->counts[list] > 0 && !large))
            continue;
        uint32_t size = kmeans->begins[largest + 1] - kmeans->begins[largest];
        if (size == 0) /* it has been refilled itself */
            return;
        uint64_t drawn = kmeans->begins[largest] + scree__vectors_draw_below(&kmeans->seed, size);
        memcpy(kmeans->current + (size_t)list * kmeans->dim,
               row_at(kmeans, kmeans->order[drawn] * part->step), kmeans->dim * sizeof(float));
        kmeans->counts[largest] -= count / 2;
        kmeans->counts[list] = count / 2;
    }
}

static enum scree_status iterate(struct kmeans *kmeans, uint64_t step, bool last,
                                 struct scree_error *err)
{
    struct part part = {kmeans, &kmeans->lists, step, (kmeans->row_count + step - 1) / step, NULL};
    scree__vectors_lists_set(&kmeans->lists, 0, kmeans->current, kmeans->dim, kmeans->list_count);
    enum scree_status status = assign_part(&part, err);
    if (status != SCREE_OK)
        return status;
    group_rows(kmeans, part.count);
    status = for_each(kmeans->context, kmeans->list_count, average_list, &part, err);
    if (status == SCREE_OK && !last)
        refill(kmeans, &part);
    return status;
}

/* The first three tenths of the iterations see every eighth row, two more tenths every fourth, two more every second. */
static uint64_t step_of(const struct kmeans *kmeans, uint32_t iteration, uint32_t iterations)
{
    uint32_t tenth = iteration * 10 / iterations;
    uint64_t step = tenth < 3 ? 8 : tenth < 5 ? 4 : tenth < 7 ? 2 : 1;
    while (step > 1 && kmeans->row_count / step < (uint64_t)kmeans->list_count * FEW_ROWS)
        step /= 2;
    return step;
}

static enum scree_status train(struct kmeans *kmeans, uint32_t iterations, struct scree_error *err)
{
    enum scree_status status = choose_all(kmeans, err);
    for (uint32_t i = 0; i < iterations && status == SCREE_OK; i++)
        status = iterate(kmeans, step_of(kmeans, i, iterations), i + 1 == iterations, err);
    return status;
}

enum scree_status scree__vectors_kmeans(struct scree_context *context,
                                        const struct scree__vectors_kmeans_options *options,
                                        const float *rows, size_t row_stride, uint64_t row_count,
                                        uint32_t dim, float *centroids, size_t centroid_stride,
                                        struct scree_error *err)
{
    const unsigned threads = threads_of(context);
    struct kmeans kmeans = {.context = context,
                            .budget = scree__par_budget(context),
                            .rows = rows,
                            .stride = row_stride,
                            .row_count = row_count,
                            .first_count = first_rows(row_count, options->list_count),
                            .dim = dim,
                            .list_count = options->list_count,
                            .seed = options->seed};
    if (options->list_count == 0 || row_count < options->list_count || row_count > UINT32_MAX)
        return scree__base_fail(err, SCREE_E_ARGUMENT,
                                "%u lists cannot be made of a sample of %llu rows",
                                options->list_count, (unsigned long long)row_count);
    uint32_t iterations = options->iterations == 0 ? DEFAULT_ITERATIONS : options->iterations;
    enum scree_status status = take_memory(&kmeans, threads, err);
    if (status == SCREE_OK)
        status = train(&kmeans, iterations, err);
    if (status == SCREE_OK)
        status = scree__vectors_order(kmeans.budget, kmeans.current, kmeans.list_count, dim,
                                      kmeans.counts, err);
    for (uint32_t list = 0; list < kmeans.list_count && status == SCREE_OK; list++)
        memcpy(centroids + list * centroid_stride,
               kmeans.current + (size_t)kmeans.counts[list] * dim, dim * sizeof(float));
    give_memory(&kmeans, threads);
    return status;
}
