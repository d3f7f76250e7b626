#include "sources/recording/frame.h"

#include <gtest/gtest.h>

namespace leakscope::sources::recording {
namespace {

TEST(Frame, WithoutALevelThePayloadIsStoredAsItIs) {
  const std::string payload(4096, 'x');
  FrameCodec codec;
  for (const auto level : {std::optional<int>(), std::optional<int>(3)}) {
    std::string out = "before";
    ASSERT_TRUE(codec.append_frame({.kind = FrameKind::kHour}, payload, level, out));
    const std::string_view frame = std::string_view(out).substr(6);
    const auto header = decode_header(frame);
    ASSERT_TRUE(header);
    EXPECT_EQ(frame.size(), header->frame_size());
    EXPECT_EQ(header->raw_size, payload.size());
    EXPECT_EQ(header->flags, level ? kFlagZstd : 0U);
    const std::string_view stored = frame.substr(kHeaderSize);
    if (level) {
      EXPECT_LT(stored.size(), 100U);
    } else {
      EXPECT_EQ(stored, payload);
    }
    EXPECT_TRUE(checksum_fits(*header, stored));
    std::string raw;
    const auto unpacked = codec.unpack(*header, stored, raw);
    ASSERT_TRUE(unpacked);
    EXPECT_EQ(*unpacked, payload);
  }
}

}  // namespace
}  // namespace leakscope::sources::recording
