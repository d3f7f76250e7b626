#pragma once

#include <string>
#include <string_view>

namespace leakscope::cli {

/// One line on standard error that is written over and over while something takes long. Silent when standard error is
/// no terminal or the user asked for quiet.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  void show(std::string_view text);
  /// Removes the line, so that the answer stands alone.
  void clear();
  [[nodiscard]] bool is_visible() const { return visible_; }

 private:
  bool visible_;
  int width_ = 100;
  bool drawn_ = false;
};

}  // namespace leakscope::cli
