#include "sources/recording/frame_scan.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace leakscope::sources::recording {
namespace {

constexpr std::size_t kSearchWindow = std::size_t{64} << 10U;

class Scanner {
 public:
  Scanner(int fd, std::string_view name, std::uint64_t size) : fd_(fd), name_(name) { scan_.file_size = size; }

  Result<FrameScan> run() {
    const auto start = read_at(fd_, 0, kMagic.size(), header_, name_);
    if (!start) return std::unexpected(start.error());
    scan_.starts_like_one = !header_.empty() && header_ == kMagic.substr(0, header_.size());
    std::uint64_t at = 0;
    while (at < scan_.file_size && scan_.frames.size() < kMaxFrames) {
      const auto header = header_at(at);
      if (!header) return std::unexpected(header.error());
      if (*header && (*header)->schema > kSchemaVersion) {
        scan_.newer_schema = (*header)->schema;
        break;
      }
      if (*header && at + (*header)->frame_size() <= scan_.file_size) {
        take({at, **header});
        at = scan_.whole_size;
        continue;
      }
      const auto next = step_over_damage(at);
      if (!next) return std::unexpected(next.error());
      at = *next;
    }
    scan_.too_many = scan_.frames.size() == kMaxFrames;
    return std::move(scan_);
  }

 private:
  Result<std::optional<FrameHeader>> header_at(std::uint64_t offset) {
    const auto read = read_at(fd_, offset, kHeaderSize, header_, name_);
    if (!read) return std::unexpected(read.error());
    return decode_header(header_);
  }

  void take(FrameRef frame) {
    const std::uint64_t replaced = std::min(frame.header.supersedes, frame.offset);
    const std::uint64_t from = frame.offset - replaced;
    while (!scan_.frames.empty() && scan_.frames.back().offset >= from) scan_.frames.pop_back();
    while (!scan_.damaged.empty() && scan_.damaged.back().offset >= from) scan_.damaged.pop_back();
    scan_.whole_size = frame.end();
    scan_.frames.push_back(frame);
  }

  // No whole frame at this offset: where does the next one begin? The frame before is only now checked, since its own
  // payload may be what lacks a piece, so that the next header is to be found within it.
  Result<std::uint64_t> step_over_damage(std::uint64_t at) {
    std::uint64_t start = at;
    if (!scan_.frames.empty() && scan_.frames.back().end() == at && checked_ <= scan_.file_size * 4) {
      const FrameRef before = scan_.frames.back();
      checked_ += before.header.stored_size;
      const auto payload = read_payload(fd_, before, payload_, name_);
      if (!payload) return std::unexpected(payload.error());
      if (!*payload) {
        scan_.frames.pop_back();
        start = before.offset;
        scan_.whole_size = start;
      }
    }
    const auto next = find_header(start + 1);
    if (!next) return std::unexpected(next.error());
    if (!*next) return scan_.file_size;  // a torn tail
    scan_.damaged.push_back({start, **next - start});
    return **next;
  }

  // The next place with a valid header of a frame that is not cut by the end of the file.
  Result<std::optional<std::uint64_t>> find_header(std::uint64_t from) {
    const std::uint64_t end = std::min(scan_.file_size, from + kMostBytesWithoutFrame);
    for (std::uint64_t at = from; at + kHeaderSize <= end;) {
      const auto read = read_at(fd_, at, kSearchWindow, window_, name_);
      if (!read) return std::unexpected(read.error());
      const std::string_view window = window_;
      for (std::size_t hit = window.find(kMagic); hit != std::string_view::npos; hit = window.find(kMagic, hit + 1)) {
        if (window.size() - hit < kHeaderSize) break;  // looked at again in the next window
        const auto header = decode_header(window.substr(hit));
        if (header && (header->schema > kSchemaVersion || at + hit + header->frame_size() <= scan_.file_size)) {
          return at + hit;
        }
      }
      if (window.size() < kSearchWindow) break;
      at += window.size() - (kHeaderSize - 1);
    }
    return std::optional<std::uint64_t>();
  }

  int fd_;
  std::string_view name_;
  FrameScan scan_;
  std::string header_;
  std::string window_;
  std::string payload_;
  std::uint64_t checked_ = 0;  // bytes of payloads, which foreign bytes could make overlap
};

}  // namespace

Result<> read_at(int fd, std::uint64_t offset, std::size_t size, std::string& out, std::string_view name) {
  out.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd, out.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(error_from_errno(errno, std::string(name), "read"));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  out.resize(done);
  return {};
}

Result<std::optional<std::string_view>> read_payload(int fd, const FrameRef& frame, std::string& buffer,
                                                     std::string_view name) {
  const auto read = read_at(fd, frame.offset + kHeaderSize, frame.header.stored_size, buffer, name);
  if (!read) return std::unexpected(read.error());
  if (!checksum_fits(frame.header, buffer)) return std::optional<std::string_view>();
  return std::optional<std::string_view>(buffer);
}

Result<FrameScan> scan_frames(int fd, std::string_view name) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return std::unexpected(error_from_errno(errno, std::string(name), "look at"));
  return Scanner(fd, name, static_cast<std::uint64_t>(status.st_size)).run();
}

}  // namespace leakscope::sources::recording
