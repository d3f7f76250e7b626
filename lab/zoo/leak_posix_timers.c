#include <sys/syscall.h>

#include "workload.h"

/* timer_create for each session, timer_delete for none: kernel memory without a descriptor. The system call itself,
 * since glibc would take memory of its own for each timer. */

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "TIMERS_PER_SECOND", "Makes POSIX timers and deletes none.");
  const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  double made = 0;
  int timer;
  if (setrlimit(RLIMIT_SIGPENDING, &unlimited) != 0) fail("setrlimit");
  while (next_tick(&w)) {
    for (; made + 1 <= due(&w); ++made) {
      if (syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer) != 0) fail("timer_create");
    }
  }
  report(&w, made, "timers");
  return 0;
}
