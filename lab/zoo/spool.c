#include <fcntl.h>
#include <sys/stat.h>

#include "workload.h"

/* A spool in /dev/shm that is written to for 8 s and then cleaned, again and again. */

enum { kPeriod = 8, kPart = 64 * 1024 };

static char path[64];

static void clean(void) { unlink(path); }

int main(int argc, char** argv) {
  static char part[kPart];
  const struct workload w =
      begin(argc, argv, "LEVEL_BYTES", "Fills a file in /dev/shm in 8 s, removes it, and begins anew.");
  long rounds = -1;
  double written = 0;
  int file = -1;
  snprintf(path, sizeof path, "/dev/shm/leakscope-spool-%d", (int)getpid());
  atexit(clean);
  while (next_tick(&w)) {
    const double time = elapsed(&w) / kPeriod;
    if ((long)time > rounds) {
      rounds = (long)time;
      if (file >= 0) close(file);
      unlink(path);
      file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (file < 0) fail(path);
      written = 0;
    }
    for (; written + kPart <= w.rate * (time - (double)rounds); written += kPart) {
      if (write(file, part, kPart) != kPart) fail("write");
    }
  }
  report(&w, (double)rounds, "rounds");
  return 0;
}
