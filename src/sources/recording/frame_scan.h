#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sources/recording/frame.h"

namespace leakscope::sources::recording {

struct FrameRef {
  std::uint64_t offset = 0;
  FrameHeader header;

  [[nodiscard]] std::uint64_t end() const { return offset + header.frame_size(); }
};

/// Bytes of a file that belong to no whole frame.
struct DamagedPiece {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Which frames a file consists of, found by their headers alone; payloads are checked when they are read, and here
/// only where the chain of headers breaks. Frames that a later one supersedes are left out.
struct FrameScan {
  std::vector<FrameRef> frames;
  std::vector<DamagedPiece> damaged;  ///< between frames
  std::uint64_t whole_size = 0;       ///< up to the end of the last whole frame
  std::uint64_t file_size = 0;
  std::optional<std::uint16_t> newer_schema;  ///< of the frame where the scan ended for that reason
  bool too_many = false;                      ///< the scan ended at kMaxFrames
  bool starts_like_one = false;               ///< as far as it goes, the file begins as a recording does
};

/// More than a year of chunks of 30 s.
inline constexpr std::size_t kMaxFrames = std::size_t{1} << 20U;

/// After so many bytes without a frame, no more is looked for: a sparse file or an endless stream would take for ever.
inline constexpr std::uint64_t kMostBytesWithoutFrame = 4 * std::uint64_t{kMaxPayload};

/// Scans a regular file from its start. Only failing reads are errors.
[[nodiscard]] Result<FrameScan> scan_frames(int fd, std::string_view name);

/// Reads `size` bytes at `offset` into `out`, fewer at the end of the file.
[[nodiscard]] Result<> read_at(int fd, std::uint64_t offset, std::size_t size, std::string& out, std::string_view name);
/// The stored payload of a frame; nothing when its checksum does not fit.
[[nodiscard]] Result<std::optional<std::string_view>> read_payload(int fd, const FrameRef& frame, std::string& buffer,
                                                                   std::string_view name);

}  // namespace leakscope::sources::recording
