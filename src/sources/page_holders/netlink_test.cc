#include "sources/page_holders/netlink.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/packet_diag.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sources/page_holders/packet_rings.h"
#include "sources/page_holders/page_pool.h"

namespace leakscope::sources::page_holders {
namespace {

class Builder {
 public:
  template <class T>
  Builder& add(const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  template <class T>
  Builder& attribute(std::uint16_t type, const T& value) {
    add(nlattr{static_cast<std::uint16_t>(sizeof(nlattr) + sizeof value), type}).add(value);
    bytes_.resize((bytes_.size() + 3U) & ~std::size_t{3});
    return *this;
  }
  [[nodiscard]] ByteSpan bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

TEST(MessageCursor, WalksAndNoticesLengthsThatDoNotFit) {
  Builder two;
  two.add(nlmsghdr{18, 7, 1, 1, 0}).add(std::uint16_t{9}).add(std::uint16_t{0});
  two.add(nlmsghdr{16, NLMSG_DONE, 0, 1, 0});
  MessageCursor cursor(two.bytes());
  const auto first = cursor.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->type, 7);
  EXPECT_EQ(first->payload.size(), 2U);
  EXPECT_EQ(cursor.next()->type, NLMSG_DONE);
  EXPECT_FALSE(cursor.next());
  EXPECT_FALSE(cursor.broken());

  for (const std::uint32_t length : {0U, 15U, 17U, 0xffffffffU}) {
    Builder bad;
    bad.add(nlmsghdr{length, 7, 0, 1, 0});
    MessageCursor broken(bad.bytes());
    EXPECT_FALSE(broken.next()) << length;
    EXPECT_TRUE(broken.broken()) << length;
  }
}

TEST(PagePool, SumsWhatIsInFlightInEitherWidth) {
  Builder wide;
  wide.attribute(1, std::uint32_t{4}).attribute(4, std::uint32_t{2}).attribute(5, std::uint64_t{1} << 33);
  EXPECT_EQ(parse_page_pool(wide.bytes()), (PagePool{Bytes(std::int64_t{1} << 33), false}));
  Builder narrow;
  narrow.attribute(5, std::uint32_t{8192}).attribute(6, std::uint32_t{77});
  EXPECT_EQ(parse_page_pool(narrow.bytes()), (PagePool{Bytes(8192), true}));
  EXPECT_EQ(parse_page_pool({}), (PagePool{}));
}

TEST(PagePool, RefusesBrokenAttributes) {
  Builder odd;
  odd.attribute(5, std::array<char, 3>{});
  EXPECT_FALSE(parse_page_pool(odd.bytes()));
  Builder huge;
  huge.attribute(5, UINT64_MAX);
  EXPECT_FALSE(parse_page_pool(huge.bytes()));
  Builder good;
  good.attribute(5, std::uint64_t{4096});
  for (std::size_t length = 1; length < good.bytes().size(); ++length) {
    EXPECT_FALSE(parse_page_pool(good.bytes().first(length))) << length;
  }
}

packet_diag_ring ring(std::uint32_t block_size, std::uint32_t blocks) { return {block_size, blocks, 2048, 0, 0, 0, 0}; }

TEST(PacketDiag, RoundsBlocksUpToAPowerOfTwoPages) {
  Builder message;
  message.add(packet_diag_msg{});
  message.attribute(PACKET_DIAG_RX_RING, ring(12288, 10)).attribute(PACKET_DIAG_TX_RING, ring(4096, 3));
  EXPECT_EQ(parse_packet_diag(message.bytes(), PageSize{4096}), (PacketRings{Bytes(16384 * 10), Bytes(4096 * 3)}));
  Builder none;
  none.add(packet_diag_msg{});
  EXPECT_EQ(parse_packet_diag(none.bytes(), PageSize{4096}), (PacketRings{}));
}

TEST(PacketDiag, RefusesTheBroken) {
  Builder message;
  message.add(packet_diag_msg{}).attribute(PACKET_DIAG_RX_RING, ring(4096, 1));
  for (std::size_t length = 0; length < message.bytes().size(); ++length) {
    if (length == sizeof(packet_diag_msg)) continue;  // a socket without rings
    EXPECT_FALSE(parse_packet_diag(message.bytes().first(length), PageSize{4096})) << length;
  }
  Builder huge;
  huge.add(packet_diag_msg{}).attribute(PACKET_DIAG_RX_RING, ring(UINT32_MAX, UINT32_MAX));
  EXPECT_FALSE(parse_packet_diag(huge.bytes(), PageSize{4096}));
}

TEST(NetlinkLive, TheControlFamilyAnswersAndUnknownOnesAreRefused) {
  auto socket = NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) GTEST_SKIP() << to_string(socket.error());
  std::size_t families = 0;
  const genlmsghdr request{CTRL_CMD_GETFAMILY, 1, 0};
  const auto asked = socket->ask(GENL_ID_CTRL, NLM_F_DUMP, std::as_bytes(std::span(&request, 1)), [&](const auto&) {
    ++families;
    return Result<>{};
  });
  ASSERT_TRUE(asked) << to_string(asked.error());
  EXPECT_GE(families, 1U);
  EXPECT_FALSE(socket->ask(0x7fff, 0, {}, [](const auto&) { return Result<>{}; }));
}

}  // namespace
}  // namespace leakscope::sources::page_holders
