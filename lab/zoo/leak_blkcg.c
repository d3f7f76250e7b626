#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "workload.h"

/* A supervisor that gives each job a cgroup, in which it writes to a disk, and removes it when the job is done. What
 * the kernel counts of the write may keep the cgroup (lab/bugs/blkcg). Needs the module brd, and cgroup2 with `io`. */

enum { kBlock = 4096 };

static char group[128];

static void write_block(void) {
  static char block[kBlock] __attribute__((aligned(kBlock)));
  const int disk = open("/dev/ram0", O_WRONLY | O_DIRECT | O_CLOEXEC);
  if (disk < 0) fail("/dev/ram0");
  if (pwrite(disk, block, sizeof block, 0) != kBlock) fail("pwrite");
  close(disk);
}

static void enter(void) {
  char path[256];
  snprintf(path, sizeof path, "%s/cgroup.procs", group);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "0", 1) != 1) fail(path);
  close(fd);
}

static void job(double number) {
  snprintf(group, sizeof group, "/sys/fs/cgroup/leakscope-%d-%.0f", (int)getpid(), number);
  if (mkdir(group, 0755) != 0) fail(group);
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    enter();
    write_block();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (rmdir(group) != 0) fail("rmdir");
  if (status != 0) fail("a job");
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "CGROUPS_PER_SECOND", "Runs jobs in cgroups of their own and removes them.");
  double jobs = 0;
  while (next_tick(&w)) {
    for (; !stop_asked && jobs + 1 <= due(&w); ++jobs) job(jobs);
  }
  report(&w, jobs, "cgroups");
  return 0;
}
