#include <pthread.h>

#include "workload.h"

/* Each job gets a thread that works and ends. Nobody joins it, so its stack stays mapped, though no thread is left. */

enum { kUsed = 256 * 1024, kStack = 512 * 1024 };

static void* job(void* argument) {
  char room[kUsed];
  touch(room, sizeof room);
  return argument;
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "JOBS_PER_SECOND", "Threads that end and are not joined: 260 KiB of stack each.");
  pthread_attr_t attributes;
  pthread_t thread;
  double jobs = 0;
  if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstacksize(&attributes, kStack) != 0) fail("stack");
  while (next_tick(&w)) {
    for (; jobs + 1 <= due(&w); ++jobs) {
      errno = pthread_create(&thread, &attributes, job, NULL);
      if (errno != 0) fail("pthread_create");
    }
  }
  report(&w, jobs, "jobs");
  return 0;
}
