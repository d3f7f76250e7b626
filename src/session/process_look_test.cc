#include "session/process_look.h"

#include <unistd.h>

#include <memory>
#include <semaphore>

#include <gtest/gtest.h>

namespace leakscope::session {
namespace {

using sources::process::Depth;
using State = model::Coverage::State;

TEST(LookAtProcess, SeesAllOfOneThatAnswers) {
  const auto seen = look_at_process("/", Pid{::getpid()}, std::chrono::minutes(5));
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_TRUE(seen->total);
  for (const model::Coverage& entry : seen->coverage) EXPECT_NE(entry.state, State::kPartial) << entry.why;
}

TEST(LookAtProcess, OfOneWhoseLockIsHeldTheCountsAreShown) {
  // The thread outlives the test should it come late.
  const auto lock = std::make_shared<std::binary_semaphore>(0);
  const auto seen = look_at_process("/", Pid{::getpid()}, std::chrono::milliseconds(20),
                                    [lock](const std::string& root, Pid pid, Depth depth) {
                                      if (depth == Depth::kAll) lock->acquire();
                                      return read_process(root, pid, depth);
                                    });
  lock->release();
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_GT(seen->sizes.vm_rss.value_or(0), 0);
  EXPECT_FALSE(seen->total);
  ASSERT_FALSE(seen->coverage.empty());
  EXPECT_EQ(seen->coverage.back().state, State::kPartial);
  EXPECT_NE(seen->coverage.back().why.find("mmap lock"), std::string::npos);
  EXPECT_NE(seen->coverage.back().remedy, "");
}

TEST(LookAtProcess, AnErrorIsAnError) {
  EXPECT_EQ(look_at_process("/", Pid{0x7ffffffe}, std::chrono::minutes(5)).error().kind, Error::Kind::kNotFound);
}

}  // namespace
}  // namespace leakscope::session
