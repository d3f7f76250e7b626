#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope::sources::logs {

/// The bytes of a file, pipe or terminal, piece by piece; what gzip, bzip2, xz, lzma, zstd or lz4 compressed is
/// unpacked, told by content. Memory is constant whatever the size.
class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  /// The next piece, valid until the next call; empty at the end. An error ends the stream: a compressed file that was
  /// cut (of bzip2, lzma and lz4 the last 64 KiB are lost then), a disk that cannot be read. What came before it is
  /// good.
  [[nodiscard]] virtual Result<std::string_view> next() = 0;
  [[nodiscard]] virtual bool was_compressed() const { return false; }
};

/// `name` is for messages. `head` is what was read of it already, to look at.
[[nodiscard]] Result<std::unique_ptr<ByteStream>> open_bytes(UniqueFd fd, std::string name, std::string head = {});

}  // namespace leakscope::sources::logs
