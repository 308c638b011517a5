/* header.h - the public header block as bytes. */
#ifndef SCREE_LIB_LAS_HEADER_H
#define SCREE_LIB_LAS_HEADER_H

#include "scree/las.h"

/* LAS 1.5 has the longest: 375 bytes of 1.4, and 18 for GPS times, which scree does not use. */
#define SCREE__LAS_HEADER_BYTES_MAX 393

/* Bytes that the header of a minor version has at least: 227, from 1.3 on 235, from 1.4 on 375. */
uint32_t scree__las_header_bytes(unsigned version_minor);

/* Writes header->header_bytes bytes; the fields are as the header has them. */
void scree__las_header_write(const struct scree_las_header *header, uint8_t *bytes);

/* Text fields of headers and VLRs: padded with NULs, perhaps not terminated. text has field_bytes
 * + 1 bytes. */
void scree__las_text_read(const uint8_t *field, size_t field_bytes, char *text);
void scree__las_text_write(const char *text, size_t field_bytes, uint8_t *field);

#endif
