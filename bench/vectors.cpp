/*
 * vectors.cpp - a vector index beside IVF-Flat of FAISS, in one process, on one thread, in turns: recall of the 10 nearest and queries a CPU second.
 *
 *     bench_vectors BASE QUERIES TRUTH METRIC LISTS[,LISTS]... BITS RERANK [TURNS [QUERIES [RECALL [DEVIATIONS]]]]
 *
 * BASE, QUERIES: .fvecs or .bvecs; TRUTH: .ivecs, row numbers of the exact nearest. METRIC: l2 or cosine; RERANK: none, fp32, fp16. With several numbers of lists
 * each side's best of them is compared as well. Nothing is measured far beyond RECALL (0.998). DEVIATIONS: of bounds, as
 * searches take them (2.3). C++, because FAISS is; built only where FAISS is found.
 */
#include "scree/scree.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFFlat.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

static const size_t K = 10;

static double now()
{
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

[[noreturn]] static void fail(const char *what)
{
    fprintf(stderr, "bench_vectors: %s\n", what);
    exit(1);
}

struct rows {
    std::vector<float> values;
    size_t count = 0, dim = 0;
};

static rows read_rows(const char *path)
{
    rows out;
    FILE *file = fopen(path, "rb");
    if (file == nullptr)
        fail(path);
    bool bytes = strstr(path, ".bvecs") != nullptr, whole = strstr(path, ".ivecs") != nullptr;
    int32_t dim;
    while (fread(&dim, sizeof dim, 1, file) == 1) {
        std::vector<uint8_t> row((size_t)dim * (bytes ? 1 : 4));
        if (fread(row.data(), row.size(), 1, file) != 1)
            fail("a truncated file");
        for (size_t d = 0; d < (size_t)dim; d++) {
            float value;
            int32_t number;
            if (bytes)
                value = row[d];
            else if (whole)
                value = (float)(memcpy(&number, &row[4 * d], 4), number);
            else
                memcpy(&value, &row[4 * d], 4);
            out.values.push_back(value);
        }
        out.dim = (size_t)dim;
        out.count++;
    }
    fclose(file);
    return out;
}

static void normalise(rows &it)
{
    for (size_t i = 0; i < it.count; i++) {
        double sum = 0;
        for (size_t d = 0; d < it.dim; d++)
            sum += (double)it.values[i * it.dim + d] * it.values[i * it.dim + d];
        for (size_t d = 0; d < it.dim; d++)
            it.values[i * it.dim + d] = (float)(it.values[i * it.dim + d] / std::sqrt(sum));
    }
}

template <class T>
static double recall_of(const std::vector<T> &ids, const rows &truth, size_t queries)
{
    size_t hits = 0;
    for (size_t q = 0; q < queries; q++)
        for (size_t i = 0; i < K; i++)
            for (size_t j = 0; j < K; j++)
                hits += (int64_t)ids[q * K + i] == (int64_t)truth.values[q * truth.dim + j];
    return (double)hits / (double)(queries * K);
}

/* CPU seconds of a call, of as many as fill 20 ms: with 200 queries one is over before what the other side left in the caches is out of them. */
template <class F> static double timed(F call)
{
    double begin = now(), end;
    int calls = 0;
    do {
        call();
        calls++;
        end = now();
    } while (end - begin < 0.02);
    return (end - begin) / calls;
}

struct point {
    size_t nprobe;
    double recall, rate;
};

/* Rate at a recall, between the two points around it on a logarithm of what is missed; 0: never reached. */
static double rate_at(const std::vector<point> &points, double recall)
{
    for (size_t i = 0; i < points.size(); i++) {
        if (points[i].recall < recall)
            continue;
        if (i == 0)
            return points[0].rate;
        double a = std::log(1.0001 - points[i - 1].recall), b = std::log(1.0001 - points[i].recall);
        double at = (std::log(1.0001 - recall) - a) / (b - a);
        return std::exp(std::log(points[i - 1].rate) * (1 - at) + std::log(points[i].rate) * at);
    }
    return 0;
}

struct options {
    const char *base;
    scree_vectors_metric metric;
    uint32_t lists, bits;
    scree_vectors_rerank rerank;
    float deviations; /* 0: as they are */
};

static scree_vectors_index *build(const options &options, const std::string &path,
                                  scree_context *context)
{
    scree_error err = SCREE_ERROR_INIT;
    scree_vectors_column_options column = {};
    column.name = "it";
    column.input.location = options.base;
    column.metric = options.metric;
    column.bits = options.bits;
    column.rerank = options.rerank;
    column.list_count = options.lists;
    scree_vectors_build_options all;
    scree_vectors_build_options_init(&all);
    all.output = path.c_str();
    all.replace = true;
    all.columns = &column;
    all.column_count = 1;
    scree_vectors_build_job *job = nullptr;
    scree_vectors_build_result result;
    scree_vectors_index *index = nullptr;
    if (scree_vectors_build_open(context, &all, &job, &err) != SCREE_OK ||
        scree_vectors_build_run(job, &result, &err) != SCREE_OK)
        fail(err.message);
    printf("scree: %u lists, the largest %u; %.1f bytes a vector\n", result.columns[0].list_count,
           result.columns[0].largest_list,
           (double)result.output_bytes / (double)result.columns[0].vector_count);
    scree_vectors_build_close(job);
    scree_vectors_open_options open;
    scree_vectors_open_options_init(&open);
    open.cache_bytes = (uint64_t)1 << 30;
    if (scree_vectors_open(context, path.c_str(), &open, &index, &err) != SCREE_OK)
        fail(err.message);
    return index;
}

/* A point for each nprobe. */
struct sides {
    std::vector<point> ours, theirs;
};

struct sets {
    rows base, queries, truth; /* base and queries of length 1 for cosine */
};

static const double RECALLS[] = {0.9, 0.95, 0.98, 0.99, 0.995, 0.998};

static double middle_of(std::vector<double> times)
{
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

static void measure(const sets &sets, const options &options, scree_vectors_index *index,
                    faiss::IndexIVFFlat &peer, size_t nprobe, int turns, sides *out)
{
    const rows &queries = sets.queries;
    std::vector<uint64_t> ids(queries.count * K);
    std::vector<faiss::Index::idx_t> peer_ids(queries.count * K);
    std::vector<float> distances(queries.count * K);
    std::vector<double> our_times, single_times, peer_times;
    scree_vectors_search_options search;
    scree_vectors_search_statistics done = {};
    scree_error err = SCREE_ERROR_INIT;
    scree_vectors_search_options_init(&search);
    search.nprobe = (uint32_t)nprobe;
    if (options.deviations > 0)
        search.deviations = options.deviations;
    peer.nprobe = nprobe;
    for (int turn = 0; turn <= turns; turn++) { /* the first one fills caches */
        double ours_now = timed([&] {
            if (scree_vectors_search(index, &search, queries.values.data(), queries.count,
                                     ids.data(), distances.data(), nullptr, &done,
                                     &err) != SCREE_OK)
                fail(err.message);
        });
        double single_now = timed([&] {
            for (size_t q = 0; q < queries.count; q++)
                if (scree_vectors_search(index, &search, &queries.values[q * queries.dim], 1,
                                         &ids[q * K], &distances[q * K], nullptr, nullptr,
                                         &err) != SCREE_OK)
                    fail(err.message);
        });
        double theirs_now = timed([&] {
            peer.search((faiss::Index::idx_t)queries.count, queries.values.data(), K,
                        distances.data(), peer_ids.data());
        });
        if (turn > 0 || turns == 0) {
            our_times.push_back(ours_now);
            single_times.push_back(single_now);
            peer_times.push_back(theirs_now);
        }
    }
    double n = (double)queries.count;
    point ours = {nprobe, recall_of(ids, sets.truth, queries.count), n / middle_of(our_times)};
    point theirs = {nprobe, recall_of(peer_ids, sets.truth, queries.count),
                    n / middle_of(peer_times)};
    out->ours.push_back(ours);
    out->theirs.push_back(theirs);
    printf("nprobe %4zu: scree %.4f %8.0f/s (one by one %8.0f/s, %6.0f codes, %5.1f rows)   FAISS "
           "%.4f %8.0f/s\n",
           nprobe, ours.recall, ours.rate, n / middle_of(single_times), (double)done.code_count / n,
           (double)done.row_count / n, theirs.recall, theirs.rate);
    fflush(stdout);
}

static sides measure_lists(const sets &sets, const options &options, scree_context *context,
                           int turns, double recall)
{
    const char *folder = getenv("TMPDIR");
    std::string path = std::string(folder != nullptr ? folder : "/tmp") + "/bench_vectors.svx";
    double begin = now();
    scree_vectors_index *index = build(options, path, context);
    double built = now() - begin;
    begin = now();
    faiss::IndexFlatL2 flat((faiss::Index::idx_t)sets.base.dim);
    faiss::IndexIVFFlat peer(&flat, sets.base.dim, options.lists, faiss::METRIC_L2);
    peer.train((faiss::Index::idx_t)sets.base.count, sets.base.values.data());
    peer.add((faiss::Index::idx_t)sets.base.count, sets.base.values.data());
    printf("CPU seconds to build: scree %.2f, FAISS %.2f\n", built, now() - begin);
    sides out;
    for (size_t nprobe = 1; nprobe <= options.lists; nprobe *= 2) {
        measure(sets, options, index, peer, nprobe, turns, &out);
        if (out.ours.back().recall > recall && out.theirs.back().recall > recall)
            break;
    }
    scree_vectors_close(index);
    remove(path.c_str());
    for (double at : RECALLS) {
        double ours = rate_at(out.ours, at), theirs = rate_at(out.theirs, at);
        if (ours > 0 && theirs > 0)
            printf("at %.3f: scree %8.0f/s, FAISS %8.0f/s: %5.1f times\n", at, ours, theirs,
                   ours / theirs);
    }
    return out;
}

/* The best of all numbers of lists, each side its own. */
static void print_best(const std::vector<uint32_t> &lists, const std::vector<sides> &all)
{
    for (double at : RECALLS) {
        size_t best[2] = {0, 0};
        double rate[2] = {0, 0};
        for (size_t i = 0; i < all.size(); i++)
            for (int side = 0; side < 2; side++) {
                double here = rate_at(side == 0 ? all[i].ours : all[i].theirs, at);
                if (here > rate[side]) {
                    rate[side] = here;
                    best[side] = i;
                }
            }
        if (rate[0] > 0 && rate[1] > 0)
            printf("at %.3f, best: scree %8.0f/s (%u lists), FAISS %8.0f/s (%u): %5.1f times\n", at,
                   rate[0], lists[best[0]], rate[1], lists[best[1]], rate[0] / rate[1]);
    }
}

int main(int argc, char **argv)
{
    if (argc < 8)
        fail("BASE QUERIES TRUTH METRIC LISTS[,LISTS]... BITS RERANK [TURNS [QUERIES [RECALL "
             "[DEVIATIONS]]]]");
    if (getenv("OPENBLAS_NUM_THREADS") ==
        nullptr) { /* read when it is loaded; its threads' waiting would be in everybody's time */
        setenv("OPENBLAS_NUM_THREADS", "1", 1);
        execv("/proc/self/exe", argv);
    }
    omp_set_num_threads(1);
    sets sets = {read_rows(argv[1]), read_rows(argv[2]), read_rows(argv[3])};
    options options = {argv[1],
                       strcmp(argv[4], "cosine") == 0 ? SCREE_VECTORS_COSINE : SCREE_VECTORS_L2,
                       0,
                       (uint32_t)atoi(argv[6]),
                       strcmp(argv[7], "fp32") == 0   ? SCREE_VECTORS_RERANK_FP32
                       : strcmp(argv[7], "fp16") == 0 ? SCREE_VECTORS_RERANK_FP16
                                                      : SCREE_VECTORS_RERANK_NONE,
                       argc > 11 ? (float)atof(argv[11]) : 0};
    int turns = argc > 8 ? atoi(argv[8]) : 3;
    if (argc > 9 && (size_t)atoi(argv[9]) < sets.queries.count)
        sets.queries.count = (size_t)atoi(argv[9]);
    double recall = argc > 10 ? atof(argv[10]) : 0.998;
    if (options.metric == SCREE_VECTORS_COSINE) {
        normalise(sets.base);
        normalise(sets.queries);
    }
    scree_context_options context_options;
    scree_context *context = nullptr;
    scree_context_options_init(&context_options);
    context_options.threads = 1;
    context_options.memory_bytes = (uint64_t)3 << 30;
    if (scree_context_new(&context_options, &context, nullptr) != SCREE_OK)
        fail("no context");
    printf("level %s; %zu rows, %zu dimensions, %zu queries\n", scree_cpu_level(), sets.base.count,
           sets.base.dim, sets.queries.count);
    std::vector<uint32_t> lists;
    std::vector<sides> all;
    for (const char *at = argv[5]; at != nullptr;
         at = strchr(at, ',') != nullptr ? strchr(at, ',') + 1 : nullptr)
        lists.push_back((uint32_t)atoi(at));
    for (uint32_t some : lists) {
        options.lists = some;
        all.push_back(measure_lists(sets, options, context, turns, recall));
    }
    if (lists.size() > 1)
        print_best(lists, all);
    scree_context_free(context);
    return 0;
}
