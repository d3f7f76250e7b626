#include <fcntl.h>
#include <mqueue.h>
#include <sys/stat.h>

#include "workload.h"

/* POSIX message queues that are filled for readers that never come, and unlinked by nobody. Unlinks them at the end. */

enum { kText = 8192 - 48, kPerQueue = 10, kTakes = 8192 };

static int queue_count;

static const char* name_of(int number) {
  static char name[64];
  snprintf(name, sizeof name, "/leakscope-%d-%d", (int)getpid(), number);
  return name;
}

static void unlink_queues(void) {
  while (queue_count > 0) mq_unlink(name_of(--queue_count));
}

int main(int argc, char** argv) {
  static char text[kText];
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND", "Fills POSIX message queues that nobody reads.");
  const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  struct mq_attr shape = {.mq_maxmsg = kPerQueue, .mq_msgsize = kText};
  double sent = 0;
  int in_queue = kPerQueue;
  mqd_t queue = -1;
  if (setrlimit(RLIMIT_MSGQUEUE, &unlimited) != 0) fail("setrlimit");
  atexit(unlink_queues);
  while (next_tick(&w)) {
    for (; sent + kTakes <= due(&w); sent += kTakes, ++in_queue) {
      if (in_queue == kPerQueue) {
        if (queue != -1) mq_close(queue);
        queue = mq_open(name_of(queue_count), O_WRONLY | O_CREAT | O_EXCL, 0600, &shape);
        if (queue == -1) fail("mq_open");
        ++queue_count;
        in_queue = 0;
      }
      if (mq_send(queue, text, kText, 0) != 0) fail("mq_send");
    }
  }
  report(&w, sent, "bytes");
  return 0;
}
