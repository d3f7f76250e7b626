#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "workload.h"

/* Containers that come and go and leave nothing behind. */

enum { kTakes = 256 * 1024 };

static void container(const char* group) {
  char procs[128];
  snprintf(procs, sizeof procs, "%s/cgroup.procs", group);
  const int file = open(procs, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, "0", 1) != 1) fail(procs);
  touch(malloc(kTakes), kTakes);
  _exit(0);
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "CGROUPS_PER_SECOND", "Makes cgroups, runs a process in each, removes them.");
  char group[96];
  double made = 0;
  int status = 0;
  while (next_tick(&w)) {
    for (; made + 1 <= due(&w); ++made) {
      snprintf(group, sizeof group, "/sys/fs/cgroup/leakscope-%d-%.0f", (int)getpid(), made);
      if (mkdir(group, 0755) != 0) fail(group);
      const pid_t child = fork();
      if (child == 0) container(group);
      if (child < 0 || waitpid(child, &status, 0) != child || status != 0) fail("container");
      if (rmdir(group) != 0) fail("rmdir");
    }
  }
  report(&w, made, "cgroups");
  return 0;
}
