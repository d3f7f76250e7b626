#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/profile.h"

namespace leakscope::analysis::profile {

/// A site in two profiles, by its id (and allocator and cache). Sites of one profile that are the same by that are
/// added up.
struct SiteChange {
  model::Site site;  ///< as it is in the later one, else in the earlier
  std::int64_t bytes_before = 0;
  std::int64_t bytes_after = 0;
  std::int64_t count_before = 0;
  std::int64_t count_after = 0;
  bool in_before = false;  ///< else it is new, or was cut by a limit there
  bool in_after = false;
  [[nodiscard]] std::int64_t bytes_change() const { return bytes_after - bytes_before; }
  [[nodiscard]] std::int64_t count_change() const { return count_after - count_before; }

  friend bool operator==(const SiteChange&, const SiteChange&) = default;
};

struct ProfileDifference {
  std::vector<SiteChange> sites;  ///< grown most first
  std::int64_t bytes_change = 0;
  /// What makes the comparison weaker than it looks, in whole sentences for people: windows of different length, sites
  /// that one side lacks because of its limit.
  std::vector<std::string> cautions;
};

/// What grew from `before` to `after`. kUsage when their populations or units differ, with the reason: what is
/// outstanding since some start cannot be compared with what is live. Figures of 2^62 and more count as one less.
[[nodiscard]] Result<ProfileDifference> difference(const model::Profile& before, const model::Profile& after);

}  // namespace leakscope::analysis::profile
