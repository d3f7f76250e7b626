#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "workload.h"

/* An indexer that watches every folder it is told of, and forgets to stop when it is told to. One descriptor, many
 * watches; each pins the inode of its folder. Its folders lie below ./watched. */

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "WATCHES_PER_SECOND", "Adds inotify watches and removes none.");
  char path[64];
  double added = 0;
  const int watcher = inotify_init1(IN_CLOEXEC);
  if (watcher < 0 || (mkdir("watched", 0700) != 0 && errno != EEXIST)) fail("watched");
  while (next_tick(&w)) {
    for (; added + 1 <= due(&w); ++added) {
      snprintf(path, sizeof path, "watched/%.0f", added);
      if (mkdir(path, 0700) != 0 && errno != EEXIST) fail(path);
      if (inotify_add_watch(watcher, path, IN_CREATE | IN_DELETE) < 0) fail("inotify_add_watch");
    }
  }
  report(&w, added, "watches");
  return 0;
}
