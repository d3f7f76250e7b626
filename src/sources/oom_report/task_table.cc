#include "sources/oom_report/task_table.h"

#include <algorithm>
#include <array>

#include "base/text_cursor.h"

namespace leakscope::sources::oom_report {
namespace {

struct ColumnName {
  std::string_view name;
  TaskColumn column;
};
constexpr auto kColumnNames = std::to_array<ColumnName>({
    {"uid", TaskColumn::kUid},
    {"tgid", TaskColumn::kTgid},
    {"total_vm", TaskColumn::kTotalVm},
    {"rss", TaskColumn::kRss},
    {"rss_anon", TaskColumn::kRssAnon},
    {"rss_file", TaskColumn::kRssFile},
    {"rss_shmem", TaskColumn::kRssShmem},
    {"nr_ptes", TaskColumn::kTablePages},
    {"nr_pmds", TaskColumn::kTablePages},
    {"nr_puds", TaskColumn::kTablePages},
    {"pgtables_bytes", TaskColumn::kTableBytes},
    {"swapents", TaskColumn::kSwap},
    {"oom_score_adj", TaskColumn::kOomScoreAdj},
});

void keep(Task& task, TaskColumn column, std::int64_t value) {
  switch (column) {
    case TaskColumn::kUid:
      task.uid = value;
      break;
    case TaskColumn::kTgid:
      task.tgid = value;
      break;
    case TaskColumn::kTotalVm:
      task.total_vm_pages = value;
      break;
    case TaskColumn::kRss:
      task.rss_pages = value;
      break;
    case TaskColumn::kRssAnon:
      task.rss_anon_pages = value;
      break;
    case TaskColumn::kRssFile:
      task.rss_file_pages = value;
      break;
    case TaskColumn::kRssShmem:
      task.rss_shmem_pages = value;
      break;
    case TaskColumn::kTablePages:
      task.page_table_pages = checked_add(task.page_table_pages.value_or(0), value);
      break;
    case TaskColumn::kTableBytes:
      task.page_table_bytes = value;
      break;
    case TaskColumn::kSwap:
      task.swap_pages = value;
      break;
    case TaskColumn::kOomScoreAdj:
      if (value >= -1000 && value <= 1000) task.oom_score_adj = static_cast<std::int32_t>(value);
      break;
    case TaskColumn::kPid:
    case TaskColumn::kOther:
      break;
  }
}

}  // namespace

std::optional<std::vector<TaskColumn>> parse_task_header(std::string_view line) {
  if (!line.starts_with('[')) return std::nullopt;
  const std::size_t end = line.find(']');
  if (end == std::string_view::npos || trim(line.substr(1, end - 1)) != "pid") return std::nullopt;
  std::vector<TaskColumn> columns;
  FieldCursor fields(line.substr(end + 1));
  while (const auto field = fields.next()) {
    if (*field == "name") return columns;
    const auto* const known = std::ranges::find(kColumnNames, *field, &ColumnName::name);
    columns.push_back(known == kColumnNames.end() ? TaskColumn::kOther : known->column);
    if (columns.size() > 32) return std::nullopt;
  }
  return columns;  // the name was cut off, the columns are known
}

std::optional<Task> parse_task(std::string_view line, const std::vector<TaskColumn>& columns) {
  if (!line.starts_with('[')) return std::nullopt;
  const std::size_t end = line.find(']');
  if (end == std::string_view::npos) return std::nullopt;
  const auto pid = parse_number<std::int32_t>(trim(line.substr(1, end - 1)));
  if (!pid || *pid < 0) return std::nullopt;
  Task task;
  task.pid = Pid{*pid};
  FieldCursor fields(line.substr(end + 1));
  for (const TaskColumn column : columns) {
    const auto value = fields.next_number<std::int64_t>();
    const bool may_be_negative = column == TaskColumn::kOomScoreAdj || column == TaskColumn::kOther;
    if (!value || (*value < 0 && !may_be_negative)) return std::nullopt;
    keep(task, column, *value);
  }
  task.comm = std::string(fields.rest());
  if (task.comm.empty()) return std::nullopt;
  return task;
}

}  // namespace leakscope::sources::oom_report
