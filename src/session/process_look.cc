#include "session/process_look.h"

#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "session/beside_thread.h"

namespace leakscope::session {
namespace {

using sources::process::Depth;
using sources::process::ProcessInspection;

struct Look : BesideState {
  ProcessReader reader;
  std::string root;
  Pid pid;
  std::optional<Result<ProcessInspection>> seen;

  void loop() {
    auto read = reader(root, pid, Depth::kAll);
    const std::scoped_lock lock(mutex);
    seen = std::move(read);
    changed.notify_all();
  }
};

}  // namespace

Result<ProcessInspection> read_process(const std::string& root, Pid pid, Depth depth) {
  const auto dir = RootedDir::open(root);
  if (!dir) return std::unexpected(dir.error());
  return sources::process::inspect_process(*dir, pid, depth);
}

Result<ProcessInspection> look_at_process(const std::string& root, Pid pid, Nanoseconds patience,
                                          const ProcessReader& reader) {
  const auto look = std::make_shared<Look>();
  look->reader = reader;
  look->root = root;
  look->pid = pid;
  start_beside(look);
  {
    std::unique_lock lock(look->mutex);
    if (look->changed.wait_for(lock, patience, [&] { return look->seen.has_value(); })) return *std::move(look->seen);
  }
  auto counts = reader(root, pid, Depth::kCounts);
  if (!counts) return counts;
  counts->coverage.push_back(
      {"process", model::Coverage::State::kPartial,
       fmt::format(
           "mappings, PSS, USS and descriptors did not come within {}: another task holds its mmap lock, or this "
           "machine is too busy",
           to_human(patience)),
       fmt::format("see what it waits in: sudo cat /proc/{}/stack; then try again", pid.value)});
  return counts;
}

}  // namespace leakscope::session
