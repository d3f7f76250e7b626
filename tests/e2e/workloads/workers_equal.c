#include "workers.h"

int main(int argc, char** argv) {
  const struct workload w =
      begin(argc, argv, "BYTES_EACH", "Short-lived workers of equal size replace each other. Nothing leaks.");
  report(&w, (double)run_workers(&w, w.rate, 0), "workers");
  return 0;
}
