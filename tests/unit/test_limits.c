/* test_limits.c - memory and cores as made-up /proc and /sys trees tell them, and the budget that follows. */
#include "mem/limits.h"
#include "par/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define MIB ((uint64_t)1 << 20)

static char root[256];

/* A file of the tree, with its folders. */
static void put(const char *path, const char *text)
{
    char name[1024];
    snprintf(name, sizeof name, "%s%s", root, path);
    for (char *slash = strchr(name + strlen(root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(name, 0777);
        *slash = '/';
    }
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int begin(void **state)
{
    const char *base = getenv("TMPDIR");
    (void)state;
    snprintf(root, sizeof root, "%s/scree-limits-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(root) == NULL)
        return -1;
    put("/proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB\n"
                         "SwapTotal:       2097152 kB\nSwapFree:        2097152 kB\n");
    return 0;
}

static int end(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static struct scree__mem_limits limits_now(void)
{
    struct scree__mem_limits limits;
    scree__mem_limits_read(root, &limits);
    return limits;
}

static void no_cgroups(void **state)
{
    (void)state;
    struct scree__mem_limits limits = limits_now();
    assert_int_equal(limits.available_bytes, 8192 * MIB);
    assert_int_equal(limits.swap_bytes, 2048 * MIB);
    assert_int_equal(limits.swap_used_bytes, 0);
    assert_int_equal(limits.cores, 0);
    assert_false(scree__mem_limits_swapping(&limits));
}

static void second_version(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/a.slice/b.service\n");
    put("/sys/fs/cgroup/a.slice/b.service/memory.max", "max\n");
    put("/sys/fs/cgroup/a.slice/b.service/cpu.max", "max 100000\n");
    assert_int_equal(limits_now().available_bytes, 8192 * MIB);
    assert_int_equal(limits_now().cores, 0);
    put("/sys/fs/cgroup/a.slice/b.service/cpu.max", "250000 100000\n");
    assert_int_equal(limits_now().cores, 3);
    /* The ancestor has less than the cgroup itself. */
    put("/sys/fs/cgroup/a.slice/b.service/memory.max", "4294967296\n");
    put("/sys/fs/cgroup/a.slice/b.service/memory.current", "1048576\n");
    assert_int_equal(limits_now().available_bytes, 4095 * MIB);
    put("/sys/fs/cgroup/a.slice/memory.max", "3221225472\n");
    put("/sys/fs/cgroup/a.slice/memory.current", "1073741824\n");
    put("/sys/fs/cgroup/a.slice/cpu.max", "50000 100000\n");
    assert_int_equal(limits_now().available_bytes, 2048 * MIB);
    assert_int_equal(limits_now().cores, 1);
    /* Files in memory that nobody uses are not taken. */
    put("/sys/fs/cgroup/a.slice/memory.stat", "anon 1\nactive_file 7\ninactive_file 536870912\n");
    assert_int_equal(limits_now().available_bytes, 2560 * MIB);
    put("/sys/fs/cgroup/a.slice/b.service/memory.high", "1073741824\n");
    assert_int_equal(limits_now().available_bytes, 1023 * MIB);
    /* More in use than allowed. */
    put("/sys/fs/cgroup/a.slice/b.service/memory.current", "2147483648\n");
    assert_int_equal(limits_now().available_bytes, 1);
    assert_int_equal(scree__mem_limits_budget(&(struct scree__mem_limits){.available_bytes = 1}, 0),
                     1);
}

static void first_version(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n2:cpuset:/\n0::/\n");
    put("/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000\n");
    assert_int_equal(limits_now().available_bytes, 8192 * MIB);
    assert_int_equal(limits_now().cores, 0);
    put("/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes", "1073741824\n");
    put("/sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes", "104857600\n");
    put("/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "150000\n");
    assert_int_equal(limits_now().available_bytes, 924 * MIB);
    assert_int_equal(limits_now().cores, 2);
    put("/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "536870912\n");
    put("/sys/fs/cgroup/cpu/docker/cpu.cfs_quota_us", "100000\n");
    put("/sys/fs/cgroup/cpu/docker/cpu.cfs_period_us", "100000\n");
    assert_int_equal(limits_now().available_bytes, 512 * MIB);
    assert_int_equal(limits_now().cores, 1);
}

/* In a container the path is the host's, and the mount is the container's own cgroup. */
static void only_the_mount(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "5:memory:/docker/0123\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1048576\n");
    assert_int_equal(limits_now().available_bytes, 255 * MIB);
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "134217728\n");
    assert_int_equal(limits_now().available_bytes, 128 * MIB);
    put("/proc/self/cgroup", "nonsense\n7:memory\n");
    assert_int_equal(limits_now().available_bytes, 8192 * MIB);
}

static void budgets(void **state)
{
    (void)state;
    struct scree__mem_limits limits = {.available_bytes = 1000 * MIB};
    assert_int_equal(scree__mem_limits_budget(&limits, 0), 1000 * MIB / 100 * 60);
    assert_int_equal(scree__mem_limits_budget(&limits, 800 * MIB), 800 * MIB);
    assert_int_equal(scree__mem_limits_budget(&limits, 5000 * MIB), 1000 * MIB / 100 * 90);
    limits.swap_bytes = 100 * MIB;
    limits.swap_used_bytes = 40 * MIB;
    assert_false(scree__mem_limits_swapping(&limits));
    assert_int_equal(scree__mem_limits_budget(&limits, 800 * MIB), 800 * MIB);
    limits.swap_used_bytes = 60 * MIB;
    assert_true(scree__mem_limits_swapping(&limits));
    assert_int_equal(scree__mem_limits_budget(&limits, 0), 1000 * MIB / 100 * 30);
    assert_int_equal(scree__mem_limits_budget(&limits, 800 * MIB), 1000 * MIB / 100 * 60);
    assert_int_equal(scree__mem_limits_budget(&limits, 500 * MIB), 500 * MIB);
    limits.available_bytes = 0; /* not known */
    assert_int_equal(scree__mem_limits_budget(&limits, 0), 1024 * MIB);
    assert_int_equal(scree__mem_limits_budget(&limits, 5000 * MIB), 5000 * MIB);
}

static void swap_from_meminfo(void **state)
{
    (void)state;
    put("/proc/meminfo", "MemAvailable:    8388608 kB\nSwapCached: 9 kB\nSwapTotal: 1048576 "
                         "kB\nSwapFree: 262144 kB\n");
    struct scree__mem_limits limits = limits_now();
    assert_int_equal(limits.swap_used_bytes, 768 * MIB);
    assert_true(scree__mem_limits_swapping(&limits));
}

static char said[1024];

static void keep(void *user, enum scree_log_level level, const char *message)
{
    (void)user;
    assert_int_equal(level, SCREE_LOG_WARNING);
    snprintf(said, sizeof said, "%s", message);
}

/* What a run on such a machine says of its budget, and the budget in MiB. */
static uint64_t budget_of_run(uint64_t asked)
{
    struct scree_context_options options;
    struct scree_context *context;
    scree_context_options_init(&options);
    options.memory_bytes = asked;
    options.threads = 1;
    options.log = keep;
    said[0] = '\0';
    assert_int_equal(scree__par_context_new(&options, root, &context, NULL), SCREE_OK);
    uint64_t budget = scree_context_budget_bytes(context);
    scree_context_free(context);
    return budget / MIB;
}

static void runs_say_so(void **state)
{
    (void)state;
    assert_int_equal(budget_of_run(0), 4915);
    assert_string_equal(said, "");
    assert_int_equal(budget_of_run(1000 * MIB), 1000);
    assert_string_equal(said, "");
    assert_int_equal(budget_of_run(9000 * MIB), 7372);
    assert_string_equal(said, "a memory budget of 9000 MiB was asked for, and 8192 MiB are "
                              "available: it is lowered to 7372 MiB");
    put("/proc/meminfo", "MemAvailable: 8388608 kB\nSwapTotal: 1048576 kB\nSwapFree: 262144 kB\n");
    assert_int_equal(budget_of_run(0), 2457);
    assert_string_equal(said, "768 of 1024 MiB of swap are in use, and 8192 MiB of memory "
                              "available: the memory budget is 2457 MiB");
    assert_int_equal(budget_of_run(1000 * MIB), 1000);
    assert_string_equal(said, "768 of 1024 MiB of swap are in use, and 8192 MiB of memory "
                              "available: the memory budget is 1000 MiB");
    assert_int_equal(budget_of_run(9000 * MIB), 4915);
    assert_string_equal(said, "768 of 1024 MiB of swap are in use, and 8192 MiB of memory "
                              "available: the memory budget is lowered to 4915 MiB");
}

static void nothing_there(void **state)
{
    (void)state;
    struct scree__mem_limits limits;
    scree__mem_limits_read("/nonexistent", &limits);
    assert_int_equal(limits.available_bytes, 0);
    assert_int_equal(limits.cores, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_cgroups, begin, end),
        cmocka_unit_test_setup_teardown(second_version, begin, end),
        cmocka_unit_test_setup_teardown(first_version, begin, end),
        cmocka_unit_test_setup_teardown(only_the_mount, begin, end),
        cmocka_unit_test_setup_teardown(budgets, begin, end),
        cmocka_unit_test_setup_teardown(swap_from_meminfo, begin, end),
        cmocka_unit_test_setup_teardown(runs_say_so, begin, end),
        cmocka_unit_test(nothing_there),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
