#include "session/live_symbols.h"

#include "sources/kallsyms.h"

namespace leakscope::session {

Result<model::KernelSymbols> read_kernel_symbols(const RootedDir& root) {
  constexpr std::string_view kPath = "proc/kallsyms";
  FileBuffer buffer;
  const auto text = root.read(kPath, buffer);
  if (!text) return std::unexpected(text.error());
  return sources::parse_kallsyms(*text, root.display(kPath));
}

}  // namespace leakscope::session
