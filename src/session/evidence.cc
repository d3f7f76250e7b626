#include "session/evidence.h"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "session/evidence_file.h"
#include "session/kernel_log_report.h"
#include "session/log_evidence.h"
#include "session/recordings.h"
#include "session/snapshot_folders.h"
#include "session/standard_input.h"

namespace leakscope::session {

std::string_view to_string(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::kRecording:
      return "recording";
    case EvidenceKind::kFolder:
      return "folder";
    case EvidenceKind::kArchive:
      return "archive";
    case EvidenceKind::kKernelLog:
      return "kernel log";
    case EvidenceKind::kText:
      return "text";
  }
  return "unknown";
}

namespace {

/// Kernel logs are apart: they tell reports, and what else there is tells series.
Result<> sort_in(EvidenceFile file, const std::string& path, Evidence& evidence) {
  const std::string name = path == "-" ? std::string(kStandardInput) : path;
  const std::string again = file.is_copy ? path_again(file.fd) : path;
  if (file.kind == EvidenceKind::kKernelLog) {
    evidence.kernel_logs.push_back({again, name, std::move(file.fd), file.kind});
    return {};
  }
  if (file.has_reports) {
    UniqueFd second = open_again(file.fd);
    if (!second.is_open()) return std::unexpected(error_from_errno(errno, name, "open again"));
    evidence.kernel_logs.push_back({again, name, std::move(second), EvidenceKind::kText});
  }
  // An archive is a folder that was packed.
  const EvidenceKind kind = file.kind == EvidenceKind::kArchive ? EvidenceKind::kFolder : file.kind;
  if (evidence.parts.empty()) evidence.kind = kind;
  if (kind != evidence.kind) {
    return fail(Error::Kind::kUsage, name,
                fmt::format("is a {}, and {} is a {}: they cannot be judged together", to_string(kind),
                            evidence.parts.front().name, to_string(evidence.kind)),
                fmt::format("Judge them one after the other: leakscope diagnose --from {}", path));
  }
  evidence.parts.push_back({again, name, std::move(file.fd), file.kind});
  return {};
}

/// "grep" leaves the kernel's lines of a log that tells samples, too.
std::string command_for(const Evidence::Part& log) {
  if (log.name == kStandardInput) return {};
  if (log.kind == EvidenceKind::kKernelLog) return "leakscope diagnose --from " + log.name;
  return fmt::format("grep kernel: {} | leakscope diagnose --from -", log.name);
}

/// The reports of kernel logs that lie beside what is judged.
Result<> add_reports(std::vector<Evidence::Part> logs, Observed& seen) {
  if (logs.empty()) return {};
  std::vector<KernelLogInput> inputs;
  std::vector<std::pair<std::string, std::string>> commands;  // by name
  for (Evidence::Part& log : logs) {
    commands.emplace_back(log.name, command_for(log));
    auto input = open_kernel_log(log.name, std::move(log.fd));
    if (!input) return std::unexpected(std::move(input.error()));
    inputs.push_back(std::move(*input));
  }
  auto log = read_oom_logs(inputs);
  if (!log) return std::unexpected(std::move(log.error()));
  for (const auto& [name, command] : commands) {
    if (auto entry = coverage_of_reports(log->reports, name, command)) {
      seen.observation->coverage.push_back(std::move(*entry));
    }
  }
  list_reports(std::move(*log), seen);
  return {};
}

Result<Observed> observe_parts(Evidence evidence, const EvidenceOptions& options) {
  if (options.until && evidence.kind != EvidenceKind::kRecording) {
    return fail(Error::Kind::kUsage, "--until", "makes sense with a recording only");
  }
  const auto alone = [](Result<std::unique_ptr<model::Observation>> observation) -> Result<Observed> {
    if (!observation) return std::unexpected(std::move(observation.error()));
    return Observed{std::move(*observation), {}};
  };
  switch (evidence.kind) {
    case EvidenceKind::kArchive:
    case EvidenceKind::kFolder:
      return observe_moments(evidence.parts, options);
    case EvidenceKind::kRecording: {
      if (options.interval) {
        return fail(Error::Kind::kUsage, "--interval", "makes no sense with a recording, whose samples have times");
      }
      std::vector<std::string> paths;
      paths.reserve(evidence.parts.size());
      for (const Evidence::Part& part : evidence.parts) paths.push_back(part.path);
      return alone(observe_recordings(std::move(paths), options.until));
    }
    case EvidenceKind::kKernelLog:
      return fail(Error::Kind::kUsage, evidence.parts.front().name, "is a kernel log, which tells no series",
                  "Try: leakscope diagnose --from " + evidence.parts.front().name);
    case EvidenceKind::kText:
      break;
  }
  std::vector<LogFile> files;
  files.reserve(evidence.parts.size());
  for (Evidence::Part& part : evidence.parts) files.push_back({part.name, std::move(part.fd)});
  return alone(observe_logs(std::move(files), options));
}

}  // namespace

Result<EvidenceKind> kind_of_evidence(const std::string& path) {
  const auto file = open_evidence_file(path);
  if (!file) return std::unexpected(file.error());
  return file->kind;
}

Result<Evidence> open_evidence(const std::vector<std::string>& paths) {
  if (paths.empty()) return fail(Error::Kind::kUsage, "--from", "names nothing to judge");
  Evidence evidence;
  for (const std::string& path : paths) {
    auto file = open_evidence_file(path);
    if (!file) return std::unexpected(std::move(file.error()));
    if (auto sorted = sort_in(std::move(*file), path, evidence); !sorted) {
      return std::unexpected(std::move(sorted.error()));
    }
  }
  if (evidence.parts.empty()) {
    evidence.kind = EvidenceKind::kKernelLog;
    evidence.parts = std::exchange(evidence.kernel_logs, {});
  }
  return evidence;
}

Result<Observed> observe_with_reports(Evidence evidence, const EvidenceOptions& options) {
  std::vector<Evidence::Part> logs = std::exchange(evidence.kernel_logs, {});
  auto seen = observe_parts(std::move(evidence), options);
  if (!seen) return seen;
  if (auto added = add_reports(std::move(logs), *seen); !added) return std::unexpected(std::move(added.error()));
  add_kills(*seen);
  return seen;
}

Result<std::unique_ptr<model::Observation>> observe_evidence(Evidence evidence, const EvidenceOptions& options) {
  auto seen = observe_with_reports(std::move(evidence), options);
  if (!seen) return std::unexpected(std::move(seen.error()));
  return std::move(seen->observation);
}

Result<std::unique_ptr<model::Observation>> observe_evidence(const std::vector<std::string>& paths,
                                                             const EvidenceOptions& options) {
  auto evidence = open_evidence(paths);
  if (!evidence) return std::unexpected(std::move(evidence.error()));
  return observe_evidence(std::move(*evidence), options);
}

}  // namespace leakscope::session
