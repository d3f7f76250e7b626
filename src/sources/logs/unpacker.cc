#include "sources/logs/unpacker.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace leakscope::sources::logs {
namespace {

using namespace std::string_view_literals;

constexpr int kMemoryLog = 28;  // 256 MiB

class Gzip final : public Unpacker {
 public:
  Gzip() { ready_ = inflateInit2(&stream_, MAX_WBITS + kGzipHeader) == Z_OK; }
  ~Gzip() override { (void)inflateEnd(&stream_); }

  Step step(std::string_view in, std::span<char> out) override {
    if (!ready_) return {0, 0, false, "no memory to unpack gzip"};
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));  // it only reads
    stream_.avail_in = limited(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = limited(out.size());
    const uInt given = stream_.avail_in;
    const uInt room = stream_.avail_out;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    Step step{given - stream_.avail_in, room - stream_.avail_out, code == Z_STREAM_END, {}};
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
      step.trouble = fmt::format("damaged gzip: {}", stream_.msg == nullptr ? "not gzip" : stream_.msg);
    return step;
  }

 private:
  static constexpr int kGzipHeader = 16;  // zlib.h: "add 16 to decode only the gzip format"
  static uInt limited(std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
  }

  z_stream stream_{};
  bool ready_ = false;
};

class Xz final : public Unpacker {
 public:
  Xz() { ready_ = lzma_stream_decoder(&stream_, std::uint64_t{1} << kMemoryLog, 0) == LZMA_OK; }
  ~Xz() override { lzma_end(&stream_); }

  Step step(std::string_view in, std::span<char> out) override {
    if (!ready_) return {0, 0, false, "no memory to unpack xz"};
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream_.avail_in = in.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream_.avail_out = out.size();
    const lzma_ret code = lzma_code(&stream_, LZMA_RUN);
    Step step{in.size() - stream_.avail_in, out.size() - stream_.avail_out, code == LZMA_STREAM_END, {}};
    if (code == LZMA_MEMLIMIT_ERROR) {
      step.trouble = fmt::format("xz that wants {} MiB to unpack, more than 256 MiB", lzma_memusage(&stream_) >> 20U);
    } else if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR) {
      step.trouble = "damaged xz";
    }
    return step;
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_ = false;
};

class Zstd final : public Unpacker {
 public:
  Zstd() : context_(ZSTD_createDCtx()) {
    if (context_) (void)ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kMemoryLog);
  }

  Step step(std::string_view in, std::span<char> out) override {
    if (!context_) return {0, 0, false, "no memory to unpack zstd"};
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    const std::size_t code = ZSTD_decompressStream(context_.get(), &output, &input);
    Step step{input.pos, output.pos, code == 0, {}};
    if (ZSTD_isError(code) != 0) step.trouble = fmt::format("damaged zstd: {}", ZSTD_getErrorName(code));
    return step;
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { (void)ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context_;
};

}  // namespace

std::unique_ptr<Unpacker> make_unpacker(std::string_view head) {
  if (head.starts_with("\x1f\x8b"sv)) return std::make_unique<Gzip>();
  if (head.starts_with("\xfd"
                       "7zXZ\0"sv))
    return std::make_unique<Xz>();
  if (head.starts_with("\x28\xb5\x2f\xfd"sv)) return std::make_unique<Zstd>();
  return nullptr;
}

}  // namespace leakscope::sources::logs
