#pragma once

#include <string>
#include <string_view>

namespace leakscope {

/// Foreign bytes made fit for a terminal and for UTF-8 documents: valid printable UTF-8 passes, control characters
/// (C0, DEL, C1), line and paragraph separators, direction marks and invalid bytes become \xNN, a backslash "\\".
[[nodiscard]] std::string printable(std::string_view bytes);

}  // namespace leakscope
