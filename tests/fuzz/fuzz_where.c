/* fuzz_where.c - any text as a condition; one that is read is run over a block of records. */
#include "query/where.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { POINTS = 16, RECORD = 38 };

static void run(const struct scree__query_where *where, const char *text)
{
    static const double scale[3] = {0.01, 0.01, 0.01}, offset[3] = {0};
    static uint8_t records[POINTS * RECORD];
    struct scree__query_columns columns;
    struct scree__query_column bound[SCREE__QUERY_WHERE_FIELDS_MAX];
    uint8_t keep[POINTS];
    for (size_t i = 0; i < sizeof records; i++)
        records[i] = (uint8_t)(i * 37 + (unsigned char)text[0]);
    if (scree__query_columns_make(&columns, 8, scale, offset, NULL, 0, NULL) != SCREE_OK)
        return;
    if (scree__query_where_bind(where, &columns, "fuzz", bound, NULL) == SCREE_OK) {
        void *work = malloc(scree__query_where_work_bytes(where, POINTS) + 1);
        memset(keep, 1, sizeof keep);
        if (work != NULL)
            scree__query_where_apply(where, bound, records, RECORD, POINTS, keep, work);
        for (int i = 0; i < POINTS; i++)
            if (keep[i] > 1)
                abort();
        free(work);
    }
    scree__query_columns_release(&columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scree__query_where where;
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    if (scree__query_where_parse(text, &where, NULL) == SCREE_OK)
        run(&where, text);
    scree__query_where_release(&where);
    free(text);
    return 0;
}
