#include "sources/perf_data/made_perf_data.h"

#include <zstd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sources/perf_data/opened_bytes.h"
#include "sources/perf_data/perf_data.h"

namespace leakscope::sources::perf_data {
namespace {

using made::MadeEvent;

/// "TIME COMM" of each event, and what became of the rest.
struct Told {
  std::vector<std::string> events;
  std::vector<model::KmemEvent> raw;
  std::unique_ptr<KmemStream> stream;
  std::optional<Error> error;

  [[nodiscard]] std::uint64_t loss(std::string_view what) const {
    for (const model::Loss& loss : stream->losses()) {
      if (loss.what.contains(what)) return loss.count;
    }
    return 0;
  }
};

Told told(std::string_view bytes) {
  Told result;
  auto stream = open_perf_data(opened_bytes(bytes), "made");
  if (!stream) {
    result.error = stream.error();
    return result;
  }
  result.stream = std::move(*stream);
  for (;;) {
    const auto events = result.stream->next();
    if (!events) {
      result.error = events.error();
      return result;
    }
    if (events->empty()) return result;
    for (const model::KmemEvent& event : *events) {
      result.events.push_back(std::to_string(event.time) + " " + std::string(result.stream->names().name(event.comm)));
      result.raw.push_back(event);
    }
  }
}

using Lines = std::vector<std::string>;

class Orders : public testing::TestWithParam<ByteOrder> {
 protected:
  [[nodiscard]] std::string pipe(std::string_view records) const {
    return made::pipe_beginning(GetParam()) + std::string(records);
  }
  [[nodiscard]] std::string event(std::uint64_t time, std::int32_t tid = 1) const {
    return made::sample(GetParam(), {.time = time, .pointer = 0xffff888000001000, .tid = tid, .size = 100});
  }
};
INSTANTIATE_TEST_SUITE_P(Both, Orders, testing::Values(ByteOrder::kLittle, ByteOrder::kBig),
                         [](const auto& one) { return one.param == ByteOrder::kLittle ? "Little" : "Big"; });

TEST_P(Orders, FileAndPipeAreReadAlike) {
  const ByteOrder order = GetParam();
  const std::string records = made::comm(order, 0, 7, "worker") +
                              made::sample(order, {.time = 5,
                                                   .pointer = 0xffff888000001000,
                                                   .tid = 7,
                                                   .size = 100,
                                                   .chain = {kContextKernel, 0xffffffff81000010, 0xffffffff81000020,
                                                             static_cast<std::uint64_t>(-512), 0x7f00'0000'0000},
                                                   .cpu = 3}) +
                              made::sample(order, {.time = 9, .pointer = 0xffff888000001000, .tid = 8});
  for (const std::string& bytes : {pipe(records), made::file(order, records)}) {
    const Told got = told(bytes);
    ASSERT_FALSE(got.error);
    EXPECT_EQ(got.events, (Lines{"5 worker", "9 "}));
    EXPECT_EQ(got.raw[0].address, 0xffff888000001000U);
    EXPECT_EQ(got.raw[0].bytes_requested, 100U);
    EXPECT_EQ(got.raw[0].bytes_allocated, 128U);
    EXPECT_EQ(got.raw[0].cpu, 3);
    EXPECT_EQ(got.raw[0].tid.value, 7);
    const auto frames = got.stream->stacks().frames(got.raw[0].stack);
    EXPECT_EQ(std::vector(frames.begin(), frames.end()),
              (std::vector<std::uint64_t>{0xffffffff81000010, 0xffffffff81000020}));
    EXPECT_TRUE(got.raw[1].is_free);
    EXPECT_EQ(got.raw[1].stack, model::kNoStack);
    EXPECT_TRUE(got.stream->losses().empty());
    EXPECT_EQ(got.stream->facts().events_seen, (Lines{"kmalloc", "kfree"}));
  }
  EXPECT_EQ(told(made::file(order, records)).stream->facts().host.hostname, "guest");
}

TEST_P(Orders, NamesAreThoseOfTheMoment) {
  const ByteOrder order = GetParam();
  // In the file the buffer of one CPU stands behind that of the other.
  const Told got = told(pipe(made::comm(order, 0, 1, "shell") + event(10) + event(30, 2) + event(50, 2) +
                             made::fork(order, 20, 1, 2) + made::comm(order, 40, 2, "ls") + event(45)));
  EXPECT_EQ(got.events, (Lines{"10 shell", "30 shell", "45 shell", "50 ls"}));
}

TEST_P(Orders, RoundsDecideWhatMayGoOut) {
  const std::string mark = made::round(GetParam());
  const Told got = told(pipe(event(10) + event(20) + mark + event(15) + event(30) + mark + event(25) + mark));
  EXPECT_EQ(got.events, (Lines{"10 ", "15 ", "20 ", "25 ", "30 "}));
  EXPECT_EQ(got.loss("out of order"), 0U);
  // 20 went out at the second mark: 12 comes too late.
  const Told late = told(pipe(event(20) + mark + event(30) + mark + event(12) + mark));
  EXPECT_EQ(late.events, (Lines{"20 ", "20 ", "30 "}));
  EXPECT_EQ(late.loss("out of order"), 1U);
}

TEST_P(Orders, WhatFollowsARecordIsSkipped) {
  const ByteOrder order = GetParam();
  const std::string aux =
      made::record(order, RecordType::kAuxTrace, made::Bytes(order).u64(3'000'000).u64(0).u64(0).u64(0).u64(0).text);
  const Told got = told(pipe(event(1) + aux + std::string(3'000'000, '\xff') + event(2)));
  EXPECT_FALSE(got.error);
  EXPECT_EQ(got.events, (Lines{"1 ", "2 "}));
}

TEST_P(Orders, LostRecordsAreCountedOnce) {
  const ByteOrder order = GetParam();
  const auto lost = [&](RecordType type, std::string_view body, std::uint16_t misc = 0) {
    return made::record(order, type, std::string(body) + made::trailer(order, 5), misc);
  };
  const auto number = [&](std::uint64_t value) { return made::Bytes(order).u64(value).text; };
  const Told got = told(pipe(event(1) + lost(RecordType::kLost, number(7) + number(30)) +
                             lost(RecordType::kLostSamples, number(20)) + lost(RecordType::kLostSamples, number(14)) +
                             lost(RecordType::kLostSamples, number(1000), kMiscFilteredByBpf)));
  EXPECT_EQ(got.loss("refused"), 34U);
}

TEST_P(Orders, CompressedRecordsMayBeSplit) {
  const ByteOrder order = GetParam();
  std::string plain;
  for (std::uint64_t time = 1; time <= 500; ++time) plain += event(time);
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 1));
  std::string first;
  std::string second;
  for (std::size_t at = 0; at < packed.size(); at += 64) {
    const std::string piece = packed.substr(at, 64);
    first += made::record(order, RecordType::kCompressed, piece);
    made::Bytes body(order);
    body.u64(piece.size()).bytes(piece).bytes("padding");
    second += made::record(order, RecordType::kCompressed2, body.text);
  }
  EXPECT_EQ(told(pipe(first)).events.size(), 500U);
  EXPECT_EQ(told(pipe(second)).events.size(), 500U);
}

