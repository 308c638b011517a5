/* vlr.h - variable length records as bytes. */
#ifndef SCREE_LIB_LAS_VLR_H
#define SCREE_LIB_LAS_VLR_H

#include "scree/las.h"

#define SCREE__LAS_VLR_BYTES 54u  /* of a VLR's header */
#define SCREE__LAS_EVLR_BYTES 60u /* of an EVLR's header */

#define SCREE__LAS_LASZIP_USER "laszip encoded"
#define SCREE__LAS_LASZIP_ID 22204u
#define SCREE__LAS_EXTRA_BYTES_USER "LASF_Spec"
#define SCREE__LAS_EXTRA_BYTES_ID 4u

/* Writes the header of a VLR (54 bytes), or of an EVLR (60). */
void scree__las_vlr_header_write(const struct scree_las_vlr *vlr, bool extended, uint8_t *bytes);

#endif
