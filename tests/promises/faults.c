/* Lets calls that change files below one folder fail, or kills the process at one of them.

   Preloaded; told what to do by faults_arm, which a test calls through ctypes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT = 0, ONCE = 1, FROM_ON = 2, KILL = 3 };

static char folder[PATH_MAX] = "";
static long at = 0, seen = 0, failed = 0;
static int mode = COUNT, with = EIO;
static char last[64] = "";

void faults_arm(const char *below, long number, int how, int error) {
  seen = failed = 0;
  last[0] = 0;
  at = number;
  mode = how;
  with = error;
  strncpy(folder, below, sizeof folder - 1);
}

long faults_seen(void) { return seen; }
long faults_failed(void) { return failed; }
const char *faults_last(void) { return last; }

static int below(const char *path) {
  size_t length = strlen(folder);
  return length && strncmp(path, folder, length) == 0;
}

static int of_folder(int fd) {
  char link[64], path[PATH_MAX];
  if (!folder[0]) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return below(path);
}

/* Whether this call is to fail. A full disk refuses what needs room, and nothing else. */
static int fails(const char *name, int needs_room) {
  if (mode == FROM_ON && !needs_room) return 0;
  seen++;
  int now = mode == FROM_ON ? seen >= at : mode != COUNT && seen == at;
  if (!now) return 0;
  failed++;
  snprintf(last, sizeof last, "%s", name);
  if (mode == KILL) kill(getpid(), SIGKILL);
  errno = with;
  return 1;
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__) = NULL; \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) {
  REAL(ssize_t, write, int, const void *, size_t);
  if (of_folder(fd) && fails("write", 1)) return -1;
  return real(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t place) {
  REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
  if (of_folder(fd) && fails("pwrite", 1)) return -1;
  return real(fd, data, size, place);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t place) {
  REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t);
  if (of_folder(fd) && fails("pwrite64", 1)) return -1;
  return real(fd, data, size, place);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, writev, int, const struct iovec *, int);
  if (of_folder(fd) && fails("writev", 1)) return -1;
  return real(fd, parts, count);
}

int fsync(int fd) {
  REAL(int, fsync, int);
  if (of_folder(fd) && fails("fsync", 0)) return -1;
  return real(fd);
}

int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  if (of_folder(fd) && fails("fdatasync", 0)) return -1;
  return real(fd);
}

int ftruncate(int fd, off_t size) {
  REAL(int, ftruncate, int, off_t);
  if (of_folder(fd) && fails("ftruncate", 0)) return -1;
  return real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
  REAL(int, ftruncate64, int, off64_t);
  if (of_folder(fd) && fails("ftruncate64", 0)) return -1;
  return real(fd, size);
}

int rename(const char *from, const char *to) {
  REAL(int, rename, const char *, const char *);
  if ((below(from) || below(to)) && fails("rename", 0)) return -1;
  return real(from, to);
}
