#include "findings/families.h"

#include <algorithm>
#include <numeric>

namespace leakscope::findings {

std::vector<double> benjamini_hochberg(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::vector<double> q_values(p_values.size(), 1.0);
  const auto count = static_cast<double>(p_values.size());
  double smallest = 1.0;
  for (std::size_t rank = order.size(); rank > 0; --rank) {
    const std::size_t i = order[rank - 1];
    smallest = std::min(smallest, p_values[i] * count / static_cast<double>(rank));
    q_values[i] = smallest;
  }
  return q_values;
}

}  // namespace leakscope::findings
