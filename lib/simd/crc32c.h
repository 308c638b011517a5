/*
 * crc32c.h - CRC-32C (Castagnoli): reflected polynomial 0x82F63B78, all ones before and after. Of "123456789": 0xE3069283.
 */
#ifndef SCREE_LIB_SIMD_CRC32C_H
#define SCREE_LIB_SIMD_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of bytes that follow those whose CRC is `crc`; 0 to begin with. */
uint32_t scree__simd_crc32c(uint32_t crc, const void *bytes, size_t count);
/* The same, always in plain C. */
uint32_t scree__simd_crc32c_plain(uint32_t crc, const void *bytes, size_t count);

#endif
