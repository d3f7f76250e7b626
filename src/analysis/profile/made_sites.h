#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/profile.h"

/// For the tests of this folder: sites that nobody measured.
namespace leakscope::analysis::profile {

inline model::Frame frame(std::string symbol, std::string module = {}) {
  model::Frame made;
  made.symbol = std::move(symbol);
  made.module = std::move(module);
  return made;
}

inline model::Site site(std::vector<model::Frame> stack, std::int64_t bytes, std::int64_t count = 1) {
  model::Site made;
  made.stack = std::move(stack);
  made.bytes = bytes;
  made.count = count;
  return made;
}

inline model::Profile profile_of(std::vector<model::Site> sites) {
  model::Profile made;
  made.title = "kernel memory";
  made.sites = std::move(sites);
  return made;
}

}  // namespace leakscope::analysis::profile
