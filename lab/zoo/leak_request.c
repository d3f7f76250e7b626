#include <sys/socket.h>

#include "workload.h"

/* A server and its client on a socket pair. Each request makes a session of 4 KiB; the server forgets the
 * session of those that say "bye" too late. */

enum { kSession = 4096 - 16 };

struct session {
  int number;
  char name[kSession - sizeof(int)];
};

static int ends[2];

static void serve(void) {
  struct session* session = malloc(sizeof *session);
  char request[32];
  const ssize_t size = read(ends[0], request, sizeof request - 1);
  if (session == NULL || size <= 0) fail("request");
  request[size] = 0;
  session->number = atoi(request);
  snprintf(session->name, sizeof session->name, "session %d", session->number);
  memset(session->name + 32, 1, sizeof session->name - 32);
  if (write(ends[0], session->name, 16) < 0) fail("answer");
  /* Here a server would look whether the client has said goodbye, and free the session. */
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "BYTES_PER_SECOND", "A server that forgets the session, of 4 KiB, of each request.");
  char answer[16];
  long requests = 0;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) fail("socketpair");
  while (next_tick(&w)) {
    for (; (double)(requests + 1) * 4096 <= due(&w); ++requests) {
      char request[32];
      const int size = snprintf(request, sizeof request, "%ld hello", requests);
      if (write(ends[1], request, (size_t)size) != size) fail("send");
      serve();
      if (read(ends[1], answer, sizeof answer) < 0) fail("receive");
    }
  }
  report(&w, (double)requests * 4096, "bytes");
  return 0;
}
