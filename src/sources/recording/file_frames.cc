#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "sources/recording/frame_source.h"

namespace leakscope::sources::recording {
namespace {

// A writer touches the file for some milliseconds every 30 s; whoever writes all the time is not waited for.
constexpr int kScanAttempts = 10;

struct ScannedFile {
  FrameScan scan;
  struct stat status{};
};

bool same_state(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// Scans the file in a state in which nobody has written to it meanwhile.
Result<ScannedFile> scan_at_rest(int fd, const std::string& name) {
  ScannedFile file;
  for (int attempt = 0; attempt < kScanAttempts; ++attempt) {
    struct stat after{};
    if (::fstat(fd, &file.status) != 0) return std::unexpected(error_from_errno(errno, name, "look at"));
    auto scan = scan_frames(fd, name);
    if (!scan) return std::unexpected(scan.error());
    file.scan = std::move(*scan);
    if (::fstat(fd, &after) != 0 || same_state(file.status, after)) break;
  }
  return file;
}

class FileFrames final : public FrameSource {
 public:
  FileFrames(UniqueFd fd, std::string name, ScannedFile file)
      : fd_(std::move(fd)), name_(std::move(name)), file_(std::move(file)) {}

  Result<std::optional<FrameHeader>> next() override {
    if (next_ == file_.scan.frames.size()) {
      if (file_.scan.newer_schema) return std::unexpected(newer_schema(name_, *file_.scan.newer_schema));
      return std::optional<FrameHeader>();
    }
    return file_.scan.frames[next_++].header;
  }

  Result<std::optional<std::string_view>> payload() override {
    const FrameRef& frame = file_.scan.frames[next_ - 1];
    auto payload = read_payload(fd_.get(), frame, buffer_, name_);
    if (!payload || *payload) return payload;
    const auto changed = scan_again();
    if (!changed) return std::unexpected(changed.error());
    if (!*changed) {
      ++damaged_frames_;
      damaged_bytes_ += frame.header.frame_size();
    }
    return payload;
  }

  FrameDamage damage() const override {
    FrameDamage damage;
    damage.pieces = damaged_frames_ + file_.scan.damaged.size();
    damage.bytes = damaged_bytes_;
    damage.starts_like_one = file_.scan.starts_like_one;
    for (const DamagedPiece& piece : file_.scan.damaged) damage.bytes += piece.size;
    if (!file_.scan.newer_schema) damage.torn_bytes = file_.scan.file_size - file_.scan.whole_size;
    return damage;
  }
  const FrameScan* scan() const override { return &file_.scan; }
  void rewind() override { next_ = 0; }

 private:
  // True when the file has been written to. What both scans agree on, from the start on, has not been touched; reading
  // goes on behind that, though some of it may be what was read before.
  Result<bool> scan_again() {
    auto fresh = scan_at_rest(fd_.get(), name_);
    if (!fresh) return std::unexpected(fresh.error());
    if (same_state(fresh->status, file_.status)) return false;
    const auto [differs, there] = std::ranges::mismatch(file_.scan.frames, fresh->scan.frames);
    next_ = std::min(next_ - 1, static_cast<std::size_t>(differs - file_.scan.frames.begin()));
    file_ = std::move(*fresh);
    return true;
  }

  UniqueFd fd_;
  std::string name_;
  ScannedFile file_;
  std::size_t next_ = 0;
  std::string buffer_;
  std::uint64_t damaged_frames_ = 0;
  std::uint64_t damaged_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<FrameSource>> open_file_frames(UniqueFd fd, std::string name) {
  auto file = scan_at_rest(fd.get(), name);
  if (!file) return std::unexpected(file.error());
  return std::make_unique<FileFrames>(std::move(fd), std::move(name), std::move(*file));
}

}  // namespace leakscope::sources::recording
