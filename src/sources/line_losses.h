#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/coverage.h"

namespace leakscope::sources {

/// Counts the lines of a file with a row per line (slabinfo, vmallocinfo) that could not be read, over all samples.
class LineLosses {
 public:
  /// One reading: so many lines were read, so many were not; `cut`: the file ended within one more.
  void add(std::uint64_t read, std::uint64_t left_out, bool cut, const std::vector<Error>& problems) {
    left_out_ += left_out + (cut ? 1 : 0);
    lines_ += read + left_out + (cut ? 1 : 0);
    if (!problems.empty()) last_problem_ = to_string(problems.front());
  }

  [[nodiscard]] model::Coverage coverage(std::string_view source) const {
    model::Coverage own{.source = std::string(source), .state = {}, .why = {}, .remedy = {}};
    if (left_out_ > 0) {
      own.state = model::Coverage::State::kPartial;
      own.why = last_problem_.empty() ? "the file ends within a line" : last_problem_;
    }
    return own;
  }

  [[nodiscard]] std::vector<model::Loss> losses(std::string_view source) const {
    if (left_out_ == 0) return {};
    return {{std::string(source), "lines that could not be read", left_out_, lines_}};
  }

 private:
  std::uint64_t left_out_ = 0;
  std::uint64_t lines_ = 0;
  std::string last_problem_;
};

}  // namespace leakscope::sources
