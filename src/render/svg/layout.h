#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "report/call_tree.h"

namespace leakscope::render::svg {

/// A bar of the graph; x and width are shares of the whole.
struct Bar {
  double x = 0;
  double width = 1;
  std::size_t row = 0;              ///< 0: the root
  std::size_t node = 0;             ///< of the tree
  std::optional<std::size_t> site;  ///< of the profile: the bar on top of a stack that stands for a site
  std::int64_t bytes = 0;
};

struct Layout {
  std::vector<Bar> bars;  ///< those below come before those on top of them
  std::size_t rows = 0;
  std::size_t left_out = 0;         ///< bars that had no room, without those on top of them
  std::int64_t bytes_left_out = 0;  ///< that they stand for
};

/// Bars narrower than `least_width` and in row `most_rows` or above are left out, with all on top of them.
[[nodiscard]] Layout layout(const report::CallTree& tree, const model::Profile& profile, double least_width,
                            std::size_t most_rows);

}  // namespace leakscope::render::svg
