/* faults.c - the wrappers. */
#include "faults.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct fault active;
static atomic_bool armed;
static atomic_uint_least64_t calls[FAULT_CALLS], hits;

void faults_begin(const struct fault *fault)
{
    static const struct fault none;
    active = fault != NULL ? *fault : none;
    atomic_store(&hits, 0);
    for (unsigned i = 0; i < FAULT_CALLS; i++)
        atomic_store(&calls[i], 0);
    atomic_store(&armed, true);
}

uint64_t faults_end(void)
{
    atomic_store(&armed, false);
    return atomic_load(&hits);
}

bool faults_kill(const struct fault *fault, enum scree_status (*job)(const void *arg),
                 const void *arg)
{
    int state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        faults_begin(fault);
        _exit(job(arg) == SCREE_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &state, 0), child);
    if (WIFSIGNALED(state))
        assert_int_equal(WTERMSIG(state), SIGKILL);
    else
        assert_int_equal(WEXITSTATUS(state), 0);
    return WIFSIGNALED(state);
}

uint64_t faults_calls(enum fault_call call)
{
    return atomic_load(&calls[call]);
}

/* ------------------------------------------------------------------------------------------------ sites */

#define NOTED 100000u
#define SITES 4096u /* of one kind of call; what finds no room counts as new */

static bool noting;
static uint64_t sites[FAULT_CALLS][SITES];
static uint32_t seen[FAULT_CALLS][SITES], earlier[FAULT_CALLS][NOTED];

void faults_note_sites(bool on)
{
    noting = on;
    memset(sites, 0, sizeof sites);
    if (on)
        memset(seen, 0, sizeof seen);
}

uint64_t faults_earlier_at_site(enum fault_call call, uint64_t number)
{
    return number <= NOTED ? earlier[call][number - 1] : 0;
}

/* Several threads may be here: what they lose of each other makes a call look newer than it is. */
static void note_site(enum fault_call call, uint64_t number)
{
    void *callers[24];
    int count = backtrace(callers, 24);
    uint64_t site = 1;
    for (int i = 0; i < count; i++)
        site = (site ^ (uint64_t)(uintptr_t)callers[i]) * 0x9E3779B97F4A7C15u;
    for (uint64_t i = 0; i < 64; i++) {
        uint64_t at = ((site >> 32) + i) % SITES;
        if (sites[call][at] != 0 && sites[call][at] != site)
            continue;
        sites[call][at] = site;
        if (number <= NOTED)
            earlier[call][number - 1] = seen[call][at];
        seen[call][at]++;
        return;
    }
}

/* 0: the call goes through; else what happens to it. */
static int fault_of(enum fault_call call)
{
    if (!atomic_load(&armed))
        return 0;
    uint64_t number = atomic_fetch_add(&calls[call], 1) + 1;
    if (noting)
        note_site(call, number);
    if (active.call != call || number < active.first || number - active.first >= active.repeat)
        return 0;
    atomic_fetch_add(&hits, 1);
    if (active.what == FAULT_CANCEL) {
        scree_context_cancel(active.context);
        return 0;
    }
    if (active.what == FAULT_KILL)
        raise(SIGKILL);
    return active.what;
}

static bool fails(enum fault_call call)
{
    int what = fault_of(call);
    if (what > 0)
        errno = what;
    return what > 0;
}

/* Bytes that a read or write is allowed: all, fewer, or none and the call is not made. */
static bool cut_short(enum fault_call call, size_t *bytes, ssize_t *result)
{
    int what = fault_of(call);
    if (what == FAULT_SHORT_ONE && *bytes > 1)
        *bytes = 1;
    if (what == FAULT_SHORT_HALF && *bytes > 1)
        *bytes /= 2;
    if (what > 0)
        errno = what;
    *result = what > 0 ? -1 : what == FAULT_KILL_HALF ? FAULT_KILL_HALF : 0;
    return what > 0 || what == FAULT_ZERO;
}

