#pragma once

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "model/coverage.h"
#include "model/profile.h"

/// For the tests of this folder: profiles that nobody measured.
namespace leakscope::sources::recording {

class MadeProfile {
 public:
  explicit MadeProfile(std::uint32_t seed) : random_(seed) {}

  model::Profile profile(std::size_t sites) {
    model::Profile made;
    made.population = static_cast<model::Population>(below(3));
    made.unit = static_cast<model::ProfileUnit>(below(3));
    made.title = text();
    if (coin()) made.start = WallTime{Nanoseconds(static_cast<std::int64_t>(random_()) << 29U)};
    made.length = Nanoseconds(static_cast<std::int64_t>(random_()) << 4U);
    made.sampled_one_in = 1U << below(20);
    made.sites_not_kept = coin() ? 0 : random_();
    // A profile repeats itself: functions, and stacks beneath different caches.
    for (int i = 0; i < 30; ++i) frames_.push_back(frame());
    for (std::size_t i = 0; i < sites; ++i) {
      const bool again = i > 0 && below(4) == 0;
      made.sites.push_back(site());
      if (again) made.sites.back().stack = made.sites[i - 1].stack;
    }
    return made;
  }

  model::Site site() {
    model::Site made;
    for (std::uint64_t depth = below(12); depth > 0; --depth) made.stack.push_back(frames_[below(frames_.size())]);
    made.allocator = static_cast<model::Allocator>(below(4));
    if (coin()) made.cache = text();
    made.state = static_cast<model::SiteState>(below(7));
    made.bytes = number();
    made.count = number();
    if (coin()) made.bytes_interval = model::AmountInterval{number(), number()};
    made.indirect_bytes = number();
    made.allocs = static_cast<std::uint64_t>(number());
    made.frees = static_cast<std::uint64_t>(number());
    made.unseen_frees = static_cast<std::uint64_t>(number());
    made.bytes_allocated = number();
    if (coin()) made.ages = model::Ages{figure(), figure(), figure()};
    if (coin()) made.blindness = model::ShareInterval{figure(), figure(), figure()};
    if (coin()) made.rate = model::Site::Rate{figure(), figure(), figure()};
    if (coin()) made.p_value = figure();
    if (coin()) made.q_value = figure();
    for (std::uint64_t i = below(4); i > 0; --i) {
      made.processes.push_back({text(), Pid{static_cast<std::int32_t>(random_())}, number(), number()});
    }
    for (std::uint64_t i = below(8); i > 0; --i) made.history.push_back({figure(), number(), number()});
    if (coin()) made.type = text();
    if (coin()) made.note = text();
    return made;
  }

  std::vector<model::Coverage> coverage() {
    return {{text(), static_cast<model::Coverage::State>(below(4)), text(), text()}, {"kmem", {}, "", ""}};
  }
  std::vector<model::Loss> losses() { return {{"trace", text(), random_(), random_()}}; }

  // Any bytes, as names of a kernel under attack may be.
  std::string text() {
    std::string made;
    for (std::uint64_t size = below(20); size > 0; --size) made.push_back(static_cast<char>(below(256)));
    return made;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool coin() { return below(2) == 0; }
  std::int64_t number() {
    switch (below(5)) {
      case 0:
        return std::numeric_limits<std::int64_t>::max();
      case 1:
        return std::numeric_limits<std::int64_t>::min();
      case 2:
        return -static_cast<std::int64_t>(below(100));
      default:
        return static_cast<std::int64_t>((std::uint64_t{random_()} << 32U | random_()) >> (1 + below(60)));
    }
  }
  double figure() { return coin() ? static_cast<double>(number()) * 1e-7 : std::numeric_limits<double>::denorm_min(); }
  model::Frame frame() {
    model::Frame made;
    if (coin()) made.address = std::uint64_t{random_()} << 32U | random_();
    made.symbol = text();
    if (coin()) made.offset = random_();
    if (coin()) made.module = text();
    if (coin()) made.file = text();
    if (coin()) made.line = static_cast<std::uint32_t>(random_());
    return made;
  }

  std::mt19937 random_;
  std::vector<model::Frame> frames_;
};

}  // namespace leakscope::sources::recording
