#include "analysis/profile/filter.h"

#include <gtest/gtest.h>

#include "analysis/profile/made_sites.h"

namespace leakscope::analysis::profile {
namespace {

model::Site rich() {
  model::Site made = site({frame("kmalloc_trace"), frame("leak_it.isra.0", "leaky"), frame("do_ioctl")}, 4096, 64);
  made.cache = "pid, files_cache";
  made.processes = {{"nginx", Pid{12}, 3000, 40}, {"sh", Pid{13}, 1096, 24}};
  made.ages = model::Ages{1, 5, 30};
  return made;
}
// Nothing is known of it.
model::Site bare() { return site({model::Frame{}}, 4096, 0); }

TEST(Filter, WithoutAWordLetsAllPass) {
  EXPECT_TRUE(passes({}, rich()));
  EXPECT_TRUE(passes({}, bare()));
  EXPECT_TRUE(passes({}, site({}, -1)));
}

TEST(Filter, ByCacheKnowsAllNamesOfAMergedOne) {
  for (const char* glob : {"pid", "files_cache", "files*", "pid, files_cache", "*"}) {
    EXPECT_TRUE(passes({.caches = {"x", glob}}, rich())) << glob;
  }
  for (const char* glob : {"files", "pi", "", "pid,"}) EXPECT_FALSE(passes({.caches = {glob}}, rich())) << glob;
  EXPECT_FALSE(passes({.caches = {"*"}}, bare()));
}

TEST(Filter, ByFunctionLooksAtTheWholeStack) {
  for (const char* glob : {"leak_it", "leak_it.isra.0", "leak*", "do_ioctl", "kmalloc_trace"}) {
    EXPECT_TRUE(passes({.functions = {glob}}, rich())) << glob;
  }
  for (const char* glob : {"leak", "ioctl"}) EXPECT_FALSE(passes({.functions = {glob}}, rich())) << glob;
  EXPECT_FALSE(passes({.functions = {"*"}}, bare()));
  EXPECT_FALSE(passes({.functions = {"*"}}, site({}, 1)));
}

TEST(Filter, ByModuleCallsTheKernelKernel) {
  EXPECT_TRUE(passes({.modules = {"leaky"}}, rich()));
  EXPECT_TRUE(passes({.modules = {"kernel"}}, rich()));
  EXPECT_FALSE(passes({.modules = {"kernel"}}, site({frame("f", "leaky")}, 1)));
  EXPECT_FALSE(passes({.modules = {"ext4"}}, rich()));
  // An address without a name may be anybody's.
  EXPECT_FALSE(passes({.modules = {"kernel", "*"}}, bare()));
}

TEST(Filter, ByProcessMeansOneThatIsBoth) {
  EXPECT_TRUE(passes({.comms = {"ngi*"}}, rich()));
  EXPECT_TRUE(passes({.pid = Pid{13}}, rich()));
  EXPECT_TRUE(passes({.comms = {"sh"}, .pid = Pid{13}}, rich()));
  EXPECT_FALSE(passes({.comms = {"nginx"}, .pid = Pid{13}}, rich()));
  EXPECT_FALSE(passes({.comms = {"bash"}}, rich()));
  EXPECT_FALSE(passes({.comms = {"*"}}, bare()));
  EXPECT_FALSE(passes({.pid = Pid{0}}, bare()));
}

TEST(Filter, BySizeMeansTheMeanObject) {
  EXPECT_TRUE(passes({.least_size = 64, .most_size = 64}, rich()));
  EXPECT_FALSE(passes({.least_size = 65}, rich()));
  EXPECT_FALSE(passes({.most_size = 63}, rich()));
  EXPECT_FALSE(passes({.least_size = 0}, bare()));
  model::Site freed = bare();
  freed.bytes = 0;
  freed.allocs = 10;
  freed.bytes_allocated = 1000;
  EXPECT_TRUE(passes({.least_size = 100, .most_size = 100}, freed));
}

TEST(Filter, ByAgeMeansTheOldestObject) {
  EXPECT_TRUE(passes({.least_age = 30}, rich()));
  EXPECT_FALSE(passes({.least_age = 31}, rich()));
  EXPECT_FALSE(passes({.least_age = 0}, bare()));
}

TEST(Filter, ByBytesHeld) {
  EXPECT_TRUE(passes({.least_bytes = 4096}, rich()));
  EXPECT_FALSE(passes({.least_bytes = 4097}, rich()));
}

TEST(Filter, KeepsOrderAndWhatIsSaidOfTheProfile) {
  model::Profile profile = profile_of({site({frame("a")}, 1), rich(), site({frame("b")}, 9)});
  profile.sampled_one_in = 16;
  profile.sites_not_kept = 3;
  profile.start = WallTime{Nanoseconds(5)};
  profile.length = Nanoseconds(7);
  profile.population = model::Population::kLive;
  profile.unit = model::ProfileUnit::kPages;
  EXPECT_EQ(filtered({}, profile), profile);
  model::Profile wanted = profile;
  wanted.sites.erase(wanted.sites.begin() + 1);
  EXPECT_EQ(filtered({.functions = {"?"}}, profile), wanted);
}

}  // namespace
}  // namespace leakscope::analysis::profile
