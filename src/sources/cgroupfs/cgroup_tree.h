#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/rooted_dir.h"
#include "base/time.h"

namespace leakscope::sources::cgroupfs {

/// The cgroups below one directory, found by walking it again and again, a piece at a time: a walk over thousands of
/// cgroups is spread over several calls. There is no cheaper sign of change: cgroupfs leaves the times of its
/// directories alone, but counts their children in st_nlink, so that one without children costs a stat and no listing
/// (fs/kernfs/inode.c kernfs_refresh_inode, seen on 6.18).
class CgroupTree {
 public:
  using Index = std::uint32_t;
  static constexpr Index kRoot = 0;

  struct Node {
    std::string path;  ///< below the directory: "" for itself, else "/a/b"
    std::uint64_t inode = 0;
    Index parent = kRoot;
    std::vector<Index> children;
    std::uint64_t seen_in_walk = 0;
    bool alive = false;
  };

  /// More cgroups than `most` are not taken in; too_many() then says so.
  CgroupTree(const RootedDir& directory, std::size_t most);

  /// Called for each cgroup that appeared (its parent comes first) or vanished (its children come first). An index is
  /// given to another cgroup only after it vanished.
  struct Listener {
    std::function<void(Index)> made;
    std::function<void(Index)> removed;
  };

  /// Begins a walk, or goes on with the one begun, until it ends or `cpu` is used up. True: it ended.
  bool walk(Nanoseconds cpu, const Listener& listener);
  [[nodiscard]] bool walking() const { return !queue_.empty(); }
  /// Takes a cgroup away that was found removed by other means.
  void remove(Index index, const Listener& listener);

  [[nodiscard]] const Node& node(Index index) const { return nodes_[index]; }
  /// Indices run from 0 to here; dead ones are among them.
  [[nodiscard]] std::size_t end_index() const { return nodes_.size(); }
  [[nodiscard]] std::size_t size() const { return by_path_.size(); }
  [[nodiscard]] bool too_many() const { return too_many_; }
  [[nodiscard]] std::optional<Error> take_trouble() { return std::exchange(trouble_, std::nullopt); }

 private:
  void visit(Index index, const Listener& listener);
  void enter(Index parent, std::string_view name, std::uint64_t inode, const Listener& listener);
  Index add(Index parent, std::string path, std::uint64_t inode);
  void remove_below(Index index, const Listener& listener);

  RootedDir const& directory_;
  std::size_t most_;
  std::vector<Node> nodes_;
  std::vector<Index> free_;
  std::unordered_map<std::string, Index> by_path_;
  std::vector<Index> queue_;
  std::uint64_t walk_ = 0;
  bool too_many_ = false;
  std::optional<Error> trouble_;
};

}  // namespace leakscope::sources::cgroupfs
