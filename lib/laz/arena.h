/* arena.h - cuts the caller's one piece of memory into parts; with no memory it only measures. */
#ifndef SCREE_LIB_LAZ_ARENA_H
#define SCREE_LIB_LAZ_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define LAZ_ARENA_ALIGN 64u

struct laz_arena {
    uint8_t *memory; /* NULL: measure */
    size_t used;
};

/* NULL while measuring. The largest layout takes under 300 MiB, so that sizes cannot overflow. */
static inline void *laz_arena_take(struct laz_arena *arena, size_t bytes)
{
    void *at = arena->memory ? arena->memory + arena->used : NULL;
    arena->used += (bytes + LAZ_ARENA_ALIGN - 1) / LAZ_ARENA_ALIGN * LAZ_ARENA_ALIGN;
    return at;
}

#endif
