#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "workload.h"

/* Opens descriptors of one kind and closes none. */

static int open_file(void) { return open("/etc/passwd", O_RDONLY | O_CLOEXEC); }
static int open_tcp(void) { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }
static int open_unix(void) { return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); }
static int open_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }
static int open_inotify(void) { return inotify_init1(IN_CLOEXEC); }
static int open_eventfd(void) { return eventfd(0, EFD_CLOEXEC); }
static int open_timerfd(void) { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC); }
static int open_pidfd(void) { return (int)syscall(SYS_pidfd_open, getpid(), 0); }

static const struct {
  const char* name;
  int (*open)(void);
} kinds[] = {{"file", open_file},       {"tcp", open_tcp},         {"unix", open_unix},       {"epoll", open_epoll},
             {"inotify", open_inotify}, {"eventfd", open_eventfd}, {"timerfd", open_timerfd}, {"pidfd", open_pidfd}};

enum { kKinds = sizeof kinds / sizeof kinds[0] };

int main(int argc, char** argv) {
  int kind = 0;
  while (argc == 4 && kind < kKinds && strcmp(argv[1], kinds[kind].name) != 0) ++kind;
  if (argc != 4 || kind == kKinds) {
    fprintf(stderr,
            "usage: %s KIND DESCRIPTORS_PER_SECOND SECONDS\nOpens descriptors of one KIND and closes none:", argv[0]);
    for (int k = 0; k < kKinds; ++k) fprintf(stderr, " %s", kinds[k].name);
    fprintf(stderr, "\n");
    return 2;
  }
  char* rest[] = {argv[0], argv[2], argv[3], NULL};
  const struct workload w = begin(3, rest, "DESCRIPTORS_PER_SECOND", "");
  double opened = 0;
  need_descriptors(w.rate * w.seconds + 1);
  while (next_tick(&w)) {
    for (; opened + 1 <= due(&w); ++opened) {
      if (kinds[kind].open() < 0) fail(kinds[kind].name);
    }
  }
  report(&w, opened, "descriptors");
  return 0;
}
