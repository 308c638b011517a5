/* merge_ahead.c - a window that moves through a file. */
#include "vectors/merge_ahead.h"

#include <string.h>

enum scree_status scree__vectors_ahead_read(struct scree__vectors_ahead *ahead,
                                            struct scree_source *source, uint64_t at, uint8_t *to,
                                            uint64_t count, struct scree_error *err)
{
    if (ahead == NULL || count > ahead->room)
        return scree_source_read(source, at, to, (size_t)count, err);
    if (at < ahead->begin || at > ahead->end)
        ahead->begin = ahead->end = at;
    if (at + count > ahead->end) {
        uint64_t kept = ahead->end - at;
        uint64_t most = ahead->until > at + count ? ahead->until - at : count;
        most = most < ahead->room ? most : ahead->room;
        memmove(ahead->bytes, ahead->bytes + (at - ahead->begin), (size_t)kept);
        ahead->begin = at;
        enum scree_status status =
            scree_source_read(source, ahead->end, ahead->bytes + kept, (size_t)(most - kept), err);
        if (status != SCREE_OK) {
            ahead->end = ahead->begin;
            return status;
        }
        ahead->end = at + most;
    }
    memcpy(to, ahead->bytes + (at - ahead->begin), (size_t)count);
    return SCREE_OK;
}
