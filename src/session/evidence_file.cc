#include "session/evidence_file.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "session/kernel_log_report.h"
#include "session/log_formats.h"
#include "session/standard_input.h"
#include "sources/logs/byte_stream.h"
#include "sources/logs/log_reader.h"
#include "sources/recording/frame.h"
#include "sources/snapshot/archive.h"

namespace leakscope::session {
namespace {

namespace logs = sources::logs;

/// Most that is copied of a pipe.
constexpr std::uint64_t kMostCopied = 16ULL << 30U;
/// Samples between the lines of a kernel log are looked for in so much of it: offering a line to every format costs
/// far more than the sieve for OOM reports does.
constexpr std::uint64_t kSearchedForSamples = 64ULL << 20U;

/// The first bytes, which stay to be read: of a pipe by tee(2), since what was read from it is gone.
Result<std::string> peek(int fd, mode_t mode, const std::string& name) {
  std::string head(std::size_t{64} << 10U, '\0');
  ssize_t got = 0;
  if (S_ISREG(mode)) {
    got = ::pread(fd, head.data(), head.size(), ::lseek(fd, 0, SEEK_CUR));
  } else if (S_ISSOCK(mode)) {
    got = ::recv(fd, head.data(), head.size(), MSG_PEEK);
  } else if (S_ISFIFO(mode)) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(error_from_errno(errno, name, "look at"));
    const UniqueFd out(ends[0]);
    const UniqueFd in(ends[1]);
    got = ::tee(fd, in.get(), head.size(), 0);
    if (got > 0) got = ::read(out.get(), head.data(), static_cast<std::size_t>(got));
  }
  if (got < 0) return std::unexpected(error_from_errno(errno, name, "read"));
  head.resize(static_cast<std::size_t>(got));
  return head;
}

/// What the first bytes hold when they are compressed; themselves when they are not.
std::string unpacked(const std::string& head, const std::string& name) {
  auto bytes = logs::open_bytes(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), name, head);
  if (!bytes || !(*bytes)->was_compressed()) return head;
  std::string text;
  while (text.size() < head.size()) {
    const auto piece = (*bytes)->next();
    if (!piece || piece->empty()) break;  // the head ends within a compressed block
    text.append(*piece);
  }
  return text;
}

Result<UniqueFd> nameless_file() {
  const char* const wanted = std::getenv("TMPDIR");
  Error error;
  for (const char* const place : {wanted, "/var/tmp", "/tmp"}) {
    if (place == nullptr || *place == '\0') continue;
    UniqueFd file(::open(place, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file.is_open()) return file;
    // Not every file system has O_TMPFILE.
    std::string name = fmt::format("{}/leakscope-XXXXXX", place);
    file.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (file.is_open() && ::unlink(name.c_str()) == 0) return file;
    error = error_from_errno(errno, place, "make a file in");
  }
  error.hint = "Set TMPDIR to a directory that can be written to";
  return std::unexpected(std::move(error));
}

Result<> write_all(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      Error error = error_from_errno(errno, name, "copy");
      error.hint = "Set TMPDIR to a directory with more space, or give a file by its name";
      return std::unexpected(std::move(error));
    }
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

/// What is left to read, in a file that can be read again.
Result<UniqueFd> copy_of(int from, const std::string& name) {
  auto file = nameless_file();
  if (!file) return file;
  std::string piece(std::size_t{256} << 10U, '\0');
  for (std::uint64_t copied = 0;;) {
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(error_from_errno(errno, name, "read"));
    if (got == 0) break;
    copied += static_cast<std::uint64_t>(got);
    if (copied > kMostCopied) {
      return fail(Error::Kind::kUsage, name, fmt::format("gives more than {} GiB", kMostCopied >> 30U),
                  "Give a file by its name");
    }
    if (auto put = write_all(file->get(), {piece.data(), static_cast<std::size_t>(got)}, name); !put) {
      return std::unexpected(std::move(put.error()));
    }
  }
  if (::lseek(file->get(), 0, SEEK_SET) < 0) return std::unexpected(error_from_errno(errno, name, "go back in"));
  return file;
}

/// The beginning of a stream.
class FirstBytes final : public logs::ByteStream {
 public:
  FirstBytes(std::unique_ptr<ByteStream> bytes, std::uint64_t most) : bytes_(std::move(bytes)), left_(most) {}

  [[nodiscard]] Result<std::string_view> next() override {
    if (left_ == 0) return std::string_view{};
    auto piece = bytes_->next();
    if (piece) {
      *piece = piece->substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(piece->size(), left_)));
      left_ -= piece->size();
    }
    return piece;
  }

 private:
  std::unique_ptr<ByteStream> bytes_;
  std::uint64_t left_;
};

/// Whether the formats of logs find so many samples in the bytes.
bool has_samples(std::unique_ptr<logs::ByteStream> bytes, const std::string& name, std::size_t wanted) {
  std::vector<logs::LogInput> inputs;
  inputs.push_back({name, std::move(bytes)});
  logs::LogReader reader(std::move(inputs), log_formats(PageSize{}), std::make_shared<model::Registry>(), {});
  model::Sample sample;
  for (std::size_t found = 0; found < wanted; ++found) {
    if (!reader.next(sample).value_or(false)) return false;
  }
  return true;
}

