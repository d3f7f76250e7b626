#include "sources/held_objects/socket_diag.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace leakscope::sources::held_objects {
namespace {

constexpr std::string_view kWhere = "sock_diag";

struct Ask {
  std::uint8_t family;
  std::uint8_t protocol;
};

Ask ask_for(SocketFamily family) {
  switch (family) {
    case SocketFamily::kTcp4:
      return {AF_INET, IPPROTO_TCP};
    case SocketFamily::kTcp6:
      return {AF_INET6, IPPROTO_TCP};
    case SocketFamily::kUdp4:
      return {AF_INET, IPPROTO_UDP};
    case SocketFamily::kUdp6:
      return {AF_INET6, IPPROTO_UDP};
    case SocketFamily::kUnix:
      return {AF_UNIX, 0};
    case SocketFamily::kNetlink:
      return {AF_NETLINK, NDIAG_PROTO_ALL};
    case SocketFamily::kPacket:
      return {AF_PACKET, 0};
  }
  return {AF_UNIX, 0};
}

template <class Request>
std::vector<std::byte> with_header(const Request& request) {
  nlmsghdr header{};
  header.nlmsg_len = NLMSG_LENGTH(sizeof request);
  header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  std::vector<std::byte> message(NLMSG_SPACE(sizeof request));
  std::memcpy(message.data(), &header, sizeof header);
  std::memcpy(message.data() + NLMSG_HDRLEN, &request, sizeof request);
  return message;
}

template <class T>
std::optional<T> read_as(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// Calls `take(type, payload)` for each attribute; false when one does not fit.
bool for_each_attribute(std::span<const std::byte> bytes, const auto& take) {
  while (bytes.size() >= sizeof(nlattr)) {
    const auto attribute = *read_as<nlattr>(bytes);
    if (attribute.nla_len < sizeof(nlattr) || attribute.nla_len > bytes.size()) return false;
    take(attribute.nla_type & NLA_TYPE_MASK, bytes.subspan(NLA_HDRLEN, attribute.nla_len - NLA_HDRLEN));
    bytes = bytes.subspan(std::min<std::size_t>(NLA_ALIGN(attribute.nla_len), bytes.size()));
  }
  return true;
}

std::int64_t queue_bytes_of(std::span<const std::byte> attribute) {
  SkMeminfo meminfo{};
  std::memcpy(meminfo.data(), attribute.data(), std::min(attribute.size(), sizeof meminfo));
  return queue_bytes(meminfo);
}

/// A socket whose message has a fixed part `Message` and its memory in one attribute.
template <class Message>
std::optional<SocketMemory> parse_plain(std::span<const std::byte> body, std::uint32_t Message::* inode,
                                        int meminfo_type) {
  const auto message = read_as<Message>(body);
  if (!message) return std::nullopt;
  SocketMemory socket{(*message).*inode, 0};
  const bool whole = for_each_attribute(body.subspan(NLMSG_ALIGN(sizeof(Message))), [&](int type, auto payload) {
    if (type == meminfo_type) socket.bytes = queue_bytes_of(payload);
  });
  if (!whole) return std::nullopt;
  return socket;
}

std::optional<SocketMemory> parse_unix(std::span<const std::byte> body) {
  const auto message = read_as<unix_diag_msg>(body);
  if (!message) return std::nullopt;
  SocketMemory socket{message->udiag_ino, 0};
  bool has_peer = false;
  std::int64_t waiting = 0;
  const bool whole = for_each_attribute(body.subspan(NLMSG_ALIGN(sizeof(unix_diag_msg))), [&](int type, auto payload) {
    if (type == UNIX_DIAG_MEMINFO) socket.bytes = queue_bytes_of(payload);
    if (type == UNIX_DIAG_PEER) has_peer = read_as<std::uint32_t>(payload).value_or(0) != 0;
    if (const auto queues = read_as<unix_diag_rqlen>(payload); type == UNIX_DIAG_RQLEN && queues) {
      waiting = queues->udiag_rqueue;
    }
  });
  if (!whole) return std::nullopt;
  // For a listening socket the figure is a number of connections; with a peer that lives the bytes are the peer's.
  if (!has_peer && message->udiag_state != TCP_LISTEN) socket.bytes += waiting;
  return socket;
}

std::optional<SocketMemory> parse_socket(std::span<const std::byte> body, SocketFamily family) {
  switch (family) {
    case SocketFamily::kUnix:
      return parse_unix(body);
    case SocketFamily::kNetlink:
      return parse_plain(body, &netlink_diag_msg::ndiag_ino, NETLINK_DIAG_MEMINFO);
    case SocketFamily::kPacket:
      return parse_plain(body, &packet_diag_msg::pdiag_ino, PACKET_DIAG_MEMINFO);
    default:
      return parse_plain(body, &inet_diag_msg::idiag_inode, INET_DIAG_SKMEMINFO);
  }
}

std::unexpected<Error> malformed_answer(std::string what) {
  return fail(Error::Kind::kMalformed, std::string(kWhere), std::move(what));
}

}  // namespace

std::int64_t queue_bytes(const SkMeminfo& meminfo) {
  const auto word = [&meminfo](int index) { return std::int64_t{meminfo[static_cast<std::size_t>(index)]}; };
  return word(SK_MEMINFO_RMEM_ALLOC) + std::max(word(SK_MEMINFO_WMEM_QUEUED), word(SK_MEMINFO_WMEM_ALLOC)) +
         word(SK_MEMINFO_OPTMEM) + word(SK_MEMINFO_BACKLOG);
}

std::vector<std::byte> socket_dump_request(SocketFamily family) {
  const Ask ask = ask_for(family);
  constexpr std::uint32_t kAllStates = ~0U;
  if (family == SocketFamily::kUnix) {
    unix_diag_req request{};
    request.sdiag_family = ask.family;
    request.udiag_states = kAllStates;
    request.udiag_show = UDIAG_SHOW_MEMINFO | UDIAG_SHOW_RQLEN | UDIAG_SHOW_PEER;
    return with_header(request);
  }
  if (family == SocketFamily::kNetlink) {
    netlink_diag_req request{};
    request.sdiag_family = ask.family;
    request.sdiag_protocol = ask.protocol;
    request.ndiag_show = NDIAG_SHOW_MEMINFO;
    return with_header(request);
  }
  if (family == SocketFamily::kPacket) {
    packet_diag_req request{};
    request.sdiag_family = ask.family;
    request.pdiag_show = PACKET_SHOW_MEMINFO;
    return with_header(request);
  }
  inet_diag_req_v2 request{};
  request.sdiag_family = ask.family;
  request.sdiag_protocol = ask.protocol;
  request.idiag_ext = 1U << (INET_DIAG_SKMEMINFO - 1);
  // Without those in TIME-WAIT and half open: they are no full sockets and hold no queues.
  constexpr std::uint32_t kNewSynRecv = 12;
  request.idiag_states = kAllStates & ~(1U << TCP_TIME_WAIT) & ~(1U << TCP_SYN_RECV) & ~(1U << kNewSynRecv);
  return with_header(request);
}

Result<DumpProgress> parse_socket_dump(std::span<const std::byte> answer, SocketFamily family,
                                       std::vector<SocketMemory>& out) {
  DumpProgress progress;
  while (!answer.empty()) {
    const auto header = read_as<nlmsghdr>(answer);
    if (!header) return malformed_answer("ends in the middle of a message header");
    if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > answer.size()) {
      return malformed_answer("a message is longer than the answer it is in");
    }
    const auto body = answer.subspan(NLMSG_HDRLEN, header->nlmsg_len - NLMSG_HDRLEN);
    if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0) progress.interrupted = true;
    if (header->nlmsg_type == NLMSG_DONE) {
      progress.done = true;
      return progress;
    }
    if (header->nlmsg_type == NLMSG_ERROR) {
      const auto error = read_as<int>(body);
      if (!error) return malformed_answer("an error message without its number");
      // 0 is an acknowledgement, which nobody asked for; the most negative number has no positive one.
      if (*error < 0 && *error > -4096)
        return std::unexpected(error_from_errno(-*error, std::string(kWhere), "list sockets"));
      return malformed_answer("an error message without an error");
    }
    if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY) {
      const auto socket = parse_socket(body, family);
      if (!socket) return malformed_answer("a socket's message is cut");
      out.push_back(*socket);
    }
    answer = answer.subspan(std::min<std::size_t>(NLMSG_ALIGN(header->nlmsg_len), answer.size()));
  }
  return progress;
}

}  // namespace leakscope::sources::held_objects