/* WRAP(result, name, (parameters)) declares what is called, and what it stands for. */
#define WRAP(result, name, parameters) \
    result __real_##name parameters;   \
    result __wrap_##name parameters;   \
    result __wrap_##name parameters

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    if ((flags & O_TMPFILE) == O_TMPFILE && fails(FAULT_TMPFILE))
        return -1;
    return fails(FAULT_OPEN) ? -1 : __real_open64(path, flags, mode);
}

WRAP(int, stat64, (const char *path, struct stat *info))
{
    return fails(FAULT_STAT) ? -1 : __real_stat64(path, info);
}

WRAP(int, fstat64, (int descriptor, struct stat *info))
{
    return fails(FAULT_STAT) ? -1 : __real_fstat64(descriptor, info);
}

/* Every file system is ext4: room is made ahead there (lib/io/ahead.c), and tests run in memory where they can. */
WRAP(int, fstatfs64, (int descriptor, struct statfs *info))
{
    int code = __real_fstatfs64(descriptor, info);
    if (code == 0 && atomic_load(&armed))
        info->f_type = 0xEF53;
    return code;
}

WRAP(int, statvfs64, (const char *path, struct statvfs *info))
{
    return fails(FAULT_STATVFS) ? -1 : __real_statvfs64(path, info);
}

WRAP(ssize_t, pread64, (int descriptor, void *bytes, size_t count, off_t offset))
{
    ssize_t result;
    if (cut_short(FAULT_READ, &count, &result))
        return result;
    return __real_pread64(descriptor, bytes, count, offset);
}

WRAP(ssize_t, pwrite64, (int descriptor, const void *bytes, size_t count, off_t offset))
{
    ssize_t result;
    if (cut_short(FAULT_WRITE, &count, &result))
        return result;
    bool killed = result == FAULT_KILL_HALF;
    if (killed && (uint64_t)offset + count > 512)
        count /= 2;
    result = __real_pwrite64(descriptor, bytes, count, offset);
    if (killed)
        raise(SIGKILL);
    return result;
}

WRAP(int, fsync, (int descriptor))
{
    return fails(FAULT_FSYNC) ? -1 : __real_fsync(descriptor);
}

WRAP(int, ftruncate64, (int descriptor, off_t bytes))
{
    return fails(FAULT_TRUNCATE) ? -1 : __real_ftruncate64(descriptor, bytes);
}

WRAP(int, flock, (int descriptor, int operation))
{
    return fails(FAULT_LOCK) ? -1 : __real_flock(descriptor, operation);
}

WRAP(int, link, (const char *from, const char *to))
{
    return fails(FAULT_LINK) ? -1 : __real_link(from, to);
}

WRAP(int, renameat2, (int from_at, const char *from, int to_at, const char *to, unsigned flags))
{
    return fails(FAULT_LINK) ? -1 : __real_renameat2(from_at, from, to_at, to, flags);
}

WRAP(int, rename, (const char *from, const char *to))
{
    return fails(FAULT_RENAME) ? -1 : __real_rename(from, to);
}

WRAP(int, unlink, (const char *path))
{
    return fails(FAULT_UNLINK) ? -1 : __real_unlink(path);
}

WRAP(int, fallocate64, (int descriptor, int mode, off_t offset, off_t bytes))
{
    return fails(FAULT_PUNCH) ? -1 : __real_fallocate64(descriptor, mode, offset, bytes);
}

WRAP(void *, malloc, (size_t bytes))
{
    return fails(FAULT_ALLOCATE) ? NULL : __real_malloc(bytes);
}

WRAP(void *, aligned_alloc, (size_t alignment, size_t bytes))
{
    return fails(FAULT_ALLOCATE) ? NULL : __real_aligned_alloc(alignment, bytes);
}

WRAP(void *, mmap64, (void *at, size_t bytes, int protect, int flags, int descriptor, off_t offset))
{
    return fails(FAULT_ALLOCATE) ? MAP_FAILED
                                 : __real_mmap64(at, bytes, protect, flags, descriptor, offset);
}
