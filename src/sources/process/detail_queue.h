#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/time.h"

namespace leakscope::sources::process {

/// What decides when a process is read in detail.
struct DetailCandidate {
  std::int64_t size = 0;  ///< now: resident bytes, or descriptors
  std::int64_t size_when_read = 0;
  std::optional<BootTime> read_at{};  ///< nothing: never yet
  bool eligible = true;               ///< false: not now (read in this round, blocked before, too dear)
};

/// Which process to read next: two queues that take turns. One serves the largest change since it was read last, the
/// other who has waited longest, so that neither a busy process nor a quiet one is forgotten. Nothing: nobody is
/// eligible.
class DetailQueue {
 public:
  [[nodiscard]] std::optional<std::size_t> next(std::span<const DetailCandidate> candidates);

 private:
  bool by_change_ = false;
};

}  // namespace leakscope::sources::process
