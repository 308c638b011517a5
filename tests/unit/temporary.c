/* temporary.c - see temporary.h. Each output is flushed to disk before it gets its name: half of some tests' time, where there is a disk. */
#include "temporary.h"

#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM_BYTES ((unsigned long long)1 << 30)

const char *temporary_base(void)
{
    const char *named = getenv("TMPDIR");
    struct statvfs room;
    if (named != NULL && named[0] != '\0')
        return named;
    if (access("/dev/shm", W_OK) == 0 && statvfs("/dev/shm", &room) == 0 &&
        (unsigned long long)room.f_bavail * room.f_frsize >= ROOM_BYTES)
        return "/dev/shm";
    return "/tmp";
}
