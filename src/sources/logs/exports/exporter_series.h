#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sources/log_format.h"

namespace leakscope::sources::logs {

/// A series as exporters name it: node_slabinfo_active_objects{slab="dentry"}.
struct ExporterSeries {
  std::string name;
  std::map<std::string, std::string, std::less<>> labels;

  [[nodiscard]] std::string_view label(std::string_view key) const {
    const auto found = labels.find(key);
    return found == labels.end() ? std::string_view{} : std::string_view(found->second);
  }
};

/// What a series stands for here.
struct ExporterMeaning {
  model::SubjectKey subject;
  model::Metric metric{};
  std::optional<std::int32_t> pid;  ///< of a process that is named by pid and command (subject.name)
};

/// The series that we know of node_exporter (node_memory_*, node_vmstat_*, node_slabinfo_*, node_sockstat_*...), of
/// below (system_mem_*, process_mem_*, cgroup_mem_*), of cAdvisor (container_memory_*), of process-exporter
/// (namedprocess_namegroup_*) and of client libraries (process_resident_memory_bytes...). Nothing for others.
[[nodiscard]] std::optional<ExporterMeaning> meaning_of(const ExporterSeries& series);

/// "5.7524224e+07", "-1", "NaN": as a whole number; nothing for what is none or does not fit.
[[nodiscard]] std::optional<std::int64_t> parse_exporter_value(std::string_view text);

/// Puts points of many series that come in any order in the order of their times.
class ExporterPoints {
 public:
  /// False when the series means nothing to us. Series of a second machine are left out and named by tell_others().
  [[nodiscard]] bool add(const ExporterSeries& series, Nanoseconds since_epoch, std::int64_t value);
  /// Writes all points, a moment for each time, and forgets them.
  void put(LogSink& sink);
  [[nodiscard]] bool empty() const { return by_time_.empty(); }

  /// The machine that a series is of: the label instance, hostname or node; only the first one seen counts.
  [[nodiscard]] bool is_of_our_machine(const ExporterSeries& series);
  void tell_others(LogSink& sink, std::string_view format) const;

 private:
  struct Value {
    ExporterMeaning meaning;
    std::int64_t value = 0;
  };
  std::map<Nanoseconds, std::vector<Value>> by_time_;
  std::optional<std::string> machine_;
  std::set<std::string> others_;
};

/// Writes one value into the moment that is open.
void put_exporter_value(LogSink& sink, const ExporterMeaning& meaning, std::int64_t value);

}  // namespace leakscope::sources::logs
