#include "sources/trace_instance/task_names.h"

#include <fcntl.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/text_cursor.h"
#include "sources/trace_instance/tracefs.h"

namespace leakscope::sources::trace_instance {
namespace {

// What is asked for at once: a storm of short tasks must not make us read /proc all day.
constexpr std::size_t kMostAtOnce = 64;
// Kept; then all are asked for anew, as most have ended by then.
constexpr std::size_t kMostKept = std::size_t{1} << 17U;

}  // namespace

model::NameId TaskNames::of(Pid tid) {
  const model::NameId name = commands_.of(tid);
  if (name == model::kNoName && wanted_.size() < kMostAtOnce && !commands_.knows(tid)) wanted_.insert(tid.value);
  return name;
}

void TaskNames::look_up() {
  if (wanted_.empty()) return;
  if (commands_.size() > kMostKept) commands_.clear();
  std::set<std::int32_t> gone;
  for (const std::int32_t tid : wanted_) {
    const auto comm = read_text(AT_FDCWD, fmt::format("/proc/{}/comm", tid), "");
    if (comm) {
      commands_.put(Pid{tid}, trim(*comm));
    } else {
      gone.insert(tid);
    }
  }
  wanted_.clear();
  if (gone.empty()) return;
  const auto saved = instance_->read_shared("saved_cmdlines");
  LineCursor lines(saved ? std::string_view(*saved) : std::string_view());
  while (const auto line = lines.next()) {
    const std::size_t space = line->find(' ');
    const auto tid = parse_number<std::int32_t>(line->substr(0, space));
    if (!tid || space == std::string_view::npos || gone.erase(*tid) == 0) continue;
    commands_.put(Pid{*tid}, line->substr(space + 1));
  }
  // Nobody will ever tell: they are not asked for again.
  for (const std::int32_t tid : gone) commands_.put(Pid{tid}, "");
}

std::vector<std::int32_t> threads_of(Pid pid) {
  std::vector<std::int32_t> threads;
  const auto names = list_names(AT_FDCWD, fmt::format("/proc/{}/task", pid.value), "");
  if (!names) return threads;
  for (const std::string& name : *names) {
    if (const auto tid = parse_number<std::int32_t>(name)) threads.push_back(*tid);
  }
  std::ranges::sort(threads);
  return threads;
}

}  // namespace leakscope::sources::trace_instance
