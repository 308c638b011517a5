/* test_s3_sign.c - signatures that Amazon has published, and where requests for an object go. */
#include "io/location.h"
#include "io/net_sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEADERS "x-amz-content-sha256:" EMPTY "\nx-amz-date:20130524T000000Z\n"

/* "Signature Calculations for the Authorization Header", the examples without a Date header. */
static void published(void **state)
{
    static const struct {
        const char *path, *query, *headers, *signature;
    } examples[] = {
        {"/test.txt", "", "range:bytes=0-9\n" HEADERS,
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {"/", "lifecycle=", HEADERS,
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {"/", "max-keys=2&prefix=J", HEADERS,
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct scree__net_signature signature = {.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                                                 .secret_access_key =
                                                     "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                                 .region = "us-east-1",
                                                 .method = "GET",
                                                 .host = "examplebucket.s3.amazonaws.com",
                                                 .path = examples[i].path,
                                                 .query = examples[i].query,
                                                 .payload_hash = EMPTY,
                                                 .headers = examples[i].headers,
                                                 .date = "20130524T000000Z"};
        assert_true(scree__net_sign(&signature));
        assert_non_null(strstr(signature.authorization, examples[i].signature));
        assert_non_null(strstr(signature.authorization,
                               "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
                               "aws4_request, SignedHeaders=host;"));
    }
}

static void hashes(void **state)
{
    char text[SCREE__NET_HASH_TEXT_BYTES];
    (void)state;
    scree__net_hash("", 0, text);
    assert_string_equal(text, EMPTY);
    scree__net_hash("Welcome to Amazon S3.", 21, text);
    assert_string_equal(text, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
}

static void targets(void **state)
{
    static const struct {
        const char *location, *endpoint, *region;
        enum scree_s3_style style;
        const char *origin, *path; /* NULL: refused */
    } cases[] = {
        {"s3://bucket/k", NULL, "eu-west-1", SCREE_S3_STYLE_AUTO,
         "https://bucket.s3.eu-west-1.amazonaws.com", "/k"},
        {"s3://bucket/k", "", "cn-north-1", SCREE_S3_STYLE_AUTO,
         "https://bucket.s3.cn-north-1.amazonaws.com.cn", "/k"},
        {"s3://my.bucket/k", NULL, "us-east-1", SCREE_S3_STYLE_AUTO,
         "https://s3.us-east-1.amazonaws.com", "/my.bucket/k"},
        {"s3://Bucket/k", NULL, "us-east-1", SCREE_S3_STYLE_AUTO,
         "https://s3.us-east-1.amazonaws.com", "/Bucket/k"},
        {"s3://bucket/k", NULL, "us-east-1", SCREE_S3_STYLE_PATH,
         "https://s3.us-east-1.amazonaws.com", "/bucket/k"},
        {"s3://bucket/a/b c", "http://host:9000", "x", SCREE_S3_STYLE_AUTO, "http://host:9000",
         "/bucket/a/b%20c"},
        {"s3://bucket/k", "https://host/", "x", SCREE_S3_STYLE_VIRTUAL, "https://bucket.host",
         "/k"},
        {"s3://bucket/k", "ftp://host", "x", SCREE_S3_STYLE_AUTO, NULL, NULL},
        {"s3://bucket/k", "https://host/path", "x", SCREE_S3_STYLE_AUTO, NULL, NULL},
        {"s3://bucket/k", "https://u:p@host", "x", SCREE_S3_STYLE_AUTO, NULL, NULL},
        {"s3://bucket/k", NULL, "us east", SCREE_S3_STYLE_AUTO, NULL, NULL},
        {"s3://bucket/k", NULL, "evil.com/", SCREE_S3_STYLE_AUTO, NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scree__io_bucket_key object;
        struct scree__io_s3_target target;
        assert_int_equal(scree__io_s3_parse(cases[i].location, &object, NULL), SCREE_OK);
        enum scree_status status = scree__io_s3_target_make(
            &object, cases[i].endpoint, cases[i].region, cases[i].style, &target, NULL);
        assert_int_equal(status, cases[i].origin != NULL ? SCREE_OK : SCREE_E_ARGUMENT);
        if (status != SCREE_OK)
            continue;
        assert_string_equal(target.origin, cases[i].origin);
        assert_string_equal(target.path, cases[i].path);
    }
}

static void origins(void **state)
{
    (void)state;
    assert_true(scree__io_same_origin("https://h/a", "https://H/b?c"));
    assert_true(scree__io_same_origin("https://h:1", "https://h:1/"));
    assert_false(scree__io_same_origin("https://h/a", "http://h/a"));
    assert_false(scree__io_same_origin("https://h/a", "https://h:444/a"));
    assert_false(scree__io_same_origin("https://h/a", "https://h.evil/a"));
    assert_false(scree__io_same_origin("https://h/a", "https://hh/a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published), cmocka_unit_test(hashes),
                                       cmocka_unit_test(targets), cmocka_unit_test(origins)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
