/* What all workloads share: arguments, the clock, the pace, and an orderly end. Each program is one .c file. */
#pragma once

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct workload {
  double rate; /* first argument: an amount per second, or a level */
  double seconds;
  double start;
};

static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal_number) {
  (void)signal_number;
  stop_asked = 1;
}

static inline double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* "2.5", "64K", "2M", "1G"; below zero when it is no amount. */
static inline double parse_amount(const char* text) {
  char* end = NULL;
  double amount = strtod(text, &end);
  if (end == text || amount < 0) return -1;
  if (*end == 'K') return end[1] == 0 ? amount * 1024 : -1;
  if (*end == 'M') return end[1] == 0 ? amount * 1024 * 1024 : -1;
  if (*end == 'G') return end[1] == 0 ? amount * 1024 * 1024 * 1024 : -1;
  return *end == 0 ? amount : -1;
}

static inline void fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

/* Exits with 2 and the usage when the arguments make no sense. From here on the program ends by itself: SIGTERM and
 * SIGINT set stop_asked, and a guard ends it 30 s after its time whatever hangs. */
static inline struct workload begin(int argc, char** argv, const char* first, const char* does) {
  struct workload w = {0, 0, 0};
  if (argc == 3) {
    w.rate = parse_amount(argv[1]);
    w.seconds = parse_amount(argv[2]);
  }
  if (argc != 3 || w.rate <= 0 || w.seconds <= 0 || w.seconds > 86400) {
    fprintf(stderr, "usage: %s %s SECONDS\n%s\nAmounts take K, M, G. Ends after SECONDS, or on SIGTERM.\n", argv[0],
            first, does);
    exit(2);
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = ask_stop;
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  alarm((unsigned)w.seconds + 30);
  w.start = now();
  printf("pid %d\n", (int)getpid());
  fflush(stdout);
  return w;
}

static inline double elapsed(const struct workload* w) { return now() - w->start; }

/* False when the time is over or somebody asked to stop; else sleeps a tick of 50 ms. */
static inline int next_tick(const struct workload* w) {
  struct timespec tick = {0, 50 * 1000 * 1000};
  if (stop_asked || elapsed(w) >= w->seconds) return 0;
  nanosleep(&tick, NULL);
  return !stop_asked;
}

/* How much should be there by now at the rate. */
static inline double due(const struct workload* w) {
  double time = elapsed(w);
  return w->rate * (time < w->seconds ? time : w->seconds);
}

/* The truth, for whoever checks. */
static inline void report(const struct workload* w, double amount, const char* unit) {
  printf("done %.0f %s in %.3f s\n", amount, unit, elapsed(w));
  fflush(stdout);
}

/* Room for `count` descriptors beside the usual ones, or exit with 1. */
static inline void need_descriptors(double count) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
  const rlim_t wanted = (rlim_t)count + 64;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  if (limit.rlim_max < wanted) limit.rlim_max = wanted;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("this needs a higher limit of descriptors (ulimit -n)");
}

/* Touches every page of a block, so that it is resident. */
static inline void touch(void* block, size_t size) {
  volatile unsigned char* bytes = (volatile unsigned char*)block;
  for (size_t i = 0; i < size; i += 4096) bytes[i] = (unsigned char)(i >> 12 | 1);
}
