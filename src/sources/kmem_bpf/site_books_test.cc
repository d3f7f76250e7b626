#include "sources/kmem_bpf/site_books.h"

#include <array>

#include <gtest/gtest.h>

namespace leakscope::sources::kmem_bpf {
namespace {

TEST(SiteBooks, WhatIsHeldIsWhatCameAndDidNotGo) {
  SiteBooks books(1);
  books.begin_point(1);
  books.update(0, {.allocs = 10, .frees = 4, .unseen_frees = 1});
  const auto figures = books.figures(0);
  EXPECT_EQ(figures.allocs, 10U);
  EXPECT_EQ(figures.frees, 4U);
  EXPECT_EQ(figures.unseen_frees, 1U);
  EXPECT_EQ(figures.held, 5);
  EXPECT_EQ(books.sampled_live(), 5U);
}

TEST(SiteBooks, AFreeThatIsReadBeforeItsAllocationIsNotNegative) {
  SiteBooks books(1);
  books.begin_point(1);
  books.update(0, {.allocs = 10, .frees = 11});
  EXPECT_EQ(books.figures(0).held, 0);
  EXPECT_EQ(books.history(0, 8).at(0).bytes, 0);
}

TEST(SiteBooks, ASiteThatCameLaterHeldNothingBefore) {
  SiteBooks books(1);
  books.begin_point(1);
  books.update(0, {.allocs = 1});
  books.begin_point(2);
  books.update(0, {.allocs = 2});
  books.update(5, {.allocs = 3});
  const auto history = books.history(5, 100);
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].count, 0);
  EXPECT_EQ(history[1].count, 3);
  EXPECT_EQ(history[1].bytes, 300);
  EXPECT_EQ(history[1].seconds, 2);
  EXPECT_EQ(books.history(3, 100).size(), 2U);   // never seen
  EXPECT_EQ(books.history(99, 100).size(), 2U);  // beyond all
}

TEST(SiteBooks, CoarserSamplingKeepsTheScale) {
  SiteBooks books(1);
  books.begin_point(1);
  books.update(0, {.allocs = 160, .frees = 40, .unseen_frees = 20});
  // Of the 100 that are live, 94 are no longer sampled.
  books.coarsen(16, std::array<std::uint64_t, 1>{94});
  books.begin_point(2);
  books.update(0, {.allocs = 163, .frees = 41, .unseen_frees = 20});
  const auto figures = books.figures(0);
  EXPECT_EQ(figures.held, (6 + 3 - 1) * 16);
  EXPECT_EQ(figures.allocs, 160U + 3 * 16);
  EXPECT_EQ(figures.unseen_frees, 20U);
  EXPECT_EQ(figures.allocs, figures.frees + figures.unseen_frees + static_cast<std::uint64_t>(figures.held));
  const auto history = books.history(0, 1);
  EXPECT_EQ(history[0].count, 100);
  EXPECT_EQ(history[1].count, 128);
}

TEST(SiteBooks, ALongWindowIsThinnedAndStaysInOrder) {
  SiteBooks books(1);
  for (int i = 0; i < 10'000; ++i) {
    books.begin_point(i);
    books.update(0, {.allocs = static_cast<std::uint64_t>(i)});
    if (i >= 5000) books.update(1, {.allocs = static_cast<std::uint64_t>(2 * i)});
  }
  const auto first = books.history(0, 1);
  const auto second = books.history(1, 1);
  EXPECT_LE(first.size(), SiteBooks::kMostPoints);
  EXPECT_GE(first.size(), SiteBooks::kMostPoints / 2);
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(static_cast<double>(first[i].count), first[i].seconds);
    EXPECT_EQ(static_cast<double>(second[i].count), first[i].seconds >= 5000 ? 2 * first[i].seconds : 0);
    if (i > 0) {
      EXPECT_GT(first[i].seconds, first[i - 1].seconds);
    }
  }
}

}  // namespace
}  // namespace leakscope::sources::kmem_bpf
