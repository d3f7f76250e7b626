#include "findings/bookkeeping.h"

#include <algorithm>

namespace leakscope::findings {

bool is_bookkeeping(std::string_view cache) {
  return cache == "kmemleak_object" || cache == "kmemleak_scan_area" || cache == "debug_objects_cache";
}

double bookkeeping_rise(const Facts& facts) {
  double sum = 0;
  for (const Test& test : facts.tests(Quantity::kSlabActive)) {
    if (is_bookkeeping(facts.observation().info(test.subject).key.name)) sum += std::max(0.0, test.rise());
  }
  return sum;
}

}  // namespace leakscope::findings
