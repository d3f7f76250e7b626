#include "workload.h"

/* Batches of equal size, each freed when it is done. The last block of a batch lives on a little into the next one, so
 * that malloc cannot give the heap back: it stays as large as the largest batch. */

enum { kBlock = 2048, kBatchSeconds = 6 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "LEVEL_BYTES", "Takes and frees the same memory every 6 s; the heap stays large.");
  const size_t count = (size_t)w.rate / kBlock + 1;
  void** blocks = calloc(count, sizeof *blocks);
  void* pin = NULL;
  double batches = 0;
  if (blocks == NULL) fail("calloc");
  while (next_tick(&w)) {
    if (elapsed(&w) < batches * kBatchSeconds) continue;
    for (size_t i = 0; i < count; ++i) {
      blocks[i] = malloc(kBlock);
      if (blocks[i] == NULL) fail("malloc");
      memset(blocks[i], 1, kBlock);
    }
    free(pin);
    pin = malloc(64);
    for (size_t i = 0; i < count; ++i) free(blocks[i]);
    ++batches;
  }
  report(&w, batches, "batches");
  return 0;
}
