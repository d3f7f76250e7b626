#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "workload.h"

/* A store that forks to write a snapshot: while the child lives, what the parent changes is there twice. */

enum { kPage = 4096, kSnapshotSeconds = 7, kPauseSeconds = 3 };

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "LEVEL_BYTES", "A store that forks for a snapshot every 10 s.");
  const size_t size = (size_t)w.rate / kPage * kPage + kPage;
  unsigned char* store = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  size_t at = 0;
  double snapshots = 0;
  double until = 0;
  pid_t child = 0;
  if (store == MAP_FAILED) fail("mmap");
  touch(store, size);
  while (next_tick(&w)) {
    if (child == 0 && elapsed(&w) >= until + kPauseSeconds) {
      child = fork();
      if (child < 0) fail("fork");
      if (child == 0) {
        const struct timespec life = {kSnapshotSeconds, 0};
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        nanosleep(&life, NULL);
        _exit(0);
      }
      ++snapshots;
    }
    if (child > 0 && waitpid(child, NULL, WNOHANG) == child) {
      child = 0;
      until = elapsed(&w);
    }
    for (int change = 0; change < 100; ++change, at = (at + kPage) % size) ++store[at];
  }
  report(&w, snapshots, "snapshots");
  return 0;
}
