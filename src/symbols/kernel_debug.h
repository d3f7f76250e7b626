#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace leakscope::symbols {

/// A vmlinux with debug information that belongs to a kernel.
struct KernelDebug {
  std::string path;
  /// What the kernel's addresses are above those of the file (KASLR), modulo 2^64.
  std::uint64_t slide = 0;
};

/// The kernel whose debug information is wanted.
struct KernelIdentity {
  std::string release;              ///< uname -r
  std::string build_id;             ///< hexadecimal; empty: not known, then files are taken by their place
  std::uint64_t stext_address = 0;  ///< of _stext, from kallsyms
};

/// Where distributions and kernel builds put it, in the order in which to look. Empty for a release that is no name of
/// a file.
[[nodiscard]] std::vector<std::string> debug_places(std::string_view release, std::string_view build_id);

/// The first of these that is there and fits, below `root` ("" for the machine's own). kNotFound with what was wrong
/// with those that were there.
[[nodiscard]] Result<KernelDebug> find_kernel_debug(const KernelIdentity& kernel, const std::string& root = {});

/// The same for one file, wherever it came from (--vmlinux, debuginfod). kNotFound when its build id is another one or
/// it has no symbols to compare.
[[nodiscard]] Result<KernelDebug> fit_kernel_debug(const std::string& path, const KernelIdentity& kernel);

/// What an ELF file says of itself.
struct DebugFileFacts {
  std::string build_id;  ///< empty: it has none
  std::optional<std::uint64_t> stext;
};
/// In what the child writes: "build-id HEX" and "_stext HEX", a line each.
[[nodiscard]] DebugFileFacts parse_file_facts(std::string_view text);

}  // namespace leakscope::symbols
