#include <math.h>
#include <sys/socket.h>

#include "workload.h"

/* A server whose connections come and go with the load, which rises and falls as over a day that lasts 24 s. Each has a
 * descriptor and a buffer of 64 KiB. */

enum { kDaySeconds = 24, kBuffer = 64 * 1024, kMost = 4096 };

static struct {
  int socket[2];
  void* buffer;
} connections[kMost];

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "CONNECTIONS", "So many connections at the height of the load, a fifth at night.");
  int open = 0;
  if (w.rate >= kMost) return 2;
  need_descriptors(2 * w.rate + 1);
  while (next_tick(&w)) {
    const double load = 0.6 - 0.4 * cos(2 * M_PI * elapsed(&w) / kDaySeconds);
    const int wanted = (int)(w.rate * load);
    for (; open < wanted; ++open) {
      if (socketpair(AF_UNIX, SOCK_STREAM, 0, connections[open].socket) != 0) fail("socketpair");
      connections[open].buffer = malloc(kBuffer);
      if (connections[open].buffer == NULL) fail("malloc");
      memset(connections[open].buffer, 1, kBuffer);
    }
    while (open > wanted) {
      --open;
      free(connections[open].buffer);
      close(connections[open].socket[0]);
      close(connections[open].socket[1]);
    }
  }
  report(&w, open, "connections");
  return 0;
}
