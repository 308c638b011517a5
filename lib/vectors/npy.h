/* npy.h - the header of a NumPy array file, versions 1 to 3. */
#ifndef SCREE_LIB_VECTORS_NPY_H
#define SCREE_LIB_VECTORS_NPY_H

#include "vectors/input.h"

#define SCREE__VECTORS_NPY_AXES_MAX 2u

struct scree__vectors_npy {
    enum scree__vectors_element element;
    char type[16]; /* as written, "<f4"; cut off where longer */
    unsigned axes; /* 1 or 2 */
    uint64_t shape[SCREE__VECTORS_NPY_AXES_MAX];
    uint64_t data_offset; /* not beyond the end of the file */
};

/* Errors: SCREE_E_DATA, SCREE_E_UNSUPPORTED (a type, Fortran order, more axes), SCREE_E_IO. */
SCREE_MUST_CHECK enum scree_status scree__vectors_npy_read(struct scree_source *source,
                                                           struct scree__vectors_npy *npy,
                                                           struct scree_error *err);

#endif
