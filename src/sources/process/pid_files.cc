#include "sources/process/pid_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

namespace leakscope::sources::process {
namespace {

constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

}  // namespace

UniqueFd PidFiles::open(Pid pid, const char* file) const {
  std::array<char, 48> path{};
  *fmt::format_to_n(path.data(), path.size() - 1, "{}/{}", pid.value, file).out = '\0';
  return UniqueFd(::openat(proc_, path.data(), kFlags));
}

UniqueFd PidFiles::open_dir(Pid pid) const {
  std::array<char, 16> path{};
  *fmt::format_to_n(path.data(), path.size() - 1, "{}", pid.value).out = '\0';
  return UniqueFd(::openat(proc_, path.data(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

std::optional<std::string_view> PidFiles::read_in(int dir, const char* file) {
  const UniqueFd fd(::openat(dir, file, kFlags));
  if (!fd.is_open()) return std::nullopt;
  return read(fd.get());
}

std::optional<std::string_view> PidFiles::read(int fd) {
  for (;;) {
    const ssize_t got = ::pread(fd, text_.data(), text_.size(), 0);
    if (got >= 0) return std::string_view(text_.data(), static_cast<std::size_t>(got));
    if (errno != EINTR) return std::nullopt;
  }
}

std::optional<std::string_view> PidFiles::read(Pid pid, const char* file) {
  const UniqueFd fd = open(pid, file);
  if (!fd.is_open()) return std::nullopt;
  return read(fd.get());
}

}  // namespace leakscope::sources::process
