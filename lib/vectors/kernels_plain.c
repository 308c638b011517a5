/* kernels_plain.c - the kernels in plain C: the reference. */
#include "vectors/kernels_here.h"

const struct scree__vectors_kernels scree__vectors_kernels_plain = VECTORS_KERNELS_HERE("plain");
