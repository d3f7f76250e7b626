#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "base/parsed_rows.h"

namespace leakscope::sources::kernel_counters {

struct Module {
  std::string_view name;              ///< points into the parsed text
  Bytes size;                         ///< core size: code and data, without what it allocated
  std::optional<std::int64_t> users;  ///< absent on kernels that cannot unload
  std::string_view state;             ///< "Live", "Loading", "Unloading"
  std::string_view taints;            ///< "OE"; empty: none
  friend bool operator==(const Module&, const Module&) = default;
};

using Modules = ParsedRows<Module>;

/// Parses /proc/modules (kernel/module/procfs.c: m_show; by the source of 5.10 to 6.12 and a text made by hand
/// after it; absent on kernels without modules):
///   nf_tables 376832 126 nft_compat,nft_chain_nat, Live 0x0000000000000000 (OE)
/// An empty text is right: no module is loaded. `out` is refilled.
[[nodiscard]] Result<> parse_modules(std::string_view text, Modules& out);

}  // namespace leakscope::sources::kernel_counters
