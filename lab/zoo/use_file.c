#include <fcntl.h>

#include "workload.h"

/* A monitor that opens a file of the kernel, reads it to its end or writes a word, and closes it, again and again. */

static void read_all(const char* path) {
  char data[16384];
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = 1;
  if (file < 0) fail(path);
  while (got > 0) got = read(file, data, sizeof data);
  if (got < 0) fail(path);
  close(file);
}

static void write_word(const char* path, const char* word) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, word, strlen(word)) < 0) fail(path);
  close(file);
}

int main(int argc, char** argv) {
  char* rest[] = {argv[0], argc > 3 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL, NULL};
  if (argc < 4) {
    fprintf(stderr,
            "usage: %s FILE TIMES_PER_SECOND SECONDS [WORD...]\nOpens FILE, reads it and closes it. With WORDs: writes "
            "each of them instead.\n",
            argv[0]);
    return 2;
  }
  const struct workload w = begin(3, rest, "TIMES_PER_SECOND", "");
  double used = 0;
  while (next_tick(&w)) {
    for (; used + 1 <= due(&w); ++used) {
      if (argc == 4) read_all(argv[1]);
      for (int word = 4; word < argc; ++word) write_word(argv[1], argv[word]);
    }
  }
  report(&w, used, "times");
  return 0;
}
