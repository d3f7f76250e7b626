#include "sources/trace_text/line_feed.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace leakscope::sources::trace_text {
namespace {

constexpr std::size_t kBufferSize = std::size_t{128} << 10U;

}  // namespace

LineFeed::LineFeed(UniqueFd file, std::string name, std::string_view already_read)
    : file_(std::move(file)),
      name_(std::move(name)),
      buffer_(std::max(kBufferSize, already_read.size() + kLongestLine)) {
  std::ranges::copy(already_read, buffer_.begin());
  end_ = already_read.size();
}

Result<std::size_t> LineFeed::fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  searched_ -= begin_;
  begin_ = 0;
  while (true) {
    const ssize_t got = ::read(file_.get(), buffer_.data() + end_, buffer_.size() - end_);
    if (got >= 0) {
      end_ += static_cast<std::size_t>(got);
      return static_cast<std::size_t>(got);
    }
    if (errno == EAGAIN) {
      pollfd wait{.fd = file_.get(), .events = POLLIN, .revents = 0};
      (void)::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return std::unexpected(error_from_errno(errno, name_, "read"));
    }
  }
}

Result<LineFeed::Step> LineFeed::next(std::string_view& line) {
  while (true) {
    const void* const found =
        end_ > searched_ ? std::memchr(buffer_.data() + searched_, '\n', end_ - searched_) : nullptr;
    if (found != nullptr) {
      const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
      line = std::string_view(buffer_.data() + begin_, at - begin_);
      begin_ = searched_ = at + 1;
      const bool too_long = std::exchange(skipping_, false) || line.size() > kLongestLine;
      if (!too_long) return Step::kLine;
      ++long_lines_;
      continue;
    }
    if (ended_) {
      cut_ = cut_ || end_ > begin_ || skipping_;
      begin_ = end_;
      return Step::kEnd;
    }
    searched_ = end_;
    if (end_ - begin_ > kLongestLine) {
      skipping_ = true;
      begin_ = end_;
    }
    const auto got = fill();
    if (!got) return std::unexpected(got.error());
    ended_ = *got == 0;
  }
}

}  // namespace leakscope::sources::trace_text
