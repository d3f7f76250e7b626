#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/coverage.h"
#include "model/profile.h"

namespace leakscope::sources::recording {

/// The payload of a frame kProfile: a list of fields (field_list.h). Its sites follow in frames of their own.
struct ProfileHead {
  model::Profile profile;   ///< without its sites
  std::uint64_t sites = 0;  ///< that follow
  std::vector<model::Coverage> coverage;
  std::vector<model::Loss> losses;

  friend bool operator==(const ProfileHead&, const ProfileHead&) = default;
};

void encode_profile_head(const ProfileHead& head, std::string& out);
/// kUnsupported for a population or unit that this build does not know: the figures would mean something else.
[[nodiscard]] Result<ProfileHead> parse_profile_head(std::string_view payload);

}  // namespace leakscope::sources::recording
