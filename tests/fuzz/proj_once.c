/*
 * proj_once.c - a context of PROJ for all inputs of a target. A new one opens PROJ's database, which takes a thousand times as long as an input. The program's
 * own functions are found before PROJ's (a shared library), which they call.
 */
#include "proj_once.h"

bool proj_has_turn(const uint8_t *data, size_t size)
{
#ifdef SCREE_FUZZ
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 16777619u;
    return (hash >> 16) % 64 == 0;
#else
    (void)data;
    (void)size;
    return true;
#endif
}

#if SCREE_HAVE_PROJ

#include <dlfcn.h>
#include <proj.h>
#include <stdlib.h>

static PJ_CONTEXT *kept;

PJ_CONTEXT *proj_context_create(void)
{
    PJ_CONTEXT *(*create)(void);
    if (kept == NULL) {
        *(void **)&create = dlsym(RTLD_NEXT, "proj_context_create");
        if (create == NULL || (kept = create()) == NULL)
            abort();
    }
    return kept;
}

/* The kept one stays; whoever listened to it is gone. */
PJ_CONTEXT *proj_context_destroy(PJ_CONTEXT *context)
{
    proj_log_level(context, PJ_LOG_NONE);
    return NULL;
}

#endif
