#include <sys/syscall.h>

#include "workload.h"

/* A login service that adds a key for each session to its keyring and revokes none. */

enum { kPayload = 2000, kProcessKeyring = -2 };

int main(int argc, char** argv) {
  static char payload[kPayload];
  const struct workload w = begin(argc, argv, "KEYS_PER_SECOND", "Adds keys of 2000 bytes to its process keyring.");
  double added = 0;
  char name[64];
  while (next_tick(&w)) {
    for (; added + 1 <= due(&w); ++added) {
      snprintf(name, sizeof name, "leakscope:%.0f", added);
      if (syscall(SYS_add_key, "user", name, payload, (size_t)kPayload, kProcessKeyring) < 0) fail("add_key");
    }
  }
  report(&w, added, "keys");
  return 0;
}
