/*
 * scree/vectors.h - nearest neighbours among vectors: an index in one file (.svx) that is built inside a memory budget and searched from a disk,
 * an HTTP server or an object store. docs/formats/svx.md has the bytes.
 *
 * A column is a set of vectors of one dimension under one metric; a file holds one or more, by name. Each vector has a 64-bit id.
 * Since 0.1.
 */
#ifndef SCREE_VECTORS_H
#define SCREE_VECTORS_H

#include "base.h"
#include "io.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How near two vectors are. The numbers are those of the file. */
enum scree_vectors_metric {
    SCREE_VECTORS_L2 = 0, /* squared Euclidean distance; small is near */
    SCREE_VECTORS_COSINE =
        1, /* 1 - cosine of the angle; small is near; vectors are normalised, their norms kept */
    SCREE_VECTORS_IP = 2 /* inner product; large is near, and results are given as its negative */
};

/* What is kept of each vector beside its code, to settle the order of the nearest. */
enum scree_vectors_rerank {
    SCREE_VECTORS_RERANK_NONE = 0,
    SCREE_VECTORS_RERANK_FP32 = 1,
    SCREE_VECTORS_RERANK_FP16 = 2, /* IEEE binary16, rounded to nearest even */
    SCREE_VECTORS_RERANK_SQ8 = 3   /* the residual to the list's centroid, 8 bits a dimension */
};

#define SCREE_VECTORS_DIM_MIN 2u
#define SCREE_VECTORS_DIM_MAX 65536u
#define SCREE_VECTORS_BITS_MAX 8u
#define SCREE_VECTORS_NAME_BYTES 64u /* of a column's name, without the end */
#define SCREE_VECTORS_COLUMNS_MAX 64u

#ifdef __cplusplus
}
#endif

#endif
