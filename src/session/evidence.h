#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "model/series.h"
#include "session/oom_log.h"

namespace leakscope::session {

/// What `--from` and `diff` may be given, told apart by content and never by name.
enum class EvidenceKind : std::uint8_t {
  kRecording,  ///< what `leakscope record` wrote
  kFolder,     ///< a directory with proc/ (and sys/): a snapshot, an unpacked sosreport
  kArchive,    ///< a tar of such a directory, compressed or not
  kKernelLog,  ///< dmesg, journalctl -k, /var/log/messages, compressed or not
  kText,       ///< anything else: logs in any of the formats that are known, compressed or not
};
[[nodiscard]] std::string_view to_string(EvidenceKind kind);

/// By the first bytes, and by all lines of a log where these do not tell. Errors: not there, not permitted, a device.
[[nodiscard]] Result<EvidenceKind> kind_of_evidence(const std::string& path);

/// Where what is judged ends: so long after the first sample, or at a time of the wall clock.
using Until = std::variant<Nanoseconds, WallTime>;

struct EvidenceOptions {
  /// Between two samples of a log that tells no times.
  std::optional<Nanoseconds> interval{};
  /// Recordings only: what was recorded later is not looked at.
  std::optional<Until> until{};
};

/// What lies behind the paths, opened once (a pipe can be read only once) and told apart.
struct Evidence {
  struct Part {
    std::string path;  ///< of what can be read from its beginning: of a pipe, that of the copy of what it gave
    std::string name;  ///< for messages: "standard input"
    UniqueFd fd;       ///< not open: a folder
    EvidenceKind kind = EvidenceKind::kText;
  };
  EvidenceKind kind = EvidenceKind::kText;  ///< of all parts; an archive counts as the folder that was packed
  std::vector<Part> parts;
  std::vector<Part> kernel_logs;  ///< their OOM reports are listed while the parts are judged
};

/// What was read: series, and the OOM reports that stood beside them or between their lines.
struct Observed {
  std::unique_ptr<model::Observation> observation;
  std::vector<LoggedReport> reports;
};

/// Opens the paths; "-" is standard input. Parts of several kinds cannot be judged together, but for kernel logs beside
/// what tells series: OOM reports are listed then, and so are those between the samples of a log.
[[nodiscard]] Result<Evidence> open_evidence(const std::vector<std::string>& paths);

/// Reads all of it into one observation, ready to be judged: several parts are parts of one history, in any order. Of
/// several boots the last counts, since memory begins anew with each; coverage says what was left out, which samples
/// have no time and what was assumed, and what this evidence cannot show. OOM kills are among the events. Kernel logs
/// alone tell no series: kernel_log_report.h reads these.
[[nodiscard]] Result<Observed> observe_with_reports(Evidence evidence, const EvidenceOptions& options);
[[nodiscard]] Result<std::unique_ptr<model::Observation>> observe_evidence(Evidence evidence,
                                                                           const EvidenceOptions& options);
[[nodiscard]] Result<std::unique_ptr<model::Observation>> observe_evidence(const std::vector<std::string>& paths,
                                                                           const EvidenceOptions& options);

}  // namespace leakscope::session
