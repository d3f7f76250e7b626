#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace leakscope::sources::logs {

/// Gathers the lines of one JSON object until its last brace has come.
class JsonDocument {
 public:
  static constexpr std::size_t kLargest = std::size_t{256} << 20U;

  enum class State { kOpen, kComplete, kTooLarge };
  [[nodiscard]] State add(std::string_view line);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  void clear();

 private:
  std::string text_;
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace leakscope::sources::logs
