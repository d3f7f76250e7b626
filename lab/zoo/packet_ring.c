#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/socket.h>

#include <arpa/inet.h>

#include "workload.h"

/* A capture that starts in the middle of its time: the ring is pages straight from the page allocator. */

enum { kBlock = 64 * 1024, kFrame = 2048 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "RING_BYTES", "Makes the receive ring of a packet socket in the middle of its time.");
  const int capture = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  const unsigned blocks = (unsigned)(w.rate / kBlock);
  const struct tpacket_req ring = {kBlock, blocks, kFrame, blocks * (kBlock / kFrame)};
  int made = 0;
  if (capture < 0) fail("packet socket");
  while (next_tick(&w)) {
    if (made || elapsed(&w) < w.seconds / 4) continue;
    if (setsockopt(capture, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0) fail("PACKET_RX_RING");
    made = 1;
  }
  report(&w, w.rate, "bytes");
  return 0;
}
