#include "sources/process/pid_list.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/text_cursor.h"

namespace leakscope::sources::process {
namespace {

constexpr std::size_t kBufferSize = std::size_t{64} << 10U;

// Heads of the records that getdents64(2) gives: d_ino, d_off, d_reclen, d_type, then the name with its NUL.
constexpr std::size_t kLengthOffset = 16;
constexpr std::size_t kNameOffset = 19;

}  // namespace

PidList::PidList(UniqueFd proc, std::string where)
    : proc_(std::move(proc)), where_(std::move(where)), buffer_(kBufferSize) {}

Result<> PidList::read(std::vector<Pid>& pids) {
  pids.clear();
  if (::lseek(proc_.get(), 0, SEEK_SET) < 0) return std::unexpected(error_from_errno(errno, where_, "rewind"));
  for (;;) {
    const long got = ::syscall(SYS_getdents64, proc_.get(), buffer_.data(), buffer_.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(error_from_errno(errno, where_, "list directory"));
    if (got == 0) return {};
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      std::uint16_t length = 0;
      std::memcpy(&length, buffer_.data() + at + kLengthOffset, sizeof length);
      const std::string_view name = buffer_.data() + at + kNameOffset;
      if (name.front() >= '1' && name.front() <= '9') {
        if (const auto pid = parse_number<std::int32_t>(name)) pids.push_back(Pid{*pid});
      }
      at += length;
    }
  }
}

}  // namespace leakscope::sources::process
