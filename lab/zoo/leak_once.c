#include "workload.h"

/* A reload of the configuration that loads the new one and forgets the old one: once. */

enum { kBase = 20 << 20 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "BYTES", "Loses a block of so many bytes once, in the middle of its time.");
  int lost = 0;
  touch(malloc(kBase), kBase);
  while (next_tick(&w)) {
    if (lost || elapsed(&w) < w.seconds / 2) continue;
    void* block = malloc((size_t)w.rate);
    if (block == NULL) fail("malloc");
    touch(block, (size_t)w.rate);
    lost = 1;
  }
  report(&w, lost ? w.rate : 0, "bytes");
  return 0;
}
