#pragma once

#include <cstdint>

#include "model/kernel_symbols.h"
#include "model/profile.h"

namespace leakscope::symbols {

enum class AddressKind : std::uint8_t {
  kReturn,  ///< where a call goes on: what stacks and call sites consist of
  kExact,   ///< of an instruction itself
};

/// The function that an address of code lies in. A return address may be the first byte behind its function, when the
/// call was the last thing in it and never returns: such an address belongs to the function before. The offset is that
/// of the address itself. Names stay as the compiler made them: "foo.isra.0", "foo.constprop.0", "foo.cold".
/// What is not known ("[unknown]") has no symbol. Addresses that a text trace made up (below 2^63, see
/// model::KmemEvent::call_site) become 0 once they have served to find the name.
[[nodiscard]] model::Frame frame_of(std::uint64_t address, const model::KernelSymbols& symbols,
                                    AddressKind kind = AddressKind::kReturn);

}  // namespace leakscope::symbols
