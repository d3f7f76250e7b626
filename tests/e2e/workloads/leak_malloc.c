#include "workload.h"

/* With malloc's header of 16 bytes a block takes one page of the heap. */
enum { kBlock = 4080, kTakes = 4096 };

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND", "Leaks heap memory by malloc, and touches it.");
  double leaked = 0;
  while (next_tick(&w)) {
    for (; leaked + kTakes <= due(&w); leaked += kTakes) {
      void* block = malloc(kBlock);
      if (block == NULL) fail("malloc");
      memset(block, 0x5a, kBlock);
      __asm__ volatile("" : : "r"(block) : "memory"); /* or the compiler leaves the block out */
    }
  }
  report(&w, leaked, "bytes");
  return 0;
}
