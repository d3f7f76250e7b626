#define _GNU_SOURCE
#include <fcntl.h>

#include "workload.h"

enum { kPipe = 64 * 1024 }; /* what a pipe holds by default: 16 pages */

int main(int argc, char** argv) {
  static char page[4096];
  const struct workload w =
      begin(argc, argv, "BYTES_PER_SECOND", "Writes to pipes that nobody reads, and keeps both ends open.");
  double written = 0;
  double room = 0;
  int ends[2] = {-1, -1};
  need_descriptors(2 * (w.rate * w.seconds / kPipe + 1));
  while (next_tick(&w)) {
    for (; written + sizeof page <= due(&w); written += sizeof page) {
      if (room < sizeof page) {
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) fail("pipe");
        room = fcntl(ends[1], F_GETPIPE_SZ); /* a user with many pipes is given smaller ones */
      }
      if (write(ends[1], page, sizeof page) != (ssize_t)sizeof page) fail("write");
      room -= sizeof page;
    }
  }
  report(&w, written, "bytes");
  return 0;
}
