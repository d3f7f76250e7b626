#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "findings/draft.h"

namespace leakscope::findings {

/// What a process can keep kernel memory alive with.
struct HeldKinds {
  bool sockets = false;
  bool pipes = false;
  bool messages = false;
  bool bpf = false;
  bool descriptors = false;  ///< each counts as one object of `object_bytes`
  double object_bytes = 0;
};

/// The kinds that can hold objects of a slab cache, by the cache's name: kmalloc-* and kmalloc-cg-* hold messages,
/// socket and pipe data; skbuff_* and protocols' caches belong to sockets; filp, dentry and inode caches to
/// descriptors. `messages_apart`: this kernel keeps messages in buckets of their own, msg_msg-* (6.11 and newer).
[[nodiscard]] HeldKinds kinds_of_cache(std::string_view cache, double object_bytes, bool messages_apart);
[[nodiscard]] bool keeps_messages_apart(const Facts& facts);

/// Looks for the processes whose holdings rose alongside `grown` bytes, writes them into the finding (holders,
/// evidence), largest first, five at most. Gives the bytes that they explain; nothing when nobody looked.
std::optional<double> name_holders(Draft& draft, const Facts& facts, const HeldKinds& kinds, double grown);

}  // namespace leakscope::findings
