#include "sources/held_objects/message_queues.h"

#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace leakscope::sources::held_objects {
namespace {

std::string read_testdata(const std::string& name) {
  std::ifstream in(std::string(LEAKSCOPE_TESTDATA) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(MessageQueues, ReadsThoseThatHoldMessages) {
  const auto queues = parse_message_queues(read_testdata("message_queues/6.18-x86_64.txt"));
  ASSERT_TRUE(queues);
  ASSERT_EQ(queues->size(), 1U);
  EXPECT_EQ((*queues)[0].payload, 10000);
  EXPECT_EQ((*queues)[0].messages, 10);
  EXPECT_GT((*queues)[0].last_sender.value, 0);
}

TEST(MessageQueues, FindsColumnsByName) {
  const auto queues = parse_message_queues("msqid new qnum cbytes lspid cuid stime\n7 x 2 300 41 1000 1700000000\n");
  ASSERT_TRUE(queues);
  ASSERT_EQ(queues->size(), 1U);
  EXPECT_EQ((*queues)[0].id, 7);
  EXPECT_EQ((*queues)[0].payload, 300);
  EXPECT_EQ((*queues)[0].last_sender, Pid{41});
  EXPECT_EQ((*queues)[0].creator_uid, 1000U);
  EXPECT_EQ((*queues)[0].last_send_seconds, 1'700'000'000);
}

TEST(MessageQueues, NamesWhatItCannotRead) {
  EXPECT_TRUE(parse_message_queues("")->empty());
  EXPECT_FALSE(parse_message_queues("key msqid perms\n"));
  constexpr const char* kHeader = "msqid qnum cbytes lspid cuid stime\n";
  for (const char* row : {"1 2 3\n", "1 x 3 4 5 6\n", "1 2 -3 4 5 6\n", "1 2 3 -4 5 6\n", "1 2 3 4 -5 6\n"}) {
    const auto queues = parse_message_queues(std::string(kHeader) + row);
    ASSERT_FALSE(queues) << row;
    EXPECT_EQ(queues.error().line, 2U);
  }
  EXPECT_EQ(parse_message_queues(std::string(kHeader) + "1 2 3 4 5 6").error().kind, Error::Kind::kTruncated);
}

TEST(KernelBytes, CountsHeadersPagesAndSizeClasses) {
  const PageSize page{4096};
  const auto of = [&](std::int64_t payload, std::int64_t messages) {
    return kernel_bytes(MessageQueue{.payload = payload, .messages = messages}, page);
  };
  EXPECT_EQ(of(0, 1), 64);
  EXPECT_EQ(of(16, 1), 64);
  EXPECT_EQ(of(17, 1), 96);
  EXPECT_EQ(of(100, 1), 192);
  EXPECT_EQ(of(10000, 10), 10 * 2048);
  EXPECT_EQ(of(4048, 1), 4096);
  EXPECT_EQ(of(4049, 1), 4096 + 16);
  EXPECT_EQ(of(8192, 1), 4096 + 4096 + 64);  // 4048 + 4088 + 56
  EXPECT_EQ(of(5, 0), 0);
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(of(kMost, 1), kMost);
  EXPECT_EQ(of(kMost, kMost), kMost);
}

}  // namespace
}  // namespace leakscope::sources::held_objects
