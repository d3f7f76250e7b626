#define _GNU_SOURCE
#include <sys/socket.h>

#include "workload.h"

/* With the shared info behind it the data of such a packet fills an object of kmalloc-4k. */
enum { kText = 3000, kTakes = 4096, kPacketsPerPair = 32 };

int main(int argc, char** argv) {
  static char text[kText];
  const struct workload w =
      begin(argc, argv, "BYTES_PER_SECOND", "Sends through pairs of unix sockets whose other end never reads.");
  double sent = 0;
  int full = 1;
  int ends[2] = {-1, -1};
  need_descriptors(2 * (w.rate * w.seconds / kTakes / kPacketsPerPair + 1));
  while (next_tick(&w)) {
    while (sent + kTakes <= due(&w)) {
      if (full && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) fail("socketpair");
      full = send(ends[0], text, kText, MSG_NOSIGNAL) != kText;
      if (!full) sent += kTakes;
      if (full && errno != EAGAIN) fail("send");
    }
  }
  report(&w, sent, "bytes");
  return 0;
}
