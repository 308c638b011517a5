/*
 * test_query_http.c - queries of a COPC file behind a server that misbehaves: what passes gives the same records as the file on disk, what lasts
 * is an error that names the URL, and leaves no output. Answers to a store.
 */
#include "copc/job.h"
#include "net_fixture.h"
#include "scree/query.h"
#include "scree/synth.h"
#include "store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The file, in a folder of its own. */
static char folder[64], copc[128], laz[128], output[128];
static unsigned char *bytes;
static size_t byte_count;
static double window[4]; /* about a twentieth of the area */

struct records {
    uint8_t *bytes;
    size_t used, capacity;
};

static enum scree_status keep(void *user, const uint8_t *records, uint64_t count,
                              struct scree_error *err)
{
    struct records *kept = user;
    size_t more = (size_t)count * 30;
    (void)err;
    if (kept->used + more > kept->capacity) {
        kept->capacity = 2 * (kept->used + more);
        kept->bytes = realloc(kept->bytes, kept->capacity);
    }
    memcpy(kept->bytes + kept->used, records, more);
    kept->used += more;
    return SCREE_OK;
}

static struct scree_context *make_context(uint64_t memory_bytes)
{
    struct scree_context_options options;
    struct scree_context *context;
    struct scree_error err = SCREE_ERROR_INIT;
    scree_context_options_init(&options);
    options.threads = 2;
    options.memory_bytes = memory_bytes;
    if (scree_context_new(&options, &context, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    return context;
}

/* -------------------------------------------------------------------------------------- the file */

static void make_laz(void)
{
    struct scree_synth_options options;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = make_context(0);
    scree_synth_options_init(&options);
    options.output = laz;
    options.point_count = 60000;
    options.chunk_points = 5000;
    if (scree_synth_run(context, &options, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_context_free(context);
}

/* Of some hundred nodes on five levels, so that a window takes several requests. */
static void make_copc(void)
{
    struct scree_convert_options options;
    struct scree_convert_job *job;
    struct scree_error err = SCREE_ERROR_INIT;
    struct scree_context *context = make_context(0);
    const char *input = laz;
    scree_convert_options_init(&options);
    options.inputs = &input;
    options.input_count = 1;
    options.output = copc;
    options.temporal_stride = 50;
    if (scree_convert_open(context, &options, &job, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    job->limits.leaf_max = 1000;
    job->limits.leaf_min = 50;
    if (scree_convert_run(job, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    scree_convert_close(job);
    scree_context_free(context);
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    free(bytes);
    byte_count = (size_t)ftell(file);
    bytes = malloc(byte_count);
    rewind(file);
    assert_int_equal(fread(bytes, 1, byte_count, file), byte_count);
    fclose(file);
}

static double number_at(size_t offset)
{
    double number;
    memcpy(&number, bytes + offset, sizeof number);
    return number;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/scree-query-http-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(copc, sizeof copc, "%s/a.copc.laz", folder);
    snprintf(laz, sizeof laz, "%s/a.laz", folder);
    snprintf(output, sizeof output, "%s/o.las", folder);
    make_laz();
    make_copc();
    load(copc);
    for (int axis = 0; axis < 2; axis++) {
        double max = number_at(179 + 16 * (size_t)axis), min = number_at(187 + 16 * (size_t)axis);
        window[axis] = min + (max - min) * 0.4;
        window[2 + axis] = min + (max - min) * 0.62;
    }
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    free(bytes);
    unlink(copc);
    unlink(laz);
    unlink(output);
    return rmdir(folder);
}

/* -------------------------------------------------------------------------------------- questions */

enum question { WINDOW, LEVELS, TIMES, ALL, QUESTION_COUNT };

struct asked {
    struct net *net;
    const char *location;
    enum question question;
    const struct scree_sink_options *sink_options;
    struct scree_query *query;
    struct scree_context *context;
};

static void question_of(enum question question, struct scree_query_options *options)
{
    if (question == WINDOW) {
        options->bounds_axes = 2;
        memcpy(options->bounds_min, window, 2 * sizeof *window);
        memcpy(options->bounds_max, window + 2, 2 * sizeof *window);
    } else if (question == LEVELS) {
        options->level = 2;
    } else if (question == TIMES) {
        options->time = "402105600,402105610";
    }
}

static enum scree_status ask(struct asked *asked, struct scree_error *err)
{
    struct scree_query_options options;
    asked->context = make_context((uint64_t)64 << 20);
    scree_query_options_init(&options);
    options.inputs = &asked->location;
    options.input_count = 1;
    options.source_options = asked->net != NULL ? &asked->net->options : NULL;
    options.sink_options = asked->sink_options;
    question_of(asked->question, &options);
    return scree_query_open(asked->context, &options, &asked->query, err);
}

static void forget(struct asked *asked)
{
    scree_query_close(asked->query);
    scree_context_free(asked->context);
}

static struct records on_disk(const char *path, enum question question)
{
    struct asked asked = {.location = path, .question = question};
    struct scree_error err = SCREE_ERROR_INIT;
    struct records records = {0};
    if (ask(&asked, &err) != SCREE_OK ||
        scree_query_each(asked.query, keep, &records, NULL, &err) != SCREE_OK)
        fail_msg("%s", err.message);
    forget(&asked);
    assert_true(records.used > 0);
    return records;
}

static enum scree_status over_network(struct net *net, enum question question,
                                      struct records *records)
{
    struct asked asked = {.net = net, .location = net->url, .question = question};
    net->err = (struct scree_error)SCREE_ERROR_INIT;
    enum scree_status status = ask(&asked, &net->err);
    if (status == SCREE_OK)
        status = scree_query_each(asked.query, keep, records, NULL, &net->err);
    forget(&asked);
    return status;
}

/* The answer over the network is the one from the disk. */
static void same(struct net *net, const char *path, enum question question)
{
    struct records expected = on_disk(path, question), got = {0};
    if (over_network(net, question, &got) != SCREE_OK)
        fail_msg("%s", net->err.message);
    assert_int_equal(got.used, expected.used);
    assert_memory_equal(got.bytes, expected.bytes, expected.used);
    free(expected.bytes);
    free(got.bytes);
}

static void fails(struct net *net, enum question question, const char *text)
{
    struct records got = {0};
    if (over_network(net, question, &got) != SCREE_E_IO)
        fail_msg("expected a failure that says '%s', got '%s'", text, net->err.message);
    net_says(net, "127.0.0.1");
    net_says(net, text);
    free(got.bytes);
}

static void serve(struct net *net, struct plan plan)
{
    plan.size = byte_count;
    plan.object = bytes;
    net_begin(net, &plan);
    net->options.head_bytes = 8192;
    net->options.tail_bytes = 16384;
    net->options.gap_bytes = net->options.overread_bytes = 1024;
}

/* ------------------------------------------------------------------------------------------ tests */

static void answers_are_the_same(void **state)
{
    struct net net;
    (void)state;
    for (int question = 0; question < QUESTION_COUNT; question++) {
        serve(&net, (struct plan){.etag = "\"1\""});
        same(&net, copc, (enum question)question);
        net_end(&net);
    }
}

/* Head and tail, both at once; then the nodes. */
static void opens_with_two_requests(void **state)
{
    struct net net;
    struct asked asked = {.net = &net, .question = LEVELS};
    struct scree_error err = SCREE_ERROR_INIT;
    (void)state;
    serve(&net, (struct plan){.etag = "\"1\""});
    scree_source_options_init(&net.options);
    net.options.http = &net.http;
    asked.location = net.url;
    assert_int_equal(ask(&asked, &err), SCREE_OK);
    assert_int_equal(NET_SEEN(&net, request_count), 2);
    forget(&asked);
    net_end(&net);
}

static void passing_troubles(void **state)
{
    static const struct plan plans[] = {
        {.fail_status = 429, .fail_count = 2, .retry_after = "0"},
        {.fail_status = 503, .fail_count = 3},
        {.fail_status = 500, .fail_count = 1},
        {.reset_count = 4, .reset_after = 5000},
        {.reset_count = 2},
        {.short_count = 3},
        {.stall_count = 2},
        {.no_length = true},
        {.star_total = true},
        {.no_tail = true},
        {.no_head = true},
        {.ignore_range = true},
        {.ignore_range = true, .no_length = true},
        {.last_modified = "Mon, 02 Jan 2023 03:04:05 GMT"},
        {.etag = "W/\"weak\""},
        {.lie_total = 5}, /* nobody asks for the bytes that are not there */
    };
    struct net net;
    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        serve(&net, plans[i]);
        net.http.stall_timeout_ms = 200;
        same(&net, copc, WINDOW);
        net_end(&net);
    }
}

/* Not when the file is opened, but while nodes are fetched. */
static void troubles_on_the_way(void **state)
{
    static const int statuses[] = {429, 503, 504};
    struct records expected = on_disk(copc, WINDOW);
    struct net net;
    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct records got = {0};
        serve(&net, (struct plan){.etag = "\"1\""});
        struct asked asked = {.net = &net, .location = net.url, .question = WINDOW};
        assert_int_equal(ask(&asked, &net.err), SCREE_OK);
        NET_PLAN(&net, fail_status, statuses[i]);
        NET_PLAN(&net, fail_count, 2);
        NET_PLAN(&net, reset_after, 1000);
        NET_PLAN(&net, reset_count, 1);
        if (scree_query_each(asked.query, keep, &got, NULL, &net.err) != SCREE_OK)
            fail_msg("%s", net.err.message);
        assert_int_equal(got.used, expected.used);
        assert_memory_equal(got.bytes, expected.bytes, expected.used);
        free(got.bytes);
        forget(&asked);
        net_end(&net);
    }
    free(expected.bytes);
}

static void lasting_troubles(void **state)
{
    static const struct {
        struct plan plan;
        const char *says;
    } cases[] = {
        {{.fail_status = 503, .fail_count = 99}, "503"},
        {{.fail_status = 404, .fail_count = 99}, "404"},
        {{.lie_begin = 1}, "Content-Range"},
        {{.no_content_range = true}, "Content-Range"},
        {{.content_encoding = "gzip"}, "Content-Encoding"},
        {{.reset_count = 99}, "127.0.0.1"},
        {{.extra = 7}, "longer body"},
        {{.etag = "\"1\"", .etag_changes_at = 2}, "changed while it was read"},
    };
    struct net net;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        serve(&net, cases[i].plan);
        fails(&net, WINDOW, cases[i].says);
        net_end(&net);
    }
    /* A larger object than one would throw away. */
    serve(&net, (struct plan){.ignore_range = true});
    net.options.whole_bytes = 65536;
    fails(&net, WINDOW, "ignores ranges");
    net_end(&net);
}

static void of_plain_laz(void **state)
{
    struct net net;
    (void)state;
    load(laz);
    serve(&net, (struct plan){.etag = "\"1\""});
    same(&net, laz, WINDOW);
    same(&net, laz, ALL);
    net_end(&net);
    load(copc);
}

/* A node that cannot be fetched leaves no output; nor does an object that changes. */
static void failures_leave_nothing(void **state)
{
    struct net net;
    (void)state;
    for (int changes = 0; changes < 2; changes++) {
        struct scree_query_output to;
        serve(&net, (struct plan){.etag = "\"1\""});
        struct asked asked = {.net = &net, .location = net.url, .question = WINDOW};
        assert_int_equal(ask(&asked, &net.err), SCREE_OK);
        NET_PLAN(&net, fail_status, 503);
        NET_PLAN(&net, fail_count, changes ? 0 : 99);
        NET_PLAN(&net, etag_changes_at, changes ? 3 : 0);
        scree_query_output_init(&to);
        to.path = output;
        assert_int_equal(scree_query_run(asked.query, &to, NULL, &net.err), SCREE_E_IO);
        net_says(&net, changes ? "changed while it was read" : "503");
        assert_int_not_equal(access(output, F_OK), 0);
        forget(&asked);
        net_end(&net);
    }
}

/* ------------------------------------------------------------------------------------ to a store */

static void to_a_store(void **state)
{
    struct net net;
    struct store store = {0};
    struct scree_s3_options s3;
    struct scree_sink_options sink_options;
    struct scree_query_output to;
    char endpoint[100];
    (void)state;
    net_begin(&net, &(struct plan){.handler = store_answer, .user = &store});
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", net.server.port);
    scree_s3_options_init(&s3);
    s3.endpoint = endpoint;
    s3.access_key_id = STORE_KEY;
    s3.secret_access_key = STORE_SECRET;
    scree_sink_options_init(&sink_options);
    sink_options.http = &net.http;
    sink_options.s3 = &s3;
    sink_options.part_bytes = sink_options.head_bytes = (uint64_t)5 << 20;
    struct asked asked = {.location = copc, .question = WINDOW, .sink_options = &sink_options};
    scree_query_output_init(&to);
    to.path = output;
    if (ask(&asked, &net.err) != SCREE_OK ||
        scree_query_run(asked.query, &to, NULL, &net.err) != SCREE_OK)
        fail_msg("%s", net.err.message);
    to.path = "s3://bucket/answer.las";
    if (scree_query_run(asked.query, &to, NULL, &net.err) != SCREE_OK)
        fail_msg("%s", net.err.message);
    load(output);
    assert_true(store.exists && !store.uploading);
    assert_int_equal(store.object_bytes, byte_count);
    assert_memory_equal(store.object, bytes, byte_count);
    /* What is there stays, unless it is to be replaced. */
    assert_int_equal(scree_query_run(asked.query, &to, NULL, &net.err), SCREE_E_EXISTS);
    assert_false(store.uploading);
    assert_int_equal(store.bad_signatures, 0);
    forget(&asked);
    net_end(&net);
    store_release(&store);
    load(copc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_same),   cmocka_unit_test(opens_with_two_requests),
        cmocka_unit_test(passing_troubles),       cmocka_unit_test(troubles_on_the_way),
        cmocka_unit_test(lasting_troubles),       cmocka_unit_test(of_plain_laz),
        cmocka_unit_test(failures_leave_nothing), cmocka_unit_test(to_a_store),
    };
    return cmocka_run_group_tests(tests, set_up, tidy);
}
