/* test_http_answers.c - servers that lie, forget and change their mind: what a source makes of it. */
#include "net_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

/* A range after the head and before the tail, longer than a cached block. */
#define FAR (3 * MIB + 17)
#define LONG ((size_t)200000)

static void reads(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB, .etag = "\"a\""});
    net_must_open(&net);
    assert_int_equal(net_statistics(&net).request_count, 2);
    assert_int_equal(net_statistics(&net).received_bytes, 65536 + 262144);
    net_must_read(&net, 0, 375);
    net_must_read(&net, 10 * MIB - 100000, 100000);
    net_must_read(&net, 0, 65536);
    assert_int_equal(net_statistics(&net).request_count, 2);
    net_must_read(&net, FAR, LONG);
    assert_int_equal(net_statistics(&net).request_count, 3);
    assert_int_equal(net_statistics(&net).received_bytes, 65536 + 262144 + LONG);
    net_must_read(&net, 5 * MIB - 3, 10); /* two blocks, one request */
    assert_int_equal(net_statistics(&net).request_count, 4);
    net_must_read(&net, 5 * MIB - 8000, 8000);
    net_must_read(&net, 0, 10 * MIB); /* request_bytes splits it; its ends are cached */
    assert_int_equal(net_statistics(&net).request_count, 6);
    assert_int_equal(net_read(&net, 10 * MIB - 1, 2), SCREE_E_DATA);
    net_says(&net, "truncated");
    assert_int_equal(net_statistics(&net).retry_count, 0);
    assert_true(NET_SEEN(&net, connection_count) <= 2); /* kept alive */
    net_end(&net);
}

/* What opening costs when nobody asks for more: less than half of what copc.js reads before a file's first node. */
static void reads_little(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB});
    scree_source_options_init(&net.options);
    net.options.http = &net.http;
    net_must_open(&net);
    assert_int_equal(net_statistics(&net).request_count, 2);
    assert_int_equal(net_statistics(&net).received_bytes, 8192 + 65536);
    net_must_read(&net, 0, 8192);
    net_must_read(&net, 10 * MIB - 65536, 65536);
    assert_int_equal(net_statistics(&net).request_count, 2);
    net_end(&net);
}

/* Beyond 4 GiB, at the very end and across the border. */
static void is_large(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 5 * GIB + 12345});
    net_must_open(&net);
    net_must_read(&net, 5 * GIB + 12345 - 7, 7);
    net_must_read(&net, 4 * GIB - 5, 10);
    net_must_read(&net, 4 * GIB - 100000, 200000);
    net_end(&net);
}

static void is_empty(void **state)
{
    struct net net;
    (void)state;
    for (int ignores = 0; ignores < 2; ignores++) {
        net_begin(&net, &(struct plan){.size = 0, .ignore_range = ignores > 0});
        net_must_open(&net);
        assert_int_equal(net_read(&net, 0, 1), SCREE_E_DATA);
        net_end(&net);
    }
}

static void is_small(void **state)
{
    static const uint64_t sizes[] = {1, 375, 32768, 32769, 65535, 65536, 65537, 300000};
    struct net net;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        net_begin(&net, &(struct plan){.size = sizes[i]});
        net_must_open(&net);
        net_must_read(&net, 0, (size_t)sizes[i]);
        net_must_read(&net, sizes[i] - 1, 1);
        assert_true(net_statistics(&net).request_count <= 2);
        net_end(&net);
    }
}

static void lies_about_the_range(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB, .lie_begin = 1});
    assert_int_equal(net_open(&net), SCREE_E_IO);
    net_says(&net, "127.0.0.1");
    net_says(&net, "/x.laz: bytes 0-65535");
    net_says(&net, "Content-Range 'bytes 1-65536/10485760'");
    assert_null(net.source);
    NET_PLAN(&net, lie_begin, 0);
    net_must_open(&net);
    NET_PLAN(&net, lie_begin, 1);
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    net_says(&net, "bytes 3145745-3345744");
    net_says(&net, "'bytes 3145746-3345745/10485760'");
    NET_PLAN(&net, lie_begin, 0);
    NET_PLAN(&net, no_content_range, true);
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    net_says(&net, "206 with Content-Range ''");
    assert_int_equal(net_statistics(&net).retry_count, 0);
    net_end(&net);
}

/* An answer to the range at FAR whose header tells another one. */
struct odd {
    uint64_t begin, end; /* added to the range's own */
    bool
        tells_length; /* five bytes, and says so; else the bytes of the range that is told, until the connection closes */
};

