#include "workload.h"

/* A scheduler that moves its jobs between lists all the time; finished ones are freed and new ones made. Nothing is
 * ever where it was, and nothing is lost. */

enum { kJob = 1000, kLists = 4, kMovesPerTick = 5000 };

struct job {
  struct job* next;
  char text[kJob];
};

static struct job* lists[kLists];

static struct job* pop(unsigned list) {
  struct job* job = lists[list];
  if (job != NULL) lists[list] = job->next;
  return job;
}

static void push(unsigned list, struct job* job) {
  job->next = lists[list];
  lists[list] = job;
}

static struct job* make(void) {
  struct job* job = malloc(sizeof *job);
  if (job == NULL) fail("malloc");
  memset(job->text, 1, sizeof job->text);
  return job;
}

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "LEVEL_BYTES", "Rotates jobs between lists; as many are freed as are made.");
  unsigned random = 20261120;
  double moves = 0;
  for (double held = 0; held < w.rate; held += sizeof(struct job) + 16) push(0, make());
  while (next_tick(&w)) {
    for (int move = 0; move < kMovesPerTick; ++move, ++moves) {
      random = random * 1103515245U + 12345U;
      const unsigned from = (random >> 16) % kLists;
      struct job* job = pop(from);
      if (job == NULL) continue;
      if ((random >> 20) % 16 == 0) {
        free(job);
        job = make();
      }
      push((from + 1 + (random >> 24) % (kLists - 1)) % kLists, job);
    }
  }
  report(&w, moves, "moves");
  return 0;
}
