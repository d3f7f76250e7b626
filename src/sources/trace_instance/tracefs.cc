#include "sources/trace_instance/tracefs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::trace_instance {
namespace {

constexpr const char* kMounted = "/sys/kernel/tracing";
constexpr const char* kBelowDebugfs = "/sys/kernel/debug/tracing";
constexpr std::string_view kHint = "Mount it: mount -t tracefs tracefs /sys/kernel/tracing";
// tracefs files are formats and lists: the longest, saved_cmdlines, has 128 lines unless somebody asked for more.
constexpr std::size_t kLongestText = std::size_t{4} << 20U;

UniqueFd open_mounted(const char* path) {
  UniqueFd root(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct statfs status{};
  if (!root.is_open() || ::fstatfs(root.get(), &status) != 0 || status.f_type != TRACEFS_MAGIC) return {};
  return root;
}

/// fsopen(2) and fsmount(2), since 5.2: a mount that is attached nowhere.
UniqueFd mount_detached(int& error) {
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC)));
  if (!context.is_open() || ::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    error = errno;
    return {};
  }
  constexpr unsigned kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  const UniqueFd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, kAttributes)));
  if (!mount.is_open()) {
    error = errno;
    return {};
  }
  // What fsmount() gives is a path only: it names the mount, and cannot be read.
  UniqueFd root(::openat(mount.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.is_open()) error = errno;
  return root;
}

}  // namespace

Result<Tracefs> Tracefs::open() {
  if (UniqueFd root = open_mounted(kMounted); root.is_open()) return Tracefs(std::move(root), kMounted);
  int error = 0;
  if (UniqueFd root = mount_detached(error); root.is_open()) return Tracefs(std::move(root), "tracefs");
  if (UniqueFd root = open_mounted(kBelowDebugfs); root.is_open()) return Tracefs(std::move(root), kBelowDebugfs);
  if (error == EPERM || error == EACCES) {
    return fail(Error::Kind::kDenied, kMounted, "tracefs is not mounted, and we may not", std::string(kHint));
  }
  return fail(Error::Kind::kUnsupported, kMounted, "tracefs is not mounted", std::string(kHint));
}

Result<std::string> read_text(int directory, const std::string& path, std::string_view where) {
  const auto failed = [&] {
    return std::unexpected(error_from_errno(errno, fmt::format("{}/{}", where, path), "read"));
  };
  const UniqueFd file(::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return failed();
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() < kLongestText) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed();
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

Result<> write_text(int directory, const std::string& path, std::string_view text, std::string_view where) {
  const UniqueFd file(::openat(directory, path.c_str(), O_WRONLY | O_CLOEXEC));
  ssize_t put = -1;
  if (file.is_open()) {
    do {
      put = ::write(file.get(), text.data(), text.size());
    } while (put < 0 && errno == EINTR);
  }
  if (put >= 0) return {};
  return std::unexpected(
      error_from_errno(errno, fmt::format("{}/{}", where, path), fmt::format("write '{}' to", text)));
}

Result<std::vector<std::string>> list_names(int directory, const std::string& path, std::string_view where) {
  const auto failed = [&] {
    return std::unexpected(error_from_errno(errno, fmt::format("{}/{}", where, path), "list"));
  };
  UniqueFd folder(::openat(directory, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return failed();
  const std::unique_ptr<DIR, decltype([](DIR* open) { ::closedir(open); })> entries(::fdopendir(folder.get()));
  if (!entries) return failed();
  (void)folder.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

}  // namespace leakscope::sources::trace_instance
