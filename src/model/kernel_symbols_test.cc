#include "model/kernel_symbols.h"

#include <string>

#include <gtest/gtest.h>

namespace leakscope::model {
namespace {

TEST(KernelSymbols, TellsTheNearestAtOrBelow) {
  KernelSymbols symbols;
  symbols.add(0x3000, "third", "xfs");
  symbols.add(0x1000, "first", "");
  symbols.add(0x2000, "second.isra.0", "");
  symbols.finish();
  EXPECT_FALSE(symbols.find(0xfff));
  const auto found = symbols.find(0x2010);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "second.isra.0");
  EXPECT_EQ(found->module, "");
  EXPECT_EQ(found->offset, 0x10U);
  EXPECT_EQ(symbols.find(0x1000)->name, "first");
  EXPECT_EQ(symbols.find(0x3000)->module, "xfs");
}

TEST(KernelSymbols, KnowsNothingFarBehindAFunction) {
  KernelSymbols symbols;
  symbols.add(0x1000, "only", "");
  symbols.finish();
  EXPECT_TRUE(symbols.find(0x1000 + (1U << 20U)));
  EXPECT_FALSE(symbols.find(0x1001 + (1U << 20U)));
  EXPECT_FALSE(symbols.find(~std::uint64_t{0}));
}

TEST(KernelSymbols, OfSeveralNamesTheFirstAddedIsTold) {
  KernelSymbols symbols;
  symbols.add(0x1000, "vfree_atomic", "");
  symbols.add(0x1000, "__pfx_other", "");
  symbols.add(0x2000, "", "");
  symbols.finish();
  EXPECT_EQ(symbols.size(), 1U);
  EXPECT_EQ(symbols.find(0x1004)->name, "vfree_atomic");
}

TEST(KernelSymbols, EmptyKnowsNothing) {
  KernelSymbols symbols;
  symbols.finish();
  EXPECT_FALSE(symbols.find(0x1000));
}

TEST(KernelSymbols, ManyOfManyModules) {
  KernelSymbols symbols;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    symbols.add((50'000 - i) * 64, "f" + std::to_string(50'000 - i), i % 3 == 0 ? "" : "m" + std::to_string(i % 50));
  }
  symbols.finish();
  for (std::uint64_t i = 1; i <= 50'000; ++i) {
    const auto found = symbols.find(i * 64 + 63);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->name, "f" + std::to_string(i));
    const std::uint64_t added = 50'000 - i;
    ASSERT_EQ(found->module, added % 3 == 0 ? "" : "m" + std::to_string(added % 50));
  }
}

}  // namespace
}  // namespace leakscope::model
