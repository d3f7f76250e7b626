#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace leakscope::sources::logs {

/// One compressed stream, step by step: what was unpacked so far is given out even if the next byte is missing or
/// wrong. (libarchive keeps up to 64 KiB for itself, all of a small log.)
class Unpacker {
 public:
  struct Step {
    std::size_t taken = 0;
    std::size_t made = 0;
    bool ended = false;   ///< the stream is complete; another one may follow in the same file, for a new unpacker
    std::string trouble;  ///< not empty: nothing beyond `made` can be unpacked
  };

  Unpacker() = default;
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  virtual ~Unpacker() = default;

  /// Takes of `in` and makes in `out` as much as it can. An empty `in` asks for what waits for room.
  [[nodiscard]] virtual Step step(std::string_view in, std::span<char> out) = 0;
};

/// For gzip, xz and zstd, told by the first bytes; nothing for others. xz and zstd take 256 MiB at most.
[[nodiscard]] std::unique_ptr<Unpacker> make_unpacker(std::string_view head);

}  // namespace leakscope::sources::logs
