#include "sources/perf_data/input.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace leakscope::sources::perf_data {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16U;

bool is_regular(int fd) {
  struct stat status = {};
  return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

Input::Input(UniqueFd file, std::string name, std::string already_read)
    : file_(std::move(file)),
      name_(std::move(name)),
      already_read_(std::move(already_read)),
      is_file_(is_regular(file_.get())) {}

Result<std::size_t> Input::read(std::span<std::byte> into) {
  const std::uint64_t left = end_ - std::min(position_, end_);
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left)));
  if (into.empty()) return 0;
  auto count = is_file_ ? read_file(position_, into) : read_pipe(into);
  if (count) position_ += *count;
  return count;
}

Result<std::size_t> Input::read_file(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) - into.size()) return 0;
  for (;;) {
    const ssize_t got = pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return std::unexpected(error_from_errno(errno, name_, "read"));
  }
}

Result<std::size_t> Input::read_pipe(std::span<std::byte> into) {
  if (given_ < already_read_.size()) {
    const std::size_t count = std::min(into.size(), already_read_.size() - given_);
    std::memcpy(into.data(), already_read_.data() + given_, count);
    given_ += count;
    return count;
  }
  for (;;) {
    const ssize_t got = ::read(file_.get(), into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return std::unexpected(error_from_errno(errno, name_, "read"));
  }
}

Result<> Input::skip(std::uint64_t count) {
  if (is_file_) {
    position_ = count > end_ - std::min(position_, end_) ? end_ : position_ + count;
    return {};
  }
  std::array<std::byte, kPiece> piece{};
  while (count > 0) {
    const auto got = read(std::span(piece).first(static_cast<std::size_t>(std::min<std::uint64_t>(count, kPiece))));
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    count -= *got;
  }
  return {};
}

void Input::limit(std::uint64_t from, std::uint64_t to) {
  position_ = from;
  end_ = std::max(from, to);
}

Result<std::string> Input::read_at(std::uint64_t offset, std::uint64_t size, std::size_t most) const {
  size = std::min<std::uint64_t>(size, most);
  std::string bytes;
  while (bytes.size() < size) {
    // Piece by piece: a size that is a lie costs no more memory than the file has bytes.
    const std::size_t at = bytes.size();
    const std::size_t piece = std::min(static_cast<std::size_t>(size) - at, std::max(at, kPiece));
    bytes.resize(at + piece);
    std::uint64_t from = 0;
    if (__builtin_add_overflow(offset, at, &from)) from = kToTheEnd;
    const auto got = read_file(from, std::as_writable_bytes(std::span(bytes)).subspan(at));
    if (!got) return std::unexpected(got.error());
    bytes.resize(at + *got);
    if (*got == 0) break;
  }
  return bytes;
}

}  // namespace leakscope::sources::perf_data
