#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sources/trace_instance/guardian.h"
#include "sources/trace_instance/tracefs.h"

namespace leakscope::sources::trace_instance {

/// A trace instance of our own: ring buffers and switches that no other tracer sees, and that go when this does. Only
/// files below it are ever written. Source: Documentation/trace/ftrace.rst, "Instances".
class Instance {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Instance>> make();
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  [[nodiscard]] Result<> write(const std::string& path, std::string_view text) const;
  [[nodiscard]] Result<std::string> read(const std::string& path) const;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& path) const;
  /// The raw pages of one CPU's buffer; reads do not wait.
  [[nodiscard]] Result<UniqueFd> open_raw(std::uint32_t cpu) const;
  /// A file of tracefs itself, of which we read only.
  [[nodiscard]] Result<std::string> read_shared(const std::string& path) const;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  Instance(Tracefs tracefs, UniqueFd instances, std::string name, Guardian guardian)
      : tracefs_(std::move(tracefs)),
        instances_(std::move(instances)),
        name_(std::move(name)),
        guardian_(std::move(guardian)) {}

  Tracefs tracefs_;
  UniqueFd instances_;
  std::string name_;
  Guardian guardian_;  // its end is waited for last
  UniqueFd folder_;
  std::string where_;
};

}  // namespace leakscope::sources::trace_instance
