/* net_exchange.h - one exchange of an engine: from a request that is prepared to libcurl, and back. */
#ifndef SCREE_LIB_IO_NET_EXCHANGE_H
#define SCREE_LIB_IO_NET_EXCHANGE_H

#include "io/net_http.h"
#include "mem/budget.h"

#include <curl/curl.h>

struct scree__net_slot {
    CURL *easy;
    struct scree__net_job *job; /* NULL: free */
    bool in_flight;             /* else waiting for due_ns */
    uint64_t due_ns, deadline_ns;
    uint64_t heard_ns; /* when something last went over the wire */
    struct scree__net_engine *engine;
    struct scree__net_request request;
};

struct scree__net_engine {
    struct scree__net_settings *settings;
    CURLM *multi;
    struct scree__mem_budget *budget;
    uint64_t reserved_bytes; /* for connections */
    unsigned slot_count, busy_count;
    uint64_t random;
    struct scree__net_slot *slots[SCREE__NET_PARALLEL_MAX];
};

/* Sends the slot's request as it stands. False: libcurl takes no request. */
bool scree__net_launch(struct scree__net_slot *slot);

/* Tells the job of the header of a 2xx answer, once. False: the rest is not wanted. */
bool scree__net_tell_headers(struct scree__net_slot *slot);

#endif
