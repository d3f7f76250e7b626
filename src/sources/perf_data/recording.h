#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "model/coverage.h"
#include "model/host.h"
#include "model/kernel_symbols.h"
#include "sources/event_format.h"
#include "sources/perf_data/event_set.h"
#include "sources/perf_data/format.h"

namespace leakscope::sources::perf_data {

/// What a perf.data says of itself: the machine, the events and how to decode them. It comes piece by piece: from the
/// sections of a file before its data, in records of a pipe between them.
class Recording {
 public:
  Recording(ByteOrder order, std::string name, std::vector<EventFormat> other_formats);

  /// `ids` of a file are elsewhere; in a record of a pipe they follow the attribute, and are not given.
  [[nodiscard]] Result<> add_attribute(std::span<const std::byte> bytes,
                                       std::optional<std::span<const std::byte>> ids = std::nullopt);
  /// The first counts: there is one in each file.
  void add_tracing_data(std::span<const std::byte> bytes);
  void add_feature(std::uint64_t feature, std::span<const std::byte> payload);
  void note(model::Coverage coverage) { notes_.push_back(std::move(coverage)); }

  /// The events with their decoders, as far as they are known by now.
  [[nodiscard]] const EventSet& events() {
    if (is_stale_) prepare();
    return events_;
  }

  [[nodiscard]] ByteOrder order() const { return order_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const model::Host& host() const { return host_; }
  [[nodiscard]] const model::KernelSymbols& symbols() const { return symbols_; }
  /// When an event of that time was; known when perf was told the clock (record -k).
  [[nodiscard]] std::optional<WallTime> wall_time(std::uint64_t time) const;
  /// Names of the recorded events of kmem and percpu.
  [[nodiscard]] std::vector<std::string> event_names() const;
  [[nodiscard]] std::vector<model::Coverage> coverage() const;

 private:
  struct ClockPair {
    std::uint64_t wall;
    std::uint64_t trace;
  };
  void prepare();
  void take_clock(std::span<const std::byte> payload);
  void note_missing_partners(std::vector<model::Coverage>& notes) const;
  void note_how_sampled(std::vector<model::Coverage>& notes) const;

  ByteOrder order_;
  std::string name_;
  EventSet events_;
  TraceMachine machine_;
  std::vector<EventFormat> formats_;
  bool has_tracing_data_ = false;
  model::Host host_;
  model::KernelSymbols symbols_;
  std::optional<ClockPair> clock_;
  std::vector<model::Coverage> notes_;
  std::optional<Error> trouble_;  // with the description of an event
  bool is_stale_ = false;
};

}  // namespace leakscope::sources::perf_data
