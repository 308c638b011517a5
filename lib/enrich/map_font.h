/* map_font.h - letters of five by seven dots for maps. */
#ifndef SCREE_LIB_ENRICH_MAP_FONT_H
#define SCREE_LIB_ENRICH_MAP_FONT_H

#include <stdint.h>

#define SCREE__ENRICH_GLYPH_WIDTH 5
#define SCREE__ENRICH_GLYPH_HEIGHT 7

/* Rows of a glyph from the top, the leftmost dot in bit 4. Small letters look like capitals; what is not there is a box. */
const uint8_t *scree__enrich_glyph(char letter);

#endif
