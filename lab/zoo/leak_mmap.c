#include <sys/mman.h>

#include "workload.h"

/* Maps a scratch area for each job and, of one that is aligned, gives back only the half that it used last. */

enum { kArea = 128 * 1024 };

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND", "Maps areas of 128 KiB and unmaps half of each.");
  double lost = 0;
  while (next_tick(&w)) {
    for (; lost + kArea / 2 <= due(&w); lost += kArea / 2) {
      char* area = mmap(NULL, kArea, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (area == MAP_FAILED) fail("mmap");
      touch(area, kArea);
      if (munmap(area + kArea / 2, kArea / 2) != 0) fail("munmap");
    }
  }
  report(&w, lost, "bytes");
  return 0;
}
