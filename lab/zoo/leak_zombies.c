#include "workload.h"

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "CHILDREN_PER_SECOND", "A supervisor that starts children and never waits for them.");
  double started = 0;
  while (next_tick(&w)) {
    for (; started + 1 <= due(&w); ++started) {
      const pid_t child = fork();
      if (child < 0) fail("fork");
      if (child == 0) _exit(0);
    }
  }
  report(&w, started, "zombies");
  return 0;
}
