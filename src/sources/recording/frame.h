#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace leakscope::sources::recording {

/// The container's unit: a header of 80 bytes and a payload, which is compressed. A file is nothing but frames, one
/// behind the other; docs/recording.md has them byte by byte. Whatever happens to one frame, the others stay readable.
inline constexpr std::string_view kMagic{"\x89LKSREC\n", 8};
inline constexpr std::uint16_t kSchemaVersion = 1;
inline constexpr std::size_t kHeaderSize = 80;
/// Of a payload, stored and unpacked: a frame that claims more is no frame.
inline constexpr std::uint32_t kMaxPayload = std::uint32_t{64} << 20U;
/// A payload may unpack to 1 MiB and this many times its stored size. Writers store what would pack better as it is, so
/// a small file cannot make a reader unpack gigabytes.
inline constexpr std::uint32_t kMaxExpansion = 512;

/// Kinds from 16 on are of profiles and, later, heap snapshots; a reader skips those that it does not know.
enum class FrameKind : std::uint16_t {
  kSession = 1,        ///< a recorder starts: facts of the host, options
  kChunk = 2,          ///< a block of samples of at most 30 s
  kHour = 3,           ///< a block that replaces the chunks of a closed hour
  kSessionEnd = 4,     ///< the recorder ended on its own will
  kProfile = 16,       ///< a profile begins: what it is of, and how many sites follow
  kProfileSites = 17,  ///< some of its sites
};

struct FrameHeader {
  std::uint16_t schema = kSchemaVersion;
  FrameKind kind = FrameKind::kChunk;
  std::uint32_t stored_size = 0;
  std::uint32_t raw_size = 0;
  std::uint32_t flags = 0;             ///< bit 0: the payload is one zstd frame; no other bit is in use
  std::uint64_t supersedes = 0;        ///< so many bytes directly before this frame say nothing that it does not say
  std::uint64_t session = 0;           ///< random number of the session it belongs to
  std::uint64_t payload_checksum = 0;  ///< XXH64 with seed 0 of the stored payload
  std::int64_t first_wall = 0;         ///< smallest and largest wall time of its samples in ns since the epoch
  std::int64_t last_wall = 0;
  std::uint32_t samples = 0;
  std::uint32_t thinning = 0;  ///< how many samples a row stands for at most; 0 in frames without samples

  [[nodiscard]] std::uint64_t frame_size() const { return kHeaderSize + std::uint64_t{stored_size}; }
  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};
inline constexpr std::uint32_t kFlagZstd = 1;

[[nodiscard]] bool holds_samples(FrameKind kind);

void encode_header(const FrameHeader& header, std::string& out);
/// The header at the start of `bytes`; nothing when there is none: too short, another magic, a wrong checksum of the
/// header, or sizes beyond the bounds. A header of a newer schema is given back: the caller compares.
[[nodiscard]] std::optional<FrameHeader> decode_header(std::string_view bytes);
[[nodiscard]] bool checksum_fits(const FrameHeader& header, std::string_view stored);

/// "written by a newer leakscope (schema 3; this one reads up to 1)"
[[nodiscard]] Error newer_schema(std::string where, std::uint16_t schema);

/// Packs and unpacks payloads with contexts that are kept, so that packing allocates nothing once warm.
class FrameCodec {
 public:
  FrameCodec();
  ~FrameCodec();
  FrameCodec(FrameCodec&&) noexcept;
  FrameCodec& operator=(FrameCodec&&) noexcept;

  /// Appends a whole frame to `out`; sizes, checksums and flags of the header are filled in. Without `level` the
  /// payload is stored as it is. kUsage when `raw` is larger than a payload may be.
  [[nodiscard]] Result<> append_frame(FrameHeader header, std::string_view raw, std::optional<int> level,
                                      std::string& out);
  /// The payload of a frame whose checksum fits. The view lives in `stored` or in `raw`. kMalformed when it does not
  /// unpack to the declared size.
  [[nodiscard]] Result<std::string_view> unpack(const FrameHeader& header, std::string_view stored, std::string& raw);
  [[nodiscard]] std::size_t bytes_held() const;

 private:
  std::size_t pack(std::string_view raw, int level, std::size_t at, std::string& out);

  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace leakscope::sources::recording
