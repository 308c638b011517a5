/* ahead.c - reserved room, and write-back before the flush. */
#include "io/ahead.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

int scree__io_reserve(int descriptor, uint64_t byte_count)
{
#ifdef __linux__
    /* In memory (tmpfs) one thread would fill all pages; where blocks are copied or compressed when they are written, room ahead is of no use. */
    const uint32_t ext4 = 0xEF53, xfs = 0x58465342;
    struct statfs info;
    if (byte_count == 0 || fstatfs(descriptor, &info) != 0 ||
        ((uint32_t)info.f_type != ext4 && (uint32_t)info.f_type != xfs))
        return 0;
    int code;
    do
        code = fallocate(descriptor, 0, 0, (off_t)byte_count) == 0 ? 0 : errno;
    while (code == EINTR);
    return code == ENOSPC || code == EDQUOT || code == EFBIG ? code : 0;
#else
    (void)descriptor;
    (void)byte_count;
    return 0;
#endif
}

void scree__io_begin_write_back(int descriptor, uint64_t begin, uint64_t byte_count)
{
#ifdef SYNC_FILE_RANGE_WRITE
    (void)sync_file_range(descriptor, (off_t)begin, (off_t)byte_count, SYNC_FILE_RANGE_WRITE);
#else
    (void)descriptor;
    (void)begin;
    (void)byte_count;
#endif
}
