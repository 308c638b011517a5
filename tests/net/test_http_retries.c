/* test_http_retries.c - servers that fail now and then, or for good; redirects; secrets. */
#include "net_fixture.h"

#include "io/net_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)
#define FAR (3 * MIB + 17)
#define LONG ((size_t)200000)

static void passing_failures(void **state)
{
    static const int statuses[] = {408, 429, 500, 502, 503, 504};
    struct net net;
    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        net_begin(&net,
                  &(struct plan){.size = 10 * MIB, .fail_status = statuses[i], .fail_count = 2});
        net_must_open(&net);
        assert_int_equal(net_statistics(&net).retry_count, 2);
        net_must_read(&net, FAR, LONG);
        net_end(&net);
    }
}

static void lasting_failures(void **state)
{
    static const int statuses[] = {400, 401, 403, 410, 451, 501, 505};
    struct net net;
    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        net_begin(&net,
                  &(struct plan){.size = 10 * MIB, .fail_status = statuses[i], .fail_count = 9});
        assert_int_equal(net_open(&net), SCREE_E_IO);
        assert_true(NET_SEEN(&net, request_count) - NET_SEEN(&net, tail_count) == 1);
        net_end(&net);
    }
    net_begin(&net, &(struct plan){.size = 10 * MIB, .fail_status = 503, .fail_count = 99});
    assert_int_equal(net_open(&net), SCREE_E_IO);
    net_says(&net, "HTTP status 503 (service unavailable) (after 4 attempts)");
    assert_int_equal(NET_SEEN(&net, request_count) - NET_SEEN(&net, tail_count), 4);
    net_end(&net);
}

static void retry_after(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){
                        .size = 10 * MIB, .fail_status = 429, .fail_count = 1, .retry_after = "1"});
    double begin = net_seconds();
    net_must_open(&net);
    assert_true(net_seconds() - begin >= 1.0);
    NET_PLAN(&net, retry_after, "3600");
    NET_PLAN(&net, fail_count, 1);
    begin = net_seconds();
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    net_says(&net, "asks to come back in 3600 s");
    assert_true(net_seconds() - begin < 1.0);
    net_end(&net);
}

static void backs_off(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB});
    net.http.retry_first_ms = 20;
    net.http.retry_most_ms = 80;
    net_must_open(&net);
    NET_PLAN(&net, fail_status, 503);
    NET_PLAN(&net, fail_count, 3);
    double begin = net_seconds();
    net_must_read(&net, FAR, LONG);
    double seconds = net_seconds() - begin; /* 20 + 40 + 80 ms, each at least half */
    assert_true(seconds >= 0.068);
    net_end(&net);
}

/* Each pause is between a half and the whole of what doubling makes of it, and they differ. That they are kept: backs_off(). */
static void jitters(void **state)
{
    static const uint64_t whole_ms[] = {20, 40, 80, 100, 100};
    struct scree_http_options http;
    struct scree__net_settings settings;
    struct scree__net_engine *engine;
    struct scree_error err = SCREE_ERROR_INIT;
    (void)state;
    scree_http_options_init(&http);
    http.retry_first_ms = 20;
    http.retry_most_ms = 100;
    if (scree__net_settings_init(&settings, &http, NULL, &err) != SCREE_OK ||
        scree__net_engine_new(&settings, &engine, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    for (unsigned attempts = 1; attempts <= 5; attempts++) {
        const uint64_t whole = whole_ms[attempts - 1] * 1000000;
        uint64_t least = UINT64_MAX, most = 0;
        for (unsigned i = 0; i < 200; i++) {
            uint64_t pause = scree__net_pause_ns(engine, attempts);
            least = pause < least ? pause : least;
            most = pause > most ? pause : most;
        }
        assert_true(least > whole / 2 && least < whole * 6 / 10);
        assert_true(most <= whole && most > whole * 9 / 10);
    }
    scree__net_engine_free(engine);
    scree__net_settings_release(&settings);
}

static void deadline(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB});
    net.http.retries = 1000000;
    net.http.deadline_ms = 100;
    net_must_open(&net);
    NET_PLAN(&net, fail_status, 503);
    NET_PLAN(&net, fail_count, 1000000);
    double begin = net_seconds();
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    net_says(&net, "the deadline of 100 ms is over");
    assert_true(net_seconds() - begin < 2.0);
    net_end(&net);
}

