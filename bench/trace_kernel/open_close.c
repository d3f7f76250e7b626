// Opens and closes /proc/self/stat COUNT times on one CPU, and prints the nanoseconds of one pair: a load that does
// little else than allocate and free kernel memory (a file, a dentry, a seq_file, a name).
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char** argv) {
  const long count = argc > 1 ? atol(argv[1]) : 200000;
  if (count <= 0) {
    fputs("usage: open_close [COUNT]\n", stderr);
    return 2;
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  sched_setaffinity(0, sizeof one, &one);
  const double start = now();
  for (long i = 0; i < count; ++i) {
    const int fd = open("/proc/self/stat", O_RDONLY);
    if (fd < 0) {
      perror("/proc/self/stat");
      return 1;
    }
    close(fd);
  }
  printf("%.0f\n", (now() - start) / (double)count);
  return 0;
}
