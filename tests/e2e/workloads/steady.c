#include <sys/mman.h>

#include "workload.h"

enum { kPage = 4096, kJitterPercent = 2 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "LEVEL_BYTES", "Holds a level of memory that wavers by up to 2 %, without a trend.");
  const size_t level = (size_t)w.rate / kPage * kPage + kPage;
  unsigned char* block = mmap(NULL, level, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned random = 20261120;
  int tick = 0;
  if (block == MAP_FAILED) fail("mmap");
  touch(block, level);
  while (next_tick(&w)) {
    if (++tick % 10 != 0) continue;
    random = random * 1103515245U + 12345U;
    const size_t most = level / 100 * kJitterPercent;
    const size_t given_back = (most > 0 ? (random >> 8) % most : 0) / kPage * kPage;
    touch(block, level);
    if (given_back > 0 && madvise(block, given_back, MADV_DONTNEED) != 0) fail("madvise");
  }
  report(&w, (double)level, "bytes");
  return 0;
}
