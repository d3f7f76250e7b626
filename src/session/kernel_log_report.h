#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "findings/judge.h"
#include "report/document.h"
#include "session/evidence.h"
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

/// What a log has of the kernel's, wherever it stands.
struct KernelLines {
  bool any = false;
  bool reports = false;  ///< an OOM report begins in it
};
/// Reads as far as the first report.
[[nodiscard]] KernelLines kernel_lines_of(const KernelLogInput& log);

/// Adds the reports of logs that lie beside what was observed. The same report in several logs (dmesg and messages of
/// one sosreport) counts once.
void list_reports(OomLog log, Observed& seen);

/// Each kill of the reports becomes an event, where both they and the samples have dates.
void add_kills(Observed& seen);

/// That reports stand in the file of that name, with the command that gives their account; nothing when there are none.
[[nodiscard]] std::optional<model::Coverage> coverage_of_reports(const std::vector<LoggedReport>& reports,
                                                                 const std::string& name, const std::string& command);

/// What reports beside a series tell: the last one's account in words, and the tables of kernel logs.
void add_oom_account(const std::vector<LoggedReport>& reports, report::Document& document);

/// Whether the beginning of a file (64 KiB are plenty) is a kernel log in a form that is known: lines of the kernel
/// itself. What `logger` sent through syslog is none.
[[nodiscard]] bool looks_like_kernel_log(std::string_view head);

}  // namespace leakscope::session
