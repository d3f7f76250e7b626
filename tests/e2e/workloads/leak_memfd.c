#define _GNU_SOURCE
#include <sys/mman.h>

#include "workload.h"

int main(int argc, char** argv) {
  static char page[4096];
  const struct workload w =
      begin(argc, argv, "BYTES_PER_SECOND", "Fills memfds, a new one each second, and neither maps nor closes them.");
  double written = 0;
  double files = 0;
  int fd = -1;
  need_descriptors(w.seconds + 1);
  memset(page, 0x5a, sizeof page);
  while (next_tick(&w)) {
    if (elapsed(&w) >= files) {
      fd = memfd_create("leak", MFD_CLOEXEC);
      if (fd < 0) fail("memfd_create");
      ++files;
    }
    for (; written + sizeof page <= due(&w); written += sizeof page) {
      if (write(fd, page, sizeof page) != (ssize_t)sizeof page) fail("write");
    }
  }
  report(&w, written, "bytes");
  return 0;
}
