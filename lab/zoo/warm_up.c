#include <math.h>
#include <sys/mman.h>

#include "workload.h"

/* As code that is compiled when it is first used: quickly at first, ever more seldom later. */

enum { kPage = 4096 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "LEVEL_BYTES", "Approaches a level: 63 % of the rest in each eighth of its time.");
  unsigned char* block = mmap(NULL, (size_t)w.rate + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  size_t held = 0;
  if (block == MAP_FAILED) fail("mmap");
  while (next_tick(&w)) {
    const double share = 1 - exp(-elapsed(&w) / (w.seconds / 8));
    const size_t wanted = (size_t)(w.rate * share) / kPage * kPage;
    if (wanted <= held) continue;
    touch(block + held, wanted - held);
    held = wanted;
  }
  report(&w, (double)held, "bytes");
  return 0;
}
