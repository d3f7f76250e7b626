#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/kmem_event.h"

namespace leakscope::model {

/// Call stacks, each kept once: addresses of code, innermost first. Ids count from 0 and are never taken back.
class StackTable {
 public:
  StackTable();
  /// The id of the stack, which is copied when it is new. Frames beyond kMostFrames are left out. At most kMostStacks:
  /// kNoStack after that, counted in `refused()`.
  [[nodiscard]] StackId intern(std::span<const std::uint64_t> frames);
  /// Empty for kNoStack.
  [[nodiscard]] std::span<const std::uint64_t> frames(StackId id) const;
  [[nodiscard]] std::size_t size() const { return starts_.size() - 1; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

  static constexpr std::size_t kMostFrames = 128;
  static constexpr std::size_t kMostStacks = std::size_t{1} << 20U;

 private:
  void grow();
  [[nodiscard]] std::size_t slot_of(std::span<const std::uint64_t> frames, std::uint64_t hash) const;

  std::vector<std::uint64_t> frames_;
  std::vector<std::size_t> starts_;  // of each stack in frames_, and the end
  std::vector<std::uint64_t> hashes_;
  std::vector<StackId> slots_;  // open addressing, a power of two
  std::uint64_t refused_ = 0;
};

}  // namespace leakscope::model