static bool odd_answer(struct server *server, int connection, const struct request *request,
                       bool *keep)
{
    static unsigned char body[LONG + 2];
    const struct odd *odd = server->plan.user;
    char extra[100], head[200];
    if (!request->has_range || request->first != FAR)
        return false;
    uint64_t begin = request->first + odd->begin, end = request->last + 1 + odd->end;
    snprintf(extra, sizeof extra, "Content-Range: bytes %llu-%llu/%llu\r\n",
             (unsigned long long)begin, (unsigned long long)end - 1,
             (unsigned long long)server->plan.size);
    if (odd->tells_length) {
        server_answer(server, connection, 206, extra, "five!");
        return true;
    }
    for (uint64_t i = begin; i < end; i++)
        body[i - begin] = server_byte(i);
    snprintf(head, sizeof head, "HTTP/1.1 206 Partial Content\r\nConnection: close\r\n%s\r\n",
             extra);
    server_send(server, connection, head, strlen(head));
    server_send(server, connection, body, (size_t)(end - begin));
    *keep = false;
    return true;
}

/* Other bytes than those asked for, though their number may be right; two lengths that contradict each other. */
static void tells_another_range(void **state)
{
    static const struct {
        struct odd odd;
        const char *says;
    } cases[] = {
        {{1, 0, false}, "Content-Range 'bytes 3145746-3345744/10485760'"},
        {{(uint64_t)-1, 0, false}, "Content-Range 'bytes 3145744-3345744/10485760'"},
        {{0, 1, false}, "Content-Range 'bytes 3145745-3345745/10485760'"},
        {{0, 0, true}, "'bytes 3145745-3345744/10485760' and Content-Length 5"},
    };
    struct net net;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct odd odd = cases[i].odd;
        net_begin(&net, &(struct plan){.size = 10 * MIB, .handler = odd_answer, .user = &odd});
        net_must_open(&net);
        assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
        net_says(&net, cases[i].says);
        assert_int_equal(net_statistics(&net).retry_count, 0);
        server_lock(&net.server);
        odd = (struct odd){0};
        server_unlock(&net.server);
        net_must_read(&net, FAR, LONG);
        net_end(&net);
    }
}

static void lies_about_the_length(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB});
    net_must_open(&net);
    NET_PLAN(&net, lie_total, 5);
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    net_says(&net, "changed while it was read: its length was 10485760, is 10485765");
    net_end(&net);
}

static void short_bodies(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB, .short_count = 1});
    net_must_open(&net); /* the missing byte is asked for again */
    assert_int_equal(net_statistics(&net).retry_count, 1);
    NET_PLAN(&net, short_count, 2);
    net_must_read(&net, FAR, 1000);
    net_must_read(&net, FAR, LONG);
    NET_PLAN(&net, short_count, 100); /* the last byte never comes */
    assert_int_equal(net_read(&net, FAR + MIB, LONG), SCREE_E_IO);
    net_says(&net, "the body is short");
    net_end(&net);
}

static void short_for_ever(void **state)
{
    struct net net;
    char range[300];
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB});
    net_must_open(&net);
    NET_PLAN(&net, reset_after, 0);
    NET_PLAN(&net, reset_count, 100);
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    snprintf(range, sizeof range, "bytes %llu-%llu", (unsigned long long)FAR,
             (unsigned long long)FAR + LONG - 1);
    net_says(&net, range);
    net_says(&net, "after 4 attempts");
    assert_int_equal(net_statistics(&net).retry_count, 3);
    net_end(&net);
}

static void long_bodies(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB});
    net_must_open(&net);
    NET_PLAN(&net, extra, 7);
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    net_says(&net, "longer body");
    net_end(&net);
}

static void ignores_ranges(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 3 * MIB, .ignore_range = true});
    net_must_open(&net); /* small: read as a whole */
    net_must_read(&net, 2 * MIB, MIB);
    net_must_read(&net, 5, 5);
    assert_true(net_statistics(&net).request_count <= 3);
    net_end(&net);

    net_begin(&net, &(struct plan){.size = 3 * GIB, .ignore_range = true});
    net_must_open(&net);
    net_must_read(&net, 0, 375);
    net_must_read(&net, 2 * MIB, MIB); /* a little is thrown away for it */
    assert_int_equal(net_read(&net, 2 * GIB, 1000), SCREE_E_IO);
    net_says(&net, "the server ignores ranges and sends all 3221225472 bytes instead");
    assert_int_equal(net_read(&net, 3 * GIB - 1, 1), SCREE_E_IO);
    net_must_read(&net, 0, 6 * MIB); /* a prefix of any length is fair */
    assert_true(net_statistics(&net).received_bytes < 20 * MIB);
    net_end(&net);
}

static void ignores_ranges_and_tells_no_length(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 100000, .ignore_range = true, .no_length = true});
    net_must_open(&net);
    net_must_read(&net, 90000, 10000);
    net_end(&net);
    net_begin(&net, &(struct plan){.size = GIB, .ignore_range = true, .no_length = true});
    assert_int_equal(net_open(&net), SCREE_E_IO);
    net_says(&net, "tells no length");
    assert_true(NET_SEEN(&net, sent_kib) < 40 * 1024);
    net_end(&net);
}

