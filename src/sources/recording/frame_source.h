#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sources/recording/frame_scan.h"

namespace leakscope::sources::recording {

/// What could not be read as frames.
struct FrameDamage {
  std::uint64_t pieces = 0;  ///< between whole frames, or frames whose payload does not fit its checksum
  std::uint64_t bytes = 0;
  std::uint64_t torn_bytes = 0;  ///< behind the last whole frame
  bool starts_like_one = false;  ///< the first bytes are those of a recording, whatever follows
};

/// The whole frames of a recording, one after the other. What is damaged is stepped over and counted.
class FrameSource {
 public:
  FrameSource() = default;
  FrameSource(const FrameSource&) = delete;
  FrameSource& operator=(const FrameSource&) = delete;
  virtual ~FrameSource() = default;

  /// The header of the next frame; nothing at the end. A newer schema is kUnsupported.
  [[nodiscard]] virtual Result<std::optional<FrameHeader>> next() = 0;
  /// The stored payload of that frame, until the next call; nothing when it turns out to be damaged.
  [[nodiscard]] virtual Result<std::optional<std::string_view>> payload() = 0;
  [[nodiscard]] virtual FrameDamage damage() const = 0;
  /// All frames, where the file can be looked over beforehand.
  [[nodiscard]] virtual const FrameScan* scan() const { return nullptr; }
  /// Back to the first frame, where there is a scan().
  virtual void rewind() {}
};

/// A regular file: payloads are read only when they are asked for. Another leakscope may be writing it: when a frame
/// turns out to be no more what it was, the file is scanned anew.
[[nodiscard]] Result<std::unique_ptr<FrameSource>> open_file_frames(UniqueFd fd, std::string name);
/// A pipe, a socket, standard input: read once from its start to its end.
[[nodiscard]] std::unique_ptr<FrameSource> open_stream_frames(UniqueFd fd, std::string name);

}  // namespace leakscope::sources::recording
