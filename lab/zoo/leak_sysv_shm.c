#include <sys/ipc.h>
#include <sys/shm.h>

#include "workload.h"

/* A segment for each job, written, detached and not removed. Removes them at the end. */

enum { kSegment = 256 * 1024, kMost = 4000 };

static int segments[kMost];
static int segment_count;

static void remove_segments(void) {
  while (segment_count > 0) shmctl(segments[--segment_count], IPC_RMID, NULL);
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "BYTES_PER_SECOND", "Makes System V segments of 256 KiB, detaches them, and removes none.");
  atexit(remove_segments);
  while (next_tick(&w)) {
    while ((segment_count + 1.0) * kSegment <= due(&w)) {
      const int segment = segment_count < kMost ? shmget(IPC_PRIVATE, kSegment, IPC_CREAT | 0600) : -1;
      if (segment < 0) fail("shmget");
      segments[segment_count++] = segment;
      void* at = shmat(segment, NULL, 0);
      if (at == (void*)-1) fail("shmat");
      touch(at, kSegment);
      shmdt(at);
    }
  }
  report(&w, (double)segment_count * kSegment, "bytes");
  return 0;
}
