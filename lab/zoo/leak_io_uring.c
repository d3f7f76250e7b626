#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "workload.h"

/* A ring for each connection, never closed. Its queues are pages straight from the page allocator. */

enum { kEntries = 2048 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "RINGS_PER_SECOND", "Sets up io_uring rings of 2048 entries, closes none.");
  double made = 0;
  need_descriptors(w.rate * w.seconds + 1);
  while (next_tick(&w)) {
    for (; made + 1 <= due(&w); ++made) {
      struct io_uring_params parameters;
      memset(&parameters, 0, sizeof parameters);
      if (syscall(SYS_io_uring_setup, kEntries, &parameters) < 0) fail("io_uring_setup");
    }
  }
  report(&w, made, "rings");
  return 0;
}