TEST_P(Orders, MuchFromLittleIsUnpackedPieceByPiece) {
  const ByteOrder order = GetParam();
  std::string plain;
  while (plain.size() < 20'000'000) plain += made::record(order, RecordType::kThrottle, std::string(60'000, '\0'));
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 1));
  ASSERT_LT(packed.size(), 60'000U);
  const Told got = told(pipe(made::record(order, RecordType::kCompressed, packed) + event(1)));
  EXPECT_EQ(got.events.size(), 1U);
  EXPECT_EQ(got.loss("throttled"), plain.size() / 60'008);
}

TEST_P(Orders, OtherLayoutsOfSamples) {
  const ByteOrder order = GetParam();
  const std::uint64_t type = sample_bit::kTid | sample_bit::kTime | sample_bit::kAddress | sample_bit::kId |
                             sample_bit::kStreamId | sample_bit::kRead | sample_bit::kRaw;
  const std::string raw = made::raw_of(order, {.pointer = 0xffff888000001000, .tid = 4, .size = 8});
  const auto sample_of = [&](std::uint64_t id, std::uint64_t values) {
    made::Bytes body(order);
    body.u32(4).u32(4).u64(77).u64(0).u64(id).u64(0).u64(values);
    for (int word = 0; word < 2 * 3; ++word) body.u64(1);
    body.u32(static_cast<std::uint32_t>(raw.size())).bytes(raw);
    return made::record(order, RecordType::kSample, body.text);
  };
  const std::uint64_t group = read_bit::kGroup | read_bit::kId | read_bit::kLost;
  const Told got = told(made::pipe_beginning(order, type, group) + sample_of(10 * made::kKmallocId, 2) +
                        sample_of(10 * made::kKmallocId, std::uint64_t{1} << 62U) +  // more than there is
                        sample_of(10 * made::kKfreeId, 2) +                          // a kmalloc by its number
                        sample_of(99, 2));
  EXPECT_EQ(got.events, (Lines{"77 "}));
  EXPECT_EQ(got.loss("damaged"), 2U);
  EXPECT_EQ(got.loss("does not describe"), 1U);
}

TEST_P(Orders, WithoutIdsTheRecordTellsItsEvent) {
  const ByteOrder order = GetParam();
  std::string records;
  for (const std::uint64_t size : {std::uint64_t{8}, std::uint64_t{0}}) {
    const std::string raw = made::raw_of(order, {.pointer = 0xffff888000001000, .tid = 4, .size = size});
    records += made::record(order, RecordType::kSample,
                            made::Bytes(order).u64(9).u32(static_cast<std::uint32_t>(raw.size())).bytes(raw).text);
  }
  const Told got = told(made::pipe_beginning(order, sample_bit::kTime | sample_bit::kRaw) + records);
  ASSERT_EQ(got.events.size(), 2U);
  EXPECT_FALSE(got.raw[0].is_free);
  EXPECT_TRUE(got.raw[1].is_free);
}

TEST_P(Orders, NonsenseIsAnErrorAndZerosAreAnEnd) {
  const std::string good = pipe(event(1));
  const Told zeros = told(good + std::string(5000, '\0'));
  EXPECT_FALSE(zeros.error);
  EXPECT_EQ(zeros.events.size(), 1U);
  EXPECT_EQ(zeros.loss("cut off"), 5000U);
  const Told nonsense = told(good + made::Bytes(GetParam()).u32(9).u16(0).u16(7).text + event(2));
  ASSERT_TRUE(nonsense.error);
  EXPECT_EQ(nonsense.error->kind, Error::Kind::kMalformed);
  EXPECT_EQ(nonsense.events.size(), 1U);
}

TEST_P(Orders, AnyCutIsSurvived) {
  const ByteOrder order = GetParam();
  const std::string records = made::comm(order, 0, 1, "x") + event(1) + made::round(order) + event(2);
  for (const std::string& bytes : {pipe(records), made::file(order, records)}) {
    for (std::size_t size = 16; size < bytes.size(); size += 11) {
      const Told got = told(std::string_view(bytes).substr(0, size));
      EXPECT_LE(got.events.size(), 2U);
    }
  }
}

TEST_P(Orders, FiguresInTheHeaderMayBeAnything) {
  const std::string bytes = made::file(GetParam(), event(1));
  for (std::size_t at = 8; at < 104; ++at) {
    for (const char value : {'\x00', '\x01', '\x7f', '\xff'}) {
      std::string changed = bytes;
      changed[at] = value;
      EXPECT_LE(told(changed).events.size(), 10U);
    }
  }
}

}  // namespace
}  // namespace leakscope::sources::perf_data
