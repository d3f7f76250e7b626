#include "sources/page_holders/netlink.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace leakscope::sources::page_holders {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr std::string_view kWhere = "netlink";

// Lengths are rounded up to 4 bytes; the last piece may come without its padding.
ByteSpan after(ByteSpan bytes, std::size_t length) {
  return bytes.subspan(std::min(bytes.size(), (length + 3U) & ~std::size_t{3}));
}

}  // namespace

std::optional<NetlinkMessage> MessageCursor::next() {
  if (rest_.empty()) return std::nullopt;
  const auto header = read_as<nlmsghdr>(rest_);
  if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > rest_.size()) {
    broken_ = true;
    rest_ = {};
    return std::nullopt;
  }
  const NetlinkMessage message{header->nlmsg_type, header->nlmsg_flags,
                               rest_.first(header->nlmsg_len).subspan(sizeof(nlmsghdr))};
  rest_ = after(rest_, header->nlmsg_len);
  return message;
}

std::optional<NetlinkAttribute> AttributeCursor::next() {
  if (rest_.empty()) return std::nullopt;
  const auto header = read_as<nlattr>(rest_);
  if (!header || header->nla_len < sizeof(nlattr) || header->nla_len > rest_.size()) {
    broken_ = true;
    rest_ = {};
    return std::nullopt;
  }
  const NetlinkAttribute attribute{static_cast<std::uint16_t>(header->nla_type & NLA_TYPE_MASK),
                                   rest_.first(header->nla_len).subspan(sizeof(nlattr))};
  rest_ = after(rest_, header->nla_len);
  return attribute;
}

std::optional<std::uint64_t> NetlinkAttribute::number() const {
  switch (payload.size()) {
    case 1:
      return read_as<std::uint8_t>(payload);
    case 2:
      return read_as<std::uint16_t>(payload);
    case 4:
      return read_as<std::uint32_t>(payload);
    case 8:
      return read_as<std::uint64_t>(payload);
    default:
      return std::nullopt;
  }
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, std::string(kWhere), "open a socket"));
  const timeval deadline{.tv_sec = 1, .tv_usec = 0};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline) != 0) {
    return std::unexpected(error_from_errno(errno, std::string(kWhere), "set a deadline"));
  }
  return NetlinkSocket(std::move(fd));
}

Result<> NetlinkSocket::ask(std::uint16_t type, std::uint16_t flags, ByteSpan payload,
                            const std::function<Result<>(const NetlinkMessage&)>& each) {
  const std::size_t length = sizeof(nlmsghdr) + payload.size();
  const nlmsghdr header{static_cast<std::uint32_t>(length), type,
                        static_cast<std::uint16_t>(flags | NLM_F_REQUEST | NLM_F_ACK), ++sequence_, 0};
  buffer_.resize(std::max(kBufferBytes, length));
  std::memcpy(buffer_.data(), &header, sizeof header);
  if (!payload.empty()) std::memcpy(buffer_.data() + sizeof header, payload.data(), payload.size());
  if (::send(fd_.get(), buffer_.data(), length, 0) < 0) {
    return std::unexpected(error_from_errno(errno, std::string(kWhere), "send"));
  }
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return fail(Error::Kind::kTimeout, std::string(kWhere), "no answer within a second");
      return std::unexpected(error_from_errno(errno, std::string(kWhere), "receive"));
    }
    if (static_cast<std::size_t>(got) > buffer_.size()) {
      return fail(Error::Kind::kTruncated, std::string(kWhere), "a message larger than 64 KiB");
    }
    MessageCursor messages(ByteSpan(buffer_).first(static_cast<std::size_t>(got)));
    while (const auto message = messages.next()) {
      if (message->type == NLMSG_DONE) return {};
      if (message->type == NLMSG_ERROR) {
        const int error = read_as<std::int32_t>(message->payload).value_or(-EPROTO);
        if (error == 0) return {};
        return std::unexpected(error_from_errno(-error, std::string(kWhere), "ask"));
      }
      if (auto result = each(*message); !result) return result;
    }
    if (messages.broken()) return malformed(std::string(kWhere), 0, "a message whose length does not fit");
  }
}

}  // namespace leakscope::sources::page_holders
