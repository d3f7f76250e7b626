#include <netinet/in.h>
#include <sys/socket.h>

#include "workload.h"

/* A service that binds sockets and stops reading them, and a sender that goes on. What a full socket does not take is
 * dropped, so that it binds another one then. */

enum { kText = 1024, kSocketBuffer = 1 << 20 };

int main(int argc, char** argv) {
  static char text[kText];
  const struct workload w =
      begin(argc, argv, "PACKETS_PER_SECOND", "Sends packets of 1 KiB to UDP sockets that nobody reads.");
  const int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int room = kSocketBuffer;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof to;
  double sent = 0;
  const double per_socket = 400; /* by their true size, with all that is behind a packet, 1 MiB takes more */
  double left = 0;
  if (sender < 0) fail("socket");
  need_descriptors(w.rate * w.seconds / per_socket + 1);
  while (next_tick(&w)) {
    for (; sent + 1 <= due(&w); ++sent, --left) {
      if (left < 1) {
        const int reader = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        to.sin_port = 0;
        if (reader < 0 || setsockopt(reader, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0 ||
            bind(reader, (struct sockaddr*)&to, sizeof to) != 0 ||
            getsockname(reader, (struct sockaddr*)&to, &size) != 0) {
          fail("reader");
        }
        left = per_socket;
      }
      if (sendto(sender, text, kText, 0, (struct sockaddr*)&to, sizeof to) != kText) fail("sendto");
    }
  }
  report(&w, sent, "packets");
  return 0;
}
