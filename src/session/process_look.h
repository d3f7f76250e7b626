#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "base/process_id.h"
#include "base/time.h"
#include "sources/process/process_inspection.h"

namespace leakscope::session {

/// Reads a process of the machine or tree at `root`.
using ProcessReader =
    std::function<Result<sources::process::ProcessInspection>(const std::string& root, Pid, sources::process::Depth)>;

/// sources::process::inspect_process().
[[nodiscard]] Result<sources::process::ProcessInspection> read_process(const std::string& root, Pid pid,
                                                                       sources::process::Depth depth);

/// All of a process, read on a thread of its own, since another task may hold its mmap lock for ever. After `patience`
/// its counts alone, with a Coverage that says so; the thread is left to itself.
[[nodiscard]] Result<sources::process::ProcessInspection> look_at_process(const std::string& root, Pid pid,
                                                                          Nanoseconds patience,
                                                                          const ProcessReader& reader = read_process);

}  // namespace leakscope::session
