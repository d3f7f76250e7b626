#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "model/coverage.h"
#include "model/sample.h"

namespace leakscope::sources {

/// How often a source wants to be asked. The session never asks more often than its own interval, and slows a source
/// down that costs more than 5 ms or 1 % of its period.
struct Period {
  Nanoseconds live{std::chrono::seconds(1)};       ///< diagnose, top
  Nanoseconds recording{std::chrono::seconds(5)};  ///< record
  /// A window of a few minutes, where it turns out that this costs little: few points make a test weak.
  std::optional<Nanoseconds> brief{};
};

struct SourceInfo {
  std::string_view name;  ///< "slabinfo": the word of coverage, loss and docs
  Period period;
  /// It may wait for something it does not control (a hung mount, a lock of another task): it runs on a thread of its
  /// own with a deadline. Sources of the fast tier allocate nothing per sample and read only files that take no other
  /// task's lock.
  bool may_block = false;
};

/// The port: observes one thing, live or in a recorded tree. Made by a factory `Result<std::unique_ptr<Source>>
/// open_x(const RootedDir&, ...)` of its folder, whose error becomes a Coverage entry: no source ever ends a run.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  [[nodiscard]] virtual SourceInfo info() const = 0;
  /// Reads once and writes what it saw. An error means that nothing was written that is not true; the next call may
  /// work again (a file that vanished, a process that ended are no errors but part of the answer).
  [[nodiscard]] virtual Result<> sample(model::SampleSink& sink) = 0;
  /// What it can see of what it is meant to see, as known by now; several entries when it reads several things.
  [[nodiscard]] virtual std::vector<model::Coverage> coverage() const = 0;
  [[nodiscard]] virtual std::vector<model::Loss> losses() const { return {}; }
};

}  // namespace leakscope::sources