static void unknown_length(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = MIB, .star_total = true});
    net_must_open(&net); /* HEAD knew it */
    net_must_read(&net, MIB - 10, 10);
    net_end(&net);
    net_begin(&net, &(struct plan){.size = MIB, .star_total = true, .no_head = true});
    assert_int_equal(net_open(&net), SCREE_E_IO);
    net_says(&net, "does not say how long it is");
    net_end(&net);
    net_begin(&net, &(struct plan){.size = MIB, .no_head = true});
    net_must_open(&net); /* not asked for */
    net_end(&net);
}

static void no_last_bytes(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB, .no_tail = true});
    net_must_open(&net);
    net_must_read(&net, 10 * MIB - 10, 10);
    net_end(&net);
}

static void compressed(void **state)
{
    struct net net;
    char text[100];
    (void)state;
    net_begin(&net, &(struct plan){.size = MIB, .content_encoding = "gzip"});
    assert_int_equal(net_open(&net), SCREE_E_IO);
    net_says(&net, "Content-Encoding gzip");
    request_header(net_request(&net, 0), "Accept-Encoding", text, sizeof text);
    assert_string_equal(text, "identity");
    net_end(&net);
}

static void changes(void **state)
{
    struct net net;
    char text[100];
    (void)state;
    net_begin(&net, &(struct plan){.size = 10 * MIB, .etag = "\"a\"", .etag_changes_at = 3});
    net_must_open(&net);
    net_must_read(&net, FAR, LONG);
    request_header(net_request(&net, 2), "If-Match", text, sizeof text);
    assert_string_equal(text, "\"a\"");
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    net_says(&net, "changed while it was read: ETag was \"a\", is \"other\"");
    NET_PLAN(&net, check_if_match, true);
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    net_says(&net, "changed while it was read: HTTP status 412");
    net_must_read(&net, 0, 65536); /* what was read stays */
    net_end(&net);

    net_begin(&net,
              &(struct plan){.size = 10 * MIB, .last_modified = "Sun, 06 Nov 1994 08:49:37 GMT"});
    net_must_open(&net);
    NET_PLAN(&net, last_modified, "Mon, 07 Nov 1994 08:49:37 GMT");
    assert_int_equal(net_read(&net, FAR, LONG), SCREE_E_IO);
    net_says(&net, "Last-Modified was Sun, 06");
    net_end(&net);

    net_begin(&net, &(struct plan){.size = 10 * MIB, .etag = "W/\"a\""});
    net_must_open(&net);
    net_must_read(&net, FAR, LONG);
    request_header(net_request(&net, 2), "If-Match", text, sizeof text);
    assert_string_equal(text, ""); /* a weak tag matches nothing there */
    net_end(&net);
}

static void not_found(void **state)
{
    struct net net;
    (void)state;
    net_begin(&net, &(struct plan){.size = MIB, .fail_status = 404, .fail_count = 100});
    assert_int_equal(net_open(&net), SCREE_E_IO);
    net_says(&net, "HTTP status 404 (not found)");
    assert_true(NET_SEEN(&net, request_count) <= 2);
    net_end(&net);
}

static void strange_locations(void **state)
{
    struct scree_source *source;
    (void)state;
    assert_int_equal(scree_source_open("http://", NULL, &source, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_source_open("http:///x", NULL, &source, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_source_open("http://a b/x", NULL, &source, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_source_open("http://h/\r\nX: y", NULL, &source, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_source_open("s3://b", NULL, &source, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_source_open("s3://b/", NULL, &source, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_source_open("s3:///k", NULL, &source, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_source_open("s3://b@c/k", NULL, &source, NULL), SCREE_E_ARGUMENT);
    assert_int_equal(scree_source_open("gs://b/k", NULL, &source, NULL), SCREE_E_UNSUPPORTED);
    assert_int_equal(scree_source_open("file:///etc/passwd", NULL, &source, NULL),
                     SCREE_E_UNSUPPORTED);
    assert_null(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(reads_little),
        cmocka_unit_test(is_large),
        cmocka_unit_test(is_empty),
        cmocka_unit_test(is_small),
        cmocka_unit_test(lies_about_the_range),
        cmocka_unit_test(tells_another_range),
        cmocka_unit_test(lies_about_the_length),
        cmocka_unit_test(short_bodies),
        cmocka_unit_test(short_for_ever),
        cmocka_unit_test(long_bodies),
        cmocka_unit_test(ignores_ranges),
        cmocka_unit_test(ignores_ranges_and_tells_no_length),
        cmocka_unit_test(unknown_length),
        cmocka_unit_test(no_last_bytes),
        cmocka_unit_test(compressed),
        cmocka_unit_test(changes),
        cmocka_unit_test(not_found),
        cmocka_unit_test(strange_locations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