bool has_samples(const UniqueFd& fd, const std::string& name, std::size_t wanted) {
  auto bytes = logs::open_bytes(open_again(fd), name);
  return bytes && has_samples(std::make_unique<FirstBytes>(std::move(*bytes), kSearchedForSamples), name, wanted);
}

/// Whether the kernel may have said anything in these bytes: a line of its own, or the head of an OOM report.
bool names_the_kernel(std::string_view bytes) {
  constexpr std::string_view kTag = "kernel";
  for (std::string_view rest = bytes;;) {
    const auto* const found = static_cast<const char*>(::memmem(rest.data(), rest.size(), kTag.data(), kTag.size()));
    if (found == nullptr) break;
    rest.remove_prefix(static_cast<std::size_t>(found - rest.data()) + kTag.size());
    // "kernel: ", "kernel[1]: ", "_TRANSPORT":"kernel"; vmstat has nr_kernel_stack.
    if (rest.starts_with(':') || rest.starts_with('[') || rest.starts_with('"')) return true;
  }
  constexpr std::string_view kOom = "oom-";
  return ::memmem(bytes.data(), bytes.size(), kOom.data(), kOom.size()) != nullptr;
}

/// Taking every line of a log apart costs as much as judging it: most logs of samples are through after this.
bool names_the_kernel(const UniqueFd& fd, const std::string& name) {
  constexpr std::size_t kLongest = 8;
  auto bytes = logs::open_bytes(open_again(fd), name);
  if (!bytes) return false;
  std::string across;  // the end of a piece, and the beginning of the next
  for (auto piece = (*bytes)->next(); piece && !piece->empty(); piece = (*bytes)->next()) {
    across += piece->substr(0, kLongest);
    if (names_the_kernel(across) || names_the_kernel(*piece)) return true;
    across = piece->substr(piece->size() - std::min(piece->size(), kLongest));
  }
  return false;
}

/// A log that is no kernel log in its first lines may become one, and a kernel log may have samples between its lines
/// ("logger -f /proc/meminfo"). One moment shows no growth, so that an OOM report beside it tells more.
void tell_kind_of_log(const std::string& head, const std::string& name, EvidenceFile& file) {
  const bool kernel_first = looks_like_kernel_log(head);
  if (!kernel_first && !names_the_kernel(file.fd, name)) return;
  KernelLines lines;
  if (auto log = open_kernel_log(name, open_again(file.fd))) lines = kernel_lines_of(*log);
  if (!kernel_first && !lines.any) return;
  const bool samples = has_samples(file.fd, name, lines.reports ? 2 : 1);
  if (!samples) file.kind = EvidenceKind::kKernelLog;
  file.has_reports = samples && lines.reports;
}

/// What can be read from its beginning as often as need be.
bool is_lasting(const UniqueFd& fd, mode_t mode) {
  return S_ISREG(mode) && ::lseek(fd.get(), 0, SEEK_CUR) == 0 && open_again(fd).is_open();
}

Result<UniqueFd> open_path(const std::string& path) {
  if (path == "-") return standard_input();
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, path, "open"));
  return fd;
}

}  // namespace

std::string path_again(const UniqueFd& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }

UniqueFd open_again(const UniqueFd& fd) {
  return UniqueFd(::open(path_again(fd).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
}

Result<EvidenceFile> open_evidence_file(const std::string& path) {
  const std::string name = path == "-" ? std::string(kStandardInput) : path;
  EvidenceFile file;
  struct stat status{};
  if (path != "-") {
    // Looked at before it is opened: opening a device may do something.
    if (::stat(path.c_str(), &status) != 0) return std::unexpected(error_from_errno(errno, name, "look at"));
    if (S_ISDIR(status.st_mode)) {
      file.kind = EvidenceKind::kFolder;
      return file;
    }
    if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
      return fail(Error::Kind::kUsage, name, "is a device, not a file or a folder");
    }
  }
  auto opened = open_path(path);
  if (!opened) return std::unexpected(std::move(opened.error()));
  file.fd = std::move(*opened);
  if (::fstat(file.fd.get(), &status) != 0) return std::unexpected(error_from_errno(errno, name, "look at"));
  auto head = peek(file.fd.get(), status.st_mode, name);
  if (!head) return std::unexpected(std::move(head.error()));
  if (head->starts_with(sources::recording::kMagic)) {
    file.kind = EvidenceKind::kRecording;
    return file;
  }
  if (!is_lasting(file.fd, status.st_mode)) {
    auto copy = copy_of(file.fd.get(), name);
    if (!copy) return std::unexpected(std::move(copy.error()));
    file.fd = std::move(*copy);
    file.is_copy = true;
    head = peek(file.fd.get(), S_IFREG, name);
    if (!head) return std::unexpected(std::move(head.error()));
  }
  if (sources::snapshot::is_archive(path_again(file.fd))) {
    file.kind = EvidenceKind::kArchive;
  } else {
    tell_kind_of_log(unpacked(*head, name), name, file);
  }
  return file;
}

}  // namespace leakscope::session
