#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sources/held_objects/socket_diag.h"

namespace leakscope::sources::held_objects {

/// The sockets of our network namespace by inode, asked of the kernel anew by refresh(). Where a *_diag handler is a
/// module (tcp_diag, unix_diag...), the kernel loads it to answer, as it does for ss(8).
class SocketTable {
 public:
  /// Lists all families. An error of one family leaves the others in the table.
  void refresh();

  /// Kernel memory in its queues; nothing for an inode that no list had (another network namespace or family).
  [[nodiscard]] std::optional<std::int64_t> find(std::uint64_t inode) const;

  [[nodiscard]] std::int64_t total_bytes() const { return total_bytes_; }
  [[nodiscard]] std::int64_t orphan_bytes() const { return orphan_bytes_; }
  /// True when at least one family was listed to its end.
  [[nodiscard]] bool usable() const { return usable_; }
  [[nodiscard]] bool interrupted() const { return interrupted_; }
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }

 private:
  [[nodiscard]] Result<> list(int netlink, SocketFamily family);

  std::vector<SocketMemory> sockets_;  ///< sorted by inode
  std::vector<std::byte> buffer_;
  std::int64_t total_bytes_ = 0;
  std::int64_t orphan_bytes_ = 0;
  bool usable_ = false;
  bool interrupted_ = false;
  std::optional<Error> trouble_;
};

}  // namespace leakscope::sources::held_objects
