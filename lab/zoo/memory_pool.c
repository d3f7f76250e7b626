#include "workload.h"

/* A pool of blocks that takes chunks from malloc until it has enough, and lends and takes back from then on. */

enum { kChunk = 1 << 20, kSeed = 20261120 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "LEVEL_BYTES", "A pool that grows by 1 MiB at random moments until it is large enough.");
  unsigned random = kSeed;
  double held = 0;
  while (next_tick(&w)) {
    random = random * 1103515245U + 12345U;
    /* Full by about a third of the time. */
    const double due_now = w.rate * 3 * elapsed(&w) / w.seconds;
    if (held + kChunk > w.rate || held > due_now || (random >> 16) % 3 == 0) continue;
    void* chunk = malloc(kChunk);
    if (chunk == NULL) fail("malloc");
    touch(chunk, kChunk);
    held += kChunk;
  }
  report(&w, held, "bytes");
  return 0;
}
