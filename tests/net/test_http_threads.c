/* test_http_threads.c - many ranges and many threads: coalescing, parallel requests, cache, budget, cancellation. */
#include "net_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)
#define KIB ((uint64_t)1 << 10)
#define THREADS 4

static unsigned char room[24 * (1 << 20)];

/* Reads ranges at these offsets, each of byte_count bytes, and checks them. Returns the requests that it took. */
static uint64_t read_ranges(struct net *net, const uint64_t *offsets, size_t count,
                            size_t byte_count)
{
    struct scree_range ranges[600];
    uint64_t before = net_statistics(net).request_count;
    assert_true(count <= 600 && count * byte_count <= sizeof room);
    for (size_t i = 0; i < count; i++)
        ranges[i] = (struct scree_range){offsets[i], byte_count, room + i * byte_count};
    if (scree_source_read_many(net->source, ranges, count, &net->err) != SCREE_OK)
        fail_msg("%s", net->err.message);
    for (size_t i = 0; i < count; i++)
        assert_true(net_bytes_are_right(ranges[i].bytes, offsets[i], byte_count));
    return net_statistics(net).request_count - before;
}

static void coalesces(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 100 * MIB});
    net_must_open(&net);
    /* Gaps of 10 KB: one request. In any order, and overlapping. */
    uint64_t near[] = {2 * MIB + 220000, 2 * MIB, 2 * MIB + 110000, 2 * MIB + 50000};
    assert_int_equal(read_ranges(&net, near, 4, 100000), 1);
    /* Gaps of 100 KB: a request each. */
    uint64_t far[] = {10 * MIB, 10 * MIB + 200000, 10 * MIB + 400000};
    assert_int_equal(read_ranges(&net, far, 3, 100000), 3);
    /* Gaps that add up to more than overread_bytes: two requests. */
    uint64_t many[8];
    for (unsigned i = 0; i < 8; i++)
        many[i] = 20 * MIB + i * 100 * KIB;
    assert_int_equal(read_ranges(&net, many, 8, 50 * KIB), 2);
    /* Small ones of neighbouring blocks: one request, then none. */
    uint64_t small[] = {30 * MIB, 30 * MIB + 40000, 30 * MIB + 80000, 30 * MIB + 5};
    assert_int_equal(read_ranges(&net, small, 4, 100), 1);
    assert_int_equal(read_ranges(&net, small, 4, 100), 0);
    /* A long one is split. */
    uint64_t one[] = {40 * MIB + 1};
    assert_int_equal(read_ranges(&net, one, 1, 20 * MIB), 3);
    net_end(&net);
}

static void many_ranges(void **state)
{
    struct net net;
    uint64_t offsets[600];
    (void)state;
    net_begin(&net, &(struct plan){.size = 100 * MIB});
    net.options.cache_bytes = 0; /* as small as it gets: 8 blocks */
    net_must_open(&net);
    srand(1);
    for (unsigned i = 0; i < 600; i++)
        offsets[i] = (uint64_t)rand() % (100 * MIB - 40000);
    read_ranges(&net, offsets, 600, 40000);
    read_ranges(&net, offsets, 600, 3000);
    net_end(&net);
}

static void at_once(void **state)
{
    struct net net;
    uint64_t offsets[16];
    (void)state;
    net_begin(&net, &(struct plan){.size = 100 * MIB});
    net_must_open(&net);
    NET_PLAN(&net, latency_ms, 40);
    for (unsigned i = 0; i < 16; i++)
        offsets[i] = (i + 3) * MIB;
    double begin = net_seconds();
    assert_int_equal(read_ranges(&net, offsets, 16, 50000), 16);
    double seconds = net_seconds() - begin; /* 16 x 40 ms one by one, 2 x 40 ms 8 at a time */
    assert_true(seconds < 0.4);
    assert_true(NET_SEEN(&net, connection_count) <= 8);
    net_end(&net);
}

static void prefetches(void **state)
{
    struct net net;
    struct scree_range ranges[] = {
        {20 * MIB, 100000, NULL}, {30 * MIB, 10, NULL}, {200 * MIB, 10, NULL}};
    uint64_t offsets[] = {20 * MIB, 20 * MIB + 50000, 30 * MIB};
    (void)state;
    net_begin(&net, &(struct plan){.size = 100 * MIB});
    net_must_open(&net);
    assert_int_equal(scree_source_prefetch(net.source, ranges, 3, &net.err), SCREE_OK);
    assert_int_equal(net_statistics(&net).request_count, 4);
    assert_int_equal(read_ranges(&net, offsets, 3, 10), 0);
    net_must_read(&net, 20 * MIB, 100000); /* long, and wholly cached */
    assert_int_equal(net_statistics(&net).request_count, 4);
    assert_true(net_statistics(&net).cache_hit_count >= 6);
    net_end(&net);
}

struct worker {
    struct net *net;
    pthread_t thread;
    unsigned seed;
    bool same; /* all read the same small range, at the same time */
    bool failed;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    unsigned char *bytes = malloc(300000);
    for (unsigned i = 0; i < (worker->same ? 1 : 60); i++) {
        uint64_t offset = (uint64_t)rand_r(&worker->seed) % (19 * MIB);
        size_t count = i % 3 == 0 ? 300000 : 1 + (size_t)rand_r(&worker->seed) % 20000;
        if (worker->same)
            offset = 10 * MIB, count = 100;
        if (scree_source_read(worker->net->source, offset, bytes, count, NULL) != SCREE_OK ||
            !net_bytes_are_right(bytes, offset, count))
            worker->failed = true;
    }
    free(bytes);
    return NULL;
}

