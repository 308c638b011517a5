/*
 * bench/laz - how fast chunks of LAZ files decode and encode, in one thread, in memory.
 *
 *   bench_laz [--repeat N] [--level plain,avx2,avx512] [--as FORMAT] [--jobs decode,pairs,xyz,encode]
 *             [--peer CMD] FILE...
 *
 * --as converts points of formats 0-3 to 6-8 first. --peer runs `CMD FILE` in turn with ours, so
 * that both meet the same neighbours on the machine; it prints lines `decode CPU WALL`, `xyz CPU
 * WALL`, `encode CPU WALL BYTES` (seconds). Of all repeats the least CPU time counts; ratios are of
 * CPU times, in brackets of the least wall times.
 */
#include "laz_file.h"

#include "simd/level.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* PAIRS: decoding by pairs of chunks; the peer's figure is that of its decoding. */
enum { DECODE, PAIRS, XYZ, ENCODE, JOBS };
static const char *const job_names[JOBS] = {"decode", "pairs", "xyz", "encode"};
static const char *const level_names[] = {"plain", "avx2", "avx512"};

struct figures {
    double cpu[JOBS], wall[JOBS]; /* least of all repeats; 0: none */
    size_t bytes;
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void keep(struct figures *figures, int job, double cpu, double wall)
{
    if (figures->cpu[job] == 0 || cpu < figures->cpu[job])
        figures->cpu[job] = cpu;
    if (figures->wall[job] == 0 || wall < figures->wall[job])
        figures->wall[job] = wall;
}

/* Decoders of one file, as many as decode at once. */
struct decoders {
    struct scree_laz_decoder *of[2];
    void *memory[2];
};

static void decoders_make(struct decoders *decoders, const struct bench_file *file, uint32_t fields)
{
    struct scree_error err = SCREE_ERROR_INIT;
    size_t memory_bytes = scree_laz_decoder_bytes(&file->layout);
    for (unsigned i = 0; i < 2; i++) {
        decoders->memory[i] = bench_memory(memory_bytes);
        bench_check(scree_laz_decoder_init(decoders->memory[i], memory_bytes, &file->layout, fields,
                                           &decoders->of[i], &err),
                    &err);
    }
}

/* Chunks [at, at + count) side by side, count 1 or 2. Returns where the next records go. */
static uint8_t *decode_chunks(const struct decoders *decoders, const struct bench_file *file,
                              uint32_t at, unsigned count, uint8_t *records)
{
    struct scree_error err = SCREE_ERROR_INIT, errs[2] = {SCREE_ERROR_INIT, SCREE_ERROR_INIT};
    struct scree_laz_part parts[2];
    memset(parts, 0, sizeof parts);
    for (unsigned i = 0; i < count; i++) {
        const struct bench_chunk *chunk = &file->chunks[at + i];
        struct scree_laz_part part = {
            decoders->of[i], records, file->layout.record_bytes, (size_t)chunk->point_count,
            &errs[i],        SCREE_OK};
        bench_check(scree_laz_decoder_begin(part.decoder, file->bytes + chunk->at, chunk->bytes,
                                            chunk->point_count, &err),
                    &err);
        parts[i] = part;
        records += chunk->point_count * file->layout.record_bytes;
    }
    if (count == 2)
        scree_laz_decoder_next_two(parts);
    else
        parts[0].status = scree_laz_decoder_next(parts[0].decoder, parts[0].records,
                                                 parts[0].stride_bytes, parts[0].count, &errs[0]);
    for (unsigned i = 0; i < count; i++) {
        bench_check(parts[i].status, &errs[i]);
        bench_check(scree_laz_decoder_end(parts[i].decoder, NULL, &err), &err);
    }
    return records;
}

/* at_once: chunks that are decoded side by side. */
static void decode(const struct bench_file *file, uint32_t fields, unsigned at_once,
                   uint8_t *records)
{
    struct decoders decoders;
    decoders_make(&decoders, file, fields);
    for (uint32_t i = 0; i < file->chunk_count; i += at_once) {
        unsigned count = file->chunk_count - i < at_once ? 1 : at_once;
        records = decode_chunks(&decoders, file, i, count, records);
    }
    free(decoders.memory[0]);
    free(decoders.memory[1]);
}

static size_t encode(const struct bench_file *file, const uint8_t *records, uint8_t *out,
                     size_t capacity)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_laz_encoder *encoder;
    size_t memory_bytes = scree_laz_encoder_bytes(&file->layout), sum = 0;
    size_t stride = file->layout.record_bytes;
    void *memory = bench_memory(memory_bytes);
    bench_check(scree_laz_encoder_init(memory, memory_bytes, &file->layout, &encoder, &err), &err);
    for (uint32_t i = 0; i < file->chunk_count; i++) {
        const struct bench_chunk *chunk = &file->chunks[i];
        size_t bytes = 0;
        bench_check(scree_laz_encode(encoder, records, stride, chunk->point_count, out, capacity,
                                     &bytes, &err),
                    &err);
        if (bytes != chunk->bytes || memcmp(out, file->bytes + chunk->at, bytes) != 0)
            fprintf(stderr, "chunk %u: encoded again, the bytes differ\n", (unsigned)i);
        records += chunk->point_count * stride;
        sum += bytes;
    }
    free(memory);
    return sum;
}

