#include <fcntl.h>

#include "workload.h"

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "DESCRIPTORS_PER_SECOND", "Opens /dev/null and never closes it.");
  double opened = 0;
  need_descriptors(w.rate * w.seconds);
  while (next_tick(&w)) {
    for (; opened + 1 <= due(&w); ++opened) {
      if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) fail("open /dev/null");
    }
  }
  report(&w, opened, "descriptors");
  return 0;
}
