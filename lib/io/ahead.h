/* ahead.h - what the file system is told before it would find out: how long a file will be, and that writing to disk may begin. */
#ifndef SCREE_LIB_IO_AHEAD_H
#define SCREE_LIB_IO_AHEAD_H

#include <stdint.h>

/*
 * Makes room on disk for a file's first so many bytes, and the file at least so long. Where that costs about nothing (ext4, XFS), each write
 * then costs the less, and a disk that is too full says so before there is any; elsewhere nothing is done. Returns 0, or the errno of a disk
 * that has no room (ENOSPC, EDQUOT, EFBIG).
 */
int scree__io_reserve(int descriptor, uint64_t byte_count);

/* Asks for the bytes from `begin` on to be written to disk without waiting for it; byte_count 0: all there are. A hint: where it fails, the
 * flush at the end does it all. */
void scree__io_begin_write_back(int descriptor, uint64_t begin, uint64_t byte_count);

#endif
