/* test_io_texts.c - headers of HTTP answers, HTTP dates, URLs and AWS configurations, as texts. */
#include "io/http_response.h"
#include "io/location.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct scree__io_response parse(const char *text)
{
    struct scree__io_response response;
    scree__io_response_init(&response);
    while (*text != '\0') {
        size_t bytes = strcspn(text, "\n");
        bytes += text[bytes] == '\n';
        scree__io_response_line(&response, text, bytes);
        text += bytes;
    }
    return response;
}

static void content_range(void **state)
{
    static const struct {
        const char *text;
        enum scree__io_range_kind kind;
        uint64_t begin, end, total;
        bool known;
    } cases[] = {
        {"bytes 0-0/1", SCREE__IO_RANGE_BYTES, 0, 1, 1, true},
        {"Bytes  5-9/10", SCREE__IO_RANGE_BYTES, 5, 10, 10, true},
        {"bytes 5-9/*", SCREE__IO_RANGE_BYTES, 5, 10, 0, false},
        {"bytes 4294967296-8589934591/18446744073709551615", SCREE__IO_RANGE_BYTES, 4294967296,
         8589934592, UINT64_MAX, true},
        {"bytes */0", SCREE__IO_RANGE_UNSATISFIED, 0, 0, 0, true},
        {"bytes */*", SCREE__IO_RANGE_UNSATISFIED, 0, 0, 0, false},
        {"bytes 5-9/9", SCREE__IO_RANGE_BAD, 0, 0, 0, false},
        {"bytes 9-5/10", SCREE__IO_RANGE_BAD, 0, 0, 0, false},
        {"bytes 5-/10", SCREE__IO_RANGE_BAD, 0, 0, 0, false},
        {"bytes -5-9/10", SCREE__IO_RANGE_BAD, 0, 0, 0, false},
        {"bytes 5-9/10 x", SCREE__IO_RANGE_BAD, 0, 0, 0, false},
        {"bytes 0-18446744073709551615/*", SCREE__IO_RANGE_BAD, 0, 0, 0, false},
        {"bytes 0-18446744073709551616/*", SCREE__IO_RANGE_BAD, 0, 0, 0, false},
        {"items 0-1/2", SCREE__IO_RANGE_BAD, 0, 0, 0, false},
        {"", SCREE__IO_RANGE_BAD, 0, 0, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "HTTP/1.1 206 x\r\ncontent-range: %s\r\n", cases[i].text);
        struct scree__io_response response = parse(text);
        assert_int_equal(response.status, 206);
        assert_int_equal(response.range_kind, cases[i].kind);
        assert_int_equal(response.total_known, cases[i].known);
        if (cases[i].kind == SCREE__IO_RANGE_BYTES) {
            assert_true(response.range_begin == cases[i].begin);
            assert_true(response.range_end == cases[i].end);
        }
        if (cases[i].known)
            assert_true(response.total == cases[i].total);
    }
    assert_int_equal(
        parse("HTTP/1.1 206\nContent-Range: bytes 0-1/2\nContent-Range: bytes 0-1/2\n").range_kind,
        SCREE__IO_RANGE_BAD);
}

