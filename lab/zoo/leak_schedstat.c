#include <fcntl.h>

#include "workload.h"

/* A monitor that looks at the scheduler's figures. It closes what it opens; the kernel is to blame
 * (lab/bugs/schedstat). */

static void read_once(void) {
  static char text[65536];
  const int fd = open("/proc/schedstat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("/proc/schedstat");
  while (read(fd, text, sizeof text) > 0) {
  }
  close(fd);
}

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "READS_PER_SECOND", "Reads /proc/schedstat over and over.");
  double done = 0;
  while (next_tick(&w)) {
    for (; done + 1 <= due(&w); ++done) read_once();
  }
  report(&w, done, "reads");
  return 0;
}
