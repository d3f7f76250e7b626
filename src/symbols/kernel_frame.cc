#include "symbols/kernel_frame.h"

#include <optional>
#include <string>

namespace leakscope::symbols {
namespace {

constexpr std::uint64_t kEndOfMadeUp = std::uint64_t{1} << 63U;
constexpr std::string_view kUnknown = "[unknown]";

using Found = model::KernelSymbols::Found;

std::optional<Found> find_named(std::uint64_t address, const model::KernelSymbols& symbols) {
  const auto found = symbols.find(address);
  return found && !found->name.empty() && found->name != kUnknown ? found : std::nullopt;
}

std::optional<Found> find_caller(std::uint64_t address, const model::KernelSymbols& symbols) {
  auto found = address > 0 ? find_named(address - 1, symbols) : std::nullopt;
  if (!found) return find_named(address, symbols);  // a function that is known by its first address only
  ++found->offset;
  return found;
}

}  // namespace

model::Frame frame_of(std::uint64_t address, const model::KernelSymbols& symbols, AddressKind kind) {
  model::Frame frame{.address = address, .symbol = {}, .module = {}, .file = {}};
  const auto found = kind == AddressKind::kReturn ? find_caller(address, symbols) : find_named(address, symbols);
  if (!found) return frame;
  frame.symbol = std::string(found->name);
  frame.module = std::string(found->module);
  frame.offset = found->offset;
  if (address < kEndOfMadeUp) frame.address = 0;
  return frame;
}

}  // namespace leakscope::symbols
