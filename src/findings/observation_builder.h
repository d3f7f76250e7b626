#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "findings/judge.h"
#include "model/series.h"

namespace leakscope::findings {

/// For tests: an observation made of curves. The value of a curve at sample `i` of `n`.
using Curve = std::function<double(int i, int n)>;

[[nodiscard]] Curve flat(double level);
/// Level plus noise of the given size, the same in every run.
[[nodiscard]] Curve noisy(double level, double noise);
/// From `level` up by `rise` over the window, straight.
[[nodiscard]] Curve ramp(double level, double rise);
/// Rises by `rise` in the first third and stays there.
[[nodiscard]] Curve plateau(double level, double rise);
/// One jump by `rise` in the middle.
[[nodiscard]] Curve jump(double level, double rise);
/// Teeth of the given height, five in the window.
[[nodiscard]] Curve sawtooth(double level, double height);
[[nodiscard]] Curve sum(Curve a, Curve b);

inline constexpr double kMiB = 1024.0 * 1024.0;

class ObservationBuilder {
 public:
  explicit ObservationBuilder(int samples = 61, Nanoseconds period = std::chrono::seconds(1));

  /// A 16-GiB machine at rest: ledger rows, load counters, no swap.
  ObservationBuilder& idle_machine();

  /// Sets (or replaces) a curve; `every` is the source's period in samples.
  ObservationBuilder& machine(model::Metric metric, Curve curve, int every = 1);
  ObservationBuilder& series(model::SubjectId subject, model::Metric metric, Curve curve, int every = 1);
  /// The subject has points from sample `from` up to and without `until` only.
  ObservationBuilder& lives(model::SubjectId subject, int from, int until);

  model::SubjectId process(int pid, std::string comm, Curve anon, std::optional<model::SubjectId> group = {},
                           std::string cgroup = "0::/");
  model::SubjectId group(std::string name, Curve anon, double members);
  model::SubjectId cache(std::string name, double object_size, bool reclaimable, Curve active_objects,
                         Curve total_objects);
  model::SubjectId subject(model::SubjectKind kind, std::string name);
  ObservationBuilder& event(int sample, model::EventKind kind, std::string text);

  [[nodiscard]] model::Observation build() const;
  [[nodiscard]] model::Registry& registry() { return *registry_; }

 private:
  struct Line {
    model::SubjectId subject;
    model::Metric metric{};
    Curve curve;
    int every = 1;
  };
  struct Life {
    model::SubjectId subject;
    int from = 0;
    int until = 0;
  };
  struct Happening {
    int sample = 0;
    model::EventKind kind{};
    std::string text;
  };

  int samples_;
  Nanoseconds period_;
  std::shared_ptr<model::Registry> registry_;
  std::vector<Line> lines_;
  std::vector<Life> lives_;
  std::vector<Happening> events_;
};

[[nodiscard]] Judged judge_with_defaults(const model::Observation& observation);
[[nodiscard]] const Finding* find(const Judged& judged, std::string_view id, std::string_view name = {});
/// Ids and states of the findings that raise an alarm: "user.anon growing leaky".
[[nodiscard]] std::vector<std::string> alarms(const Judged& judged);
[[nodiscard]] bool has_evidence(const Finding& finding, std::string_view part);

}  // namespace leakscope::findings
