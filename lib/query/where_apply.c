/* where_apply.c - a condition over a block of points: step by step, each a loop over the block. */
#include "query/where.h"

#include <string.h>

size_t scree__query_where_work_bytes(const struct scree__query_where *where, size_t count)
{
    return count * (2 * sizeof(double) + where->depth);
}

static void load(const struct scree__query_where *where, const struct scree__query_column *bound,
                 struct scree__query_value value, const uint8_t *records, size_t stride,
                 size_t count, double *values)
{
    if (value.is_number)
        for (size_t i = 0; i < count; i++)
            values[i] = where->values[value.index];
    else
        scree__query_column_load(&bound[value.index], records, stride, count, values);
}

static void compare(enum scree__query_code code, const double *a, const double *b, size_t count,
                    uint8_t *mask)
{
#define EACH(operator)                 \
    for (size_t i = 0; i < count; i++) \
        mask[i] = a[i] operator b[i];  \
    break
    switch (code) {
    case SCREE__QUERY_EQ:
        EACH(==);
    case SCREE__QUERY_NE:
        EACH(!=);
    case SCREE__QUERY_LT:
        EACH(<);
    case SCREE__QUERY_LE:
        EACH(<=);
    case SCREE__QUERY_GT:
        EACH(>);
    default:
        EACH(>=);
    }
#undef EACH
}

static void find_in(const double *a, const double *list, uint32_t list_count, size_t count,
                    uint8_t *mask)
{
    memset(mask, 0, count);
    for (uint32_t j = 0; j < list_count; j++)
        for (size_t i = 0; i < count; i++)
            mask[i] |= a[i] == list[j];
}

static void combine(enum scree__query_code code, uint8_t *a, const uint8_t *b, size_t count)
{
    if (code == SCREE__QUERY_AND)
        for (size_t i = 0; i < count; i++)
            a[i] &= b[i];
    else
        for (size_t i = 0; i < count; i++)
            a[i] |= b[i];
}

void scree__query_where_apply(const struct scree__query_where *where,
                              const struct scree__query_column *bound, const uint8_t *records,
                              size_t stride, size_t count, uint8_t *keep, void *work)
{
    double *a = work, *b = a + count;
    uint8_t *masks = (uint8_t *)(b + count), *top = masks;
    for (uint64_t s = 0; s < where->step_count; s++) {
        const struct scree__query_step *step = &where->steps[s];
        if (step->code <= SCREE__QUERY_IN) {
            load(where, bound, step->left, records, stride, count, a);
            if (step->code == SCREE__QUERY_IN) {
                find_in(a, where->values + step->right.index, step->count, count, top);
            } else {
                load(where, bound, step->right, records, stride, count, b);
                compare(step->code, a, b, count, top);
            }
            top += count;
        } else if (step->code == SCREE__QUERY_NOT) {
            for (size_t i = 0; i < count; i++)
                (top - count)[i] ^= 1;
        } else {
            top -= count;
            combine(step->code, top - count, top, count);
        }
    }
    for (size_t i = 0; i < count; i++)
        keep[i] &= masks[i];
}
