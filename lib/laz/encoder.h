/* encoder.h - what other rooms may do with an encoder beside scree/laz.h. */
#ifndef SCREE_LIB_LAZ_ENCODER_H
#define SCREE_LIB_LAZ_ENCODER_H

#include "scree/laz.h"

/*
 * From now on layered chunks have the layers of their extra bytes alone, all others are empty: for whoever puts these layers into another chunk of points
 * of the same scanner channels, which are all that counts of the records before their extra bytes.
 */
void scree__laz_encode_bytes_alone(struct scree_laz_encoder *encoder);

#endif
