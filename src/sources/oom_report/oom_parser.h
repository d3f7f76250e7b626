#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sources/oom_report/oom_report.h"
#include "sources/oom_report/task_table.h"

namespace leakscope::sources::oom_report {

/// Takes the messages of one machine's kernel log, in order, without their heads, and gives the OOM reports in them.
/// The kernel never prints two reports at once (oom_lock); lines of others in between are counted and ignored. Kernels
/// 3.10 to 6.18. What is cut, torn or left out (by the rate limit, by vm.oom_dump_tasks) leaves a report with less in
/// it.
///   "php-fpm invoked oom-killer: gfp_mask=0x1100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0"
class OomParser {
 public:
  /// Takes one message, whole or with newlines in it. A report that this message ends is given back: that is so when
  /// the next begins, or when nothing of it came for a while.
  [[nodiscard]] std::optional<OomReport> feed(std::string_view message, std::uint64_t line);
  /// The end of the log: what is open is given back as far as it came.
  [[nodiscard]] std::optional<OomReport> finish();
  /// Inside a report every line matters; outside only those of begins_report().
  [[nodiscard]] bool is_open() const { return report_.has_value(); }

 private:
  enum class Part : std::uint8_t { kHead, kCgroupStats, kSlab, kAllocations, kTasks };

  [[nodiscard]] bool begins_another(std::string_view line) const;
  bool take(std::string_view line);
  bool take_section_head(std::string_view line);
  bool take_section_row(std::string_view line);
  bool take_task_row(std::string_view line);
  bool take_kill(std::string_view line);
  void keep(Victim victim);
  [[nodiscard]] OomReport close();

  std::optional<OomReport> report_;
  Part part_ = Part::kHead;
  std::vector<TaskColumn> columns_;  ///< of the tasks table
  std::optional<Victim> chosen_;     ///< of "Kill process 5 (x) score 9 or sacrifice child"
  std::uint64_t idle_ = 0;           ///< lines since the last one of the report
  bool whole_cgroup_ = false;        ///< memory.oom.group: all tasks of a cgroup are killed
};

/// Whether a message begins a report, or is a part of one whose beginning is lost.
[[nodiscard]] bool begins_report(std::string_view message);

}  // namespace leakscope::sources::oom_report
