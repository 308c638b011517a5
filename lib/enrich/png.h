/* png.h - pictures: eight bits of red, green and blue a pixel, as PNG (ISO/IEC 15948), packed with the fixed codes of DEFLATE (RFC 1951). */
#ifndef SCREE_LIB_ENRICH_PNG_H
#define SCREE_LIB_ENRICH_PNG_H

#include "mem/budget.h"

/* rgb: width * height * 3 bytes, top row first. All or nothing. Memory: twice the picture's. */
SCREE_MUST_CHECK enum scree_status scree__enrich_png_save(struct scree__mem_budget *budget,
                                                          const char *path, uint32_t width,
                                                          uint32_t height, const uint8_t *rgb,
                                                          struct scree_error *err);

#endif
