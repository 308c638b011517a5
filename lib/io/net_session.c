/* net_session.c - what threads need to read remote objects, kept from one call to the next. */
#include "base/error.h"
#include "io/net_source.h"
#include "mem/budget.h"
#include "par/context.h"

struct scree__net_pool {
    struct scree__par_lock lock;
    struct scree__net_session *idle;
};

static void *pool_new(void)
{
    void *memory;
    if (scree__mem_alloc(NULL, sizeof(struct scree__net_pool), &memory, "connections", NULL) !=
        SCREE_OK)
        return NULL;
    struct scree__net_pool *pool = memory;
    scree__par_lock_init(&pool->lock);
    pool->idle = NULL;
    return pool;
}

static void pool_free(void *memory)
{
    struct scree__net_pool *pool = memory;
    if (pool == NULL)
        return;
    while (pool->idle != NULL) {
        struct scree__net_session *session = pool->idle;
        pool->idle = session->next;
        scree__net_engine_free(session->engine);
        scree__mem_free(NULL, session, sizeof *session);
    }
    scree__par_lock_release(&pool->lock);
    scree__mem_free(NULL, pool, sizeof *pool);
}

enum scree_status scree__net_pool_find(struct scree__net_source *source, struct scree_error *err)
{
    struct scree_context *context = source->settings.context;
    source->owns_pool = context == NULL;
    source->pool =
        context != NULL ? scree__par_attachment(context, pool_new, pool_free) : pool_new();
    return source->pool != NULL
               ? SCREE_OK
               : scree__base_fail(err, SCREE_E_MEMORY, "%s: out of memory", source->source.name);
}

void scree__net_pool_leave(struct scree__net_source *source)
{
    if (source->owns_pool)
        pool_free(source->pool);
}

enum scree_status scree__net_session_take(struct scree__net_source *source,
                                          struct scree__net_session **out, struct scree_error *err)
{
    scree__par_lock_take(&source->pool->lock);
    struct scree__net_session *session = source->pool->idle;
    if (session != NULL)
        source->pool->idle = session->next;
    scree__par_lock_give(&source->pool->lock);
    *out = session;
    if (session != NULL) {
        scree__net_engine_use(session->engine, &source->settings);
        return SCREE_OK;
    }
    void *memory;
    enum scree_status status = scree__mem_alloc(NULL, sizeof *session, &memory, "session", err);
    if (status != SCREE_OK)
        return status;
    session = memory;
    session->next = NULL;
    status = scree__net_engine_new(&source->settings, &session->engine, err);
    if (status != SCREE_OK) {
        scree__mem_free(NULL, session, sizeof *session);
        return status;
    }
    *out = session;
    return SCREE_OK;
}

void scree__net_session_give(struct scree__net_source *source, struct scree__net_session *session)
{
    if (session == NULL)
        return;
    scree__par_lock_take(&source->pool->lock);
    session->next = source->pool->idle;
    source->pool->idle = session;
    scree__par_lock_give(&source->pool->lock);
}
