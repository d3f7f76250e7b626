#include "symbols/kernel_frame.h"

#include <gtest/gtest.h>

namespace leakscope::symbols {
namespace {

model::KernelSymbols made_symbols() {
  model::KernelSymbols symbols;
  symbols.add(0xffffffff81000000, "first", "");
  symbols.add(0xffffffff81000100, "never_returns.cold", "");
  symbols.add(0xffffffff81000200, "foo.isra.0", "");
  symbols.add(0xffffffffc0000000, "in_module", "ext4");
  symbols.add(0x1000, "made_up", "");
  symbols.add(0x201000, "made_up_too", "9pnet");
  symbols.add(0xffffffff90000010, "seen_once", "");
  symbols.add(0xffffffff90000020, "[unknown]", "");
  symbols.finish();
  return symbols;
}

TEST(KernelFrame, ReturnAddressesBelongToTheCall) {
  const auto symbols = made_symbols();
  // The call was the last instruction of never_returns.cold.
  const auto frame = frame_of(0xffffffff81000200, symbols);
  EXPECT_EQ(frame.symbol, "never_returns.cold");
  EXPECT_EQ(frame.offset, 0x100U);
  EXPECT_EQ(frame.address, 0xffffffff81000200U);
  EXPECT_EQ(frame_of(0xffffffff81000200, symbols, AddressKind::kExact).symbol, "foo.isra.0");
  EXPECT_EQ(frame_of(0xffffffff81000200, symbols, AddressKind::kExact).offset, 0U);
}

TEST(KernelFrame, TellsModulesAndKeepsNames) {
  const auto symbols = made_symbols();
  const auto frame = frame_of(0xffffffffc0000010, symbols);
  EXPECT_EQ(frame.symbol, "in_module");
  EXPECT_EQ(frame.module, "ext4");
  EXPECT_EQ(frame.offset, 0x10U);
  EXPECT_EQ(frame_of(0xffffffff81000210, symbols).symbol, "foo.isra.0");
}

TEST(KernelFrame, WhatIsNotKnownHasItsAddressOnly) {
  const auto symbols = made_symbols();
  for (const std::uint64_t address :
       {0xffffffff70000000ULL, 0xfffffffff0000000ULL, 0xffffffff90000025ULL, 0ULL, 1ULL}) {
    const auto frame = frame_of(address, symbols);
    EXPECT_EQ(frame.symbol, "");
    EXPECT_EQ(frame.address, address);
    EXPECT_EQ(frame.offset, 0U);
  }
}

TEST(KernelFrame, MadeUpAddressesServeTheNameOnly) {
  const auto symbols = made_symbols();
  const auto begin = frame_of(0x201000, symbols);  // a name without an offset
  EXPECT_EQ(begin.symbol, "made_up_too");
  EXPECT_EQ(begin.module, "9pnet");
  EXPECT_EQ(begin.offset, 0U);
  EXPECT_EQ(begin.address, 0U);
  const auto within = frame_of(0x102a, symbols);
  EXPECT_EQ(within.symbol, "made_up");
  EXPECT_EQ(within.offset, 0x2aU);
  EXPECT_EQ(frame_of(0x1000, symbols).symbol, "made_up");
}

TEST(KernelFrame, AFunctionThatIsKnownByOneAddressIsFound) {
  EXPECT_EQ(frame_of(0xffffffff90000010, made_symbols()).symbol, "seen_once");
}

}  // namespace
}  // namespace leakscope::symbols
