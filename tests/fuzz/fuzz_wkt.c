/* fuzz_wkt.c - any bytes as the WKT record of a LAS file, and as what a person says of a CRS. */
#include "las/crs.h"
#include "proj_once.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct scree_las_crs *crs)
{
    if (memchr(crs->name, '\0', sizeof crs->name) == NULL)
        abort();
}

/* The WKT record of a file, whose text `bytes` long is in `payload`, and what a person says. */
static void ask_proj(unsigned how, const uint8_t *payload, size_t bytes, const char *text)
{
    struct scree_las_crs crs;
    struct scree__las_crs_records records = {.wkt = payload,
                                             .wkt_bytes = bytes,
                                             .wkt_bit = (how & 1) != 0,
                                             .version_minor = how & 2 ? 4 : 2};
    if (scree__las_crs_from_records(&records, &crs, NULL) == SCREE_OK) {
        check(&crs);
        scree_las_crs_release(&crs);
    }
    if (scree_las_crs_from_text(text, &crs, NULL) == SCREE_OK) {
        check(&crs);
        scree_las_crs_release(&crs);
    }
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
    if (proj_has_turn(data, size))
        ask_proj(data[0], payload, size - 1, text);
    free(payload);
    free(text);
    return 0;
}
