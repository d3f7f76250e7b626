#include <linux/bpf.h>
#include <sys/syscall.h>

#include "workload.h"

/* An agent that loads its maps anew for each of its restarts and pins them: the old ones stay. Unpins them at the end.
 */

enum { kValue = 4096, kEntries = 32, kTakes = kValue * kEntries };

static int pinned;

static const char* name_of(int number) {
  static char name[64];
  snprintf(name, sizeof name, "/sys/fs/bpf/leakscope-%d-%d", (int)getpid(), number);
  return name;
}

static void unpin(void) {
  while (pinned > 0) unlink(name_of(--pinned));
}

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND", "Pins BPF maps of 128 KiB and removes none.");
  atexit(unpin);
  while (next_tick(&w)) {
    while ((pinned + 1.0) * kTakes <= due(&w)) {
      union bpf_attr map = {
          .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = kValue, .max_entries = kEntries};
      const int fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map);
      if (fd < 0) fail("BPF_MAP_CREATE");
      union bpf_attr pin = {.pathname = (uintptr_t)name_of(pinned), .bpf_fd = (unsigned)fd};
      if (syscall(SYS_bpf, BPF_OBJ_PIN, &pin, sizeof pin) != 0) fail("BPF_OBJ_PIN");
      ++pinned;
      close(fd);
    }
  }
  report(&w, (double)pinned * kTakes, "bytes");
  return 0;
}
