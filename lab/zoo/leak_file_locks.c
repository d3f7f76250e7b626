#include <fcntl.h>

#include "workload.h"

/* A database that locks a record of its file for each transaction and never unlocks: a struct file_lock in the kernel
 * for each, without a descriptor or a page of its own. Every second byte, since neighbours would merge. */

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "LOCKS_PER_SECOND", "Takes record locks and gives none back.");
  const int file = open("locked", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  double taken = 0;
  if (file < 0) fail("locked");
  while (next_tick(&w)) {
    for (; taken + 1 <= due(&w); ++taken) {
      /* From the end down: the kernel's list is sorted, and the new one is then its first. */
      struct flock lock = {
          .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (1L << 40) - 2 * (long)taken, .l_len = 1};
      if (fcntl(file, F_SETLK, &lock) != 0) fail("fcntl");
    }
  }
  report(&w, taken, "locks");
  return 0;
}
