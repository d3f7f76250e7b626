#include "workload.h"

/* Waits of random length between two leaks of random size, as a rare race would leak. */

enum { kMostPages = 128, kPage = 4096 };

static unsigned state = 20261120;

static double random_share(void) {
  state = state * 1103515245U + 12345U;
  return (double)(state >> 8 & 0xffff) / 0x10000;
}

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND", "Leaks 4 to 512 KiB at random moments.");
  const double mean = (double)kMostPages / 2 * kPage;
  double next = 0;
  double lost = 0;
  while (next_tick(&w)) {
    while (next <= elapsed(&w)) {
      const size_t size = (size_t)(1 + random_share() * kMostPages) * kPage;
      void* block = malloc(size);
      if (block == NULL) fail("malloc");
      touch(block, size);
      lost += (double)size;
      next += 2 * random_share() * mean / w.rate;
    }
  }
  report(&w, lost, "bytes");
  return 0;
}
