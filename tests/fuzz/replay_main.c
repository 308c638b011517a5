/*
 * replay_main.c - runs a fuzz target over files that are there already, where libFuzzer is not
 * linked in.
 *
 * usage: fuzz_<target> (file | folder)...     a folder stands for the files in it
 * Exit code 77 (skipped) when there was no file at all, so that a missing seed folder is seen.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat about;
    uint8_t *data = NULL;
    int result = -1;

    if (!file || fstat(fileno(file), &about) != 0)
        goto out;
    /* A block of exactly this size, so that the address sanitizer sees a read past its end. */
    data = malloc((size_t)about.st_size + (about.st_size == 0));
    if (!data || fread(data, 1, (size_t)about.st_size, file) != (size_t)about.st_size)
        goto out;
    LLVMFuzzerTestOneInput(data, (size_t)about.st_size);
    result = 0;
out:
    if (result != 0)
        perror(path);
    free(data);
    if (file)
        fclose(file);
    return result;
}

static int replay_folder(DIR *folder, const char *path, unsigned *count)
{
    int result = 0;
    struct dirent *entry;

    while ((entry = readdir(folder)) != NULL) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(name, sizeof name, "%s/%s", path, entry->d_name) >= (int)sizeof name)
            return -1;
        result |= replay_file(name);
        ++*count;
    }
    return result;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    int result = 0;

    for (int i = 1; i < argc; i++) {
        struct stat about;
        if (stat(argv[i], &about) != 0)
            continue;
        if (!S_ISDIR(about.st_mode)) {
            result |= replay_file(argv[i]);
            count++;
            continue;
        }
        DIR *folder = opendir(argv[i]);
        if (!folder || replay_folder(folder, argv[i], &count) != 0)
            result = -1;
        if (folder)
            closedir(folder);
    }
    if (count == 0) {
        printf("skipped: no seeds found\n");
        return 77;
    }
    printf("%u seeds replayed\n", count);
    return result == 0 ? 0 : 1;
}
