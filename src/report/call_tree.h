#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/profile.h"

namespace leakscope::report {

/// A function with what was allocated below it. Names are raw foreign bytes.
struct CallNode {
  std::string function;    ///< as function_of() has it; empty for the root
  std::string module;      ///< as module_of() has it
  std::int64_t bytes = 0;  ///< of all sites that end at it or below
  std::int64_t count = 0;
  std::vector<std::size_t> children;  ///< nodes, most bytes first
  std::vector<std::size_t> sites;     ///< of the profile: those whose innermost frame this is, most bytes first
};

/// The stacks of a profile put together by function from the outermost frame on. Sites that hold nothing are no part of
/// it; those without a stack end at a child of the root named "[unknown]". Every node's bytes are those of its children
/// and of the sites that end at it.
struct CallTree {
  std::vector<CallNode> nodes;  ///< the first is the root: everything
  std::size_t deepest = 0;      ///< functions below each other
};
[[nodiscard]] CallTree call_tree(const model::Profile& profile);

}  // namespace leakscope::report
