/* scree/scree.h - everything. */
#ifndef SCREE_SCREE_H
#define SCREE_SCREE_H

#include "base.h"
#include "copc.h"
#include "features.h"
#include "io.h"
#include "las.h"
#include "laz.h"
#include "query.h"
#include "synth.h"
#include "vectors.h"

#endif