static void run_ours(const struct bench_file *file, uint8_t *records, uint8_t *scratch,
                     uint8_t *out, size_t capacity, unsigned jobs, struct figures *figures)
{
    for (int job = DECODE; job < JOBS; job++) {
        bool layered = file->layout.compressor == SCREE_LAZ_LAYERED;
        if (!(jobs >> job & 1) || (job == XYZ && !layered) || (job == PAIRS && layered))
            continue;
        double cpu = seconds(CLOCK_THREAD_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
        if (job == DECODE)
            decode(file, SCREE_LAZ_FIELD_ALL, 1, records);
        else if (job == PAIRS)
            decode(file, SCREE_LAZ_FIELD_ALL, 2, scratch);
        else if (job == XYZ)
            decode(file, SCREE_LAZ_FIELD_XY | SCREE_LAZ_FIELD_Z, 1, scratch);
        else
            figures->bytes = encode(file, records, out, capacity);
        keep(figures, job, seconds(CLOCK_THREAD_CPUTIME_ID) - cpu, seconds(CLOCK_MONOTONIC) - wall);
        if (job == PAIRS && memcmp(records, scratch, file->point_count * file->layout.record_bytes))
            fprintf(stderr, "decoded by pairs, the points differ\n");
    }
}

static void run_peer(const char *command, const char *path, struct figures *figures)
{
    char line[1000];
    snprintf(line, sizeof line, "%s '%s'", command, path);
    FILE *pipe = popen(line, "r");
    while (pipe && fgets(line, sizeof line, pipe)) {
        char name[20];
        double cpu, wall;
        size_t bytes;
        int found = sscanf(line, "%19s %lf %lf %zu", name, &cpu, &wall, &bytes);
        for (int job = DECODE; job < JOBS; job++) {
            if (found >= 3 && strcmp(name, job_names[job]) == 0)
                keep(figures, job, cpu, wall);
        }
        if (found == 4)
            figures->bytes = bytes;
    }
    figures->cpu[PAIRS] = figures->cpu[DECODE];
    figures->wall[PAIRS] = figures->wall[DECODE];
    if (!pipe || pclose(pipe) != 0)
        fprintf(stderr, "%s: failed\n", command);
}

static void print(const char *who, const struct figures *figures, const struct figures *peer,
                  uint64_t point_count)
{
    printf("  %-8s", who);
    for (int job = DECODE; job < JOBS; job++) {
        if (figures->cpu[job] == 0) {
            printf("  %-6s %19s", job_names[job], "");
            continue;
        }
        printf("  %-6s %6.2f M/s", job_names[job], 1e-6 * (double)point_count / figures->cpu[job]);
        if (peer && peer->cpu[job] > 0)
            printf(" x%4.2f (%4.2f)", peer->cpu[job] / figures->cpu[job],
                   peer->wall[job] / figures->wall[job]);
    }
    printf("  %zu bytes\n", figures->bytes);
}

/* The file's points as another format, in a temporary file that replaces it. */
static void convert(struct bench_file *file, unsigned format, const char *path)
{
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_laz_layout layout;
    uint32_t extra_bytes = file->layout.record_bytes - bench_record_bytes(file->format);
    bench_check(scree_laz_layout_init(&layout, format, extra_bytes, 50000, &err), &err);
    uint8_t *records = bench_memory((size_t)file->point_count * file->layout.record_bytes);
    uint8_t *converted = bench_memory((size_t)file->point_count * layout.record_bytes);
    decode(file, SCREE_LAZ_FIELD_ALL, 1, records);
    for (uint64_t i = 0; i < file->point_count; i++)
        bench_record_convert(records + i * file->layout.record_bytes, file->format,
                             converted + i * layout.record_bytes, format, extra_bytes);
    bench_file_write(path, format, &layout, converted, file->point_count);
    free(converted);
    free(records);
    bench_file_release(file);
    bench_file_read(file, path);
}

struct options {
    unsigned repeat, levels, format, jobs; /* levels, jobs: bits */
    const char *peer;
};

static void run(const char *path, const struct options *options)
{
    struct bench_file file;
    struct figures ours[3], peer;
    char converted[100];
    memset(ours, 0, sizeof ours);
    memset(&peer, 0, sizeof peer);
    snprintf(converted, sizeof converted, "/tmp/bench_laz_%ld.laz", (long)getpid());
    bench_file_read(&file, path);
    if (options->format && file.format < 4 && options->format != file.format)
        convert(&file, options->format, converted);
    else
        converted[0] = 0;
    size_t record_space = (size_t)file.point_count * file.layout.record_bytes;
    size_t capacity = scree_laz_encode_bound(&file.layout, file.chunk_points_max);
    uint8_t *records = bench_memory(record_space), *scratch = bench_memory(record_space);
    uint8_t *out = bench_memory(capacity);
    memset(records, 0, record_space);
    memset(scratch, 0, record_space);
    memset(out, 0, capacity);
    for (unsigned i = 0; i < options->repeat; i++) {
        if (options->peer)
            run_peer(options->peer, converted[0] ? converted : path, &peer);
        for (unsigned level = 0; level < 3; level++) {
            scree__simd_force((enum scree__simd_level)level);
            if ((options->levels >> level & 1) && scree__simd_level() == level)
                run_ours(&file, records, scratch, out, capacity, options->jobs, &ours[level]);
        }
    }
    printf("%s: format %u%s, %llu points, %zu bytes of chunks\n", path, file.format,
           converted[0] ? " (converted)" : "", (unsigned long long)file.point_count,
           file.chunk_bytes);
    if (options->peer)
        print("peer", &peer, NULL, file.point_count);
    for (unsigned level = 0; level < 3; level++) {
        if (ours[level].cpu[DECODE] > 0)
            print(level_names[level], &ours[level], options->peer ? &peer : NULL, file.point_count);
    }
    if (converted[0])
        unlink(converted);
    free(out);
    free(scratch);
    free(records);
    bench_file_release(&file);
}

int main(int argc, char **argv)
{
    struct options options = {5, 7, 0, (1u << JOBS) - 1, NULL};
    int i;
    for (i = 1; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        if (strcmp(argv[i], "--repeat") == 0) {
            options.repeat = (unsigned)strtoul(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--as") == 0) {
            options.format = (unsigned)strtoul(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--peer") == 0) {
            options.peer = argv[i + 1];
        } else if (strcmp(argv[i], "--jobs") == 0) {
            options.jobs = 1u << DECODE; /* what the others need */
            for (unsigned job = 0; job < JOBS; job++)
                options.jobs |= strstr(argv[i + 1], job_names[job]) ? 1u << job : 0;
        } else if (strcmp(argv[i], "--level") == 0) {
            options.levels = 0;
            for (unsigned level = 0; level < 3; level++)
                options.levels |= strstr(argv[i + 1], level_names[level]) ? 1u << level : 0;
        }
    }
    if (i >= argc) {
        fputs("bench_laz [--repeat N] [--level plain,avx2,avx512] [--as FORMAT] [--peer CMD] "
              "FILE...\n",
              stderr);
        return 2;
    }
    for (; i < argc; i++)
        run(argv[i], &options);
    return 0;
}
