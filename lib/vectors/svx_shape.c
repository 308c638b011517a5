/* svx_shape.c - sizes of the pieces of an index file. */
#include "vectors/svx.h"

uint32_t scree__vectors_row_bytes(const struct scree__vectors_shape *shape)
{
    switch (shape->rerank) {
    case SCREE_VECTORS_RERANK_FP32:
        return 4 * shape->dim;
    case SCREE_VECTORS_RERANK_FP16:
        return 2 * shape->dim;
    case SCREE_VECTORS_RERANK_SQ8:
        return 8 + shape->dim;
    case SCREE_VECTORS_RERANK_NONE:
        break;
    }
    return 0;
}
