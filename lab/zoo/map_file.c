#include <fcntl.h>
#include <sys/mman.h>

#include "workload.h"

/* A search that maps its index and reads ever more of it: resident, but files, which the kernel can drop. The index is
 * made in the working folder before the time begins to count. */

enum { kPage = 4096 };

int main(int argc, char** argv) {
  static char page[kPage];
  struct workload w = begin(argc, argv, "FILE_BYTES", "Maps a file and reads all of it within its time.");
  const size_t size = (size_t)w.rate / kPage * kPage;
  const int file = open("index", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail("index");
  memset(page, 1, sizeof page);
  for (size_t written = 0; written < size; written += kPage) {
    if (write(file, page, kPage) != kPage) fail("write");
  }
  volatile unsigned char* index = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
  size_t read_to = 0;
  unsigned sum = 0;
  if (index == MAP_FAILED) fail("mmap");
  w.start = now();
  while (next_tick(&w)) {
    for (; read_to + kPage <= size && (double)read_to < w.rate * elapsed(&w) / w.seconds; read_to += kPage)
      sum += index[read_to];
  }
  report(&w, (double)read_to + sum * 0.0, "bytes");
  return 0;
}
