#include <sys/mman.h>

#include "workload.h"

/* Looks at one byte in each 2 MiB of a huge sparse map, as of an index that was never filled: reading takes the page of
 * zeroes, and a page of page tables behind it. */

enum { kStride = 2 << 20, kTable = 4096 };

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND", "Grows page tables, and next to nothing else.");
  const size_t reach = (size_t)(w.rate * w.seconds / kTable + 1) * kStride;
  volatile unsigned char* index = mmap(NULL, reach, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  double taken = 0;
  unsigned sum = 0;
  if (index == MAP_FAILED) fail("mmap");
  madvise((void*)index, reach, MADV_NOHUGEPAGE);
  while (next_tick(&w)) {
    for (; taken + kTable <= due(&w); taken += kTable) sum += index[(size_t)(taken / kTable) * kStride];
  }
  report(&w, taken + sum, "bytes");
  return 0;
}
