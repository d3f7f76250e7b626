#include "sources/trace_dat/unpack.h"

#include <zlib.h>
#include <zstd.h>

#include <string>

#include <fmt/format.h>

namespace leakscope::sources::trace_dat {
namespace {

// No packing makes more of a byte: a larger figure is not believed, and no memory taken for it.
constexpr std::uint64_t kMostGain = 100'000;

}  // namespace

Result<Packing> packing_of(std::string_view name, std::string_view where) {
  if (name == "none" || name.empty()) return Packing::kNone;
  if (name == "zstd") return Packing::kZstd;
  if (name == "zlib") return Packing::kZlib;
  return fail(Error::Kind::kUnsupported, std::string(where), fmt::format("is packed by '{}', not zstd or zlib", name),
              "Convert it: trace-cmd convert -i FILE -o OTHER --compression zstd");
}

Result<> unpack(Packing packing, std::span<const std::byte> packed, std::uint64_t unpacked,
                std::vector<std::byte>& into, std::string_view where) {
  if (unpacked > kLargestBlock || unpacked / kMostGain > packed.size()) {
    return malformed(std::string(where), 0,
                     fmt::format("has a block of {} bytes that is said to be {}", packed.size(), unpacked));
  }
  into.resize(static_cast<std::size_t>(unpacked));
  std::size_t made = 0;
  bool good = false;
  if (packing == Packing::kZstd) {
    made = ::ZSTD_decompress(into.data(), into.size(), packed.data(), packed.size());
    good = ::ZSTD_isError(made) == 0;
  } else if (packing == Packing::kZlib) {
    uLongf length = into.size();
    good = ::uncompress(reinterpret_cast<Bytef*>(into.data()), &length, reinterpret_cast<const Bytef*>(packed.data()),
                        packed.size()) == Z_OK;
    made = length;
  }
  if (!good) {
    return malformed(std::string(where), 0, fmt::format("a packed block of {} bytes does not unpack", packed.size()));
  }
  into.resize(made);
  return {};
}

}  // namespace leakscope::sources::trace_dat
