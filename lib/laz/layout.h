/* layout.h - what a layout must fulfil before a decoder or encoder is made of it. */
#ifndef SCREE_LIB_LAZ_LAYOUT_H
#define SCREE_LIB_LAZ_LAYOUT_H

#include "scree/laz.h"

/* SCREE_E_DATA or SCREE_E_UNSUPPORTED with the reason, when the items, versions and sizes do not go
 * together. */
enum scree_status scree__laz_layout_check(const struct scree_laz_layout *layout,
                                          struct scree_error *err);

#endif
