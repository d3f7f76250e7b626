#include <sys/mman.h>

#include "workload.h"

enum { kPeriod = 10, kPage = 4096 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "LEVEL_BYTES", "Grows to a level within 10 s, gives all of it back, and begins anew.");
  const size_t level = (size_t)w.rate / kPage * kPage + kPage;
  unsigned char* block = mmap(NULL, level, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  size_t held = 0;
  double rounds = 0;
  if (block == MAP_FAILED) fail("mmap");
  while (next_tick(&w)) {
    const double time = elapsed(&w) / kPeriod;
    if ((double)(long)time > rounds) {
      if (madvise(block, level, MADV_DONTNEED) != 0) fail("madvise");
      rounds = (double)(long)time;
      held = 0;
    }
    const size_t wanted = (size_t)((time - rounds) * (double)level) / kPage * kPage;
    if (wanted <= held) continue;
    touch(block + held, wanted - held);
    held = wanted;
  }
  report(&w, rounds, "rounds");
  return 0;
}
