/* Random questions, answered by the query and by looking at every point. */
#include "query_naive.h"
#include "las_make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* Not all answers may be empty, or the comparison says nothing. */
static void ask_many(const char *path, uint64_t first, unsigned count)
{
    struct naive_file file;
    struct naive_question question;
    unsigned answered = 0, partly = 0;
    naive_open(&file, path);
    for (uint64_t seed = first; seed < first + count; seed++) {
        naive_ask(&question, &file, seed);
        uint64_t points = naive_compare(&file, &question, seed, (unsigned)(1 + seed % 3));
        answered += points > 0;
        partly += points > 0 && points < file.count;
    }
    assert_true(answered > count / 4 && partly > count / 8);
    naive_close(&file);
}

static void ask_octree(unsigned format)
{
    char path[256];
    snprintf(path, sizeof path, "%s", naive_make_copc(format, 20000, 800, "q.copc.laz"));
    ask_many(path, format * 1000, 30);
    unlink(path);
}

static void of_octrees(void **state)
{
    (void)state;
    ask_octree(1); /* becomes 6 */
    ask_octree(7);
}

static void of_octrees_with_near_infrared(void **state)
{
    (void)state;
    ask_octree(8);
}

static void of_plain_files(void **state)
{
    (void)state;
    char path[256];
    for (unsigned format = 0; format <= 10; format++) {
        snprintf(path, sizeof path, "%s",
                 naive_make_las(format, 6000, format % 2 == 0 ? "q.laz" : "q.las"));
        ask_many(path, format * 1000, 10);
        unlink(path);
    }
}

static void of_extra_bytes_and_odd_times(void **state)
{
    (void)state;
    static const uint32_t chunks[] = {0, 500, SCREE_LAZ_VARIABLE_CHUNKS};
    char path[256];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s",
                 naive_make_extra(i == 0 ? 3 : 7, 3000, chunks[i], "e.las"));
        ask_many(path, 20000 + i * 1000, 20);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_octrees),
        cmocka_unit_test(of_octrees_with_near_infrared),
        cmocka_unit_test(of_plain_files),
        cmocka_unit_test(of_extra_bytes_and_odd_times),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    las_tidy();
    return failed;
}
