#include "workload.h"

/* A parser of messages "key=value". It copies each into a buffer, and frees the buffer when all went well. */

enum { kBuffer = 16 * 1024, kGoodPerBad = 9 };

static int parse(const char* message) {
  char* buffer = malloc(kBuffer);
  if (buffer == NULL) fail("malloc");
  memset(buffer, 0, kBuffer);
  snprintf(buffer, kBuffer, "%s", message);
  char* equals = strchr(buffer, '=');
  if (equals == NULL) return -1; /* and the buffer is lost */
  const int value = atoi(equals + 1);
  free(buffer);
  return value;
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "BYTES_PER_SECOND", "Parses messages; one in ten is broken, and its 16 KiB are forgotten.");
  double lost = 0;
  while (next_tick(&w)) {
    for (; lost + kBuffer + 16 <= due(&w); lost += kBuffer + 16) {
      for (int good = 0; good < kGoodPerBad; ++good) parse("answer=42");
      parse("no value");
    }
  }
  report(&w, lost, "bytes");
  return 0;
}
