#include <dlfcn.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "workload.h"

/* Loads a new version of a plugin again and again, each from a file of its own as after an update, and never closes
 * the one before. The plugin is the file `plugin` beside this program. */

static void copy(const char* from, const char* to) {
  struct stat is;
  const int in = open(from, O_RDONLY | O_CLOEXEC);
  const int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
  if (in < 0 || out < 0 || fstat(in, &is) != 0) fail(from);
  for (off_t left = is.st_size; left > 0;) {
    const ssize_t part = sendfile(out, in, NULL, (size_t)left);
    if (part <= 0) fail(to);
    left -= part;
  }
  close(in);
  close(out);
}

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "PLUGINS_PER_SECOND", "Loads plugins of some 64 KiB and closes none.");
  char plugin[4096];
  char fresh[64];
  double loaded = 0;
  const ssize_t size = readlink("/proc/self/exe", plugin, sizeof plugin - 16);
  if (size <= 0) fail("/proc/self/exe");
  plugin[size] = 0;
  strcpy(strrchr(plugin, '/'), "/plugin.so");
  while (next_tick(&w)) {
    for (; loaded + 1 <= due(&w); ++loaded) {
      snprintf(fresh, sizeof fresh, "/tmp/leakscope-plugin-%d-%.0f.so", (int)getpid(), loaded);
      copy(plugin, fresh);
      void* handle = dlopen(fresh, RTLD_NOW | RTLD_LOCAL);
      unlink(fresh);
      if (handle == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
      }
    }
  }
  report(&w, loaded, "plugins");
  return 0;
}
