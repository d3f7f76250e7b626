#include <netinet/in.h>
#include <sys/socket.h>

#include "workload.h"

/* Connections over loopback whose reader has stopped reading: data waits in both queues. A full one gets a successor.
 */

enum { kText = 16 * 1024 };

static int connect_to(int listener) {
  struct sockaddr_in at;
  socklen_t size = sizeof at;
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client < 0 || getsockname(listener, (struct sockaddr*)&at, &size) != 0 ||
      connect(client, (struct sockaddr*)&at, sizeof at) != 0 || accept(listener, NULL, NULL) < 0) {
    fail("connect");
  }
  return client;
}

int main(int argc, char** argv) {
  static char text[kText];
  const struct workload w = begin(argc, argv, "BYTES_PER_SECOND", "Sends over TCP to a peer that does not read.");
  const struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (const struct sockaddr*)&any, sizeof any) != 0 || listen(listener, 8) != 0)
    fail("listen");
  int client = connect_to(listener);
  double sent = 0;
  while (next_tick(&w)) {
    while (sent + kText <= due(&w)) {
      const ssize_t part = send(client, text, kText, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (part > 0) sent += (double)part;
      if (part < 0 && errno != EAGAIN) fail("send");
      if (part < 0) client = connect_to(listener);
    }
  }
  report(&w, sent, "bytes");
  return 0;
}
