/*
 * fuzz_json.c - any bytes as the JSON that scree reads back: the parameter record of an enriched file, and the journal of a batch. (GeoJSON: fuzz_area.c.)
 */
#include "base/bytes.h"
#include "enrich/identity.h"
#include "enrich/journal.h"
#include "enrich/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER_BYTES 227u
#define DESCRIPTORS 3u

static void put_vlr(uint8_t *at, const char *user, uint16_t id, size_t bytes)
{
    memcpy(at + 2, user, strlen(user));
    scree__base_store16(at + 18, id);
    scree__base_store16(at + 20, (uint16_t)bytes);
}

/* A file of LAS 1.2 without points, with three float dimensions A, B, C, and the record. */
static uint8_t *make_file(const uint8_t *json, size_t bytes, size_t *size)
{
    size_t extra = HEADER_BYTES + 54, own = extra + 192 * DESCRIPTORS + 54;
    *size = own + bytes;
    uint8_t *file = calloc(1, *size);
    if (file == NULL)
        abort();
    memcpy(file, "LASF", 4);
    file[24] = 1;
    file[25] = 2;
    scree__base_store16(file + 94, HEADER_BYTES);
    scree__base_store32(file + 96, (uint32_t)*size);
    scree__base_store32(file + 100, 2);
    scree__base_store16(file + 105, 20 + 4 * DESCRIPTORS);
    for (unsigned axis = 0; axis < 3; axis++)
        scree__base_store_f64(file + 131 + 8 * axis, 0.01);
    put_vlr(file + HEADER_BYTES, "LASF_Spec", 4, 192 * DESCRIPTORS);
    for (unsigned i = 0; i < DESCRIPTORS; i++) {
        file[extra + 192 * i + 2] = 9;
        file[extra + 192 * i + 4] = (uint8_t)('A' + i);
    }
    put_vlr(file + own - 54, SCREE__ENRICH_USER, SCREE__ENRICH_RECORD, bytes);
    if (bytes > 0)
        memcpy(file + own, json, bytes);
    return file;
}

static void read_record(const uint8_t *json, size_t bytes)
{
    size_t size;
    uint8_t *file = make_file(json, bytes, &size);
    struct scree_source *source = NULL;
    struct scree_las_reader *reader = NULL;
    struct scree__enrich_descriptors descriptors = {0};
    struct scree__enrich_own own;
    struct scree__enrich_identity identity;
    if (scree_source_open_memory(file, size, "fuzz", &source, NULL) != SCREE_OK ||
        scree_las_open(source, NULL, &reader, NULL) != SCREE_OK)
        abort();
    if (scree__enrich_descriptors_read(reader, &descriptors, NULL) == SCREE_OK &&
        scree__enrich_own_find(reader, &descriptors, &own, NULL) == SCREE_OK && own.has_fields &&
        (own.count > DESCRIPTORS || own.at + own.bytes > 4 * DESCRIPTORS))
        abort();
    if (scree__enrich_identity_of_reader(reader, &identity, NULL) == SCREE_OK &&
        memchr(identity.name, '\0', sizeof identity.name) == NULL)
        abort();
    scree__enrich_descriptors_release(&descriptors);
    scree_las_close(reader);
    scree_source_close(source);
    free(file);
}

static char folder[64];

static void remove_folder(void)
{
    rmdir(folder);
}

static void read_journal(const uint8_t *text, size_t bytes)
{
    char path[128];
    struct scree__enrich_journal *journal = NULL;
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "%s/scree_fuzz_XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (mkdtemp(folder) == NULL || atexit(remove_folder) != 0)
            abort();
    }
    snprintf(path, sizeof path, "%s/" SCREE__ENRICH_JOURNAL, folder);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(text, 1, bytes, file) != bytes || fclose(file) != 0)
        abort();
    if (scree__enrich_journal_open(folder, &journal, NULL) == SCREE_OK) {
        const struct scree__enrich_entry *entry = scree__enrich_journal_find(journal, "a.laz");
        if (entry != NULL && strcmp(entry->output, "a.laz") != 0)
            abort();
    }
    scree__enrich_journal_close(journal);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 60000)
        return 0;
    if (data[0] % 2 == 0)
        read_record(data + 1, size - 1);
    else
        read_journal(data + 1, size - 1);
    return 0;
}
