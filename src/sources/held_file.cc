#include "sources/held_file.h"

#include <sys/stat.h>

#include <utility>

namespace leakscope::sources {
namespace {

// A removed regular file stays readable through its descriptor for ever; /proc and /sys say ENODEV by themselves.
bool was_removed(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && status.st_nlink == 0;
}

}  // namespace

Result<std::string_view> HeldFile::read(const RootedDir& root) {
  if (fd_.is_open() && !root.is_live() && was_removed(fd_.get())) fd_.reset();
  if (!fd_.is_open()) {
    auto fd = root.open_file(relative_);
    if (!fd) return std::unexpected(std::move(fd.error()));
    fd_ = std::move(*fd);
  }
  auto text = read_whole(fd_.get(), buffer_, display_);
  if (!text) fd_.reset();
  return text;
}

}  // namespace leakscope::sources
