/* A parent that starts a worker every 2 s, which holds its memory for 6 s: after 6 s there are always three. */
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>

#include "workload.h"

enum { kWorkerPeriod = 2, kWorkerLife = 6 };

static inline void work(size_t bytes, pid_t parent) {
  struct timespec life = {kWorkerLife, 0};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  void* block = malloc(bytes);
  if (block == NULL) _exit(1);
  touch(block, bytes);
  nanosleep(&life, NULL);
  _exit(0);
}

/* Worker number n (0, 1, ...) holds first + n * more bytes. Gives the number of workers started. */
static inline long run_workers(const struct workload* w, double first, double more) {
  long started = 0;
  do {
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    if (elapsed(w) < (double)(started * kWorkerPeriod)) continue;
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) fail("fork");
    if (pid == 0) work((size_t)(first + (double)started * more), parent);
    ++started;
  } while (next_tick(w));
  return started; /* the workers that are left die with us */
}
