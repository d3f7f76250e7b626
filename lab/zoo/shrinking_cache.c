#include <sys/mman.h>

#include "workload.h"

/* A cache that takes what is free and gives half of it back when little is: it looks at MemAvailable, as databases do.
 */

enum { kStep = 256 * 1024, kSeconds = 12 };

static double available(void) {
  char line[128];
  double kib = 0;
  FILE* meminfo = fopen("/proc/meminfo", "r");
  if (meminfo == NULL) fail("/proc/meminfo");
  while (fgets(line, sizeof line, meminfo) != NULL) {
    if (sscanf(line, "MemAvailable: %lf", &kib) == 1) break;
  }
  fclose(meminfo);
  return kib * 1024;
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "LEVEL_BYTES", "A cache that fills in 12 s and halves when LEVEL_BYTES are no longer free.");
  const double first = available();
  const double least = first - w.rate;
  const size_t most = (size_t)(2 * w.rate) / kStep * kStep + kStep;
  unsigned char* cache = mmap(NULL, most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  size_t held = 0;
  double at = 0;
  double halved = 0;
  if (cache == MAP_FAILED) fail("mmap");
  while (next_tick(&w)) {
    const double passed = elapsed(&w) - at;
    at += passed;
    for (double more = passed * w.rate / kSeconds; more > 0 && held + kStep <= most; more -= kStep, held += kStep) {
      touch(cache + held, kStep);
    }
    if (available() > least) continue;
    const size_t kept = held / 2 / kStep * kStep;
    if (madvise(cache + kept, held - kept, MADV_DONTNEED) != 0) fail("madvise");
    held = kept;
    ++halved;
  }
  report(&w, halved, "times halved");
  return 0;
}
