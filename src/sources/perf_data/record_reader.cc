#include "sources/perf_data/record_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace leakscope::sources::perf_data {
namespace {

constexpr std::size_t kReadPiece = std::size_t{1} << 20U;

}  // namespace

RecordReader::RecordReader(Input input, ByteOrder order) : input_(std::move(input)), order_(order), raw_(kReadPiece) {}

void RecordReader::unpack(const Record& record) {
  auto piece = record.body;
  if (record.type == RecordType::kCompressed2) {
    // Since 6.16: the size of the data, and data padded to 8 bytes.
    ByteCursor cursor(piece, order_);
    const auto size = cursor.take<std::uint64_t>().value_or(0);
    piece = cursor.rest();
    piece = piece.first(static_cast<std::size_t>(std::min<std::uint64_t>(size, piece.size())));
  }
  unpacked_.feed(piece);
  unpacking_ = true;
}

Result<bool> RecordReader::more() {
  if (raw_.is_broken() || unpacked_.is_broken()) return broken();
  if (unpacking_) {
    auto more = unpacked_.unpack(input_.name());
    if (!more) return more;
    unpacking_ = *more;
    return true;
  }
  const auto got = input_.read(raw_.room());
  if (!got) return std::unexpected(got.error());
  raw_.filled(*got);
  return *got > 0;
}

/// Zeros where records should be are what a file system leaves at the end of a file when the machine dies.
Result<bool> RecordReader::broken() {
  const auto rest = raw_.rest();
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  if (!unpacked_.is_broken() && std::ranges::all_of(rest, is_zero)) return false;
  return fail(Error::Kind::kMalformed, input_.name(),
              fmt::format("no record near byte {}: what follows cannot be read", input_.position() - rest.size()));
}

Result<std::string> RecordReader::take_bytes(std::uint64_t count, std::size_t most) {
  std::string bytes;
  if (unpacking_) return bytes;
  const std::uint64_t wanted = std::min<std::uint64_t>(count, most);
  for (;;) {
    const auto rest = raw_.rest();
    const auto part = rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), wanted - bytes.size())));
    bytes.append(as_text(part));
    raw_.drop(part.size());
    if (bytes.size() == wanted) break;
    const auto got = input_.read(raw_.room());
    if (!got) return std::unexpected(got.error());
    if (*got == 0) return bytes;
    raw_.filled(*got);
  }
  if (auto skipped = skip_bytes(count - wanted); !skipped) return std::unexpected(skipped.error());
  return bytes;
}

Result<> RecordReader::skip_bytes(std::uint64_t count) {
  if (unpacking_) return {};
  const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(count, raw_.rest().size()));
  raw_.drop(here);
  return input_.skip(count - here);
}

}  // namespace leakscope::sources::perf_data
