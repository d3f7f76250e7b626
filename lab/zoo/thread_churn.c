#include <pthread.h>

#include "workload.h"

static void* job(void* argument) {
  const struct timespec life = {0, 300 * 1000 * 1000};
  char room[64 * 1024];
  touch(room, sizeof room);
  nanosleep(&life, NULL);
  return argument;
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "THREADS_PER_SECOND", "A detached thread for each request; each ends after 0.3 s.");
  pthread_attr_t attributes;
  pthread_t thread;
  double started = 0;
  if (pthread_attr_init(&attributes) != 0 || pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) != 0) {
    fail("thread attributes");
  }
  while (next_tick(&w)) {
    for (; started + 1 <= due(&w); ++started) {
      errno = pthread_create(&thread, &attributes, job, NULL);
      if (errno != 0) fail("pthread_create");
    }
  }
  report(&w, started, "threads");
  return 0;
}
