#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/rooted_dir.h"
#include "base/time.h"
#include "sources/held_objects/borrowed_fd.h"
#include "sources/held_objects/fd_scan.h"
#include "sources/held_objects/ownership.h"
#include "sources/held_objects/process_identity.h"
#include "sources/held_objects/socket_table.h"

namespace leakscope::sources::held_objects {

/// What one sample shares between the processes that it looks at.
struct LookContext {
  const RootedDir& root;
  const SocketTable* sockets = nullptr;  ///< nothing: not the running machine
  PageSize page_size;
  std::size_t links = 0;                                  ///< that may still be read
  std::function<bool()> out_of_time;                      ///< true: no CPU time is left
  std::unordered_map<std::uint64_t, std::int64_t> pipes;  ///< bytes of pipes that were asked already, by inode
  FileBuffer buffer;
};

/// A look at what one process holds: its descriptors by kind, then the memory behind each socket, pipe, inotify
/// instance and BPF map. It may take several samples; the figures are valid when it is complete. Who the process is
/// gets checked before the first and after the last step, so that a pid that was used again gives no figures.
class ProcessLook {
 public:
  enum class End : std::uint8_t { kComplete, kMore, kGone, kDenied };

  ProcessLook(ProcessIdentity who, bool count_watches) : who_(std::move(who)), count_watches_(count_watches) {}

  [[nodiscard]] End advance(LookContext& context);

  [[nodiscard]] const ProcessIdentity& who() const { return who_; }
  [[nodiscard]] const FdCounts& counts() const { return scan_.counts(); }
  struct Object {
    ObjectKey key;
    std::int64_t bytes = 0;
    bool reads = false;
  };
  /// Objects that hold memory, each once.
  [[nodiscard]] const std::vector<Object>& objects() const { return objects_; }
  /// Nothing when they were not counted (asked not to, or denied).
  [[nodiscard]] std::optional<std::int64_t> watches() const { return watches_; }
  [[nodiscard]] Nanoseconds watches_cost() const { return watches_cost_; }
  [[nodiscard]] bool has_inotify() const { return has_inotify_; }
  /// The first refusal for a kind of object: its figure is then not known.
  [[nodiscard]] const std::optional<Error>& refused(ObjectKey::Kind kind) const {
    return refused_[static_cast<std::size_t>(kind)];
  }

 private:
  void measure(LookContext& context, const HeldFd& held);
  void measure_socket(LookContext& context, const HeldFd& held);
  void measure_pipe(LookContext& context, const HeldFd& held);
  void count_watches(LookContext& context, int fd);
  void measure_bpf_map(LookContext& context, int fd);
  [[nodiscard]] Result<std::int64_t> borrow(ObjectKey::Kind kind, const HeldFd& held, PageSize page_size);
  void note(ObjectKey::Kind kind, const Error& error);

  ProcessIdentity who_;
  bool count_watches_;
  FdScan scan_;
  bool scanned_ = false;
  std::size_t next_ = 0;
  std::vector<Object> objects_;
  std::optional<std::int64_t> watches_;
  Nanoseconds watches_cost_{0};
  bool has_inotify_ = false;
  std::optional<Result<BorrowedFds>> borrowed_;
  std::array<std::optional<Error>, 3> refused_;
};

}  // namespace leakscope::sources::held_objects
