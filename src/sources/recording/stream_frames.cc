#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sources/recording/frame_source.h"

namespace leakscope::sources::recording {
namespace {

constexpr std::size_t kReadSize = std::size_t{256} << 10U;
// Foreign bytes may hold many headers, each of which claims a long payload that does not fit its checksum.
constexpr std::uint64_t kFreeChecks = std::uint64_t{1} << 30U;

class StreamFrames final : public FrameSource {
 public:
  StreamFrames(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  Result<std::optional<FrameHeader>> next() override {
    at_ += frame_size_;
    frame_size_ = 0;
    while (true) {
      auto there = want(kHeaderSize);
      if (!there) return std::unexpected(there.error());
      if (!*there) return end();
      const auto header = decode_header(rest());
      if (header && header->schema > kSchemaVersion) return std::unexpected(newer_schema(name_, header->schema));
      if (header) {
        there = want(header->frame_size());
        if (!there) return std::unexpected(there.error());
        if (*there && fits(*header)) {
          count_damage();
          frame_size_ = header->frame_size();
          header_ = *header;
          return header_;
        }
      }
      if (skipped_ > kMostBytesWithoutFrame) return end();
      step_over();
    }
  }

  Result<std::optional<std::string_view>> payload() override {
    return std::optional(rest().substr(kHeaderSize, header_.stored_size));
  }
  FrameDamage damage() const override { return damage_; }

 private:
  [[nodiscard]] std::string_view rest() const { return std::string_view(buffer_).substr(at_); }

  bool fits(const FrameHeader& header) {
    checked_ += header.stored_size;
    if (checked_ > kFreeChecks + 16 * taken_) return false;
    return checksum_fits(header, rest().substr(kHeaderSize, header.stored_size));
  }

  // To the next place where a frame may begin.
  void step_over() {
    const std::string_view bytes = rest();
    std::size_t step = bytes.find(kMagic, 1);
    if (step == std::string_view::npos) step = std::max<std::size_t>(bytes.size(), kMagic.size()) - kMagic.size() + 1;
    step = std::max<std::size_t>(step, 1);
    skipped_ += step;
    at_ += step;
  }
  void count_damage() {
    if (skipped_ == 0) return;
    ++damage_.pieces;
    damage_.bytes += skipped_;
    skipped_ = 0;
  }
  void look_at_start() {
    const std::string_view start = std::string_view(buffer_).substr(0, kMagic.size());
    damage_.starts_like_one = start == kMagic.substr(0, start.size());
  }
  std::optional<FrameHeader> end() {
    damage_.torn_bytes = skipped_ + rest().size();
    return std::nullopt;
  }

  // True when so many bytes are there, from the current place on; false when the stream ends before.
  Result<bool> want(std::uint64_t size) {
    while (rest().size() < size) {
      if (ended_) return false;
      if (at_ > kReadSize) {
        buffer_.erase(0, at_);
        at_ = 0;
      }
      // A named pipe gives an end of file until somebody opens its other end, but is not ready before.
      pollfd wait{.fd = fd_.get(), .events = POLLIN, .revents = 0};
      if (taken_ == 0) ::poll(&wait, 1, -1);
      const std::size_t before = buffer_.size();
      buffer_.resize(before + kReadSize);
      const ssize_t got = ::read(fd_.get(), buffer_.data() + before, kReadSize);
      const int error = errno;
      buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got > 0) {
        if (taken_ < kMagic.size()) look_at_start();
        taken_ += static_cast<std::uint64_t>(got);
      } else if (got == 0) {
        ended_ = true;
      } else if (error == EAGAIN) {
        ::poll(&wait, 1, -1);
      } else if (error != EINTR) {
        return std::unexpected(error_from_errno(error, name_, "read"));
      }
    }
    return true;
  }

  UniqueFd fd_;
  std::string name_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::uint64_t frame_size_ = 0;
  FrameHeader header_;
  FrameDamage damage_;
  std::uint64_t skipped_ = 0;
  std::uint64_t checked_ = 0;
  std::uint64_t taken_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<FrameSource> open_stream_frames(UniqueFd fd, std::string name) {
  return std::make_unique<StreamFrames>(std::move(fd), std::move(name));
}

}  // namespace leakscope::sources::recording
