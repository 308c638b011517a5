/* nearest_plain.c - the neighbour search for every machine of the architecture. */
#define FEATURES_LEVEL FEATURES_LEVEL_PLAIN
#include "features/eigen_here.h"
#include "features/formulas_here.h"
#include "features/nearest_here.h"

const struct features_loops scree__features_loops_plain = {take, nearest, within, solve, formulas};
