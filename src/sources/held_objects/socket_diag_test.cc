#include "sources/held_objects/socket_diag.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace leakscope::sources::held_objects {
namespace {

std::vector<std::byte> read_testdata(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/socket_diag/" + name, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::optional<std::int64_t> bytes_of(const std::vector<SocketMemory>& sockets, std::uint32_t inode) {
  const auto found = std::ranges::find(sockets, inode, &SocketMemory::inode);
  if (found == sockets.end()) return std::nullopt;
  return found->bytes;
}

/// The captures were made in a network namespace of their own, in which SO_MEMINFO of each socket gave the same.
std::vector<SocketMemory> parse_whole(const std::string& name, SocketFamily family) {
  std::vector<SocketMemory> sockets;
  const auto progress = parse_socket_dump(read_testdata(name), family, sockets);
  EXPECT_TRUE(progress) << to_string(progress.error());
  EXPECT_TRUE(progress && progress->done);
  EXPECT_FALSE(progress && progress->interrupted);
  return sockets;
}

TEST(SocketDump, UnixMessagesCountForTheSenderAndThoseOfAClosedSenderForTheReceiver) {
  const auto sockets = parse_whole("6.18-x86_64-unix.bin", SocketFamily::kUnix);
  EXPECT_EQ(bytes_of(sockets, 155398), 214272);
  EXPECT_EQ(bytes_of(sockets, 155399), 0);
  EXPECT_EQ(bytes_of(sockets, 155401), 300);
}

TEST(SocketDump, UnreadTcpAndUdpCountWithTheirBuffersAndNotWithTheirQuota) {
  const auto tcp = parse_whole("6.18-x86_64-tcp4.bin", SocketFamily::kTcp4);
  EXPECT_EQ(bytes_of(tcp, 155404), 20832);
  EXPECT_EQ(bytes_of(tcp, 155403), 0);
  const auto udp = parse_whole("6.18-x86_64-udp4.bin", SocketFamily::kUdp4);
  EXPECT_EQ(bytes_of(udp, 155406), 4608);
  EXPECT_EQ(parse_whole("6.18-x86_64-tcp6.bin", SocketFamily::kTcp6).size(), 1U);
}

TEST(SocketDump, PacketAndNetlinkSocketsHaveTheirOwnLayouts) {
  const auto packet = parse_whole("6.18-x86_64-packet.bin", SocketFamily::kPacket);
  EXPECT_EQ(bytes_of(packet, 155408), 4608);
  const auto netlink = parse_whole("6.18-x86_64-netlink.bin", SocketFamily::kNetlink);
  EXPECT_GT(netlink.size(), 1U);
}

TEST(SocketDump, CutAnywhereItNeverInventsASocket) {
  const auto whole = read_testdata("6.18-x86_64-unix.bin");
  std::vector<SocketMemory> all;
  ASSERT_TRUE(parse_socket_dump(whole, SocketFamily::kUnix, all));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    std::vector<SocketMemory> sockets;
    const auto progress = parse_socket_dump(std::span(whole).first(cut), SocketFamily::kUnix, sockets);
    EXPECT_FALSE(progress && progress->done && sockets.size() < all.size()) << cut;
    ASSERT_LE(sockets.size(), all.size());
    EXPECT_TRUE(std::equal(sockets.begin(), sockets.end(), all.begin())) << cut;
  }
}

std::vector<std::byte> message(std::uint16_t type, std::uint16_t flags, std::span<const std::byte> body) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + body.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  std::vector<std::byte> bytes(NLMSG_HDRLEN);
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

TEST(SocketDump, TheKernelsErrorIsAnError) {
  for (const auto& [number, kind] : {std::pair(-ENOENT, Error::Kind::kNotFound), {-EPERM, Error::Kind::kDenied}}) {
    const auto answer = message(NLMSG_ERROR, 0, std::as_bytes(std::span(&number, 1)));
    std::vector<SocketMemory> sockets;
    const auto progress = parse_socket_dump(answer, SocketFamily::kTcp4, sockets);
    ASSERT_FALSE(progress);
    EXPECT_EQ(progress.error().kind, kind);
  }
  for (const int number : {0, 5, std::numeric_limits<int>::min()}) {
    std::vector<SocketMemory> sockets;
    const auto progress =
        parse_socket_dump(message(NLMSG_ERROR, 0, std::as_bytes(std::span(&number, 1))), SocketFamily::kTcp4, sockets);
    ASSERT_FALSE(progress);
    EXPECT_EQ(progress.error().kind, Error::Kind::kMalformed);
  }
}

TEST(SocketDump, SaysWhenTheListChangedMeanwhile) {
  std::vector<SocketMemory> sockets;
  const auto progress = parse_socket_dump(message(NLMSG_DONE, NLM_F_DUMP_INTR, {}), SocketFamily::kUnix, sockets);
  ASSERT_TRUE(progress);
  EXPECT_TRUE(progress->done);
  EXPECT_TRUE(progress->interrupted);
}

TEST(SocketDump, AListeningSocketsQueueIsANumberOfConnectionsAndNoBytes) {
  struct {
    unix_diag_msg message;
    nlattr attribute;
    unix_diag_rqlen queues;
  } body{};
  body.message.udiag_family = 1;
  body.message.udiag_state = 10;  // TCP_LISTEN
  body.message.udiag_ino = 5;
  body.attribute.nla_len = sizeof body.attribute + sizeof body.queues;
  body.attribute.nla_type = UNIX_DIAG_RQLEN;
  body.queues.udiag_rqueue = 4096;
  std::vector<SocketMemory> sockets;
  ASSERT_TRUE(parse_socket_dump(message(SOCK_DIAG_BY_FAMILY, 0, std::as_bytes(std::span(&body, 1))),
                                SocketFamily::kUnix, sockets));
  EXPECT_EQ(bytes_of(sockets, 5), 0);
  body.message.udiag_state = 7;  // TCP_CLOSE: an unconnected datagram socket
  sockets.clear();
  ASSERT_TRUE(parse_socket_dump(message(SOCK_DIAG_BY_FAMILY, 0, std::as_bytes(std::span(&body, 1))),
                                SocketFamily::kUnix, sockets));
  EXPECT_EQ(bytes_of(sockets, 5), 4096);
}

TEST(QueueBytes, OfClonesAndOriginalsTheLargerCounts) {
  SkMeminfo meminfo{};
  meminfo[SK_MEMINFO_RMEM_ALLOC] = 1000;
  meminfo[SK_MEMINFO_WMEM_ALLOC] = 300;
  meminfo[SK_MEMINFO_WMEM_QUEUED] = 200;
  meminfo[SK_MEMINFO_FWD_ALLOC] = 50000;
  meminfo[SK_MEMINFO_OPTMEM] = 10;
  meminfo[SK_MEMINFO_BACKLOG] = 1;
  EXPECT_EQ(queue_bytes(meminfo), 1311);
  meminfo.fill(~0U);
  EXPECT_EQ(queue_bytes(meminfo), 4 * std::int64_t{0xffffffff});
}

}  // namespace
}  // namespace leakscope::sources::held_objects
