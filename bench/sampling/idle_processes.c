/* idle_processes COUNT MIB: starts COUNT processes that each hold MIB MiB of anonymous memory in base pages and then
 * sleep. Prints "ready" when all of them have touched their memory. They end when this program does, and this program
 * ends when its standard input does: nothing is left behind, however the caller dies. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void hold(size_t bytes, int ready) {
  char* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) _exit(1);
  madvise(memory, bytes, MADV_NOHUGEPAGE);
  for (size_t at = 0; at < bytes; at += 4096) memory[at] = 1;
  if (write(ready, "1", 1) != 1) _exit(1);
  for (;;) pause();
}

int main(int argc, char** argv) {
  const int count = argc > 1 ? atoi(argv[1]) : 1000;
  const size_t bytes = (size_t)(argc > 2 ? atoi(argv[2]) : 10) << 20;
  const pid_t parent = getpid();
  int pipe_ends[2];
  if (count < 1 || bytes == 0 || pipe(pipe_ends) != 0) {
    fprintf(stderr, "usage: idle_processes COUNT MIB\n");
    return 2;
  }
  pid_t* children = calloc((size_t)count, sizeof *children);
  if (!children) return 1;
  for (int i = 0; i < count; ++i) {
    const pid_t pid = fork();
    if (pid < 0) {
      perror("fork");
      return 1;
    }
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(1);
      close(0);
      hold(bytes, pipe_ends[1]);
    }
    children[i] = pid;
  }
  close(pipe_ends[1]);
  char byte = 0;
  for (int i = 0; i < count; ++i) {
    if (read(pipe_ends[0], &byte, 1) != 1) {
      fprintf(stderr, "a process could not get its memory\n");
      return 1;
    }
  }
  puts("ready");
  fflush(stdout);
  while (read(0, &byte, 1) > 0) {
  }
  for (int i = 0; i < count; ++i) kill(children[i], SIGKILL);
  while (wait(NULL) > 0) {
  }
  free(children);
  return 0;
}
