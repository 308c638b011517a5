/* test_s3_sink.c - objects of a store: uploads in parts, what goes wrong with them, signatures, errors in words. */
#include "net_fixture.h"
#include "store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)

struct s3 {
    struct net net;
    struct store store;
    struct scree_s3_options options;
    struct scree_sink_options sink_options;
    struct scree_sink *sink;
    char endpoint[100];
    const char *location;
};

/* The store's state at this moment. */
static struct store look(struct s3 *s3)
{
    server_lock(&s3->net.server);
    struct store store = s3->store;
    server_unlock(&s3->net.server);
    return store;
}

#define STORE(s3, member, value)          \
    do {                                  \
        server_lock(&(s3)->net.server);   \
        (s3)->store.member = (value);     \
        server_unlock(&(s3)->net.server); \
    } while (0)

static void begin(struct s3 *s3)
{
    memset(s3, 0, sizeof *s3);
    net_begin(&s3->net, &(struct plan){.size = 10 * MIB, .handler = store_answer, .user = NULL});
    NET_PLAN(&s3->net, user, &s3->store);
    snprintf(s3->endpoint, sizeof s3->endpoint, "http://127.0.0.1:%d", s3->net.server.port);
    scree_s3_options_init(&s3->options);
    s3->options.endpoint = s3->endpoint;
    s3->options.access_key_id = STORE_KEY;
    s3->options.secret_access_key = STORE_SECRET;
    s3->net.options.s3 = &s3->options;
    scree_sink_options_init(&s3->sink_options);
    s3->sink_options.http = &s3->net.http;
    s3->sink_options.s3 = &s3->options;
    s3->sink_options.part_bytes = 5 * MIB;
    s3->location = "s3://bucket/some/key.laz";
}

static void end(struct s3 *s3)
{
    scree_sink_close(s3->sink);
    assert_int_equal(look(s3).bad_signatures, 0);
    net_end(&s3->net);
    store_release(&s3->store);
}

static enum scree_status open_sink(struct s3 *s3)
{
    s3->net.err = (struct scree_error)SCREE_ERROR_INIT;
    return scree_sink_open(s3->location, &s3->sink_options, &s3->sink, &s3->net.err);
}

/* Writes so many bytes in odd pieces, and patches one that was wrong. */
static enum scree_status write_object(struct s3 *s3, size_t bytes)
{
    unsigned char *object = calloc(1, bytes);
    enum scree_status status = SCREE_OK;
    for (size_t i = 0; i < bytes; i++)
        object[i] = server_byte(i);
    unsigned char first = object[0];
    object[0] = (unsigned char)~first;
    for (size_t at = 0; at < bytes && status == SCREE_OK;) {
        size_t now = bytes - at < 777777 ? bytes - at : 777777;
        status = scree_sink_write(s3->sink, object + at, now, &s3->net.err);
        at += now;
    }
    if (status == SCREE_OK)
        status = scree_sink_patch(s3->sink, 0, &first, 1, &s3->net.err);
    free(object);
    return status;
}

static void object_is(struct s3 *s3, size_t bytes)
{
    assert_true(look(s3).exists);
    assert_int_equal(look(s3).object_bytes, bytes);
    assert_true(net_bytes_are_right(look(s3).object, 0, bytes));
}

static void must_write(struct s3 *s3, size_t bytes)
{
    if (open_sink(s3) != SCREE_OK || write_object(s3, bytes) != SCREE_OK)
        fail_msg("%s", s3->net.err.message);
    assert_false(look(s3).exists); /* not before */
    if (scree_sink_commit(s3->sink, &s3->net.err) != SCREE_OK)
        fail_msg("%s", s3->net.err.message);
    assert_int_equal(scree_sink_position(s3->sink), bytes);
    object_is(s3, bytes);
    scree_sink_close(s3->sink);
    s3->sink = NULL;
    assert_int_equal(look(s3).aborted, 0);
}

static void writes(void **state)
{
    static const size_t sizes[] = {1, 5 * MIB, 5 * MIB + 1, 16 * MIB + 5};
    struct s3 s3;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin(&s3);
        must_write(&s3, sizes[i]);
        end(&s3);
    }
}

static void survives(void **state)
{
    struct s3 s3;
    (void)state;
    begin(&s3);
    STORE(&s3, fail_parts, 3);
    STORE(&s3, drop_parts, 2);
    STORE(&s3, complete_errors, 2);
    must_write(&s3, 11 * MIB);
    end(&s3);
    begin(&s3);
    STORE(&s3, lose_complete, true);
    must_write(&s3, 6 * MIB);
    end(&s3);
    begin(&s3);
    STORE(&s3, no_conditions, true);
    must_write(&s3, 6 * MIB);
    end(&s3);
}

static void leaves_nothing(struct s3 *s3)
{
    scree_sink_close(s3->sink);
    s3->sink = NULL;
    assert_int_equal(look(s3).begun, look(s3).aborted);
    assert_false(look(s3).uploading);
}

