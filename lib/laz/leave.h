/* leave.h - for callers within the library who look at the fields that they ask for and at no others. */
#ifndef SCREE_LIB_LAZ_LEAVE_H
#define SCREE_LIB_LAZ_LEAVE_H

#include "scree/laz.h"

/*
 * From the next chunk on, records of layered chunks keep, in fields that the decoder's mask leaves out, what
 * the caller's memory holds there, instead of being given the first point's values. (Its first record
 * is stored whole, and the flags and the channel share a byte.)
 */
void scree__laz_decoder_leave(struct scree_laz_decoder *decoder);

/*
 * head: the first scree_laz_layered_fixed_bytes() of a layered chunk. How many bytes of the chunk a decoder
 * with this mask of fields looks at: to the end of the last of its layers. The others may be anything.
 */
uint64_t scree__laz_layered_wanted(const struct scree_laz_layout *layout, uint32_t fields,
                                   const uint8_t *head);

#endif
