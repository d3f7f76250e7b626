#include <fcntl.h>

#include "workload.h"

int main(int argc, char** argv) {
  static char page[4096];
  const struct workload w =
      begin(argc, argv, "BYTES_PER_SECOND", "Writes to a file in /dev/shm that nobody maps; removes it at the end.");
  char path[64];
  double written = 0;
  int failed = 0;
  snprintf(path, sizeof path, "/dev/shm/leakscope-fill-%d", (int)getpid());
  const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) fail(path);
  memset(page, 0x5a, sizeof page);
  while (!failed && next_tick(&w)) {
    for (; !failed && written + sizeof page <= due(&w); written += sizeof page) {
      failed = write(fd, page, sizeof page) != (ssize_t)sizeof page;
    }
  }
  if (failed) perror("write");
  report(&w, written, "bytes");
  unlink(path);
  return failed;
}
