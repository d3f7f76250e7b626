#include <sys/mman.h>
#include <sys/wait.h>

#include "workload.h"

enum { kTakes = 1 << 20, kMost = 64 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "CHILDREN_PER_SECOND", "Children that take 1 MiB, live for a moment and are waited for.");
  double started = 0;
  int living = 0;
  while (next_tick(&w)) {
    while (waitpid(-1, NULL, WNOHANG) > 0) --living;
    for (; started + 1 <= due(&w) && living < kMost; ++started, ++living) {
      const pid_t child = fork();
      if (child < 0) fail("fork");
      if (child != 0) continue;
      const struct timespec life = {0, 150 * 1000 * 1000};
      touch(malloc(kTakes), kTakes);
      nanosleep(&life, NULL);
      _exit(0);
    }
  }
  while (wait(NULL) > 0) {
  }
  report(&w, started, "children");
  return 0;
}
