#include <sys/ipc.h>
#include <sys/sem.h>

#include "workload.h"

/* Sets of semaphores that are made for each worker and never removed: they outlive it. Removes them at the end. */

enum { kMost = 32000, kPerSet = 8 };

static int sets[kMost];
static int set_count;

static void remove_sets(void) {
  while (set_count > 0) semctl(sets[--set_count], 0, IPC_RMID);
}

int main(int argc, char** argv) {
  const struct workload w = begin(argc, argv, "SETS_PER_SECOND", "Makes sets of System V semaphores, removes none.");
  atexit(remove_sets);
  while (next_tick(&w)) {
    while (set_count + 1.0 <= due(&w)) {
      const int set = set_count < kMost ? semget(IPC_PRIVATE, kPerSet, IPC_CREAT | 0600) : -1;
      if (set < 0) fail("semget");
      sets[set_count++] = set;
    }
  }
  report(&w, set_count, "sets");
  return 0;
}
