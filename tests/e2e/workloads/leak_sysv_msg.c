#include <sys/ipc.h>
#include <sys/msg.h>

#include "workload.h"

/* struct msg_msg takes 48 bytes in front of the text, so that a message fills an object of kmalloc-1k. */
enum { kText = 1024 - 48, kTakes = 1024, kMostQueues = 32000 };

static int queues[kMostQueues];
static int queue_count;

static void remove_queues(void) {
  while (queue_count > 0) msgctl(queues[--queue_count], IPC_RMID, NULL);
}

int main(int argc, char** argv) {
  static struct {
    long type;
    char text[kText];
  } message = {1, {0}};
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND",
                                  "Fills System V message queues that nobody reads; removes them at the end.");
  double sent = 0;
  int full = 1;
  int failed = 0;
  atexit(remove_queues);
  while (!failed && next_tick(&w)) {
    while (!failed && sent + kTakes <= due(&w)) {
      if (full) {
        const int queue = queue_count < kMostQueues ? msgget(IPC_PRIVATE, IPC_CREAT | 0600) : -1;
        failed = queue < 0;
        if (failed) break;
        queues[queue_count++] = queue;
      }
      full = msgsnd(queues[queue_count - 1], &message, kText, IPC_NOWAIT) != 0;
      if (!full) sent += kTakes;
      failed = full && errno != EAGAIN;
    }
  }
  if (failed) perror("message queues");
  report(&w, sent, "bytes");
  return failed;
}
