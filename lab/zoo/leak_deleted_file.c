#include <fcntl.h>

#include "workload.h"

/* A log that was deleted while the daemon still writes to it: no name shows its size. In /dev/shm, so that it is
 * memory. */

enum { kLine = 4096 };

int main(int argc, char** argv) {
  static char line[kLine];
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND", "Writes to a deleted file in /dev/shm.");
  double written = 0;
  char path[64];
  snprintf(path, sizeof path, "/dev/shm/leakscope-log-%d", (int)getpid());
  const int log = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (log < 0 || unlink(path) != 0) fail(path);
  memset(line, 'x', sizeof line);
  while (next_tick(&w)) {
    for (; written + kLine <= due(&w); written += kLine) {
      if (write(log, line, kLine) != kLine) fail("write");
    }
  }
  report(&w, written, "bytes");
  return 0;
}
