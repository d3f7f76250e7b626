#include <sys/stat.h>

#include <algorithm>

#include "sources/recording/frame_source.h"

namespace leakscope::sources::recording {
namespace {

class FileFrames final : public FrameSource {
 public:
  FileFrames(UniqueFd fd, std::string name, FrameScan scan, struct stat status)
      : fd_(std::move(fd)), name_(std::move(name)), scan_(std::move(scan)), status_(status) {}

  Result<std::optional<FrameHeader>> next() override {
    if (next_ == scan_.frames.size()) {
      if (scan_.newer_schema) return std::unexpected(newer_schema(name_, *scan_.newer_schema));
      return std::optional<FrameHeader>();
    }
    return scan_.frames[next_++].header;
  }

  Result<std::optional<std::string_view>> payload() override {
    const FrameRef& frame = scan_.frames[next_ - 1];
    auto payload = read_payload(fd_.get(), frame, buffer_, name_);
    if (!payload || *payload) return payload;
    const auto changed = scan_again(frame.offset);
    if (!changed) return std::unexpected(changed.error());
    if (!*changed) {
      ++damaged_frames_;
      damaged_bytes_ += frame.header.frame_size();
    }
    return payload;
  }

  FrameDamage damage() const override {
    FrameDamage damage;
    damage.pieces = damaged_frames_ + scan_.damaged.size();
    damage.bytes = damaged_bytes_;
    damage.starts_like_one = scan_.starts_like_one;
    for (const DamagedPiece& piece : scan_.damaged) damage.bytes += piece.size;
    if (!scan_.newer_schema) damage.torn_bytes = scan_.file_size - scan_.whole_size;
    return damage;
  }
  const FrameScan* scan() const override { return &scan_; }
  void rewind() override { next_ = 0; }

 private:
  // True when the file has been written to; reading goes on with the frame that now stands at this offset or around it.
  Result<bool> scan_again(std::uint64_t offset) {
    struct stat now{};
    if (::fstat(fd_.get(), &now) != 0) return std::unexpected(error_from_errno(errno, name_, "look at"));
    if (now.st_size == status_.st_size && now.st_mtim.tv_sec == status_.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == status_.st_mtim.tv_nsec) {
      return false;
    }
    auto scan = scan_frames(fd_.get(), name_);
    if (!scan) return std::unexpected(scan.error());
    status_ = now;
    scan_ = std::move(*scan);
    const auto behind = std::ranges::upper_bound(scan_.frames, offset, {}, &FrameRef::offset);
    next_ = static_cast<std::size_t>(behind - scan_.frames.begin());
    if (next_ > 0) --next_;
    return true;
  }

  UniqueFd fd_;
  std::string name_;
  FrameScan scan_;
  struct stat status_;
  std::size_t next_ = 0;
  std::string buffer_;
  std::uint64_t damaged_frames_ = 0;
  std::uint64_t damaged_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<FrameSource>> open_file_frames(UniqueFd fd, std::string name) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(error_from_errno(errno, name, "look at"));
  auto scan = scan_frames(fd.get(), name);
  if (!scan) return std::unexpected(scan.error());
  return std::make_unique<FileFrames>(std::move(fd), std::move(name), std::move(*scan), status);
}

}  // namespace leakscope::sources::recording