static void dates(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Tue, 29 Feb 2000 23:59:60 GMT", 951868800},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        {"Sunday, 06-Nov-94 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37 UTC", -1},
        {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
        {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1969 08:49:37 GMT", -1},
        {"", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(scree__io_http_date(cases[i].text, strlen(cases[i].text)),
                         cases[i].seconds);
}

static void other_fields(void **state)
{
    (void)state;
    struct scree__io_response r =
        parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/2 503\r\nRETRY-AFTER: 7\r\n"
              "etag: W/\"a\"\r\ncontent-length: 12\r\n"
              "Content-Encoding: identity\r\n");
    assert_int_equal(r.status, 503);
    assert_int_equal(r.retry_after_s, 7);
    assert_string_equal(r.etag, "W/\"a\"");
    assert_true(r.length_known && r.length == 12);
    assert_string_equal(r.encoding, "");
    r = parse("HTTP/1.1 429 x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
              "Retry-After: Sun, 06 Nov 1994 08:49:47 GMT\r\nContent-Encoding: gzip\r\n"
              "Content-Length: -1\r\n");
    assert_int_equal(r.retry_after_s, 10);
    assert_string_equal(r.encoding, "gzip");
    assert_false(r.length_known);
    assert_int_equal(parse("HTTP/1.1 503\nRetry-After: 99999999999999999999\n").retry_after_s, -1);
    assert_int_equal(parse("HTTP/1.1 503\nRetry-After: 9999999999\n").retry_after_s, INT32_MAX);
    assert_int_equal(parse("HTTP/1.1 twenty\n").status, 0);
}

static void urls(void **state)
{
    static const struct {
        const char *location, *url, *user, *name; /* url NULL: refused */
    } cases[] = {
        {"http://h", "http://h/", "", "http://h"},
        {"HTTPS://h:1/a?b=c#d", "https://h:1/a?b=c", "", "https://h:1/a"},
        {"http://u:p@h/a b", "http://h/a%20b", "u:p", "http://h/a b"},
        {"http://a@b@h/", "http://h/", "a@b", "http://h/"},
        {"http://u%40x:p%3aq%@h/", "http://h/", "u@x:p:q%", "http://h/"},
        {"http://u:%41@h/", "http://h/", "u:A", "http://h/"},
        {"http://u:%0d%4@h/", "http://h/", "u:%0d%4", "http://h/"},
        {"http://h?q", "http://h/?q", "", "http://h"},
        {"http://h/\xc3\xbc", "http://h/%C3%BC", "", "http://h/\xc3\xbc"},
        {"http://", NULL, NULL, NULL},
        {"http://u@/x", NULL, NULL, NULL},
        {"http://h/\n", NULL, NULL, NULL},
    };
    static struct scree__io_url url;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum scree_status status = scree__io_url_parse(cases[i].location, &url, NULL);
        assert_int_equal(status, cases[i].url != NULL ? SCREE_OK : SCREE_E_ARGUMENT);
        if (status != SCREE_OK)
            continue;
        assert_string_equal(url.url, cases[i].url);
        assert_string_equal(url.user, cases[i].user);
        assert_string_equal(url.name, cases[i].name);
    }
    char text[9000] = "http://h/";
    memset(text + 9, 'a', sizeof text - 10);
    assert_int_equal(scree__io_url_parse(text, &url, NULL), SCREE_E_ARGUMENT);
}

static enum scree_status profile_of(const char *text, const char *name,
                                    struct scree_s3_profile *profile, struct scree_error *err)
{
    return scree_s3_profile_parse(text, strlen(text), name, "file", profile, err);
}

static void profiles(void **state)
{
    static const char credentials[] =
        "# keys\n[default]\naws_access_key_id = AK1\r\naws_secret_access_key=a=b/c+d==\n\n"
        "[work]\n aws_access_key_id=indented\naws_access_key_id=AK2\nunknown = x\n";
    static const char config[] =
        "[default]\nregion = eu-west-1\n[profile work]\nregion=r\n"
        "s3 =\n  endpoint_url = nested\nendpoint_url = https://h\n"
        "[services default]\nregion = no\n[profile default]\nregion = late\n";
    struct scree_s3_profile profile;
    struct scree_error err = SCREE_ERROR_INIT;
    char text[500];
    (void)state;
    memset(&profile, 0, sizeof profile);
    assert_int_equal(profile_of(credentials, "default", &profile, &err), SCREE_OK);
    assert_int_equal(profile_of(config, "default", &profile, &err), SCREE_OK);
    assert_true(profile.found);
    assert_string_equal(profile.access_key_id, "AK1");
    assert_string_equal(profile.secret_access_key, "a=b/c+d==");
    assert_string_equal(profile.region, "eu-west-1");
    assert_string_equal(profile.endpoint, "");
    memset(&profile, 0, sizeof profile);
    assert_int_equal(profile_of(credentials, "work", &profile, &err), SCREE_OK);
    assert_int_equal(profile_of(config, "work", &profile, &err), SCREE_OK);
    assert_string_equal(profile.access_key_id, "AK2");
    assert_string_equal(profile.region, "r");
    assert_string_equal(profile.endpoint, "https://h");
    memset(&profile, 0, sizeof profile);
    assert_int_equal(profile_of(config, "none", &profile, &err), SCREE_OK);
    assert_false(profile.found);

    assert_int_equal(
        profile_of("[default]\naws_secret_access_key hidden\n", "default", &profile, &err),
        SCREE_E_DATA);
    assert_non_null(strstr(err.message, "file: line 2"));
    assert_null(strstr(err.message, "hidden"));
    snprintf(text, sizeof text, "[default]\naws_secret_access_key = %0300d\n", 7);
    err = (struct scree_error)SCREE_ERROR_INIT;
    assert_int_equal(profile_of(text, "default", &profile, &err), SCREE_E_DATA);
    assert_null(strstr(err.message, "0007"));
    assert_int_equal(profile_of("[default\n", "default", &profile, NULL), SCREE_E_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(content_range), cmocka_unit_test(dates),
                                       cmocka_unit_test(other_fields), cmocka_unit_test(urls),
                                       cmocka_unit_test(profiles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
