#include "session/cache_dropper.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

namespace leakscope::session {
namespace {

constexpr const char* kDropCaches = "/proc/sys/vm/drop_caches";
constexpr const char* kSlab = "/sys/kernel/slab";

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

}  // namespace

Result<CacheDropper> CacheDropper::open() {
  UniqueFd fd(::open(kDropCaches, O_WRONLY | O_CLOEXEC));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, kDropCaches, "open for --drop-caches"));
  return CacheDropper(std::move(fd));
}

Result<> CacheDropper::drop() const {
  if (::pwrite(drop_.get(), "3\n", 2, 0) == 2) return {};
  return std::unexpected(error_from_errno(errno, kDropCaches, "write"));
}

bool CacheDropper::shrink() const {
  const std::unique_ptr<DIR, CloseDir> folder(::opendir(kSlab));
  if (!folder) return false;
  bool any = false;
  while (const dirent* entry = ::readdir(folder.get())) {
    // Aliases of merged caches are links to the same.
    if (entry->d_name[0] == '.' || entry->d_type == DT_LNK) continue;
    const std::string path = std::string(entry->d_name) + "/shrink";
    const UniqueFd fd(::openat(::dirfd(folder.get()), path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (fd.is_open() && ::write(fd.get(), "1\n", 2) == 2) any = true;
  }
  return any;
}

}  // namespace leakscope::session