static void fails(void **state)
{
    struct s3 s3;
    (void)state;
    begin(&s3);
    STORE(&s3, refuse_part, 3);
    assert_int_equal(open_sink(&s3), SCREE_OK);
    enum scree_status status = write_object(&s3, 11 * MIB);
    if (status == SCREE_OK)
        status = scree_sink_commit(s3.sink, &s3.net.err);
    assert_int_equal(status, SCREE_E_IO);
    net_says(&s3.net, "s3://bucket/some/key.laz: upload of part 3: HTTP status 403, AccessDenied");
    leaves_nothing(&s3);
    assert_false(look(&s3).exists);
    end(&s3);

    begin(&s3);
    STORE(&s3, complete_refused, true);
    assert_int_equal(open_sink(&s3), SCREE_OK);
    assert_int_equal(write_object(&s3, 7 * MIB), SCREE_OK);
    assert_int_equal(scree_sink_commit(s3.sink, &s3.net.err), SCREE_E_IO);
    net_says(&s3.net, "InvalidPart");
    leaves_nothing(&s3);
    end(&s3);

    begin(&s3);
    STORE(&s3, loses_a_byte, true);
    assert_int_equal(open_sink(&s3), SCREE_OK);
    assert_int_equal(write_object(&s3, 6 * MIB), SCREE_OK);
    assert_int_equal(scree_sink_commit(s3.sink, &s3.net.err), SCREE_E_IO);
    net_says(&s3.net, "6291456 bytes were uploaded, the object has 6291455");
    end(&s3);

    begin(&s3);
    assert_int_equal(open_sink(&s3), SCREE_OK);
    assert_int_equal(write_object(&s3, 11 * MIB), SCREE_OK);
    leaves_nothing(&s3); /* closed without a commit */
    assert_false(look(&s3).exists);
    end(&s3);
}

static void replaces_only_if_told(void **state)
{
    struct s3 s3;
    (void)state;
    begin(&s3);
    must_write(&s3, 1000);
    assert_int_equal(open_sink(&s3), SCREE_E_EXISTS);
    net_says(&s3.net, "s3://bucket/some/key.laz exists already");
    s3.sink_options.replace = true;
    assert_int_equal(open_sink(&s3), SCREE_OK);
    assert_int_equal(write_object(&s3, 2000), SCREE_OK);
    object_is(&s3, 1000);
    assert_int_equal(scree_sink_commit(s3.sink, &s3.net.err), SCREE_OK);
    object_is(&s3, 2000);
    end(&s3);

    begin(&s3); /* another's appears meanwhile */
    STORE(&s3, appears, true);
    assert_int_equal(open_sink(&s3), SCREE_OK);
    assert_int_equal(write_object(&s3, 2000), SCREE_OK);
    assert_int_equal(scree_sink_commit(s3.sink, &s3.net.err), SCREE_E_EXISTS);
    leaves_nothing(&s3);
    end(&s3);
}

static void patches_the_head_only(void **state)
{
    struct s3 s3;
    (void)state;
    begin(&s3);
    assert_int_equal(open_sink(&s3), SCREE_OK);
    assert_int_equal(write_object(&s3, 12 * MIB), SCREE_OK);
    assert_int_equal(scree_sink_patch(s3.sink, 5 * MIB - 1, "x", 1, &s3.net.err), SCREE_OK);
    assert_int_equal(scree_sink_patch(s3.sink, 5 * MIB - 1, "xx", 2, &s3.net.err),
                     SCREE_E_UNSUPPORTED);
    net_says(&s3.net, "only the first 5242880 of an object can");
    s3.net.err = (struct scree_error)SCREE_ERROR_INIT;
    assert_int_equal(scree_sink_patch(s3.sink, 12 * MIB, "x", 1, &s3.net.err), SCREE_E_ARGUMENT);
    end(&s3);
}

static void cancelled(void **state)
{
    struct s3 s3;
    struct scree_context *context;
    (void)state;
    begin(&s3);
    assert_int_equal(scree_context_new(NULL, &context, NULL), SCREE_OK);
    s3.sink_options.context = context;
    assert_int_equal(open_sink(&s3), SCREE_OK);
    assert_int_equal(write_object(&s3, 6 * MIB), SCREE_OK);
    scree_context_cancel(context);
    assert_int_equal(scree_sink_commit(s3.sink, &s3.net.err), SCREE_E_CANCELLED);
    leaves_nothing(&s3); /* takes back what is there, cancelled or not */
    end(&s3);
    scree_context_free(context);
}

