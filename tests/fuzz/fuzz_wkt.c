/* fuzz_wkt.c - any bytes as the WKT record of a LAS file, and as what a person says of a CRS. */
#include "las/crs.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct scree_las_crs *crs)
{
    if (memchr(crs->name, '\0', sizeof crs->name) == NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    /* As in a file: not terminated, or by zeros of its own. */
    uint8_t *payload = malloc(size);
    char *text = malloc(size);
    if (payload == NULL || text == NULL)
        abort();
    memcpy(payload, data + 1, size - 1);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    struct scree_las_crs crs;
    memset(&crs, 0, sizeof crs);
    (void)scree__las_crs_is_wkt1(text);
    scree__las_crs_describe(text, &crs);
    check(&crs);
    memset(&crs, 0, sizeof crs);
    struct scree__las_crs_records records = {.wkt = payload,
                                             .wkt_bytes = size - 1,
                                             .wkt_bit = (data[0] & 1) != 0,
                                             .version_minor = data[0] & 2 ? 4 : 2};
    /* PROJ takes a thousand times as long as all of the above: one input in eight. */
    if ((data[0] & 0x70) == 0 && scree__las_crs_from_records(&records, &crs, NULL) == SCREE_OK) {
        check(&crs);
        scree_las_crs_release(&crs);
    }
    memset(&crs, 0, sizeof crs);
    if (data[0] % 16 == 4 && scree_las_crs_from_text(text, &crs, NULL) == SCREE_OK)
        scree_las_crs_release(&crs);
    free(payload);
    free(text);
    return 0;
}
