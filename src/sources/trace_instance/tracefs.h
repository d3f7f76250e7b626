#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope::sources::trace_instance {

/// tracefs, wherever it is: mounted, or else by a mount of our own that has no path, that nobody else sees, and that
/// goes with its descriptor. Nothing is ever mounted into the system.
class Tracefs {
 public:
  /// kUnsupported where it is not mounted and may not be; kDenied where it may not be read.
  [[nodiscard]] static Result<Tracefs> open();

  [[nodiscard]] int fd() const { return root_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Tracefs(UniqueFd root, std::string name) : root_(std::move(root)), name_(std::move(name)) {}

  UniqueFd root_;
  std::string name_;  // for messages
};

/// Files below a directory of tracefs; `where` is for messages.
[[nodiscard]] Result<std::string> read_text(int directory, const std::string& path, std::string_view where);
[[nodiscard]] Result<> write_text(int directory, const std::string& path, std::string_view text,
                                  std::string_view where);
[[nodiscard]] Result<std::vector<std::string>> list_names(int directory, const std::string& path,
                                                          std::string_view where);

}  // namespace leakscope::sources::trace_instance
