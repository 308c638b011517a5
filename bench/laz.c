/*
 * bench/laz - how fast chunks of LAZ files decode and encode, in one thread, in memory.
 *
 *   bench_laz [--repeat N] [--level plain,avx2,avx512] [--as FORMAT]
 *             [--jobs decode,pairs,xyz,xyzpairs,encode] [--peer CMD]... FILE...
 *
 * --as converts points of formats 0-3 to 6-8 first. --peer, given up to twice, runs `CMD FILE` in
 * turn with ours, so that all meet the same neighbours on the machine; it prints lines `decode CPU
 * WALL`, `xyz CPU WALL`, `encode CPU WALL BYTES` (seconds). Of all repeats the least CPU time
 * counts; ratios are to the least of the peers' CPU times.
 */
#include "laz_file.h"

#include "simd/level.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* PAIRS, XYZ_PAIRS: by pairs of chunks; a peer's figure is that of DECODE, XYZ. */
enum { DECODE, PAIRS, XYZ, XYZ_PAIRS, ENCODE, JOBS };
static const char *const job_names[JOBS] = {"decode", "pairs", "xyz", "xyzpairs", "encode"};
#define PEERS_MAX 2u
static const char *const level_names[] = {"plain", "avx2", "avx512"};

struct figures {
    double cpu[JOBS]; /* least of all repeats; 0: none */
    size_t bytes;
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void keep(struct figures *figures, int job, double cpu)
{
    if (figures->cpu[job] == 0 || cpu < figures->cpu[job])
        figures->cpu[job] = cpu;
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
    struct scree_laz_part parts[2] = {{0}, {0}};
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
        if (!(jobs >> job & 1) || ((job == XYZ || job == XYZ_PAIRS) && !layered))
            continue;
        double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
        if (job == DECODE)
            decode(file, SCREE_LAZ_FIELD_ALL, 1, records);
        else if (job == PAIRS)
            decode(file, SCREE_LAZ_FIELD_ALL, 2, scratch);
        else if (job == XYZ || job == XYZ_PAIRS)
            decode(file, SCREE_LAZ_FIELD_XY | SCREE_LAZ_FIELD_Z, job == XYZ ? 1 : 2, scratch);
        else
            figures->bytes = encode(file, records, out, capacity);
        keep(figures, job, seconds(CLOCK_THREAD_CPUTIME_ID) - cpu);
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
                keep(figures, job, cpu);
        }
        if (found == 4)
            figures->bytes = bytes;
    }
    figures->cpu[PAIRS] = figures->cpu[DECODE];
    figures->cpu[XYZ_PAIRS] = figures->cpu[XYZ];
    if (!pipe || pclose(pipe) != 0)
        fprintf(stderr, "%s: failed\n", command);
}

