// Makes calls that write files fail, or ends the process at one, as told by the environment:
//
// FAULT_UNDER   folder; calls on other files are left alone
// FAULT_AT      number of the call, from 1; 0 for none
// FAULT_KIND    once: this call fails; on: all from this one on, as on a full disk, but that later
//               files can be renamed; short: every write writes but half of what it is given;
//               kill: the process gets FAULT_SIGNAL
// FAULT_ERRNO   what a call that fails says
// FAULT_COUNT   file that is told at the end how many calls there were
//
// cc -shared -fPIC -O1 -o failing.so failing.c -ldl; LD_PRELOAD=./failing.so PROGRAM
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static const char *under, *kind, *count;
static long at;
static int number, signo;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    under = getenv("FAULT_UNDER");
    kind = getenv("FAULT_KIND");
    count = getenv("FAULT_COUNT");
    at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
    number = getenv("FAULT_ERRNO") ? atoi(getenv("FAULT_ERRNO")) : EIO;
    signo = getenv("FAULT_SIGNAL") ? atoi(getenv("FAULT_SIGNAL")) : SIGKILL;
    if (!kind) kind = "none";
}

__attribute__((destructor)) static void end(void) {
    if (!count) return;
    int file = REAL(open)(count, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    char text[32];
    int size = snprintf(text, sizeof text, "%ld", (long)calls);
    if (file >= 0 && REAL(write)(file, text, (size_t)size) > 0) REAL(close)(file);
}

static int below(const char *path) {
    return under && path && !strncmp(path, under, strlen(under));
}

static int of(int file) {
    char name[64], path[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ssize_t size = readlink(name, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return below(path);
}

// Whether a call on a file of ours is to fail.
static int fails_at(int later) {
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (!strcmp(kind, "kill") && call == at) kill(getpid(), signo);
    int now = call == at && (!strcmp(kind, "once") || !strcmp(kind, "on"));
    now |= later && call > at && at && !strcmp(kind, "on");
    if (now) errno = number;
    return now;
}

static int fails(void) { return fails_at(1); }

ssize_t write(int file, const void *data, size_t size) {
    if (!of(file)) return REAL(write)(file, data, size);
    if (fails()) return -1;
    return REAL(write)(file, data, !strcmp(kind, "short") && size > 1 ? size / 2 : size);
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t place) {
    if (of(file) && fails()) return -1;
    return REAL(pwrite64)(file, data, size, place);
}

ssize_t writev(int file, const struct iovec *parts, int n) {
    if (of(file) && fails()) return -1;
    return REAL(writev)(file, parts, n);
}

int close(int file) {
    int ours = of(file) && (fcntl(file, F_GETFL) & O_ACCMODE) != O_RDONLY;
    int failed = ours && fails();
    int kept = errno, done = REAL(close)(file);
    if (failed) errno = kept;
    return failed ? -1 : done;
}

#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        va_list more;                                                               \
        va_start(more, flags);                                                      \
        mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;                   \
        va_end(more);                                                               \
        if ((flags & O_ACCMODE) != O_RDONLY && below(path) && fails()) return -1;   \
        return REAL(name)(path, flags, mode);                                       \
    }
OPEN(open)
OPEN(open64)

FILE *fopen64(const char *path, const char *mode) {
    if (mode[0] != 'r' && below(path) && fails()) return NULL;
    return REAL(fopen64)(path, mode);
}

int rename(const char *from, const char *to) {
    if (below(to) && fails_at(0)) return -1;
    return REAL(rename)(from, to);
}

int mkdir(const char *path, mode_t mode) {
    if (below(path) && fails()) return -1;
    return REAL(mkdir)(path, mode);
}
