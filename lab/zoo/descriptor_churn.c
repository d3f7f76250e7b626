#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "workload.h"

/* Files, sockets and epolls that are opened and closed all the time, some hundred at once: the kernel frees files after
 * a grace period, so that thousands wait to be freed. */

enum { kAtOnce = 200 };

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "OPENS_PER_SECOND", "Opens and closes descriptors of several kinds.");
  int open_ones[kAtOnce];
  double opened = 0;
  memset(open_ones, -1, sizeof open_ones);
  while (next_tick(&w)) {
    for (; opened + 1 <= due(&w); ++opened) {
      int* slot = &open_ones[(size_t)opened * 7 % kAtOnce];
      const int kind = (int)((long)opened % 3);
      if (*slot >= 0) close(*slot);
      *slot = kind == 0 ? open("/dev/null", O_RDONLY) : kind == 1 ? socket(AF_UNIX, SOCK_STREAM, 0) : epoll_create1(0);
      if (*slot < 0) fail("open");
    }
  }
  report(&w, opened, "opened");
  return 0;
}
