#include <sys/socket.h>
#include <sys/un.h>

#include "workload.h"

/* One request to leaky_server. */
int main(int argc, char** argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (argc != 3 || strlen(argv[1]) >= sizeof address.sun_path || strlen(argv[2]) != 1) {
    fprintf(stderr, "usage: %s SOCKET f|h|n|w|q\n", argv[0]);
    return 2;
  }
  strcpy(address.sun_path, argv[1]);
  const int connection = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connection < 0 || connect(connection, (struct sockaddr*)&address, sizeof address) != 0) fail("connect");
  char answer = 0;
  if (write(connection, argv[2], 1) != 1 || read(connection, &answer, 1) != 1) fail("ask");
  printf("answer %c\n", answer);
  return 0;
}
