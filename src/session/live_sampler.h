#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/host.h"
#include "model/registry.h"
#include "session/beside_runner.h"
#include "session/remedies.h"
#include "session/schedule.h"
#include "session/stop.h"
#include "sources/sample_stream.h"
#include "sources/source.h"

namespace leakscope::session {

enum class SamplingMode : std::uint8_t {
  kLive,
  kRecording,
  kOnDemand,  ///< each next() is a sample now, by all sources, whatever it costs
};

struct SamplingOptions {
  SamplingMode mode = SamplingMode::kLive;
  Nanoseconds interval = std::chrono::seconds(1);
  std::optional<Nanoseconds> duration;  ///< nothing: until stopped
  Viewer viewer = {};                   ///< decides which remedies coverage() tells
};

/// Samples the live machine (or a tree that is being rewritten): asks each source when it is due, runs those that may
/// block beside itself, notices clock steps and suspends, measures what it costs and slows expensive sources down.
/// The first sample is taken at once, the last at `duration`.
class LiveSampler final : public sources::SampleStream {
 public:
  LiveSampler(std::shared_ptr<model::Registry> registry, model::Host host,
              std::vector<std::unique_ptr<sources::Source>> sources, std::vector<model::Coverage> not_opened,
              const Clock& clock, const StopFlag& stop, SamplingOptions options);
  ~LiveSampler() override;

  [[nodiscard]] Result<bool> next(model::Sample& sample) override;
  [[nodiscard]] const model::Host& host() const override { return host_; }
  [[nodiscard]] std::vector<model::Coverage> coverage() const override;
  [[nodiscard]] std::vector<model::Loss> losses() const override;
  [[nodiscard]] std::vector<ProcessId> observers() const override;

  /// After a sample: waits for the sources that run beside, and adds what they saw to it. For a single look.
  void settle(model::Sample& sample, Nanoseconds deadline);

  /// What each source has cost so far.
  struct Cost {
    std::string source;
    std::uint64_t runs = 0;
    Nanoseconds cpu{0};
    Nanoseconds period{0};
  };
  [[nodiscard]] std::vector<Cost> costs() const;

 private:
  struct Entry;
  void sample_inline(Entry& entry, model::Sample& sample);
  void start_beside(const model::Sample& sample);
  void collect_beside(Entry& entry, model::Sample& sample);
  void collect_what_ends_soon(model::Sample& sample);
  void account(Entry& entry, model::Sample& sample, const Result<>& result, Nanoseconds cpu);
  void note_clocks(model::Sample& sample);
  [[nodiscard]] bool wait_for_tick();

  std::shared_ptr<model::Registry> registry_;
  model::Host host_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<model::Coverage> not_opened_;
  const Clock& clock_;
  const StopFlag& stop_;
  SamplingOptions options_;
  std::optional<Moment> first_;
  std::optional<Moment> previous_;
  std::uint64_t ticks_ = 0;
  std::uint64_t ticks_missed_ = 0;
  bool finished_ = false;
};

}  // namespace leakscope::session
