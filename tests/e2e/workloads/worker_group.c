#include "workers.h"

enum { kFirst = 4 << 20 };

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "BYTES_PER_SECOND",
            "A group of short-lived workers that leaks as a whole: each new worker is handed more\n"
            "state than the one before. No single process grows.");
  /* Three live at a time and each period replaces one, so the group gains 3 * more every 2 s. */
  const double more = w.rate * kWorkerPeriod / (kWorkerLife / kWorkerPeriod);
  report(&w, (double)run_workers(&w, kFirst, more), "workers");
  return 0;
}
