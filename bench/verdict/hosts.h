#pragma once

#include <string>
#include <vector>

#include "model/series.h"

namespace leakscope::bench::verdict {

struct Host {
  std::string name;
  model::Series series;  ///< thousandths of a percent
};

/// All CSV files ("seconds,percent") of a folder, in the order of their names; empty when there is no such folder.
[[nodiscard]] std::vector<Host> read_hosts(const std::string& folder);

}  // namespace leakscope::bench::verdict
