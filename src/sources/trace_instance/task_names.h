#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/process_id.h"
#include "sources/trace_commands.h"
#include "sources/trace_instance/instance.h"

namespace leakscope::sources::trace_instance {

/// Finds out who the tasks of events are, while they still run or shortly after. A task's name is the one that it has
/// when it is first asked for.
class TaskNames {
 public:
  TaskNames(const Instance& instance, model::NameTable& names) : instance_(&instance), commands_(names) {}

  /// kNoName until the next look_up() found it.
  [[nodiscard]] model::NameId of(Pid tid);
  /// Asks for those that of() did not know: /proc, and for tasks that have ended the kernel's saved_cmdlines.
  void look_up();

 private:
  const Instance* instance_;
  TraceCommands commands_;
  std::set<std::int32_t> wanted_;
};

/// The threads of a process now; empty when it is gone.
[[nodiscard]] std::vector<std::int32_t> threads_of(Pid pid);

}  // namespace leakscope::sources::trace_instance
