#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace leakscope::sources::kernel_counters {

struct Module {
  std::string_view name;              ///< points into the parsed text
  Bytes size;                         ///< core size: code and data, without what it allocated
  std::optional<std::int64_t> users;  ///< absent on kernels that cannot unload
  std::string_view state;             ///< "Live", "Loading", "Unloading"
  std::string_view taints;            ///< "OE"; empty: none
  friend bool operator==(const Module&, const Module&) = default;
};

struct Modules {
  std::vector<Module> rows;
  std::uint32_t lines_left_out = 0;
  bool cut = false;  ///< ends within a line, which was left out
};

/// Parses /proc/modules (kernel/module/procfs.c: m_show; 5.10 to 6.12; absent on kernels without modules):
///   nf_tables 376832 126 nft_compat,nft_chain_nat, Live 0x0000000000000000 (OE)
/// An empty text is right: no module is loaded. `out` is refilled.
[[nodiscard]] Result<> parse_modules(std::string_view text, Modules& out);

}  // namespace leakscope::sources::kernel_counters
