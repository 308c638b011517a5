/* model.c - first state and periodic rebuilding of the adaptive models. */
#include "laz/model.h"

#define TOTAL_MAX 32768u
#define BIT_TOTAL_MAX 8192u

static void model_first(struct laz_head *head, uint16_t *top, uint16_t *cum, uint16_t *count,
                        unsigned layout, unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        count[k] = 1;
    for (unsigned k = n; k < (unsigned)LAZ_CUM_ENTRIES(n); k++)
        cum[k] = LAZ_CUM_PAD;
    for (unsigned b = 0; b < (unsigned)LAZ_TOP_ENTRIES(layout); b++)
        top[b] = LAZ_CUM_PAD;
    head->total = (uint16_t)n;
    head->period = (uint16_t)((n + 6) >> 1);
}

static void model_next(struct laz_head *head, uint16_t *count, unsigned n)
{
    uint32_t total = (uint32_t)head->total + head->period;
    if (total > TOTAL_MAX) {
        total = 0;
        for (unsigned k = 0; k < n; k++) {
            count[k] = (uint16_t)((count[k] + 1u) >> 1);
            total += count[k];
        }
    }
    uint32_t period = (5u * head->period) >> 2;
    uint32_t period_max = 8 * (n + 6);
    head->total = (uint16_t)total;
    head->period = (uint16_t)(period < period_max ? period : period_max);
}

void scree__laz_model_refresh(struct laz_head *head, uint16_t *top, uint16_t *cum, uint16_t *count,
                              unsigned layout, unsigned n)
{
    if (head->total == 0)
        model_first(head, top, cum, count, layout, n);
    else
        model_next(head, count, n);
    head->left = head->period;
    uint32_t scale = 0x80000000u / head->total;
    uint32_t below = 0;
    for (unsigned k = 0; k < n; k++) {
        cum[k] = (uint16_t)(below >> 16);
        below += scale * count[k];
    }
    if (layout > 64) {
        for (unsigned b = 0; 16 * (b + 1) < n; b++)
            top[b] = cum[16 * (b + 1)];
    }
}

void scree__laz_bit_refresh(struct laz_bit *bit)
{
    if (bit->all == 0) {
        bit->zeros = 1;
        bit->all = 2;
        bit->p0 = 4096;
        bit->period = 4;
    } else {
        uint32_t all = (uint32_t)bit->all + bit->period;
        uint32_t zeros = bit->zeros;
        if (all > BIT_TOTAL_MAX) {
            all = (all + 1) >> 1;
            zeros = (zeros + 1) >> 1;
            if (zeros == all)
                all++;
        }
        uint32_t period = (5u * bit->period) >> 2;
        bit->zeros = (uint16_t)zeros;
        bit->all = (uint16_t)all;
        bit->p0 = (uint16_t)((zeros * (0x80000000u / all)) >> 18);
        bit->period = (uint16_t)(period < 64 ? period : 64);
    }
    bit->left = bit->period;
}
