#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/error.h"

namespace leakscope::sources {

/// What a parser could not take from a text that it otherwise read: on a sick machine the fields that can be read
/// count, and the others are named. Keeps the first error in full and the number of all. A parser's own mistakes of a
/// whole file (nothing in it is known) are not faults but its Result.
class ParseFaults {
 public:
  void clear() {
    first_.reset();
    count_ = 0;
  }
  void add(Error error) {
    if (!first_) first_ = std::move(error);
    ++count_;
  }

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] const std::optional<Error>& first() const { return first_; }

 private:
  std::optional<Error> first_;
  std::uint32_t count_ = 0;
};

}  // namespace leakscope::sources
