/* size.c - sizes as people write them: "2G", "512MiB", "70%". Strict: "4g2" and "2 G" are refused.
 */
#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

static bool suffix_shift(const char *suffix, unsigned *shift)
{
    static const char letters[] = "kmgt";
    if (suffix[0] == '\0' || strcmp(suffix, "B") == 0) {
        *shift = 0;
        return true;
    }
    char lower = (char)(suffix[0] | 0x20);
    const char *at = strchr(letters, lower);
    if (at == NULL || lower == '\0')
        return false;
    const char *rest = suffix + 1;
    if (rest[0] != '\0' && strcmp(rest, "B") != 0 && strcmp(rest, "iB") != 0 &&
        strcmp(rest, "i") != 0)
        return false;
    *shift = 10u * (unsigned)(at - letters + 1);
    return true;
}

/* Digits and up to three decimals: "1.5G". Returns the end, NULL when there is no number. The value
 * is in thousandths. */
static const char *parse_thousandths(const char *text, uint64_t *thousandths)
{
    uint64_t value = 0;
    const char *p = text;
    if (*p < '0' || *p > '9')
        return NULL;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (!scree__base_mul64(value, 10, &value) ||
            !scree__base_add64(value, (uint64_t)(*p - '0'), &value))
            return NULL;
    }
    if (!scree__base_mul64(value, 1000, &value))
        return NULL;
    if (*p == '.') {
        uint64_t unit = 100;
        p++;
        if (*p < '0' || *p > '9')
            return NULL;
        for (; *p >= '0' && *p <= '9'; p++, unit /= 10) {
            if (unit == 0 || !scree__base_add64(value, (uint64_t)(*p - '0') * unit, &value))
                return NULL;
        }
    }
    *thousandths = value;
    return p;
}

enum scree_status scree_size_parse(const char *text, uint64_t whole_bytes, uint64_t *bytes,
                                   struct scree_error *err)
{
    uint64_t thousandths = 0;
    unsigned shift = 0;
    const char *suffix = text != NULL ? parse_thousandths(text, &thousandths) : NULL;
    if (suffix == NULL)
        goto refuse;
    if (strcmp(suffix, "%") == 0) {
        if (whole_bytes == 0 || thousandths == 0 || thousandths > 100000)
            goto refuse;
        *bytes = (uint64_t)((double)whole_bytes * ((double)thousandths / 100000.0));
        return SCREE_OK;
    }
    if (!suffix_shift(suffix, &shift) || thousandths == 0)
        goto refuse;
    uint64_t scaled;
    if (!scree__base_mul64(thousandths, (uint64_t)1 << shift, &scaled) || scaled < 1000)
        goto refuse;
    *bytes = scaled / 1000;
    return SCREE_OK;
refuse:
    return scree__base_fail(
        err, SCREE_E_ARGUMENT,
        "'%s' is not a size (expected a number with K, M, G, T or %%: 2G, 512MiB, 70%%)",
        text != NULL ? text : "");
}
