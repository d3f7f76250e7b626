#include "sources/recording/profile_head.h"

#include <gtest/gtest.h>

#include "sources/recording/field_list.h"
#include "sources/recording/made_profile.h"

namespace leakscope::sources::recording {
namespace {

ProfileHead made_head(std::uint32_t seed) {
  MadeProfile made(seed);
  ProfileHead head;
  head.profile = made.profile(0);
  head.sites = seed;
  head.coverage = made.coverage();
  head.losses = made.losses();
  return head;
}

std::string encoded(const ProfileHead& head) {
  std::string bytes;
  encode_profile_head(head, bytes);
  return bytes;
}

std::string with(std::uint64_t id, std::string_view value) {
  std::string bytes = encoded(made_head(1));
  ByteWriter writer(bytes);
  writer.varint(id);
  writer.bytes(value);
  return bytes;
}

TEST(ProfileHead, ComesBackAsItWas) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const ProfileHead head = made_head(seed);
    const auto parsed = parse_profile_head(encoded(head));
    ASSERT_TRUE(parsed) << seed;
    EXPECT_EQ(*parsed, head) << seed;
  }
}

TEST(ProfileHead, FieldsOfALaterVersionAreSkipped) {
  const auto parsed = parse_profile_head(with(99, "later"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, made_head(1));
}

TEST(ProfileHead, WhatTheFiguresMeanMustBeKnown) {
  EXPECT_EQ(parse_profile_head("").error().kind, Error::Kind::kMalformed);
  const auto population = parse_profile_head(with(1, "peak\x1b"));
  ASSERT_FALSE(population);
  EXPECT_EQ(population.error().kind, Error::Kind::kUnsupported);
  EXPECT_EQ(population.error().what, "this leakscope does not know the population 'peak\\x1b'");
  EXPECT_EQ(parse_profile_head(with(2, "handles")).error().kind, Error::Kind::kUnsupported);
}

TEST(ProfileHead, FiguresThatMakeNoSenseAreBroken) {
  const std::string zero(1, '\0');
  EXPECT_FALSE(parse_profile_head(with(6, zero)));                                        // sampled one in 0
  EXPECT_FALSE(parse_profile_head(with(6, "\xff\xff\xff\xff\xff\x0f")));                  // above 32 bits
  EXPECT_FALSE(parse_profile_head(with(5, "\x01")));                                      // a length of -1
  EXPECT_FALSE(parse_profile_head(with(4, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")));  // a time beyond all times
  EXPECT_FALSE(parse_profile_head(with(9, "\x01")));
  EXPECT_FALSE(parse_profile_head(with(9, std::string_view("\0\x09\0\0", 4))));  // no such state
  EXPECT_FALSE(parse_profile_head(with(10, "")));
  EXPECT_FALSE(parse_profile_head(with(8, "")));
}

TEST(ProfileHead, CutAnywhereItIsBrokenOrShorter) {
  const std::string bytes = encoded(made_head(3));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto parsed = parse_profile_head(std::string_view(bytes).substr(0, size));
    EXPECT_TRUE(!parsed || parsed->coverage.size() + parsed->losses.size() < 3U) << size;
  }
}

}  // namespace
}  // namespace leakscope::sources::recording
