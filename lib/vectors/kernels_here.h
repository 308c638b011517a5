/* kernels_here.h - all kernels, for the level that the including file is compiled for. */
#ifndef SCREE_LIB_VECTORS_KERNELS_HERE_H
#define SCREE_LIB_VECTORS_KERNELS_HERE_H

#include "vectors/choose_here.h"
#include "vectors/encode_here.h"
#include "vectors/lists_here.h"
#include "vectors/rerank_here.h"
#include "vectors/rotate_here.h"
#include "vectors/rough_here.h"
#include "vectors/scan_here.h"

#define VECTORS_KERNELS_HERE(name)                                                               \
    {                                                                                            \
        name, rotate, products, assign, measure, quantize, project, levels, split, tables, scan, \
            middling, select_hits, whole, keys, below, rough, uppers, limit_of, keep,            \
            distance2_fp32, product_fp32, distance2_fp16, product_fp16, rows, ranks              \
    }

#endif
