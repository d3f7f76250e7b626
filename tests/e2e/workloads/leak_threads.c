#include <pthread.h>

#include "workload.h"

static void* sleep_for_ever(void* argument) {
  for (;;) pause();
  return argument;
}

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "THREADS_PER_SECOND", "Starts threads that sleep and never end.");
  pthread_attr_t small;
  pthread_t thread;
  double started = 0;
  if (pthread_attr_init(&small) != 0 || pthread_attr_setstacksize(&small, 64 * 1024) != 0) fail("thread attributes");
  while (next_tick(&w)) {
    for (; started + 1 <= due(&w); ++started) {
      errno = pthread_create(&thread, &small, sleep_for_ever, NULL);
      if (errno != 0) fail("pthread_create");
    }
  }
  report(&w, started, "threads");
  return 0;
}