/* peer: the best of the peers, or NULL. */
static void print(const char *who, const struct figures *figures, const struct figures *peer,
                  uint64_t point_count)
{
    printf("  %-8s", who);
    for (int job = DECODE; job < JOBS; job++) {
        if (figures->cpu[job] == 0) {
            printf("  %-8s %15s", job_names[job], "");
            continue;
        }
        printf("  %-8s %5.2f M/s", job_names[job], 1e-6 * (double)point_count / figures->cpu[job]);
        if (peer && peer->cpu[job] > 0)
            printf(" x%4.2f", peer->cpu[job] / figures->cpu[job]);
        else
            printf("      ");
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
    const char *peers[PEERS_MAX];
    unsigned peer_count;
};

/* The file, its points and the room that a run takes. */
struct subject {
    struct bench_file file;
    char converted[100]; /* the file that replaces it, or "" */
    uint8_t *records, *scratch, *out;
    size_t capacity;
};

static void subject_make(struct subject *subject, const char *path, unsigned format)
{
    struct bench_file *file = &subject->file;
    memset(subject, 0, sizeof *subject);
    bench_file_read(file, path);
    if (format && file->format < 4 && format != file->format) {
        snprintf(subject->converted, sizeof subject->converted, "/tmp/bench_laz_%ld.laz",
                 (long)getpid());
        convert(file, format, subject->converted);
    }
    size_t record_space = (size_t)file->point_count * file->layout.record_bytes;
    subject->capacity = scree_laz_encode_bound(&file->layout, file->chunk_points_max);
    subject->records = bench_memory(record_space);
    subject->scratch = bench_memory(record_space);
    subject->out = bench_memory(subject->capacity);
    memset(subject->records, 0, record_space);
    memset(subject->scratch, 0, record_space);
    memset(subject->out, 0, subject->capacity);
}

static void subject_free(struct subject *subject)
{
    if (subject->converted[0])
        unlink(subject->converted);
    free(subject->out);
    free(subject->scratch);
    free(subject->records);
    bench_file_release(&subject->file);
}

static struct figures best_of(const struct figures *peers, unsigned count)
{
    struct figures best = {{0}, 0};
    for (unsigned i = 0; i < count; i++) {
        for (int job = DECODE; job < JOBS; job++) {
            if (peers[i].cpu[job] > 0)
                keep(&best, job, peers[i].cpu[job]);
        }
    }
    return best;
}

static void run(const char *path, const struct options *options)
{
    struct subject s;
    struct figures ours[3], peers[PEERS_MAX];
    memset(ours, 0, sizeof ours);
    memset(peers, 0, sizeof peers);
    subject_make(&s, path, options->format);
    for (unsigned i = 0; i < options->repeat; i++) {
        for (unsigned p = 0; p < options->peer_count; p++)
            run_peer(options->peers[p], s.converted[0] ? s.converted : path, &peers[p]);
        for (unsigned level = 0; level < 3; level++) {
            scree__simd_force((enum scree__simd_level)level);
            if ((options->levels >> level & 1) && scree__simd_level() == level)
                run_ours(&s.file, s.records, s.scratch, s.out, s.capacity, options->jobs,
                         &ours[level]);
        }
    }
    printf("%s: format %u%s, %llu points, %zu bytes of chunks\n", path, s.file.format,
           s.converted[0] ? " (converted)" : "", (unsigned long long)s.file.point_count,
           s.file.chunk_bytes);
    for (unsigned p = 0; p < options->peer_count; p++)
        print("peer", &peers[p], NULL, s.file.point_count);
    struct figures best = best_of(peers, options->peer_count);
    for (unsigned level = 0; level < 3; level++) {
        if (ours[level].cpu[DECODE] > 0)
            print(level_names[level], &ours[level], &best, s.file.point_count);
    }
    subject_free(&s);
}

static unsigned names_in(const char *list, const char *const *names, unsigned count)
{
    unsigned bits = 0;
    for (; *list; list += strcspn(list, ","), list += *list == ',') {
        size_t length = strcspn(list, ",");
        for (unsigned i = 0; i < count; i++)
            bits |= strlen(names[i]) == length && !memcmp(list, names[i], length) ? 1u << i : 0;
    }
    return bits;
}

int main(int argc, char **argv)
{
    struct options options = {5, 7, 0, (1u << JOBS) - 1, {NULL}, 0};
    int i;
    for (i = 1; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        if (strcmp(argv[i], "--repeat") == 0) {
            options.repeat = (unsigned)strtoul(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--as") == 0) {
            options.format = (unsigned)strtoul(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--peer") == 0 && options.peer_count < PEERS_MAX) {
            options.peers[options.peer_count++] = argv[i + 1];
        } else if (strcmp(argv[i], "--jobs") == 0) {
            options.jobs = names_in(argv[i + 1], job_names, JOBS) | 1u << DECODE;
        } else if (strcmp(argv[i], "--level") == 0) {
            options.levels = names_in(argv[i + 1], level_names, 3);
        }
    }
    if (i >= argc) {
        fputs("bench_laz [--repeat N] [--level plain,avx2,avx512] [--as FORMAT] [--jobs JOBS] "
              "[--peer CMD]... FILE...\n",
              stderr);
        return 2;
    }
    for (; i < argc; i++)
        run(argv[i], &options);
    return 0;
}
