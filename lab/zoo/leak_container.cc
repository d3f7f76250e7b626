#include <string>
#include <unordered_map>

#include "workload.h"

// A cache of rendered pages by their full address, query and all: no two are equal, and none is ever thrown out.

int main(int argc, char** argv) {
  const workload w = begin(argc, argv, "BYTES_PER_SECOND", "A std::unordered_map that only grows.");
  std::unordered_map<std::string, std::string> pages;
  constexpr double kTakes = 2048 + 48 + 64 + 80;  // text, key, node
  while (next_tick(&w) != 0) {
    while (static_cast<double>(pages.size() + 1) * kTakes <= due(&w)) {
      pages["/search?visitor=" + std::to_string(pages.size()) + "&query=everything"] = std::string(2048, 'x');
    }
  }
  report(&w, static_cast<double>(pages.size()) * kTakes, "bytes");
  return 0;
}
