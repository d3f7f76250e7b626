#include <fcntl.h>
#include <sys/stat.h>

#include "workload.h"

/* A tracing daemon that takes an instance of the tracer for each job, looks into its raw buffers and removes it again.
 * The kernel keeps a spare sub-buffer for each reader, and may forget it (lab/bugs/trace-page). */

enum { kSubBuffer = 64 * 1024 };

static char instance[128];

static int open_in(const char* name, int flags) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", instance, name);
  const int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) fail(path);
  return fd;
}

static void look_at(long cpu) {
  static char data[kSubBuffer];
  char name[64];
  snprintf(name, sizeof name, "per_cpu/cpu%ld/trace_pipe_raw", cpu);
  const int fd = open_in(name, O_RDONLY | O_NONBLOCK);
  if (read(fd, data, sizeof data) < 0 && errno != EAGAIN) fail(name);
  close(fd);
}

static void remove_instance(void) { rmdir(instance); }

static void job(long cpus) {
  if (mkdir(instance, 0700) != 0) fail(instance);
  const int size = open_in("buffer_subbuf_size_kb", O_WRONLY);
  if (dprintf(size, "%d", kSubBuffer / 1024) < 0) fail("buffer_subbuf_size_kb");
  close(size);
  for (long cpu = 0; cpu < cpus; ++cpu) look_at(cpu);
  if (rmdir(instance) != 0) fail("rmdir");
}

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND",
                                  "Makes and removes tracing instances with sub-buffers of 64 KiB on each CPU.");
  const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
  snprintf(instance, sizeof instance, "/sys/kernel/tracing/instances/leakscope-%d", (int)getpid());
  atexit(remove_instance);
  double jobs = 0;
  while (next_tick(&w)) {
    for (; !stop_asked && (jobs + 1) * (double)cpus * kSubBuffer <= due(&w); ++jobs) job(cpus);
  }
  report(&w, jobs * (double)cpus * kSubBuffer, "bytes");
  return 0;
}
