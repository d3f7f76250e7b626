#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/parse_faults.h"

namespace leakscope::sources::procfs {

/// One swap device or file.
struct SwapDevice {
  /// As it stands in the text, into which it points: unescape_octal() gives the path. The path of a removed file ends
  /// in " (deleted)".
  std::string_view escaped_path;
  Bytes size;
  Bytes used;
};

struct Swaps {
  std::vector<SwapDevice> devices;  ///< none is a good answer: this machine does not swap
  ParseFaults faults;
  bool whole = false;  ///< nothing was cut or unreadable: what is not listed is not in use
};

/// Parses /proc/swaps (mm/swapfile.c, swap_show(); captured on 6.18; the same elsewhere from 3.10 by the source):
///
///   Filename				Type		Size		Used		Priority
///   /swap\040file                           file		8388604		1024		-2
///
/// Sizes are KiB there, without the header page. Blank, tab, newline and backslash in a path are \040 \011 \012 \134.
[[nodiscard]] Result<> parse_swaps(std::string_view text, Swaps& into);

/// "/swap\040file" -> "/swap file": the escapes of the kernel's mangle_path(). A backslash that begins none stays.
[[nodiscard]] std::string unescape_octal(std::string_view text);

}  // namespace leakscope::sources::procfs
