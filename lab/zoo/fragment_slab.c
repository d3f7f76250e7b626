#include <sys/eventfd.h>

#include "workload.h"

/* Bursts of open files of which one in sixteen lives on until the next burst: few objects, on many pages. After each
 * burst as many are open. */

enum { kKept = 16, kPeriod = 4 };

/* Opens a whole burst while what is left of the one before is open still, and closes that then. */
static void renew(int* burst, size_t count) {
  int* old = calloc(count / kKept + 1, sizeof *old);
  size_t kept = 0;
  if (old == NULL) fail("calloc");
  for (size_t i = 0; i < count; ++i) {
    if (burst[i] >= 0) old[kept++] = burst[i];
    burst[i] = eventfd(0, EFD_CLOEXEC);
    if (burst[i] < 0) fail("eventfd");
  }
  while (kept > 0) close(old[--kept]);
  free(old);
  for (size_t i = 0; i < count; ++i) {
    if (i % kKept == 0) continue;
    close(burst[i]);
    burst[i] = -1;
  }
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "FILES", "Opens so many files every 4 s and closes all but 1 in 16 again.");
  const size_t count = (size_t)w.rate;
  int* burst = malloc(count * sizeof *burst);
  long bursts = 0;
  need_descriptors(2 * w.rate);
  if (burst == NULL) fail("malloc");
  for (size_t i = 0; i < count; ++i) burst[i] = -1;
  while (next_tick(&w)) {
    if (elapsed(&w) < (double)bursts * kPeriod) continue;
    renew(burst, count);
    ++bursts;
  }
  report(&w, (double)bursts, "bursts");
  return 0;
}
