#include <sys/prctl.h>
#include <sys/wait.h>

#include "workload.h"

/* A master and its four workers, as of a web server; each forgets a little of every request it serves. */

enum { kWorkers = 4, kBlock = 4096 };

static int work(const struct workload* w, pid_t parent) {
  double lost = 0;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) return 0;
  while (next_tick(w)) {
    for (; lost + kBlock + 16 <= due(w) / kWorkers; lost += kBlock + 16) {
      void* block = malloc(kBlock);
      if (block == NULL) return 1;
      memset(block, 1, kBlock);
    }
  }
  return 0;
}

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND", "Four workers that leak equal shares of it.");
  const pid_t parent = getpid();
  pid_t workers[kWorkers];
  int failed = 0;
  for (int worker = 0; worker < kWorkers; ++worker) {
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) _exit(work(&w, parent));
    workers[worker] = child;
  }
  while (next_tick(&w)) {
  }
  for (int worker = 0; worker < kWorkers; ++worker) kill(workers[worker], SIGTERM);
  for (int status; wait(&status) > 0;) failed |= WIFEXITED(status) && WEXITSTATUS(status) != 0;
  report(&w, due(&w), "bytes");
  return failed;
}
