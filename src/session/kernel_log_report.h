#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "findings/judge.h"
#include "report/document.h"
#include "session/oom_log.h"

namespace leakscope::session {

/// Judges kernel logs by the OOM reports in them. The last report that tells where memory was is accounted for: who
/// asked, what was short, who was killed, who held the memory. Reports of one boot of one host are samples of one
/// history, judged by the usual rules; one report shows levels and no growth, so that the verdict is `insufficient`
/// while the account is given all the same. A log without a report is `insufficient` too.
[[nodiscard]] Result<report::Document> diagnose_kernel_log(const std::vector<KernelLogInput>& inputs,
                                                           const findings::JudgeOptions& options);

/// An opened file, pipe or terminal as a log; what is compressed is unpacked.
[[nodiscard]] Result<KernelLogInput> open_kernel_log(std::string name, UniqueFd fd);

/// Whether the beginning of a file (64 KiB are plenty) is a kernel log in a form that is known: lines of the kernel
/// itself. What `logger` sent through syslog is none.
[[nodiscard]] bool looks_like_kernel_log(std::string_view head);

}  // namespace leakscope::session
