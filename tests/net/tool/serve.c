/*
 * serve.c - a folder over HTTP with ranges, and an S3 store of one object under /bucket/ (../store.h): for commands in documents that name
 * https://example.org/ and s3://bucket/.
 * usage: serve FOLDER      prints its port, and serves until its standard input ends
 */
#include "store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct site {
    struct store store; /* first: store_answer() takes the server's user for one */
    const char *folder;
};

static void send_object(struct server *server, int connection, const struct request *request,
                        const unsigned char *object, uint64_t size)
{
    char head[512];
    uint64_t begin = 0, end = size;
    if (request->suffix > 0)
        begin = request->suffix < size ? size - request->suffix : 0;
    else if (request->has_range) {
        begin = request->first;
        end = request->last < size ? request->last + 1 : size;
    }
    if (begin >= end) {
        snprintf(head, sizeof head, "Content-Range: bytes */%llu\r\n", (unsigned long long)size);
        server_answer(server, connection, 416, head, "");
        return;
    }
    size_t used =
        (size_t)snprintf(head, sizeof head,
                         "HTTP/1.1 %d Thus\r\nETag: \"%llx-%llx\"\r\nAccept-Ranges: "
                         "bytes\r\nContent-Length: %llu\r\n",
                         request->has_range ? 206 : 200, (unsigned long long)size,
                         (unsigned long long)object[0], (unsigned long long)(end - begin));
    if (request->has_range)
        used += (size_t)snprintf(
            head + used, sizeof head - used, "Content-Range: bytes %llu-%llu/%llu\r\n",
            (unsigned long long)begin, (unsigned long long)(end - 1), (unsigned long long)size);
    used += (size_t)snprintf(head + used, sizeof head - used, "\r\n");
    server_send(server, connection, head, used);
    if (strcmp(request->method, "HEAD") != 0)
        server_send(server, connection, object + begin, (size_t)(end - begin));
}

static void send_file(struct server *server, int connection, const struct request *request,
                      const char *path)
{
    struct stat info;
    int file = strstr(path, "..") == NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *bytes = MAP_FAILED;
    if (file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0)
        bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (file >= 0)
        close(file);
    if (bytes == MAP_FAILED) {
        server_answer(server, connection, 404, "", "nothing here");
        return;
    }
    send_object(server, connection, request, bytes, (uint64_t)info.st_size);
    munmap(bytes, (size_t)info.st_size);
}

static bool answer(struct server *server, int connection, const struct request *request, bool *keep)
{
    struct site *site = server->plan.user;
    char path[4096];
    if (strncmp(request->path, "/bucket/", 8) != 0) {
        snprintf(path, sizeof path, "%s%s", site->folder, request->path);
        send_file(server, connection, request, path);
    } else if (!store_answer(server, connection, request, keep)) { /* a right GET */
        if (site->store.exists)
            send_object(server, connection, request, site->store.object, site->store.object_bytes);
        else
            server_answer(server, connection, 404, "", "<Code>NoSuchKey</Code>");
    }
    return true;
}

int main(int argc, char **argv)
{
    struct server server;
    struct site site = {0};
    char byte;
    if (argc != 2) {
        fprintf(stderr, "usage: serve FOLDER\n");
        return 2;
    }
    site.folder = argv[1];
    struct plan plan = {.handler = answer, .user = &site};
    server_start(&server, &plan);
    printf("%d\n", server.port);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    server_stop(&server);
    store_release(&site.store);
    return 0;
}
