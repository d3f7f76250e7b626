#include "sources/recording/profile_sites.h"

#include <cmath>

#include <gtest/gtest.h>

#include "sources/recording/field_list.h"
#include "sources/recording/made_profile.h"
#include "sources/recording/site_fields.h"

namespace leakscope::sources::recording {
namespace {

std::string encoded(const std::vector<model::Site>& sites, std::uint64_t first = 0) {
  ProfileSitesBuilder builder;
  for (const model::Site& site : sites) builder.add(site);
  std::string bytes;
  builder.encode(first, bytes);
  return bytes;
}

void put_section(std::string& out, SitesSection id, std::string_view contents) {
  ByteWriter writer(out);
  writer.varint(std::to_underlying(id));
  writer.bytes(contents);
}

// A frame of sites by hand: as many sites as records are given.
std::string frame_of(std::string_view strings, std::string_view frames, std::string_view stacks,
                     const std::vector<std::string>& records) {
  std::string out;
  std::string place;
  ByteWriter(place).varint(0);
  ByteWriter(place).varint(records.size());
  put_section(out, SitesSection::kPlace, place);
  put_section(out, SitesSection::kStrings, strings);
  put_section(out, SitesSection::kFrames, frames);
  put_section(out, SitesSection::kStacks, stacks);
  std::string sites;
  ByteWriter writer(sites);
  writer.varint(records.size());
  for (const std::string& record : records) writer.bytes(record);
  put_section(out, SitesSection::kSites, sites);
  return out;
}

TEST(ProfileSites, ComeBackAsTheyWere) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    MadeProfile made(seed);
    const model::Profile profile = made.profile(seed);
    const auto parsed = parse_profile_sites(encoded(profile.sites, seed));
    ASSERT_TRUE(parsed) << seed;
    EXPECT_EQ(parsed->sites, profile.sites) << seed;
    EXPECT_EQ(parsed->first, seed);
    EXPECT_EQ(parsed->count, seed);
  }
}

TEST(ProfileSites, CutAnywhereTheyAreBroken) {
  MadeProfile made(5);
  const std::string bytes = encoded(made.profile(6).sites);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_profile_sites(std::string_view(bytes).substr(0, size))) << size;
  }
}

TEST(ProfileSites, TextsAndStacksStandOnce) {
  model::Site site;
  for (int i = 0; i < 20; ++i) site.stack.push_back({.symbol = "a_rather_long_name_of_a_function"});
  EXPECT_LT(encoded(std::vector<model::Site>(100, site)).size(), 100 * 40U);
}

TEST(ProfileSites, WhatALaterVersionAddsIsSkipped) {
  std::string record;
  FieldWriter fields(record);
  fields.count(SiteField::kAllocator, 1);
  fields.count(SiteField::kState, 2);
  fields.text(static_cast<SiteField>(77), "later");
  fields.number(SiteField::kBytes, 5);
  const std::string none(1, '\0');
  std::string bytes = frame_of("\x03\x05slabz\x04slab\x07growing", none, none, {record, record});
  EXPECT_TRUE(parse_profile_sites(bytes));
  bytes = frame_of(std::string_view("\x03\x00\x04slab\x07growing", 15), none, none, {record});
  put_section(bytes, static_cast<SitesSection>(40), "later");
  const auto parsed = parse_profile_sites(bytes);
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->sites.size(), 1U);
  EXPECT_EQ(parsed->sites[0].bytes, 5);
  EXPECT_EQ(parsed->sites[0].state, model::SiteState::kGrowing);
}

TEST(ProfileSites, OfAnUnknownStateOrAllocatorAreLeftOut) {
  const auto record = [](std::uint64_t allocator, std::uint64_t state) {
    std::string out;
    FieldWriter fields(out);
    fields.count(SiteField::kAllocator, allocator);
    fields.count(SiteField::kState, state);
    return out;
  };
  const std::string none(1, '\0');
  const auto parsed = parse_profile_sites(frame_of("\x03\x04slab\x07growing\x04huge", none, none,
                                                   {record(0, 1), record(2, 1), record(0, 2), std::string()}));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->count, 4U);
  EXPECT_EQ(parsed->sites.size(), 1U);
}

TEST(ProfileSites, WhatAFileCannotHoldIsCountedAndLeftOut) {
  model::Site site;
  site.cache = std::string(kMaxStringSize + 1, 'x');
  site.stack.resize(kMaxStackFrames + 1);
  site.p_value = std::nan("");
  site.ages = model::Ages{0, std::numeric_limits<double>::infinity(), 0};
  site.history = {{1, 2, 3}, {std::nan(""), 4, 5}};
  EXPECT_EQ(ProfileSitesBuilder::parts_cut(site), 5U);
  const auto parsed = parse_profile_sites(encoded({site}));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->sites[0].cache.size(), kMaxStringSize);
  EXPECT_EQ(parsed->sites[0].stack.size(), kMaxStackFrames);
  EXPECT_FALSE(parsed->sites[0].p_value);
  EXPECT_FALSE(parsed->sites[0].ages);
  EXPECT_EQ(parsed->sites[0].history.size(), 1U);
}

TEST(ProfileSites, NoNumberIsNoFigure) {
  std::string record;
  FieldWriter fields(record);
  std::string value;
  ByteWriter(value).u64(std::bit_cast<std::uint64_t>(std::nan("")));
  fields.text(SiteField::kPValue, value);
  const std::string none(1, '\0');
  EXPECT_FALSE(parse_profile_sites(frame_of(none, none, none, {record})));
}

// Some hundred bytes that would be gigabytes when spelled out.
TEST(ProfileSites, DoNotExplode) {
  std::string strings;
  ByteWriter writer(strings);
  writer.varint(1);
  writer.bytes(std::string(kMaxStringSize, 'x'));
  const std::string frames("\x01\x00\x00\x00\x00\x00\x00", 7);
  std::string stacks;
  ByteWriter(stacks).varint(1);
  ByteWriter(stacks).varint(kMaxStackFrames);
  stacks.append(kMaxStackFrames, '\0');
  std::string record;
  FieldWriter(record).count(SiteField::kStack, 0);
  EXPECT_TRUE(parse_profile_sites(frame_of(strings, frames, stacks, {record})));
  EXPECT_FALSE(parse_profile_sites(frame_of(strings, frames, stacks, std::vector<std::string>(10'000, record))));
}

TEST(ProfileSites, AFrameIsFullInTime) {
  model::Site small;
  ProfileSitesBuilder builder;
  for (std::size_t i = 0; i < kSitesPerFrame; ++i) {
    EXPECT_FALSE(builder.full());
    builder.add(small);
  }
  EXPECT_TRUE(builder.full());
  builder.clear();
  EXPECT_FALSE(builder.full());
  EXPECT_EQ(builder.size(), 0U);
  // The largest that there can be: still readable with all that went in before.
  model::Site large;
  large.stack.resize(kMaxStackFrames);
  for (std::size_t i = 0; i < large.stack.size(); ++i) {
    large.stack[i].symbol = large.stack[i].module = large.stack[i].file = std::string(kMaxStringSize, 'x');
  }
  large.processes.resize(kMaxProcesses, {std::string(kMaxStringSize, 'y'), Pid{1}, 1, 1});
  large.history.resize(kMaxSitePoints);
  std::size_t added = 0;
  for (; !builder.full(); ++added) builder.add(large);
  EXPECT_GE(added, 1U);
  std::string bytes;
  builder.encode(0, bytes);
  const auto parsed = parse_profile_sites(bytes);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->sites.back(), large);
}

}  // namespace
}  // namespace leakscope::sources::recording
