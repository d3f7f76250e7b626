#include <linux/netfilter_bridge/ebtables.h>
#include <sys/socket.h>

#include "workload.h"

/* A firewall manager whose rules for bridges are malformed; the kernel refuses them, or takes them for good and forgets
 * them (lab/bugs/ebtables). Needs the module ebtables. */

enum { kEntries = 64 * 1024 };

/* Neither the head of a chain (0) nor a rule (1). */
static const unsigned kNoSuchEntry = 2;

int main(int argc, char** argv) {
  static char entries[kEntries];
  static struct {
    struct ebt_replace head;
    char room[kEntries]; /* the kernel wants the length to count the entries too */
  } rules;
  const struct workload w =
      begin(argc, argv, "BYTES_PER_SECOND", "Hands the kernel malformed ebtables rules of 64 KiB.");
  const int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (fd < 0) fail("socket");
  memcpy(entries, &kNoSuchEntry, sizeof kNoSuchEntry);
  strcpy(rules.head.name, "filter");
  rules.head.entries_size = kEntries;
  rules.head.entries = entries;
  double tried = 0;
  while (next_tick(&w)) {
    for (; (tried + 1) * kEntries <= due(&w); ++tried) {
      if (setsockopt(fd, IPPROTO_IP, EBT_SO_SET_ENTRIES, &rules, sizeof rules.head + kEntries) != 0 &&
          errno != EINVAL) {
        fail("EBT_SO_SET_ENTRIES");
      }
    }
  }
  report(&w, tried * kEntries, "bytes");
  return 0;
}
