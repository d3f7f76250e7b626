#include "sources/cgroupfs/cgroup_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace leakscope::sources::cgroupfs {
namespace {

struct Subdirectory {
  std::string name;
  std::uint64_t inode = 0;
};

bool counts_children_in_nlink(int fd) {
  struct statfs fs{};
  if (::fstatfs(fd, &fs) != 0) return false;
  return fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC;
}

bool is_directory(int dir, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status{};
  return ::fstatat(dir, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

/// Replaces `out`; errno on failure, in which case `out` may miss some.
int list_subdirectories(int parent, const std::string& relative, std::vector<Subdirectory>& out) {
  out.clear();
  struct stat status{};
  if (::fstatat(parent, relative.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  if (status.st_nlink == 2 && counts_children_in_nlink(parent)) return 0;
  UniqueFd fd(::openat(parent, relative.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.is_open()) return errno;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd.get()), ::closedir);
  if (!dir) return errno;
  const int dir_fd = fd.release();
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) return errno;
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || !is_directory(dir_fd, *entry)) continue;
    out.push_back({std::string(name), entry->d_ino});
  }
}

}  // namespace

CgroupTree::CgroupTree(const RootedDir& directory, std::size_t most) : directory_(directory), most_(most) {}

bool CgroupTree::walk(Nanoseconds cpu, const Listener& listener) {
  const Nanoseconds start = thread_cpu_time();
  if (queue_.empty()) {
    ++walk_;
    too_many_ = false;
    if (nodes_.empty()) {
      add(kRoot, "", 0);
      listener.made(kRoot);
    }
    queue_.push_back(kRoot);
  }
  while (!queue_.empty()) {
    const Index next = queue_.back();
    queue_.pop_back();
    visit(next, listener);
    if (thread_cpu_time() - start > cpu && !queue_.empty()) return false;
  }
  return true;
}

void CgroupTree::visit(Index index, const Listener& listener) {
  if (!nodes_[index].alive) return;
  const std::string relative = index == kRoot ? "." : nodes_[index].path.substr(1);
  std::vector<Subdirectory> found;
  if (const int error = list_subdirectories(directory_.fd(), relative, found); error != 0) {
    // One that vanished is missing from its parent's next listing as well; all else leaves what we know standing.
    if (error != ENOENT && error != ENODEV && !trouble_) {
      trouble_ = error_from_errno(error, directory_.display(relative), "list");
    }
    return;
  }
  for (const Subdirectory& child : found) enter(index, child.name, child.inode, listener);
  const std::vector<Index> children = nodes_[index].children;
  for (const Index child : children) {
    if (nodes_[child].seen_in_walk != walk_) remove(child, listener);
  }
}

void CgroupTree::enter(Index parent, std::string_view name, std::uint64_t inode, const Listener& listener) {
  std::string path = nodes_[parent].path + "/";
  path += name;
  auto known = by_path_.find(path);
  if (known != by_path_.end() && nodes_[known->second].inode != inode) {
    remove(known->second, listener);  // removed and made anew under the same name
    known = by_path_.end();
  }
  Index index = 0;
  if (known == by_path_.end()) {
    if (by_path_.size() >= most_) {
      too_many_ = true;
      return;
    }
    index = add(parent, std::move(path), inode);
    listener.made(index);
  } else {
    index = known->second;
  }
  nodes_[index].seen_in_walk = walk_;
  queue_.push_back(index);
}

CgroupTree::Index CgroupTree::add(Index parent, std::string path, std::uint64_t inode) {
  Index index = 0;
  if (free_.empty()) {
    index = static_cast<Index>(nodes_.size());
    nodes_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Node& node = nodes_[index];
  by_path_.emplace(path, index);
  node.path = std::move(path);
  node.inode = inode;
  node.parent = parent;
  node.seen_in_walk = walk_;
  node.alive = true;
  if (index != parent) nodes_[parent].children.push_back(index);
  return index;
}

void CgroupTree::remove(Index index, const Listener& listener) {
  if (index == kRoot || !nodes_[index].alive) return;
  std::erase(nodes_[nodes_[index].parent].children, index);
  remove_below(index, listener);
}

void CgroupTree::remove_below(Index index, const Listener& listener) {
  const std::vector<Index> children = std::exchange(nodes_[index].children, {});
  for (const Index child : children) remove_below(child, listener);
  listener.removed(index);
  Node& node = nodes_[index];
  by_path_.erase(node.path);
  node.alive = false;
  std::erase(queue_, index);
  free_.push_back(index);
}

}  // namespace leakscope::sources::cgroupfs
