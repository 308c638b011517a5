/*
 * edit.h - changing a local file in place so that it is the old one or the new one at any moment.
 *
 *     scree__io_edit_open()
 *     scree__io_edit_append() ...      bytes behind those that the file's own header speaks of
 *     scree__io_edit_switch()          flushes them, then overwrites a few bytes near the
 *                                      beginning with one write, and flushes that
 *     scree__io_edit_close()           without a switch before: cuts off what was appended
 *
 * A run that is killed leaves the old file, perhaps with bytes behind its end that nothing speaks
 * of, or the new one: the switch lies within the first 512 bytes, which a kernel copies at a stroke
 * and a disk writes as one sector.
 */
#ifndef SCREE_LIB_IO_EDIT_H
#define SCREE_LIB_IO_EDIT_H

#include "scree/base.h"

struct scree__io_edit;

#define SCREE__IO_SWITCH_BYTES 512u

/*
 * Locks the file against another edit (SCREE_E_EXISTS). file_bytes: how long the caller found it; a
 * file that has changed since is SCREE_E_IO. Appending begins at `end`: what lies behind it is
 * overwritten.
 */
SCREE_MUST_CHECK enum scree_status scree__io_edit_open(const char *path, uint64_t file_bytes,
                                                       uint64_t end, struct scree__io_edit **edit,
                                                       struct scree_error *err);
SCREE_MUST_CHECK enum scree_status scree__io_edit_append(struct scree__io_edit *edit,
                                                         const void *bytes, size_t count,
                                                         struct scree_error *err);
/* old_bytes: what is there now, put back where the write fails. offset + count is at most
 * SCREE__IO_SWITCH_BYTES. */
SCREE_MUST_CHECK enum scree_status scree__io_edit_switch(struct scree__io_edit *edit,
                                                         uint64_t offset, const void *bytes,
                                                         const void *old_bytes, size_t count,
                                                         struct scree_error *err);
void scree__io_edit_close(struct scree__io_edit *edit); /* accepts NULL */

/*
 * Gives the file `path` another name beside the one it has (a hard link). There already, of the same file: done. SCREE_E_EXISTS: another file has it;
 * SCREE_E_IO: also where the file system has no links.
 */
SCREE_MUST_CHECK enum scree_status scree__io_second_name(const char *path, const char *name,
                                                         struct scree_error *err);
/* Length and time of the last change of a regular file; false: it is none. */
bool scree__io_file_time(const char *path, uint64_t *bytes, int64_t *time_ns);
bool scree__io_is_there(const char *path);
/* Removes a name, if it is there. True: it was, and is no more. */
bool scree__io_remove(const char *path);

/* Where a path leads, links followed; to[capacity]. */
SCREE_MUST_CHECK enum scree_status scree__io_real_path(const char *path, char *to, size_t capacity,
                                                       struct scree_error *err);
/* Permissions of a file, and giving them to another; a failure leaves them as they are. */
unsigned scree__io_mode_of(const char *path);
void scree__io_mode_set(const char *path, unsigned mode);

#endif
