#pragma once

#include <optional>
#include <vector>

#include "base/error.h"
#include "base/process_id.h"
#include "model/host.h"
#include "model/sample.h"

namespace leakscope::sources {

/// Samples one after the other, whoever took them: the live sampler, a recording, a log, a test. Subjects are those of
/// the registry that the stream was opened with.
class SampleStream {
 public:
  SampleStream() = default;
  SampleStream(const SampleStream&) = delete;
  SampleStream& operator=(const SampleStream&) = delete;
  virtual ~SampleStream() = default;

  /// Fills `sample` with the next one; false at the end. An error ends the stream; what came before it is good.
  [[nodiscard]] virtual Result<bool> next(model::Sample& sample) = 0;
  [[nodiscard]] virtual const model::Host& host() const = 0;
  [[nodiscard]] virtual std::vector<model::Coverage> coverage() const = 0;
  [[nodiscard]] virtual std::vector<model::Loss> losses() const = 0;
  /// The programs that took these samples on the machine itself, as far as known by now.
  [[nodiscard]] virtual std::vector<ProcessId> observers() const { return {}; }
};

}  // namespace leakscope::sources
