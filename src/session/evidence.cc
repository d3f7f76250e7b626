#include "session/evidence.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "base/unique_fd.h"
#include "session/kernel_log_report.h"
#include "session/log_evidence.h"
#include "session/recordings.h"
#include "session/snapshot_folders.h"
#include "session/standard_input.h"
#include "sources/logs/byte_stream.h"
#include "sources/recording/frame.h"
#include "sources/snapshot/archive.h"

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

/// What is evidence, opened, and what it is.
struct Opened {
  UniqueFd fd;
  EvidenceKind kind = EvidenceKind::kText;
};

/// The first bytes, which stay to be read: of a pipe by tee(2), since what was read from it is gone.
Result<std::string> peek(int fd, mode_t mode, const std::string& path) {
  std::string head(std::size_t{64} << 10U, '\0');
  ssize_t got = 0;
  if (S_ISREG(mode)) {
    got = ::pread(fd, head.data(), head.size(), ::lseek(fd, 0, SEEK_CUR));
  } else if (S_ISSOCK(mode)) {
    got = ::recv(fd, head.data(), head.size(), MSG_PEEK);
  } else if (S_ISFIFO(mode)) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(error_from_errno(errno, path, "look at"));
    const UniqueFd out(ends[0]);
    const UniqueFd in(ends[1]);
    got = ::tee(fd, in.get(), head.size(), 0);
    if (got > 0) got = ::read(out.get(), head.data(), static_cast<std::size_t>(got));
  }
  if (got < 0) return std::unexpected(error_from_errno(errno, path, "read"));
  head.resize(static_cast<std::size_t>(got));
  return head;
}

/// What the first bytes hold when they are compressed; themselves when they are not.
std::string unpacked(const std::string& head, const std::string& name) {
  auto bytes = sources::logs::open_bytes(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), name, head);
  if (!bytes || !(*bytes)->was_compressed()) return head;
  std::string text;
  while (text.size() < head.size()) {
    const auto piece = (*bytes)->next();
    if (!piece || piece->empty()) break;  // the head ends within a compressed block
    text.append(*piece);
  }
  return text;
}

Result<Opened> open_one(const std::string& path) {
  const bool is_input = path == "-";
  const std::string name = is_input ? std::string(kStandardInput) : path;
  Opened opened;
  struct stat status{};
  if (!is_input) {
    // Looked at before it is opened: opening a device may do something.
    if (::stat(path.c_str(), &status) != 0) return std::unexpected(error_from_errno(errno, name, "look at"));
    if (S_ISDIR(status.st_mode)) {
      opened.kind = EvidenceKind::kFolder;
      return opened;
    }
    if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
      return fail(Error::Kind::kUsage, name, "is a device, not a file or a folder");
    }
  }
  if (is_input) {
    auto input = standard_input();
    if (!input) return std::unexpected(std::move(input.error()));
    opened.fd = std::move(*input);
  } else {
    opened.fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!opened.fd.is_open()) return std::unexpected(error_from_errno(errno, name, "open"));
  }
  if (::fstat(opened.fd.get(), &status) != 0) return std::unexpected(error_from_errno(errno, name, "look at"));
  const auto head = peek(opened.fd.get(), status.st_mode, name);
  if (!head) return std::unexpected(head.error());
  if (head->starts_with(sources::recording::kMagic)) {
    opened.kind = EvidenceKind::kRecording;
  } else if (S_ISREG(status.st_mode) && !is_input && sources::snapshot::is_archive(path)) {
    opened.kind = EvidenceKind::kArchive;
  } else if (looks_like_kernel_log(unpacked(*head, name))) {
    opened.kind = EvidenceKind::kKernelLog;
  }
  return opened;
}

}  // namespace

Result<EvidenceKind> kind_of_evidence(const std::string& path) {
  const auto opened = open_one(path);
  if (!opened) return std::unexpected(opened.error());
  return opened->kind;
}

Result<Evidence> open_evidence(const std::vector<std::string>& paths) {
  if (paths.empty()) return fail(Error::Kind::kUsage, "--from", "names nothing to judge");
  Evidence evidence;
  for (const std::string& path : paths) {
    auto opened = open_one(path);
    if (!opened) return std::unexpected(std::move(opened.error()));
    // An archive is a folder that was packed.
    if (opened->kind == EvidenceKind::kArchive) opened->kind = EvidenceKind::kFolder;
    if (evidence.parts.empty()) evidence.kind = opened->kind;
    if (opened->kind != evidence.kind) {
      return fail(Error::Kind::kUsage, path,
                  fmt::format("is a {}, and {} is a {}: they cannot be judged together", to_string(opened->kind),
                              paths.front(), to_string(evidence.kind)),
                  "Judge them one after the other");
    }
    evidence.parts.push_back({path, path == "-" ? std::string(kStandardInput) : path, std::move(opened->fd)});
  }
  return evidence;
}

Result<std::unique_ptr<model::Observation>> observe_evidence(Evidence evidence, const EvidenceOptions& options) {
  if (options.until && evidence.kind != EvidenceKind::kRecording) {
    return fail(Error::Kind::kUsage, "--until", "makes sense with a recording only");
  }
  std::vector<std::string> paths;
  paths.reserve(evidence.parts.size());
  for (const Evidence::Part& part : evidence.parts) paths.push_back(part.path);
  switch (evidence.kind) {
    case EvidenceKind::kArchive:
    case EvidenceKind::kFolder:
      return observe_folders(paths, options);
    case EvidenceKind::kRecording:
      if (options.interval) {
        return fail(Error::Kind::kUsage, "--interval", "makes no sense with a recording, whose samples have times");
      }
      return observe_recordings(paths, options.until);
    case EvidenceKind::kKernelLog:
      return fail(Error::Kind::kUsage, paths.front(), "is a kernel log, which tells no series",
                  "Try: leakscope diagnose --from " + paths.front());
    case EvidenceKind::kText:
      break;
  }
  std::vector<LogFile> files;
  files.reserve(evidence.parts.size());
  for (Evidence::Part& part : evidence.parts) files.push_back({part.name, std::move(part.fd)});
  return observe_logs(std::move(files), options);
}

Result<std::unique_ptr<model::Observation>> observe_evidence(const std::vector<std::string>& paths,
                                                             const EvidenceOptions& options) {
  auto evidence = open_evidence(paths);
  if (!evidence) return std::unexpected(std::move(evidence.error()));
  return observe_evidence(std::move(*evidence), options);
}

}  // namespace leakscope::session
