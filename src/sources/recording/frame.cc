#include "sources/recording/frame.h"

#include <xxhash.h>
#include <zstd.h>

#include <fmt/format.h>

#include "sources/recording/byte_stream.h"

namespace leakscope::sources::recording {
namespace {

// Larger windows gain nothing on blocks of this kind and cost memory in the recorder.
constexpr int kWindowLog = 19;
// Level 9 would take tables of 7 MB by itself; these take 1.5. The made day of bench/recording.sh has 4.00 MiB with
// either, and its 1000 processes two hours of 0.55 MiB, with 15.6 MiB resident at most instead of 20.8.
constexpr int kTableLog = 17;
constexpr std::size_t kHeaderChecksumAt = kHeaderSize - 8;

bool expands_too_much(std::size_t stored, std::size_t raw) {
  return raw > (std::size_t{1} << 20U) + stored * kMaxExpansion;
}

std::uint64_t checksum(std::string_view bytes) { return XXH64(bytes.data(), bytes.size(), 0); }

}  // namespace

bool holds_samples(FrameKind kind) { return kind == FrameKind::kChunk || kind == FrameKind::kHour; }

void encode_header(const FrameHeader& header, std::string& out) {
  const std::size_t start = out.size();
  out.append(kMagic);
  ByteWriter writer(out);
  writer.u16(header.schema);
  writer.u16(static_cast<std::uint16_t>(header.kind));
  writer.u32(header.stored_size);
  writer.u32(header.raw_size);
  writer.u32(header.flags);
  writer.u64(header.supersedes);
  writer.u64(header.session);
  writer.u64(header.payload_checksum);
  writer.u64(static_cast<std::uint64_t>(header.first_wall));
  writer.u64(static_cast<std::uint64_t>(header.last_wall));
  writer.u32(header.samples);
  writer.u32(header.thinning);
  writer.u64(checksum(std::string_view(out).substr(start)));
}

std::optional<FrameHeader> decode_header(std::string_view bytes) {
  if (bytes.size() < kHeaderSize || !bytes.starts_with(kMagic)) return std::nullopt;
  ByteCursor tail(bytes.substr(kHeaderChecksumAt, 8));
  if (tail.fixed(8) != checksum(bytes.substr(0, kHeaderChecksumAt))) return std::nullopt;
  ByteCursor cursor(bytes.substr(kMagic.size(), kHeaderChecksumAt - kMagic.size()));
  // The piece has its full length, so no field is missing.
  const auto take = [&](std::size_t width) { return cursor.fixed(width).value_or(0); };
  FrameHeader header;
  header.schema = static_cast<std::uint16_t>(take(2));
  // A kind may be one that this build does not know: the enumeration has its type fixed for that.
  header.kind = static_cast<FrameKind>(take(2));  // NOLINT(clang-analyzer-optin.core.EnumCastOutOfRange)
  header.stored_size = static_cast<std::uint32_t>(take(4));
  header.raw_size = static_cast<std::uint32_t>(take(4));
  header.flags = static_cast<std::uint32_t>(take(4));
  header.supersedes = take(8);
  header.session = take(8);
  header.payload_checksum = take(8);
  header.first_wall = static_cast<std::int64_t>(take(8));
  header.last_wall = static_cast<std::int64_t>(take(8));
  header.samples = static_cast<std::uint32_t>(take(4));
  header.thinning = static_cast<std::uint32_t>(take(4));
  if (header.schema > kSchemaVersion) return header;
  if (header.stored_size > kMaxPayload || header.raw_size > kMaxPayload) return std::nullopt;
  return header;
}

bool checksum_fits(const FrameHeader& header, std::string_view stored) {
  return stored.size() == header.stored_size && checksum(stored) == header.payload_checksum;
}

Error newer_schema(std::string where, std::uint16_t schema) {
  return Error{Error::Kind::kUnsupported, std::move(where), 0,
               fmt::format("written by a newer leakscope (schema {}; this one reads up to {})", schema, kSchemaVersion),
               "Use that leakscope, or a newer one, to read it"};
}

struct FrameCodec::Contexts {
  ZSTD_CCtx* pack = ZSTD_createCCtx();
  ZSTD_DCtx* unpack = ZSTD_createDCtx();
  Contexts() = default;
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;
  ~Contexts() {
    ZSTD_freeCCtx(pack);
    ZSTD_freeDCtx(unpack);
  }
};

FrameCodec::FrameCodec() : contexts_(std::make_unique<Contexts>()) {}
FrameCodec::~FrameCodec() = default;
FrameCodec::FrameCodec(FrameCodec&&) noexcept = default;
FrameCodec& FrameCodec::operator=(FrameCodec&&) noexcept = default;

Result<> FrameCodec::append_frame(FrameHeader header, std::string_view raw, std::optional<int> level,
                                  std::string& out) {
  if (raw.size() > kMaxPayload) return fail(Error::Kind::kUsage, "recording", "a frame would be too large");
  const std::size_t start = out.size();
  const std::size_t payload = start + kHeaderSize;
  header.raw_size = static_cast<std::uint32_t>(raw.size());
  out.resize(payload);
  const std::size_t packed = level ? pack(raw, *level, payload, out) : raw.size();
  header.flags = 0;
  if (packed < raw.size() && !expands_too_much(packed, raw.size())) {
    header.flags = kFlagZstd;
    out.resize(payload + packed);
  } else {
    out.resize(payload);
    out.append(raw);
  }
  header.stored_size = static_cast<std::uint32_t>(out.size() - payload);
  header.payload_checksum = checksum(std::string_view(out).substr(payload));
  std::string encoded;
  encode_header(header, encoded);
  out.replace(start, kHeaderSize, encoded);
  return {};
}

// To out[at]; gives the size, or that of `raw` when it cannot be packed.
std::size_t FrameCodec::pack(std::string_view raw, int level, std::size_t at, std::string& out) {
  out.resize(at + ZSTD_compressBound(raw.size()));
  ZSTD_CCtx_setParameter(contexts_->pack, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(contexts_->pack, ZSTD_c_windowLog, kWindowLog);
  ZSTD_CCtx_setParameter(contexts_->pack, ZSTD_c_hashLog, kTableLog);
  ZSTD_CCtx_setParameter(contexts_->pack, ZSTD_c_chainLog, kTableLog);
  const std::size_t packed = ZSTD_compress2(contexts_->pack, out.data() + at, out.size() - at, raw.data(), raw.size());
  return ZSTD_isError(packed) == 0 ? packed : raw.size();
}

std::size_t FrameCodec::bytes_held() const {
  return ZSTD_sizeof_CCtx(contexts_->pack) + ZSTD_sizeof_DCtx(contexts_->unpack);
}

Result<std::string_view> FrameCodec::unpack(const FrameHeader& header, std::string_view stored, std::string& raw) {
  const auto broken = [] { return fail(Error::Kind::kMalformed, "recording", "a frame's payload does not unpack"); };
  if ((header.flags & ~kFlagZstd) != 0 || header.raw_size > kMaxPayload) return broken();
  if (header.flags == 0) {
    if (stored.size() != header.raw_size) return broken();
    return stored;
  }
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != header.raw_size) return broken();
  if (expands_too_much(stored.size(), header.raw_size)) return broken();
  raw.resize(header.raw_size);
  const std::size_t size = ZSTD_decompressDCtx(contexts_->unpack, raw.data(), raw.size(), stored.data(), stored.size());
  if (ZSTD_isError(size) != 0 || size != header.raw_size) return broken();
  return std::string_view(raw);
}

}  // namespace leakscope::sources::recording
