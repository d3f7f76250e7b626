#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "workload.h"

/* Containers that come and go, each of which writes a page of a shared file in memory: the page is charged to it, and
 * keeps its removed cgroup alive. */

enum { kPage = 4096 };

static void write_text(const char* path, const char* text) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) < 0) fail(path);
  close(file);
}

static void container(const char* group, int shared, long number) {
  char procs[128];
  snprintf(procs, sizeof procs, "%s/cgroup.procs", group);
  write_text(procs, "0");
  if (pwrite(shared, "x", 1, number * kPage) != 1) fail("pwrite");
  _exit(0);
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "CGROUPS_PER_SECOND", "Makes cgroups and removes them; a page of a memfd keeps each alive.");
  const int shared = memfd_create("shared", MFD_CLOEXEC);
  char group[96];
  double made = 0;
  int status = 0;
  if (shared < 0) fail("memfd_create");
  while (next_tick(&w)) {
    for (; made + 1 <= due(&w); ++made) {
      snprintf(group, sizeof group, "/sys/fs/cgroup/leakscope-%d-%.0f", (int)getpid(), made);
      if (mkdir(group, 0755) != 0) fail(group);
      const pid_t child = fork();
      if (child == 0) container(group, shared, (long)made);
      if (child < 0 || waitpid(child, &status, 0) != child || status != 0) fail("container");
      if (rmdir(group) != 0) fail("rmdir");
    }
  }
  report(&w, made, "cgroups");
  return 0;
}