static void run_workers(struct net *net, bool same)
{
    struct worker workers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.net = net, .seed = i + 1, .same = same};
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_false(workers[i].failed);
    }
}

static void from_threads(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 20 * MIB, .etag = "\"a\""});
    net.options.cache_bytes = 512 * KIB; /* blocks are pushed out all the time */
    net_must_open(&net);
    NET_PLAN(&net, fail_status, 503);
    NET_PLAN(&net, fail_count, 5);
    run_workers(&net, false);
    net_end(&net);
}

static void one_flight(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 20 * MIB});
    net_must_open(&net);
    NET_PLAN(&net, latency_ms, 30);
    run_workers(&net, true);
    assert_int_equal(net_statistics(&net).request_count, 3);
    net_end(&net);
}

static void in_the_budget(void **state)
{
    struct net net;
    struct scree_context_options wanted;
    struct scree_context *context;
    (void)state;
    scree_context_options_init(&wanted);
    wanted.memory_bytes = 2 * MIB;
    wanted.threads = 1;
    assert_int_equal(scree_context_new(&wanted, &context, NULL), SCREE_OK);
    net_begin(&net, &(struct plan){.size = 20 * MIB});
    net.options.context = context;
    net_must_open(&net); /* asked for 4 MiB of cache */
    net_must_read(&net, 10 * MIB, 500000);
    assert_true(scree_context_peak_bytes(context) > MIB);
    assert_true(scree_context_peak_bytes(context) <= 2 * MIB);
    net_end(&net);
    scree_context_free(context);

    wanted.memory_bytes = 100 * KIB; /* not even the least */
    assert_int_equal(scree_context_new(&wanted, &context, NULL), SCREE_OK);
    net_begin(&net, &(struct plan){.size = 20 * MIB});
    net.options.context = context;
    assert_int_equal(net_open(&net), SCREE_E_BUDGET);
    assert_true(net.err.need_bytes > 100 * KIB);
    net_end(&net);
    scree_context_free(context);
}

static void *cancel_soon(void *arg)
{
    struct timespec time = {0, 30000000};
    nanosleep(&time, NULL);
    scree_context_cancel(arg);
    return NULL;
}

static void cancelled(void **state)
{
    struct net net;
    struct scree_context *context;
    pthread_t thread;
    (void)state;
    assert_int_equal(scree_context_new(NULL, &context, NULL), SCREE_OK);
    net_begin(&net, &(struct plan){.size = 20 * MIB});
    net.options.context = context;
    net_must_open(&net);
    NET_PLAN(&net, stall_count, 100);
    pthread_create(&thread, NULL, cancel_soon, context);
    double begin = net_seconds();
    assert_int_equal(net_read(&net, 10 * MIB, 500000), SCREE_E_CANCELLED);
    assert_true(net_seconds() - begin < 2.0);
    pthread_join(thread, NULL);
    net_end(&net);
    scree_context_free(context);
}

/* The sources of a run share their connections, one after the other. */
static void keeps_connections(void **state)
{
    struct net net;
    struct scree_context *context;
    (void)state;
    assert_int_equal(scree_context_new(NULL, &context, NULL), SCREE_OK);
    net_begin(&net, &(struct plan){.size = 20 * MIB});
    net.options.context = context;
    for (unsigned i = 0; i < 10; i++) {
        net_must_open(&net);
        net_must_read(&net, 10 * MIB, 500000);
        scree_source_close(net.source);
        net.source = NULL;
    }
    assert_int_equal(NET_SEEN(&net, request_count), 30);
    assert_true(NET_SEEN(&net, connection_count) <= 2);
    net_end(&net);
    scree_context_free(context);
}

/* Where the budget has no memory for connections there are fewer at once, and the bytes come all the same. */
static void few_connections(void **state)
{
    struct net net;
    struct scree_context_options wanted;
    struct scree_context *context;
    uint64_t offsets[16];
    (void)state;
    scree_context_options_init(&wanted);
    wanted.memory_bytes = 5 * MIB;
    wanted.threads = 1;
    assert_int_equal(scree_context_new(&wanted, &context, NULL), SCREE_OK);
    net_begin(&net, &(struct plan){.size = 100 * MIB});
    net.options.context = context;
    net_must_open(&net);
    for (unsigned i = 0; i < 16; i++)
        offsets[i] = (i + 3) * MIB;
    assert_int_equal(read_ranges(&net, offsets, 16, 50000), 16);
    assert_true(NET_SEEN(&net, connection_count) <= 2);
    net_end(&net);
    scree_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coalesces),         cmocka_unit_test(many_ranges),
        cmocka_unit_test(at_once),           cmocka_unit_test(prefetches),
        cmocka_unit_test(from_threads),      cmocka_unit_test(one_flight),
        cmocka_unit_test(in_the_budget),     cmocka_unit_test(cancelled),
        cmocka_unit_test(keeps_connections), cmocka_unit_test(few_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
