#include <sys/ipc.h>
#include <sys/msg.h>

#include "workload.h"

/* A producer and a consumer of System V messages; the queue is longer at times and shorter at others. */

enum { kText = 1024 - 48, kLongest = 12 };

static int queue = -1;

static void remove_queue(void) { msgctl(queue, IPC_RMID, NULL); }

int main(int argc, char** argv) {
  static struct {
    long type;
    char text[kText];
  } message = {1, {0}};
  const struct workload w =
      begin(argc, argv, "MESSAGES_PER_SECOND", "Sends and receives messages; as many come as go.");
  unsigned random = 20261120;
  int waiting = 0;
  double sent = 0;
  queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  if (queue < 0) fail("msgget");
  atexit(remove_queue);
  while (next_tick(&w)) {
    for (; sent + 1 <= due(&w); ++sent) {
      random = random * 1103515245U + 12345U;
      const int wanted = (int)((random >> 16) % kLongest);
      if (msgsnd(queue, &message, kText, IPC_NOWAIT) != 0) fail("msgsnd");
      for (++waiting; waiting > wanted; --waiting) {
        if (msgrcv(queue, &message, kText, 0, IPC_NOWAIT) < 0) fail("msgrcv");
      }
    }
  }
  report(&w, sent, "messages");
  return 0;
}