static void reads_signed(void **state)
{
    static const char *const keys[][2] = {
        {"s3://bucket/plain.laz", "/bucket/plain.laz"},
        {"s3://bucket/a b+c/\xc3\xbc%20.laz", "/bucket/a%20b%2Bc/%C3%BC%2520.laz"},
        {"s3://bucket/x/../y//z~!*'().laz", "/bucket/x/../y//z~%21%2A%27%28%29.laz"},
        {"s3://bucket/q?u#h&=.laz", "/bucket/q%3Fu%23h%26%3D.laz"},
    };
    struct s3 s3;
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        begin(&s3);
        s3.options.session_token = "a/token+of=some/length";
        snprintf(s3.net.url, sizeof s3.net.url, "%s", keys[i][0]);
        net_must_open(&s3.net);
        net_must_read(&s3.net, 5 * MIB, 100000);
        assert_string_equal(look(&s3).path, keys[i][1]);
        assert_string_equal(scree_source_name(s3.net.source), keys[i][0]);
        end(&s3);
    }
}

/* The bucket before the host's name, in the signature, too. Names under localhost lead to this machine. */
static void in_the_hosts_name(void **state)
{
    struct s3 s3;
    char host[100];
    (void)state;
    begin(&s3);
    snprintf(s3.endpoint, sizeof s3.endpoint, "http://localhost:%d", s3.net.server.port);
    snprintf(host, sizeof host, "bucket.localhost:%d", s3.net.server.port);
    s3.options.style = SCREE_S3_STYLE_VIRTUAL;
    must_write(&s3, 6 * MIB);
    assert_string_equal(look(&s3).path, "/some/key.laz");
    assert_string_equal(look(&s3).host, host);
    snprintf(s3.net.url, sizeof s3.net.url, "%s", s3.location);
    net_must_open(&s3.net);
    net_must_read(&s3.net, 5 * MIB, 100000);
    assert_string_equal(look(&s3).path, "/some/key.laz");
    assert_string_equal(look(&s3).host, host);
    end(&s3);
}

static void reads_without_a_name(void **state)
{
    struct s3 s3;
    (void)state;
    for (unsigned way = 0; way < 2; way++) { /* told so, or there is no key */
        begin(&s3);
        STORE(&s3, is_public, true);
        s3.options.anonymous = way == 0;
        if (way == 1)
            s3.options.access_key_id = s3.options.secret_access_key = NULL;
        snprintf(s3.net.url, sizeof s3.net.url, "s3://bucket/key");
        net_must_open(&s3.net);
        net_must_read(&s3.net, 5 * MIB, 100000);
        assert_int_equal(look(&s3).unsigned_requests, NET_SEEN(&s3.net, request_count));
        /* Writing is another matter. */
        assert_int_equal(open_sink(&s3), SCREE_E_IO);
        net_says(&s3.net, "the request was not signed");
        end(&s3);
    }
}

static enum scree_status open_source(struct s3 *s3)
{
    snprintf(s3->net.url, sizeof s3->net.url, "s3://bucket/key");
    enum scree_status status = net_open(&s3->net);
    assert_null(strstr(s3->net.err.message, "wrong-secret"));
    return status;
}

static void says_what_is_wrong(void **state)
{
    struct s3 s3;
    (void)state;
    begin(&s3);
    s3.options.secret_access_key = "wrong-secret";
    assert_int_equal(open_source(&s3), SCREE_E_IO);
    net_says(&s3.net, "s3://bucket/key: bytes 0-65535: HTTP status 403, SignatureDoesNotMatch");
    net_says(&s3.net, "is the secret key right?");
    assert_true(look(&s3).bad_signatures > 0);
    s3.options.anonymous = true;
    assert_int_equal(open_source(&s3), SCREE_E_IO);
    net_says(&s3.net, "the request was not signed");
    assert_true(look(&s3).unsigned_requests > 0);
    s3.options.anonymous = false;
    s3.options.secret_access_key = STORE_SECRET;
    STORE(&s3, skewed, true);
    assert_int_equal(open_source(&s3), SCREE_E_IO);
    net_says(&s3.net, "s ahead of the server's");
    STORE(&s3, skewed, false);
    STORE(&s3, wrong_region, true);
    assert_int_equal(open_source(&s3), SCREE_E_IO);
    net_says(&s3.net, "the bucket is in the region eu-west-3");
    s3.options.secret_access_key = NULL;
    assert_int_equal(open_source(&s3), SCREE_E_ARGUMENT);
    s3.options.secret_access_key = "new\nline";
    assert_int_equal(open_source(&s3), SCREE_E_ARGUMENT);
    STORE(&s3, bad_signatures, 0); /* of both requests that opened the first one */
    end(&s3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes),
        cmocka_unit_test(survives),
        cmocka_unit_test(fails),
        cmocka_unit_test(replaces_only_if_told),
        cmocka_unit_test(patches_the_head_only),
        cmocka_unit_test(cancelled),
        cmocka_unit_test(reads_signed),
        cmocka_unit_test(in_the_hosts_name),
        cmocka_unit_test(reads_without_a_name),
        cmocka_unit_test(says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
