#include "sources/process/pid_index.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace leakscope::sources::process {
namespace {

TEST(PidIndex, AgreesWithAMapOverManyInsertsAndErasures) {
  PidIndex index;
  std::map<std::int32_t, std::uint32_t> truth;
  std::mt19937 random(7);
  for (std::uint32_t step = 0; step < 60'000; ++step) {
    const auto pid = static_cast<std::int32_t>(random() % 3000 + 1);
    if (truth.contains(pid)) {
      truth.erase(pid);
      index.erase(Pid{pid});
    } else {
      truth.emplace(pid, step);
      index.insert(Pid{pid}, step);
    }
    const auto other = static_cast<std::int32_t>(random() % 3000 + 1);
    const auto known = truth.find(other);
    const auto found = index.find(Pid{other});
    ASSERT_EQ(found.has_value(), known != truth.end());
    if (found) {
      ASSERT_EQ(*found, known->second);
    }
    ASSERT_EQ(index.size(), truth.size());
  }
}

}  // namespace
}  // namespace leakscope::sources::process
