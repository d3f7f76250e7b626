#include <array>
#include <memory>
#include <vector>

#include "workload.h"

// A tree whose children know their parents by shared_ptr: nobody ever destroys it.

struct Node {
  std::shared_ptr<Node> parent;
  std::vector<std::shared_ptr<Node>> children;
  std::array<char, 900> text{};
};

static void build_and_forget() {
  const auto root = std::make_shared<Node>();
  for (int child = 0; child < 3; ++child) {
    root->children.push_back(std::make_shared<Node>());
    root->children.back()->parent = root;
  }
}

int main(int argc, char** argv) {
  const workload w = begin(argc, argv, "BYTES_PER_SECOND", "Trees of shared_ptr that hold each other.");
  constexpr double kTakes = 4 * 976 + 80;  // what glibc takes for them
  double lost = 0;
  for (; next_tick(&w) != 0;) {
    for (; lost + kTakes <= due(&w); lost += kTakes) build_and_forget();
  }
  report(&w, lost, "bytes");
  return 0;
}
