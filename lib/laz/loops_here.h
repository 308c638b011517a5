/* loops_here.h - all loops over points, for the level that the including file is compiled for. */
#ifndef SCREE_LIB_LAZ_LOOPS_HERE_H
#define SCREE_LIB_LAZ_LOOPS_HERE_H

#include "laz/loops.h"

#include "laz/decode_pair.h"
#include "laz/decode_pointwise.h"
#include "laz/encode_layered.h"
#include "laz/encode_pointwise.h"

/* Else gcc packs the state of streams into vector registers behind each point, and unpacks it. The
 * loops above have few streams, and are faster with it. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("no-tree-slp-vectorize")
#endif
#include "laz/decode_layered.h"
#include "laz/decode_two.h"
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

#define LAZ_LOOPS_HERE                                                                   \
    {                                                                                    \
        layered_start, layered_read, layered_start_two, layered_read_two, layered_write, \
            pointwise_read, pointwise_read_two, pointwise_write                          \
    }

#endif
