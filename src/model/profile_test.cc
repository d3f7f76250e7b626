#include "model/profile.h"

#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace leakscope::model {
namespace {

TEST(ProfileWords, GoBothWays) {
  constexpr std::array kStates = {"lost", "indirect", "reachable", "doubtful", "unfreed", "growing", "blind"};
  for (std::size_t i = 0; i < kStates.size(); ++i) {
    EXPECT_EQ(to_string(static_cast<SiteState>(i)), kStates[i]);
    EXPECT_EQ(site_state_from_string(kStates[i]), static_cast<SiteState>(i));
  }
  constexpr std::array kPopulations = {"outstanding", "live", "unreferenced"};
  for (std::size_t i = 0; i < kPopulations.size(); ++i) {
    EXPECT_EQ(to_string(static_cast<Population>(i)), kPopulations[i]);
    EXPECT_EQ(population_from_string(kPopulations[i]), static_cast<Population>(i));
  }
  constexpr std::array kUnits = {"requested", "allocated", "pages"};
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    EXPECT_EQ(to_string(static_cast<ProfileUnit>(i)), kUnits[i]);
    EXPECT_EQ(profile_unit_from_string(kUnits[i]), static_cast<ProfileUnit>(i));
  }
  EXPECT_FALSE(site_state_from_string("Lost"));
  EXPECT_FALSE(population_from_string(""));
  EXPECT_FALSE(profile_unit_from_string("bytes"));
}

Site site_of(std::string symbol, std::string module = {}) {
  Site site;
  site.stack.push_back({.address = 0x1234, .symbol = std::move(symbol), .offset = 5, .module = std::move(module)});
  site.stack.push_back({.address = 0x5678, .symbol = "do_syscall_64"});
  return site;
}

TEST(SiteId, IsSixteenDigitsThatNeverChange) { EXPECT_EQ(site_id(site_of("seq_open")), "7800514fade0e227"); }

TEST(SiteId, KnowsNoAddressesOffsetsLinesOrCompilerSuffixes) {
  Site other = site_of("seq_open");
  other.stack[0].address = 99;
  other.stack[0].offset = 77;
  other.stack[0].file = "fs/seq_file.c";
  other.stack[0].line = 600;
  other.cache = "seq_file";
  EXPECT_EQ(site_id(other), site_id(site_of("seq_open")));
  for (const char* name : {"seq_open.isra.0", "seq_open.constprop.0.isra.12", "seq_open.part.3.cold", "seq_open.cold.7",
                           "seq_open.llvm.1234567890123"}) {
    EXPECT_EQ(site_id(site_of(name)), site_id(site_of("seq_open"))) << name;
  }
}

TEST(SiteId, TellsApartWhatDiffers) {
  const std::string id = site_id(site_of("seq_open"));
  EXPECT_NE(site_id(site_of("seq_open", "xfs")), id);
  EXPECT_NE(site_id(site_of("seq_open2")), id);
  EXPECT_NE(site_id(site_of("seq_open.isra")), id);
  EXPECT_NE(site_id(site_of("seq_open.isra.x")), id);
  EXPECT_NE(site_id(site_of("seq_open.5")), id);
  Site pages = site_of("seq_open");
  pages.allocator = Allocator::kPages;
  EXPECT_NE(site_id(pages), id);
  Site shorter = site_of("seq_open");
  shorter.stack.pop_back();
  EXPECT_NE(site_id(shorter), id);
}

TEST(SiteId, FramesWithoutASymbolCountByTheirModule) {
  Site one = site_of("", "nft");
  Site two = site_of("", "nft");
  two.stack[0].address = 1;
  EXPECT_EQ(site_id(one), site_id(two));
  EXPECT_NE(site_id(one), site_id(site_of("")));
  EXPECT_EQ(site_id(Site{}).size(), 16U);
}

TEST(SiteId, ANameThatIsAllSuffixStays) { EXPECT_NE(site_id(site_of(".cold")), site_id(site_of(".isra.0"))); }

}  // namespace
}  // namespace leakscope::model
