/* http_options.c - defaults of how to talk to servers and stores. */
#include "scree/io.h"

#include <string.h>

void scree_http_options_init(struct scree_http_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->connect_timeout_ms = 10000;
    options->stall_timeout_ms = 30000;
    options->deadline_ms = 300000;
    options->retries = 5;
    options->retry_first_ms = 200;
    options->retry_most_ms = 10000;
    options->retry_after_most_ms = 60000;
    options->redirects = 5;
    options->parallel_requests = 16;
}

void scree_s3_options_init(struct scree_s3_options *options)
{
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}
