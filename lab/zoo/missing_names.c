#include <sys/stat.h>

#include "workload.h"

/* A program that looks for files where there are none, under ever new names. Where the file system keeps the answer
 * (sysfs does), each is a negative dentry. */

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "NAMES_PER_SECOND", "Looks for files that do not exist, each under a new name.");
  double asked = 0;
  char path[96];
  struct stat is;
  while (next_tick(&w)) {
    for (; asked + 1 <= due(&w); ++asked) {
      snprintf(path, sizeof path, "/sys/kernel/leakscope-no-such-file-%d-%.0f", (int)getpid(), asked);
      if (stat(path, &is) == 0) fail("a file that should not be there");
    }
  }
  report(&w, asked, "names");
  return 0;
}