/* Goes on where the connection broke. */
static void reset_in_the_body(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB, .reset_after = 100000, .reset_count = 0});
    net_must_open(&net);
    NET_PLAN(&net, reset_count, 8); /* more than retries: each brings it on */
    net_must_read(&net, MIB, (size_t)MIB);
    assert_int_equal(net_statistics(&net).retry_count, 8);
    unsigned last = NET_SEEN(&net, request_count) - 1;
    assert_true(net_request(&net, last)->first > MIB);
    assert_int_equal(net_request(&net, last)->last, 2 * MIB - 1);
    net_end(&net);
}

static void stalls(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB});
    net.http.stall_timeout_ms = 60;
    net_must_open(&net);
    NET_PLAN(&net, stall_count, 1);
    net_must_read(&net, FAR, LONG);
    assert_int_equal(net_statistics(&net).retry_count, 1);
    NET_PLAN(&net, stall_count, 100);
    double begin = net_seconds();
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    net_says(&net, "timeout");
    net_says(&net, "after 4 attempts");
    assert_true(net_seconds() - begin < 3.0);
    net_end(&net);
}

static void nobody_there(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = MIB});
    server_stop(&net.server);
    assert_int_equal(net_open(&net), SCREE_E_IO);
    net_says(&net, "after 2 attempts");
    server_start(&net.server, &(struct plan){.size = MIB});
    net_end(&net);
}

/* ------------------------------------------------------------------------------------- redirects */

struct redirect {
    char to[300];
    const char *from; /* requests whose path begins so */
    int status;
    unsigned count;
};

static bool redirect(struct server *server, int connection, const struct request *request,
                     bool *keep)
{
    const struct redirect *plan = server->plan.user;
    char extra[400];
    (void)keep;
    if (strncmp(request->path, plan->from, strlen(plan->from)) != 0)
        return false;
    server_lock(server);
    snprintf(extra, sizeof extra, "Location: %s\r\n", plan->to);
    server_unlock(server);
    server_answer(server, connection, plan->status, extra, "moved");
    return true;
}

static void redirect_same_host(void **state)
{
    static const int statuses[] = {301, 302, 303, 307, 308};
    struct net net;
    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct redirect plan = {"/th ere%20?a=b", "/x.laz", statuses[i], 0};
        net_begin(&net, &(struct plan){.size = 10 * MIB, .handler = redirect, .user = &plan});
        net_must_open(&net);
        unsigned requests = NET_SEEN(&net, request_count);
        net_must_read(&net, FAR, LONG); /* straight to where it led */
        assert_int_equal(NET_SEEN(&net, request_count), requests + 1);
        assert_string_equal(net_request(&net, requests)->path, "/th%20ere%20?a=b");
        /* When that does not answer any more, from the start again. */
        server_lock(&net.server);
        snprintf(plan.to, sizeof plan.to, "/elsewhere");
        server_unlock(&net.server);
        NET_PLAN(&net, fail_status, 403);
        NET_PLAN(&net, fail_count, 1);
        net_must_read(&net, FAR, LONG);
        net_end(&net);
    }
}

