#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace leakscope::sources::kernel_counters {

/// /proc/net/sockstat and sockstat6, of the network namespace of whoever opened them, except for the mem figures,
/// which count all namespaces.
struct Sockstat {
  std::optional<std::int64_t> sockets_used;
  std::optional<std::int64_t> tcp_inuse;
  std::optional<std::int64_t> tcp_orphan;
  std::optional<std::int64_t> tcp_tw;
  std::optional<std::int64_t> tcp_alloc;
  std::optional<Pages> tcp_mem;
  std::optional<std::int64_t> udp_inuse;
  std::optional<Pages> udp_mem;
  std::optional<std::int64_t> raw_inuse;
  std::optional<std::int64_t> frag_inuse;
  std::optional<Bytes> frag_memory;  ///< in bytes, unlike the others

  friend bool operator==(const Sockstat&, const Sockstat&) = default;
};

/// Parses either file (net/ipv4/proc.c: sockstat_seq_show, net/ipv6/proc.c: sockstat6_seq_show; 5.10 to 6.18):
///   TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 35
///   FRAG6: inuse 0 memory 0
/// Unknown lines and keys are skipped; a known key without a number is an error, and so is a text cut within a line.
[[nodiscard]] Result<Sockstat> parse_sockstat(std::string_view text);

}  // namespace leakscope::sources::kernel_counters
