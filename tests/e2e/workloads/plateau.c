#include <sys/mman.h>

#include "workload.h"

enum { kStep = 64 * 1024 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "LEVEL_BYTES", "Grows to a level within the first third of its time, then holds it.");
  double held = 0;
  while (next_tick(&w)) {
    const double part = elapsed(&w) / (w.seconds / 3);
    const double wanted = w.rate * (part < 1 ? part : 1);
    for (; held + kStep <= wanted; held += kStep) {
      void* block = mmap(NULL, kStep, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (block == MAP_FAILED) fail("mmap");
      touch(block, kStep);
    }
  }
  report(&w, held, "bytes");
  return 0;
}
