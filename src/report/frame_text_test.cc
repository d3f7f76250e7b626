#include "report/frame_text.h"

#include <gtest/gtest.h>

namespace leakscope::report {
namespace {

TEST(FrameText, NamesWhatIsKnown) {
  const model::Frame kernel{0xffffffff81000000, "seq_open", 0x2a, "", "fs/seq_file.c", 573};
  EXPECT_EQ(label_of(kernel), "seq_open");
  EXPECT_EQ(place_of(kernel), "seq_open+0x2a");
  EXPECT_EQ(module_of(kernel), "[kernel]");
  EXPECT_EQ(line_of(kernel), "fs/seq_file.c:573");
  const model::Frame module{0xffffffffc0000000, "nft_add_set", 0x1f3, "nf_tables", "", 0};
  EXPECT_EQ(label_of(module), "nft_add_set [nf_tables]");
  EXPECT_EQ(place_of(module), "nft_add_set+0x1f3 [nf_tables]");
  EXPECT_EQ(line_of(module), "");
  const model::Frame address{0xffffffff81000000, "", 0, "", "", 0};
  EXPECT_EQ(place_of(address), "0xffffffff81000000");
  EXPECT_EQ(module_of(address), "");
  EXPECT_EQ(place_of({}), "[unknown]");
}

TEST(FrameText, ASiteIsNamedByWhoAskedAndWhatItGot) {
  model::Site site;
  EXPECT_EQ(caller_of(site), "[unknown]");
  EXPECT_EQ(taken_from(site), "slab");
  site.cache = "dentry";
  EXPECT_EQ(taken_from(site), "dentry");
  EXPECT_EQ(only_process(site), std::nullopt);
  site.processes = {{"cat", Pid{812}, 1, 1}};
  EXPECT_EQ(only_process(site), Pid{812});
  site.processes.push_back({"dd", Pid{813}, 1, 1});
  EXPECT_EQ(only_process(site), std::nullopt);
}

}  // namespace
}  // namespace leakscope::report
