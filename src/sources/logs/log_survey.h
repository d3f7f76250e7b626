#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/sample.h"
#include "sources/logs/time_axis.h"

namespace leakscope::sources::logs {

/// The memory of a machine as a log tells it.
struct MachineSize {
  std::int64_t bytes = 0;
  std::int64_t half_step = 0;  ///< the true one is at most so far away ("23Gi")
};
/// What a sample says of it; nothing when it does not.
[[nodiscard]] std::optional<MachineSize> machine_size_in(const model::Sample& sample);
/// Within a few percent: kernels differ by less in what they keep for themselves.
[[nodiscard]] bool is_same_size(MachineSize a, MachineSize b);

/// What only a whole log shows, and a second reading of it heeds.
struct LogPlan {
  std::optional<MachineSize> only;         ///< samples are of several machines: those of this one are judged
  std::vector<std::uint64_t> clock_steps;  ///< moments before which the clock was set, though it looks like a gap

  [[nodiscard]] bool empty() const { return !only && clock_steps.empty(); }
};

/// How one quantity moved from sample to sample.
class Pace {
 public:
  void add(std::int64_t value);
  /// What it moved by with the last value.
  [[nodiscard]] std::optional<std::int64_t> last_change() const { return last_change_; }
  /// The changes before that, the last fifteen at most.
  [[nodiscard]] std::vector<std::int64_t> changes() const;
  /// Forgets the last change: it is none of one interval.
  void drop_last_change() { last_change_.reset(); }

 private:
  std::optional<std::int64_t> last_;
  std::optional<std::int64_t> last_change_;
  std::array<std::int64_t, 15> changes_{};
  std::size_t seen_ = 0;
};

/// Watches all samples of a log, and tells machines that are mixed in it and gaps that are the clock's alone.
class LogSurvey {
 public:
  /// The times of a moment, read or not, stand so to those of the one before; `usual`: between two samples. `exactly`:
  /// the step lies between these two moments and is that of the calendar.
  void note_step(const TimeAxis::Placed& placed, std::optional<Nanoseconds> usual, bool exactly);
  /// One moment that was read, its step having been noted.
  void add(const model::Sample& sample, std::uint64_t moment);

  [[nodiscard]] LogPlan plan() const;
  /// The memory changed, and nothing shows that it was another machine: what to say of it; nothing if it did not.
  [[nodiscard]] std::optional<std::string> change_of_memory() const;

 private:
  struct Machine {
    MachineSize size;
    std::uint64_t samples = 0;
    std::uint64_t last_moment = 0;
  };
  /// A gap in which every quantity that moves evenly moved as in one interval; what follows has to show the same pace.
  struct Suspect {
    struct Even {
      std::size_t quantity = 0;
      double least = 0;
      double most = 0;
      [[nodiscard]] bool holds(std::int64_t change) const {
        return static_cast<double>(change) >= least && static_cast<double>(change) <= most;
      }
    };
    std::uint64_t moment = 0;
    std::vector<Even> even;
    std::uint32_t intervals_after = 0;
    std::uint32_t alike_after = 0;
  };
  enum class Counted : std::uint8_t { kUnknown, kWentOn, kBroke };

  void follow_paces();
  void follow_machine(std::optional<MachineSize> size, std::uint64_t moment);
  void follow_suspects();
  void look_at_gap(std::uint64_t moment);
  [[nodiscard]] Counted counted() const;
  [[nodiscard]] std::optional<bool> counters_stood() const;
  [[nodiscard]] bool shows_another(MachineSize before, MachineSize now, std::optional<std::int64_t> used) const;
  [[nodiscard]] std::optional<std::int64_t> used_of(MachineSize size) const;

  std::vector<std::optional<std::int64_t>> values_;  ///< of the last sample
  std::vector<Pace> paces_;
  TimeAxis::Step step_ = TimeAxis::Step::kNone;
  bool step_is_here_ = false;  ///< between the last two moments that were read, and nowhere else
  double intervals_ = 1;       ///< that the gap is long
  std::vector<Suspect> suspects_;
  std::vector<std::uint64_t> clock_steps_;
  std::vector<Machine> machines_;
  std::optional<std::size_t> current_;
  std::optional<std::int64_t> used_;
  std::uint32_t returns_ = 0;
  std::optional<std::pair<MachineSize, MachineSize>> changed_;
  bool is_mixed_ = false;
};

}  // namespace leakscope::sources::logs
