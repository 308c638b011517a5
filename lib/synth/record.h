/* record.h - pulses as LAS point records, and the file's grid. */
#ifndef SCREE_LIB_SYNTH_RECORD_H
#define SCREE_LIB_SYNTH_RECORD_H

#include "synth/block.h"

/* The survey's south-west corner, on the grid of Lambert-93; records are whole millimetres from it.
 */
#define SCREE__SYNTH_ORIGIN_EAST 650000.0
#define SCREE__SYNTH_ORIGIN_NORTH 6860000.0
#define SCREE__SYNTH_SCALE 0.001

/*
 * Writes points [begin, end) of a tile, tightly packed; records has room for them. Reads nothing
 * but its arguments: the same call gives the same bytes.
 */
void scree__synth_records_make(const struct scree__synth_plan *plan, unsigned point_format,
                               uint32_t record_bytes, uint64_t begin, uint64_t end,
                               struct scree__synth_scene *scene, struct scree__synth_block *block,
                               uint8_t *records);

#endif
