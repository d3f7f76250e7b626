#include "sources/held_objects/socket_table.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>

namespace leakscope::sources::held_objects {
namespace {

constexpr std::size_t kAnswerBuffer = std::size_t{64} * 1024;

Result<UniqueFd> open_netlink() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd.is_open()) return std::unexpected(error_from_errno(errno, "sock_diag", "open a netlink socket for"));
  const timeval patience{2, 0};
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

}  // namespace

void SocketTable::refresh() {
  sockets_.clear();
  total_bytes_ = orphan_bytes_ = 0;
  usable_ = interrupted_ = false;
  trouble_.reset();
  for (const SocketFamily family : kSocketFamilies) {
    // A socket of its own for each: what is left of a dump that failed must not answer the next question.
    const auto netlink = open_netlink();
    const Result<> listed = netlink ? list(netlink->get(), family) : std::unexpected(netlink.error());
    if (listed) {
      usable_ = true;
    } else if (listed.error().kind != Error::Kind::kNotFound && !trouble_) {
      trouble_ = listed.error();  // kNotFound: this kernel was built without sockets of that family
    }
  }
  for (const SocketMemory& socket : sockets_) {
    total_bytes_ += socket.bytes;
    if (socket.inode == 0) orphan_bytes_ += socket.bytes;
  }
  std::ranges::sort(sockets_, {}, &SocketMemory::inode);
}

Result<> SocketTable::list(int netlink, SocketFamily family) {
  const auto request = socket_dump_request(family);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(netlink, request.data(), request.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) <
      0) {
    return std::unexpected(error_from_errno(errno, "sock_diag", "ask"));
  }
  if (buffer_.empty()) buffer_.resize(kAnswerBuffer);
  for (;;) {
    const ssize_t got = ::recv(netlink, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return fail(Error::Kind::kTimeout, "sock_diag", "did not answer within 2 s");
    if (got < 0) return std::unexpected(error_from_errno(errno, "sock_diag", "read the answer of"));
    if (got == 0) return fail(Error::Kind::kTruncated, "sock_diag", "the answer has no end");
    const auto progress = parse_socket_dump(std::span(buffer_).first(static_cast<std::size_t>(got)), family, sockets_);
    if (!progress) return std::unexpected(progress.error());
    interrupted_ = interrupted_ || progress->interrupted;
    if (progress->done) return {};
  }
}

std::optional<std::int64_t> SocketTable::find(std::uint64_t inode) const {
  // The kernel gives 32 bits of the number here; sockfs numbers have no more (fs/inode.c get_next_ino).
  const auto wanted = static_cast<std::uint32_t>(inode);
  if (wanted == 0 || wanted != inode) return std::nullopt;
  const auto found = std::ranges::lower_bound(sockets_, wanted, {}, &SocketMemory::inode);
  if (found == sockets_.end() || found->inode != wanted) return std::nullopt;
  return found->bytes;
}

}  // namespace leakscope::sources::held_objects
