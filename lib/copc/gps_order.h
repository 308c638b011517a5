/* gps_order.h - the points of a node into order of GPS time. */
#ifndef SCREE_LIB_COPC_GPS_ORDER_H
#define SCREE_LIB_COPC_GPS_ORDER_H

#include "copc/radix.h"

/*
 * Sorts places[0, count) by the GPS times of their records, as scree__copc_gps_key() has them; stable. The keys in the places do not matter. other: room
 * for as many. The result is in the array that is returned, one of the two.
 */
uint64_t *scree__copc_gps_sort(const uint8_t *records, uint32_t record_bytes, uint64_t *places,
                               uint64_t *other, uint64_t count);

#endif
