#include "workload.h"

/* The last messages, kept in memory: the buffer is written once around, and from then on over what is in it. */

enum { kLine = 256 };

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "RING_BYTES", "A ring of log lines that is full after 40 % of the time.");
  const size_t lines = (size_t)w.rate / kLine + 1;
  char* ring = malloc(lines * kLine);
  double written = 0;
  if (ring == NULL) fail("malloc");
  while (next_tick(&w)) {
    const double wanted = (double)lines * elapsed(&w) / (0.4 * w.seconds);
    for (; written < wanted; ++written) {
      snprintf(ring + (size_t)written % lines * kLine, kLine, "%.0f: all is well", written);
    }
  }
  report(&w, written, "lines");
  return 0;
}
