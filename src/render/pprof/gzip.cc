#include "render/pprof/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>

namespace leakscope::render::pprof {
namespace {

constexpr int kWindowBits = 15;
constexpr int kGzipHeader = 16;  // added to the window bits: zlib.h, deflateInit2()
constexpr int kMemoryLevel = 8;

std::unexpected<Error> failed(const char* reason) {
  return fail(Error::Kind::kIo, "gzip", reason == nullptr ? "out of memory" : reason);
}

}  // namespace

Result<std::string> gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowBits + kGzipHeader, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return failed(stream.msg);
  }
  std::string out;
  std::array<char, 65536> block{};
  int result = Z_OK;
  while (result == Z_OK) {
    // zlib counts in 32 bits; it takes its input as const since it promises not to write.
    const std::size_t piece = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(piece);
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    result = deflate(&stream, piece == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    out.append(block.data(), block.size() - stream.avail_out);
    bytes.remove_prefix(piece - stream.avail_in);
  }
  const bool complete = result == Z_STREAM_END;
  deflateEnd(&stream);
  if (!complete) return failed(nullptr);
  return out;
}

}  // namespace leakscope::render::pprof
