#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace leakscope::sources::page_holders {

using ByteSpan = std::span<const std::byte>;

/// A plain record at the beginning of the bytes; nothing when they are too short.
template <class T>
[[nodiscard]] std::optional<T> read_as(ByteSpan bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// One message of a netlink answer (struct nlmsghdr and what follows it).
struct NetlinkMessage {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  ByteSpan payload;
};

/// Walks over the messages of one datagram. A header whose length does not fit ends the walk and is marked.
class MessageCursor {
 public:
  explicit MessageCursor(ByteSpan bytes) : rest_(bytes) {}
  [[nodiscard]] std::optional<NetlinkMessage> next();
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  ByteSpan rest_;
  bool broken_ = false;
};

/// One attribute of a message (struct nlattr and what follows it); the type without its flags.
struct NetlinkAttribute {
  std::uint16_t type = 0;
  ByteSpan payload;

  /// Numbers of 1, 2, 4 or 8 bytes in the machine's order: the kernel's "uint" may have 4 or 8.
  [[nodiscard]] std::optional<std::uint64_t> number() const;
};

class AttributeCursor {
 public:
  explicit AttributeCursor(ByteSpan bytes) : rest_(bytes) {}
  [[nodiscard]] std::optional<NetlinkAttribute> next();
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  ByteSpan rest_;
  bool broken_ = false;
};

/// Asks the kernel through a netlink socket. An answer that does not come within a second is kTimeout.
class NetlinkSocket {
 public:
  [[nodiscard]] static Result<NetlinkSocket> open(int protocol);

  /// Sends one request (`payload` follows the header) and hands every message of the answer to `each`, until the
  /// answer's end. NLM_F_REQUEST and NLM_F_ACK are set by themselves. An error of `each` ends the walk.
  [[nodiscard]] Result<> ask(std::uint16_t type, std::uint16_t flags, ByteSpan payload,
                             const std::function<Result<>(const NetlinkMessage&)>& each);

 private:
  explicit NetlinkSocket(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  std::uint32_t sequence_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace leakscope::sources::page_holders
