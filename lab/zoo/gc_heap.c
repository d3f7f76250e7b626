#include <sys/mman.h>

#include "workload.h"

/* A collected heap with two generations: the young one fills and is emptied every 2 s, a tenth of it moves to the old
 * one, and that is collected when it has reached its level. */

enum { kPage = 4096, kYoungSeconds = 2, kYoungPerOld = 5 };

static unsigned char* take(size_t size) {
  unsigned char* block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) fail("mmap");
  return block;
}

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "LEVEL_BYTES", "The two sawteeth of a heap with two generations.");
  const size_t young_size = (size_t)w.rate / 2 / kPage * kPage + kPage;
  const size_t old_size = young_size;
  unsigned char* young = take(young_size);
  unsigned char* old = take(old_size);
  long collections = 0;
  while (next_tick(&w)) {
    const double time = elapsed(&w) / kYoungSeconds;
    if ((long)time > collections) {
      collections = (long)time;
      if (madvise(young, young_size, MADV_DONTNEED) != 0) fail("madvise");
      const size_t part = old_size / kYoungPerOld / kPage * kPage;
      const size_t filled = (size_t)(collections % kYoungPerOld);
      if (filled == 0 && madvise(old, old_size, MADV_DONTNEED) != 0) fail("madvise");
      touch(old + filled * part, part);
    }
    touch(young, (size_t)((time - (double)collections) * (double)young_size));
  }
  report(&w, (double)collections, "collections");
  return 0;
}
