#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "workload.h"

/* A small server on a Unix socket. Each connection is one request of one byte: 'f' loses a descriptor, 'h' loses 64
 * bytes of its heap, 'n' loses nothing, 'w' fills a cache of 40 KiB in its first 5 requests and nothing after that;
 * 'q' ends it. With a first argument that is no 0 it loses as many descriptors per second besides, whatever is asked.
 */

enum { kWarmUps = 5, kWarmUp = 8192 };

static void* volatile lost;
static int warm_ups;

static void take(size_t bytes) {
  lost = malloc(bytes);
  if (lost == NULL) fail("malloc");
  memset(lost, 1, bytes);
}

static void serve(int connection) {
  /* What a request needs for a moment, as any server does. */
  char* buffer = malloc(512);
  char request = 0;
  if (buffer == NULL) fail("malloc");
  if (read(connection, &request, 1) == 1) {
    if (request == 'f' && open("/dev/null", O_RDONLY) < 0) fail("open");
    if (request == 'h') take(64);
    if (request == 'w' && warm_ups++ < kWarmUps) take(kWarmUp);
    if (request == 'q') stop_asked = 1;
    if (write(connection, &request, 1) != 1) perror("answer");
  }
  free(buffer);
  close(connection);
}

int main(int argc, char** argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 4) {
    fprintf(stderr, "usage: %s DESCRIPTORS_PER_SECOND SECONDS SOCKET\n", argv[0]);
    return 2;
  }
  const double per_second = parse_amount(argv[1]);
  const double seconds = parse_amount(argv[2]);
  if (per_second < 0 || seconds <= 0 || seconds > 86400 || strlen(argv[3]) >= sizeof address.sun_path) return 2;
  strcpy(address.sun_path, argv[3]);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
    fail("listen");
  }
  const struct timeval tick = {.tv_sec = 0, .tv_usec = 50000};
  setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
  alarm((unsigned)seconds + 30);
  printf("pid %d\n", (int)getpid());
  fflush(stdout);
  const double start = now();
  double opened = 0;
  while (!stop_asked && now() - start < seconds) {
    const int connection = accept(listener, NULL, NULL);
    if (connection >= 0) serve(connection);
    while (opened < per_second * (now() - start)) {
      if (open("/dev/null", O_RDONLY) < 0) fail("open");
      ++opened;
    }
  }
  unlink(argv[3]);
  return 0;
}
