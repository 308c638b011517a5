/* opened.h - what struct scree_vectors_index is to the room: its source, and the file in it. */
#ifndef SCREE_LIB_VECTORS_OPENED_H
#define SCREE_LIB_VECTORS_OPENED_H

#include "vectors/svx.h"

struct scree_vectors_index {
    struct scree_context *context;
    struct scree_source *source;
    bool own_source;
    struct scree__vectors_svx *svx;
    struct scree__vectors_searching *searching;
};

#endif
