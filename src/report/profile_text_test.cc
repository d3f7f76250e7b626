#include "report/profile_text.h"

#include <chrono>
#include <limits>

#include <gtest/gtest.h>

namespace leakscope::report {
namespace {

TEST(ProfileText, SaysWhatItIsAbout) {
  model::Profile profile;
  profile.title = "kernel memory";
  EXPECT_EQ(title_of(profile), "kernel memory taken and not given back");
  profile.length = std::chrono::seconds(60);
  EXPECT_EQ(title_of(profile), "kernel memory taken in 60 s and not given back");
  EXPECT_EQ(terms_of(profile), std::vector<std::string>{"bytes as allocated"});
  profile.sampled_one_in = 16;
  profile.sites_not_kept = 1;
  EXPECT_EQ(terms_of(profile), (std::vector<std::string>{"bytes as allocated", "sampled: 1 address in 16, scaled up",
                                                         "1 further site not kept"}));
}

TEST(ProfileText, SumsStayInRange) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(saturating_add(kMost, 1), kMost);
  EXPECT_EQ(saturating_add(std::numeric_limits<std::int64_t>::min(), -1), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(saturating_add(2, -3), -1);
}

}  // namespace
}  // namespace leakscope::report
