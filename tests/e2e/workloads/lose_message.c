#include <sys/ipc.h>
#include <sys/msg.h>

#include "workload.h"

/* lose_message new: makes a queue, and prints its number.
 * lose_message QUEUE: sends one message of 512 bytes to it (32 fit by default), and nobody takes it. `ipcrm -q QUEUE`
 * removes all. */

static int make_queue(void) {
  const int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  if (id < 0) fail("msgget");
  printf("%d\n", id);
  return 0;
}

int main(int argc, char** argv) {
  static struct {
    long type;
    char text[512];
  } message = {1, {0}};
  if (argc == 2 && strcmp(argv[1], "new") == 0) return make_queue();
  const double queue = argc == 2 ? parse_amount(argv[1]) : -1;
  if (queue < 0) {
    fprintf(stderr, "usage: %s new|QUEUE\n", argv[0]);
    return 2;
  }
  if (msgsnd((int)queue, &message, sizeof message.text, IPC_NOWAIT) != 0) fail("msgsnd");
  return 0;
}
