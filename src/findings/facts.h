#pragma once

#include <array>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "analysis/trend/trend.h"
#include "findings/judge.h"
#include "findings/quantity.h"
#include "findings/series_sum.h"
#include "model/series.h"

namespace leakscope::findings {

/// One series that was put to the test.
struct Test {
  Quantity quantity{};
  model::SubjectId subject;
  const model::Series* series = nullptr;
  analysis::trend::Judgement judgement;
  Edges edges;
  double q_value = 1;        ///< comparable to JudgeOptions::q, the family's share already paid
  bool significant = false;  ///< grows by every gate of its series, and q_value is small enough
  bool gate_open = false;    ///< as a parent: no trend is ruled out, by the p-value alone
  bool ended = false;        ///< the subject is no more
  bool throughout = false;   ///< the subject was there from the window's start to its end
  bool load_known = false;   ///< load covariates were there to compare with, or rounds are the load
  bool moved = true;         ///< not all points are equal
  bool times_known = true;   ///< false: a log without times, whose axis is assumed
  std::int64_t floor = 0;    ///< what does not rise by this is not tested
  double half_step = 0;      ///< values are rounded by so much at most

  [[nodiscard]] double rise() const { return edges.rise(); }
  /// Passes every gate, all the time.
  [[nodiscard]] bool grows() const { return significant && throughout && rise() > 0; }
};

/// When a process started, on the axis of series; a start that no boot could have is held at twenty years. Nothing when
/// it is not known.
[[nodiscard]] std::optional<BootTime> start_of(const ProcessId& process);

/// Everything that rules look at: the observation, and the tests of all its series over the hierarchy.
class Facts {
 public:
  Facts(const model::Observation& observation, const JudgeOptions& options);
  Facts(const Facts&) = delete;
  Facts& operator=(const Facts&) = delete;

  [[nodiscard]] const model::Observation& observation() const { return observation_; }
  [[nodiscard]] const JudgeOptions& options() const { return options_; }
  [[nodiscard]] Nanoseconds length() const { return observation_.length(); }

  /// The program that took the samples, or a group that is nothing else: neither tested nor named as a holder.
  [[nodiscard]] bool is_observer(model::SubjectId subject) const;
  /// The tests of a quantity, by subject. Subjects whose series did not move are not among them.
  [[nodiscard]] std::span<const Test> tests(Quantity quantity) const {
    return tests_[static_cast<std::size_t>(quantity)];
  }
  [[nodiscard]] const Test* test(Quantity quantity, model::SubjectId subject = model::Registry::machine_id()) const;
  /// Whether there was any subject with that quantity, moving or not.
  [[nodiscard]] bool seen(Quantity quantity) const { return seen_[static_cast<std::size_t>(quantity)]; }

  /// Whether some series was there long enough to say that it stands still: then it is not tested.
  [[nodiscard]] bool stood_still() const { return stood_still_; }

  /// How a metric rose over the window; nothing with fewer than two points.
  [[nodiscard]] std::optional<Edges> edges(model::SubjectId subject, model::Metric metric) const;
  [[nodiscard]] std::optional<Edges> edges(model::Metric metric) const {
    return edges(model::Registry::machine_id(), metric);
  }
  /// The rise alone; 0 when not known.
  [[nodiscard]] double rise(model::SubjectId subject, model::Metric metric) const;
  [[nodiscard]] double rise(model::Metric metric) const { return rise(model::Registry::machine_id(), metric); }

 private:
  void collect(const QuantityInfo& quantity);
  void collect_subjects(const QuantityInfo& quantity);
  void add_whole_residents(const QuantityInfo& quantity, model::Metric whole);
  void add_test(const QuantityInfo& quantity, model::SubjectId subject, const model::Series* series,
                std::int64_t floors = 1);
  void add_derived(const QuantityInfo& quantity, model::SubjectId subject, model::Series series);
  void add_first_of(const QuantityInfo& quantity, std::initializer_list<model::Metric> metrics);
  void add_covariates(analysis::trend::Options& options, Quantity quantity, model::SubjectId subject) const;
  void put_to_the_test(const QuantityInfo& quantity);
  [[nodiscard]] double half_step_of(Quantity quantity, model::SubjectId subject) const;
  void judge_one(const QuantityInfo& quantity, Test& test, analysis::trend::Options& options) const;
  [[nodiscard]] const model::Series* own_anon() const;
  [[nodiscard]] bool was_there_all_the_time(const Test& test, std::optional<BootTime> subject_start) const;
  void find_observers();

  const model::Observation& observation_;
  JudgeOptions options_;
  std::deque<model::Series> derived_;
  std::array<std::vector<Test>, kQuantityCount> tests_;
  std::array<bool, kQuantityCount> seen_{};
  bool stood_still_ = false;
  std::vector<analysis::trend::Options::Covariate> machine_load_;
  std::vector<model::SubjectId> observers_;
};

}  // namespace leakscope::findings
