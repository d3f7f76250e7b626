#include <pthread.h>

#include "workload.h"

/* A pool that starts eight threads one after the other within its first third. Each gets an arena of malloc's, uses it,
 * frees all, and works on in it. */

enum { kThreads = 8, kBlock = 1024 };

static struct workload w;

static void* serve(void* unused) {
  const size_t count = (size_t)w.rate / kBlock;
  void** blocks = calloc(count, sizeof *blocks);
  if (blocks == NULL) fail("calloc");
  while (!stop_asked && elapsed(&w) < w.seconds) {
    const struct timespec tick = {0, 200 * 1000 * 1000};
    for (size_t i = 0; i < count; ++i) {
      blocks[i] = malloc(kBlock);
      if (blocks[i] != NULL) memset(blocks[i], 1, kBlock);
    }
    for (size_t i = 0; i < count; ++i) free(blocks[i]);
    nanosleep(&tick, NULL);
  }
  free(blocks);
  return unused;
}

int main(int argc, char** argv) {
  w = begin(argc, argv, "BYTES_EACH", "Eight threads with an arena each, started within the first third of the time.");
  pthread_t threads[kThreads];
  int started = 0;
  while (next_tick(&w)) {
    if (started == kThreads || elapsed(&w) < started * w.seconds / 3 / kThreads) continue;
    errno = pthread_create(&threads[started++], NULL, serve, NULL);
    if (errno != 0) fail("pthread_create");
  }
  while (started > 0) pthread_join(threads[--started], NULL);
  report(&w, kThreads * w.rate, "bytes");
  return 0;
}