static void redirect_other_host(void **state)
{
    struct net net;
    struct server other;
    struct redirect plan = {"", "/x.laz", 302, 0};
    char text[200];
    (void)state;
    server_start(&other, &(struct plan){.size = 10 * MIB});
    snprintf(plan.to, sizeof plan.to, "http://127.0.0.1:%d/there", other.port);
    net_begin(&net, &(struct plan){.size = 10 * MIB, .handler = redirect, .user = &plan});
    snprintf(net.url, sizeof net.url, "http://me:secret@127.0.0.1:%d/x.laz", net.server.port);
    net_must_open(&net);
    net_must_read(&net, FAR, LONG);
    request_header(net_request(&net, 0), "Authorization", text, sizeof text);
    assert_string_equal(text, "Basic bWU6c2VjcmV0");
    for (unsigned i = 0; i < server_counter(&other, &other.request_count); i++) {
        server_lock(&other);
        const struct request *request = other.log[i];
        server_unlock(&other);
        request_header(request, "Authorization", text, sizeof text);
        assert_string_equal(text, "");
    }
    assert_true(server_counter(&other, &other.request_count) >= 2);
    net_end(&net);
    server_stop(&other);
}

static void redirect_refused(void **state)
{
    static const char *const bad[] = {"file:///etc/passwd", "ftp://127.0.0.1/x", "s3://b/k",
                                      "gopher://127.0.0.1:1/x"};
    struct net net;
    struct redirect plan = {"/x.laz", "/x.laz", 302, 0};
    (void)state;
    net_begin(&net, &(struct plan){.size = MIB, .handler = redirect, .user = &plan});
    assert_int_equal(net_open(&net), SCREE_E_IO);
    net_says(&net, "redirected more than 5 times");
    assert_true(NET_SEEN(&net, request_count) <= 12);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        server_lock(&net.server);
        snprintf(plan.to, sizeof plan.to, "%s", bad[i]);
        server_unlock(&net.server);
        assert_int_equal(net_open(&net), SCREE_E_IO);
        net_says(&net, "redirected to what is not");
    }
    net_end(&net);
}

static void leads_to(struct scree__net_request *request, const char *location)
{
    snprintf(request->response.location, sizeof request->response.location, "%s", location);
}

static void redirect_to_plain_http(void **state)
{
    struct scree__net_request request = {.url = "https://host/x.laz"};
    struct scree_http_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    (void)state;
    scree_http_options_init(&options);
    leads_to(&request, "http://host/x.laz");
    assert_int_equal(scree__net_redirect(&request, &options, "x.laz", &err), SCREE_E_IO);
    assert_non_null(strstr(err.message, "redirected from https to http://host/x.laz"));
    assert_string_equal(request.url, "https://host/x.laz");
    leads_to(&request, "https://other/y.laz");
    assert_int_equal(scree__net_redirect(&request, &options, "x.laz", NULL), SCREE_OK);
    assert_string_equal(request.url, "https://other/y.laz");
}

static void keeps_secrets(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = MIB, .fail_status = 403, .fail_count = 1});
    snprintf(net.url, sizeof net.url,
             "http://me:hidden@127.0.0.1:%d/a%%20b c?Signature=hidden#hidden", net.server.port);
    assert_int_equal(net_open(&net), SCREE_E_IO);
    net_says(&net, "/a%20b c: bytes 0-65535: HTTP status 403");
    assert_null(strstr(net.err.message, "hidden"));
    net_must_open(&net);
    assert_null(strstr(scree_source_name(net.source), "hidden"));
    assert_string_equal(net_request(&net, 0)->path, "/a%20b%20c?Signature=hidden");
    net_end(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passing_failures),
        cmocka_unit_test(lasting_failures),
        cmocka_unit_test(retry_after),
        cmocka_unit_test(backs_off),
        cmocka_unit_test(jitters),
        cmocka_unit_test(deadline),
        cmocka_unit_test(reset_in_the_body),
        cmocka_unit_test(stalls),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(redirect_same_host),
        cmocka_unit_test(redirect_other_host),
        cmocka_unit_test(redirect_refused),
        cmocka_unit_test(redirect_to_plain_http),
        cmocka_unit_test(keeps_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
