// Makes calls that write files fail, or ends the process at one, as told by the environment:
//
// FAULT_UNDER   folder; calls on other files are left alone
// FAULT_AT      number of the call, from 1; 0 for none
// FAULT_KIND    once: this call fails; on: all from this one on, as on a full disk, but that later
//               files can be renamed; short: this write writes but half of what it is given, and
//               if FAULT_AT is 0 every one; kill: the process gets FAULT_SIGNAL
// FAULT_ERRNO   what a call that fails says
// FAULT_COUNT   file that is told at the end which calls there were, a letter each
//
// What is forked begins to count anew, by the environment that it has then.
//
// cc -shared -fPIC -O1 -o failing.so failing.c -ldl; LD_PRELOAD=./failing.so PROGRAM
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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

enum { MOST = 1 << 20 };
static char letters[MOST];  // of each call
static atomic_long calls;
static const char *under, *kind, *count;
static long at;
static int number, signo;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void begin(void) {
    calls = 0;
    under = getenv("FAULT_UNDER");
    kind = getenv("FAULT_KIND");
    count = getenv("FAULT_COUNT");
    at = getenv("FAULT_AT") ? atol(getenv("FAULT_AT")) : 0;
    number = getenv("FAULT_ERRNO") ? atoi(getenv("FAULT_ERRNO")) : EIO;
    signo = getenv("FAULT_SIGNAL") ? atoi(getenv("FAULT_SIGNAL")) : SIGKILL;
    if (!kind) kind = "none";
}

__attribute__((constructor)) static void load(void) {
    begin();
    pthread_atfork(NULL, NULL, begin);
}

__attribute__((destructor)) static void end(void) {
    if (!count) return;
    int file = REAL(open)(count, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    long size = calls < MOST ? calls : MOST;
    if (file >= 0 && REAL(write)(file, letters, (size_t)size) >= 0) REAL(close)(file);
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

// Whether a call on a file of ours is to fail: 1, or 2 if it is to write but half.
static int fails_at(char letter, int later) {
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (call <= MOST) letters[call - 1] = letter;
    if (!strcmp(kind, "kill") && call == at) kill(getpid(), signo);
    if (!strcmp(kind, "short")) return call == at || !at ? 2 : 0;
    int now = call == at && (!strcmp(kind, "once") || !strcmp(kind, "on"));
    now |= later && call > at && at && !strcmp(kind, "on");
    if (now) errno = number;
    return now;
}

static int fails(char letter) { return fails_at(letter, 1) == 1; }

ssize_t write(int file, const void *data, size_t size) {
    if (!of(file)) return REAL(write)(file, data, size);
    int fault = fails_at('w', 1);
    if (fault == 1) return -1;
    return REAL(write)(file, data, fault == 2 && size > 1 ? size / 2 : size);
}

#define PWRITE(name, place_t)                                                      \
    ssize_t name(int file, const void *data, size_t size, place_t place) {         \
        if (!of(file)) return REAL(name)(file, data, size, place);                 \
        int fault = fails_at('w', 1);                                              \
        if (fault == 1) return -1;                                                 \
        return REAL(name)(file, data, fault == 2 && size > 1 ? size / 2 : size, place); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int file, const struct iovec *parts, int n) {
    if (of(file) && fails('w')) return -1;
    return REAL(writev)(file, parts, n);
}

int close(int file) {
    int ours = of(file) && (fcntl(file, F_GETFL) & O_ACCMODE) != O_RDONLY;
    int failed = ours && fails('c');
    int kept = errno, done = REAL(close)(file);
    if (failed) errno = kept;
    return failed ? -1 : done;
}

#define OPEN(name)                                                                     \
    int name(const char *path, int flags, ...) {                                       \
        va_list more;                                                                  \
        va_start(more, flags);                                                         \
        mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;                      \
        va_end(more);                                                                  \
        if ((flags & O_ACCMODE) != O_RDONLY && below(path) && fails('o')) return -1;   \
        return REAL(name)(path, flags, mode);                                          \
    }
OPEN(open)
OPEN(open64)

#define FOPEN(name)                                                            \
    FILE *name(const char *path, const char *mode) {                           \
        if (mode[0] != 'r' && below(path) && fails('o')) return NULL;          \
        return REAL(name)(path, mode);                                         \
    }
FOPEN(fopen)
FOPEN(fopen64)

int rename(const char *from, const char *to) {
    if (below(to) && fails_at('r', 0) == 1) return -1;
    return REAL(rename)(from, to);
}

int mkdir(const char *path, mode_t mode) {
    if (below(path) && fails('m')) return -1;
    return REAL(mkdir)(path, mode);
}

int symlink(const char *target, const char *path) {
    if (below(path) && fails('l')) return -1;
    return REAL(symlink)(target, path);
}

int chmod(const char *path, mode_t mode) {
    if (below(path) && fails('h')) return -1;
    return REAL(chmod)(path, mode);
}

#define SYNC(name)                              \
    int name(int file) {                        \
        if (of(file) && fails('s')) return -1;  \
        return REAL(name)(file);                \
    }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name, size_type)                   \
    int name(int file, size_type size) {            \
        if (of(file) && fails('t')) return -1;      \
        return REAL(name)(file, size);              \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)
