/* net_settings.c - what all engines of a source or sink share. */
#include "base/error.h"
#include "io/net_http.h"
#include "mem/budget.h"
#include "par/lock.h"

#include <curl/curl.h>
#include <string.h>

static enum scree_status start_curl(struct scree_error *err)
{
    static struct scree__par_lock lock = SCREE__PAR_LOCK_INIT;
    static bool started;
    scree__par_lock_take(&lock);
    if (!started)
        started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    bool done = started;
    scree__par_lock_give(&lock);
    return done ? SCREE_OK : scree__base_fail(err, SCREE_E_IO, "libcurl does not start");
}

static bool copy_text(const char **place, const char *text)
{
    *place = text != NULL ? scree__mem_string_copy(text) : NULL;
    return text == NULL || *place != NULL;
}

enum scree_status scree__net_settings_init(struct scree__net_settings *settings,
                                           const struct scree_http_options *options,
                                           struct scree_context *context, struct scree_error *err)
{
    struct scree_http_options wanted;
    memset(settings, 0, sizeof *settings);
    scree_http_options_init(&wanted);
    if (options != NULL)
        memcpy(&wanted, options, options->size < sizeof wanted ? options->size : sizeof wanted);
    if (wanted.parallel_requests == 0)
        wanted.parallel_requests = 1;
    if (wanted.parallel_requests > SCREE__NET_PARALLEL_MAX)
        wanted.parallel_requests = SCREE__NET_PARALLEL_MAX;
    settings->http = wanted;
    settings->context = context;
    bool copied = copy_text(&settings->http.ca_file, wanted.ca_file);
    copied = copy_text(&settings->http.proxy, wanted.proxy) && copied;
    copied = copy_text(&settings->http.no_proxy, wanted.no_proxy) && copied;
    if (!copied)
        return scree__base_fail(err, SCREE_E_MEMORY, "network options: out of memory");
    return start_curl(err);
}

void scree__net_settings_release(struct scree__net_settings *settings)
{
    scree__mem_string_free((char *)settings->http.ca_file);
    scree__mem_string_free((char *)settings->http.proxy);
    scree__mem_string_free((char *)settings->http.no_proxy);
    settings->http.ca_file = settings->http.proxy = settings->http.no_proxy = NULL;
}
