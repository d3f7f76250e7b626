#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "base/process_id.h"

namespace leakscope::sources::held_objects {

/// A kernel object that several processes may hold.
struct ObjectKey {
  enum class Kind : std::uint8_t { kSocket, kPipe, kBpfMap };
  Kind kind = Kind::kSocket;
  std::uint64_t number = 0;  ///< inode, or id of the map
  friend bool operator==(const ObjectKey&, const ObjectKey&) = default;
};

/// Decides which of the processes that hold an object it is counted for, so that its bytes count once: one that holds a
/// pipe's read end before one that only writes, and among equals the one that started first (a parent before its
/// children, so that workers that come and go do not move the bytes about). Processes are looked at at different
/// times: a claim stands until its owner was looked at again and did not repeat it, or ended.
class Ownership {
 public:
  /// A look at a process begins: claims from its earlier looks lapse.
  void begin_look(const ProcessId& process) { ++looks_[process]; }
  void claim(const ObjectKey& object, const ProcessId& process, bool reads);
  [[nodiscard]] bool owns(const ObjectKey& object, const ProcessId& process) const;
  /// The process ended, or its pid is another process now.
  void forget(const ProcessId& process) { looks_.erase(process); }
  /// Drops the claims that do not stand any more.
  void sweep();
  [[nodiscard]] std::size_t size() const { return claims_.size(); }

 private:
  struct Claim {
    ProcessId process;
    std::uint64_t look = 0;
    bool reads = false;
  };
  struct Hash {
    std::size_t operator()(const ObjectKey& key) const noexcept {
      return std::hash<std::uint64_t>{}(key.number * 4 + static_cast<std::uint64_t>(key.kind));
    }
  };
  [[nodiscard]] bool stands(const Claim& claim) const;

  std::unordered_map<ObjectKey, Claim, Hash> claims_;
  std::unordered_map<ProcessId, std::uint64_t> looks_;
};

}  // namespace leakscope::sources::held_objects
