#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/profile.h"

namespace leakscope::report {

/// a + b, held within 64 bits: figures of many sites are added up, and may come from a file.
[[nodiscard]] std::int64_t saturating_add(std::int64_t a, std::int64_t b);

/// What all sites hold together; sites that hold less than nothing (a difference, a broken file) count as none.
[[nodiscard]] std::int64_t bytes_held(const model::Profile& profile);

/// What the profile is about: "kernel memory taken in 60 s and not given back". Raw foreign bytes.
[[nodiscard]] std::string title_of(const model::Profile& profile);
/// What has to be known to read its figures, a few words each: "bytes as allocated", "sampled: 1 address in 16, scaled
/// up", "3 further sites not kept".
[[nodiscard]] std::vector<std::string> terms_of(const model::Profile& profile);

}  // namespace leakscope::report
