#include "sources/perf_data/unpacker.h"

#include <zstd.h>

#include <string>

#include <fmt/format.h>

namespace leakscope::sources::perf_data {
namespace {

constexpr std::size_t kUnpackedPiece = std::size_t{1} << 18U;

}  // namespace

struct Unpacker::Context {
  ZSTD_DCtx* zstd = ZSTD_createDCtx();
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { ZSTD_freeDCtx(zstd); }
};

void Unpacker::Deleter::operator()(Context* context) const { delete context; }

Unpacker::Unpacker() : context_(new Context), records_(kUnpackedPiece) {}

Result<bool> Unpacker::unpack(std::string_view where) {
  if (input_.empty() && !may_hold_more_) return false;
  if (context_->zstd == nullptr) return fail(Error::Kind::kIo, std::string(where), "no memory to unpack zstd");
  const auto room = records_.room();
  ZSTD_inBuffer from{input_.data(), input_.size(), 0};
  ZSTD_outBuffer to{room.data(), room.size(), 0};
  const std::size_t code = ZSTD_decompressStream(context_->zstd, &to, &from);
  if (ZSTD_isError(code) != 0) {
    return fail(Error::Kind::kMalformed, std::string(where), fmt::format("damaged zstd: {}", ZSTD_getErrorName(code)));
  }
  input_ = input_.subspan(from.pos);
  records_.filled(to.pos);
  may_hold_more_ = to.pos == to.size;
  return to.pos > 0 || from.pos > 0;
}

}  // namespace leakscope::sources::perf_data
