#include "sources/trace_dat/trace_dat.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sources/made_page.h"
#include "sources/trace_dat/made_dat.h"
#include "sources/trace_dat/unpack.h"

namespace leakscope::sources::trace_dat {
namespace {

std::string real_file(std::string_view name) {
  std::ifstream in(fmt::format("{}/trace_dat/{}", LEAKSCOPE_TESTDATA, name), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Result<std::unique_ptr<KmemStream>> open_bytes(std::string_view bytes) {
  UniqueFd file(::memfd_create("trace.dat", MFD_CLOEXEC));
  EXPECT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return open_trace_dat(std::move(file), "trace.dat");
}

struct Whole {
  std::unique_ptr<KmemStream> stream;
  std::vector<model::KmemEvent> events;

  [[nodiscard]] std::size_t with_stacks() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(events, [](const auto& event) { return event.stack != model::kNoStack; }));
  }
  [[nodiscard]] std::uint64_t loss(std::string_view what) const {
    for (const model::Loss& loss : stream->losses()) {
      if (loss.what.find(what) != std::string::npos) return loss.count;
    }
    return 0;
  }
  [[nodiscard]] bool covers(std::string_view source) const {
    return std::ranges::none_of(stream->coverage(), [&](const auto& entry) { return entry.source == source; });
  }
  /// Of the innermost frame that has a name.
  [[nodiscard]] std::string_view innermost(const model::KmemEvent& event) const {
    const auto frames = stream->stacks().frames(event.stack);
    const auto found = frames.empty() ? std::nullopt : stream->symbols().find(frames.front());
    return found ? found->name : std::string_view();
  }
};

Whole read_all(std::string_view bytes) {
  Whole whole;
  auto opened = open_bytes(bytes);
  EXPECT_TRUE(opened) << to_string(opened.error());
  if (!opened) return whole;
  whole.stream = std::move(*opened);
  for (;;) {
    const auto events = whole.stream->next();
    EXPECT_TRUE(events);
    if (!events || events->empty()) break;
    whole.events.insert(whole.events.end(), events->begin(), events->end());
  }
  EXPECT_TRUE(std::ranges::is_sorted(whole.events, {}, &model::KmemEvent::time));
  EXPECT_EQ(whole.stream->facts().kmem_events, whole.events.size());
  return whole;
}

// The numbers are those of trace-cmd report 3.1.6 for the same files, without its lines of mm_page_free_batched and
// alike, and without frees of no address.
TEST(TraceDat, ReadsWhatTraceCmdRecorded) {
  struct Case {
    std::string_view name;
    std::size_t events;
    std::size_t stacks;
    std::string_view release;
  };
  for (const Case& expected : {
           Case{"5.10-v6-instances.dat", 631, 0, "5.10.0-46-amd64"},
           Case{"5.10-v7-none.dat", 357, 0, "5.10.0-46-amd64"},
           Case{"6.1-v6-stacks-lost.dat", 129, 127, "6.1.0-56-amd64"},
           Case{"6.1-v7-date.dat", 315, 0, "6.1.0-56-amd64"},
           Case{"6.1-v7-instances.dat", 1051, 0, "6.1.0-56-amd64"},
           Case{"6.12-v7-tsc2nsec.dat", 306, 0, "6.12.118+deb13-amd64"},
           Case{"6.12-v7-zlib-stacks.dat", 128, 127, "6.12.118+deb13-amd64"},
           Case{"6.12-v7-zstd-as-recorded.dat", 524, 524, "6.12.118+deb13-amd64"},
       }) {
    const Whole whole = read_all(real_file(expected.name));
    EXPECT_EQ(whole.events.size(), expected.events) << expected.name;
    EXPECT_EQ(whole.with_stacks(), expected.stacks) << expected.name;
    EXPECT_EQ(whole.stream->facts().host.kernel_release, expected.release);
    EXPECT_EQ(whole.stream->facts().host.hostname, "guest");
    EXPECT_EQ(whole.stream->facts().host.cpus, 2);
    EXPECT_GT(whole.stream->symbols().size(), 200U);
    EXPECT_EQ(whole.loss("bytes"), 0U) << expected.name;
    EXPECT_EQ(whole.loss("broken"), 0U) << expected.name;
    EXPECT_EQ(whole.covers("trace.stacks"), expected.stacks > 0);
  }
}

TEST(TraceDat, NamesTasksCachesAndFunctions) {
  const Whole whole = read_all(real_file("6.12-v7-zstd-as-recorded.dat"));
  std::map<std::string, int, std::less<>> comms;
  std::map<std::string, int, std::less<>> caches;
  int by_slab = 0;
  for (const model::KmemEvent& event : whole.events) {
    ++comms[std::string(whole.stream->names().name(event.comm))];
    if (event.cache != model::kNoName) ++caches[std::string(whole.stream->names().name(event.cache))];
    by_slab += event.allocator == model::Allocator::kSlab ? 1 : 0;
    // The machinery of tracing is taken off each stack.
    EXPECT_FALSE(whole.innermost(event).starts_with("trace_event")) << whole.innermost(event);
  }
  EXPECT_GT(comms["busybox"], 100);
  EXPECT_GT(caches["vm_area_struct"], 10);
  EXPECT_GT(by_slab, 200);
}

TEST(TraceDat, CountsLossOfTheKernel) {
  const Whole whole = read_all(real_file("6.1-v6-stacks-lost.dat"));
  EXPECT_EQ(whole.loss("events lost"), 726U);
}

TEST(TraceDat, CountsEventsOfSeveralInstancesOnce) {
  const Whole whole = read_all(real_file("6.1-v7-instances.dat"));
  EXPECT_FALSE(whole.covers("trace.buffers"));
  std::uint64_t last = 0;
  for (const model::KmemEvent& event : whole.events) last = std::max(last, event.time);
  EXPECT_EQ(last, whole.events.back().time);
}

TEST(TraceDat, KnowsTheTimeOfDayWhereItWasKept) {
  const Whole dated = read_all(real_file("6.1-v7-date.dat"));
  ASSERT_TRUE(dated.stream->facts().start);
  EXPECT_EQ(to_rfc3339(*dated.stream->facts().start), "2026-11-28T18:20:25.379Z");
  EXPECT_FALSE(read_all(real_file("5.10-v7-none.dat")).stream->facts().start);
}

TEST(TraceDat, TurnsCyclesIntoNanoseconds) {
  const Whole whole = read_all(real_file("6.12-v7-tsc2nsec.dat"));
  EXPECT_TRUE(whole.covers("trace.clock"));
  const std::uint64_t length = whole.events.back().time - whole.events.front().time;
  EXPECT_GT(length, 1'000'000U);
  EXPECT_LT(length, 10'000'000'000U);
}

TEST(TraceDat, GivesWhatIsThereOfACutFile) {
  const std::string bytes = real_file("6.1-v6-stacks-lost.dat");
  const Whole cut = read_all(std::string_view(bytes).substr(0, bytes.size() - 6000));
  EXPECT_GT(cut.events.size(), 20U);
  EXPECT_EQ(cut.loss("bytes"), 6000U);
}

TEST(TraceDat, FindsPackedBuffersOfAFileThatWasNotFinished) {
  const std::string bytes = real_file("6.12-v7-zstd-as-recorded.dat");
  const Whole cut = read_all(std::string_view(bytes).substr(0, bytes.size() - 3000));
  EXPECT_GT(cut.events.size(), 100U);
  EXPECT_FALSE(cut.covers("trace.dat"));
  // Where unpacked pages of one CPU end and those of the next begin, nothing tells.
  const std::string unpacked = real_file("5.10-v7-none.dat");
  EXPECT_EQ(open_bytes(std::string_view(unpacked).substr(0, unpacked.size() - 3000)).error().kind,
            Error::Kind::kTruncated);
}

TEST(TraceDat, NeverFailsHardWhereverItIsCut) {
  for (const std::string_view name : {"6.1-v6-stacks-lost.dat", "6.12-v7-zlib-stacks.dat", "5.10-v7-none.dat"}) {
    const std::string bytes = real_file(name);
    for (std::size_t length = 0; length < bytes.size(); length += bytes.size() / 97 + 1) {
      auto opened = open_bytes(std::string_view(bytes).substr(0, length));
      if (!opened) {
        EXPECT_FALSE(opened.error().what.empty());
        continue;
      }
      for (auto events = (*opened)->next(); events && !events->empty(); events = (*opened)->next()) {
      }
      EXPECT_FALSE((*opened)->losses().empty() && (*opened)->coverage().empty()) << name << " " << length;
    }
  }
}

TEST(TraceDat, ReadsAForeignMachine) {
  for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    for (const std::size_t width : {4U, 8U}) {
      const RingPageLayout layout{.timestamp_offset = 0,
                                  .commit_offset = 8,
                                  .commit_size = width,
                                  .data_offset = 8 + width,
                                  .page_size = 4096,
                                  .order = order};
      // The id is the first half of the first word, in either order.
      const std::uint32_t id = order == ByteOrder::kBig ? 12U << 16U : 12U;
      const auto page = MadePage(1000, layout).event(5, {id, 77, 0x1234, 0x5678}).bytes();
      const std::string format =
          "name: kfree\nID: 12\nformat:\n\tfield:int common_pid;\toffset:4;\tsize:4;\n"
          "\tfield:unsigned long call_site;\toffset:8;\tsize:4;\n\tfield:const void * ptr;\toffset:12;\tsize:4;\n";
      const Whole whole = read_all(MadeDat(order, width).finish(format, "77 cat\n", page));
      ASSERT_EQ(whole.events.size(), 1U);
      EXPECT_EQ(whole.events[0].time, 1005U);
      EXPECT_EQ(whole.events[0].call_site, 0x1234U);
      EXPECT_EQ(whole.events[0].address, 0x5678U);
      EXPECT_EQ(whole.stream->names().name(whole.events[0].comm), "cat");
    }
  }
}

TEST(TraceDat, SaysClearlyWhatItCannotRead) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd writer(ends[1]);
  const auto piped = open_trace_dat(UniqueFd(ends[0]), "-");
  ASSERT_FALSE(piped);
  EXPECT_EQ(piped.error().kind, Error::Kind::kUnsupported);
  EXPECT_FALSE(piped.error().hint.empty());
  EXPECT_EQ(open_bytes("hello").error().kind, Error::Kind::kMalformed);
  EXPECT_EQ(open_bytes(std::string_view("\x17\x08\x44tracing9\0\0\x08", 14)).error().kind, Error::Kind::kUnsupported);
  const auto other =
      open_bytes(MadeDat(ByteOrder::kLittle, 8).finish("name: mm_page_pcpu_drain\nID: 12\n", "", MadePage(0).bytes()));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, Error::Kind::kNotFound);
}

TEST(TraceDat, IsKnownByItsBeginning) {
  const std::string bytes = real_file("5.10-v7-none.dat");
  EXPECT_TRUE(is_trace_dat(std::as_bytes(std::span(bytes))));
  EXPECT_FALSE(is_trace_dat(std::as_bytes(std::span(bytes).first(5))));
  EXPECT_FALSE(is_trace_dat(std::as_bytes(std::span(bytes).subspan(1))));
}

TEST(Unpack, TakesNoMemoryForWhatCannotBe) {
  const std::vector<std::byte> packed(100);
  std::vector<std::byte> into;
  EXPECT_FALSE(unpack(Packing::kZstd, packed, std::uint64_t{1} << 40U, into, "f"));
  EXPECT_FALSE(unpack(Packing::kZstd, packed, 4096, into, "f"));
  EXPECT_FALSE(unpack(Packing::kZlib, packed, 4096, into, "f"));
  EXPECT_FALSE(packing_of("lzma", "f"));
}

}  // namespace
}  // namespace leakscope::sources::trace_dat
