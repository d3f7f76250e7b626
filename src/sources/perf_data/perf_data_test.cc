#include "sources/perf_data/perf_data.h"

#include <lzma.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sources/perf_data/opened_bytes.h"

namespace leakscope::sources::perf_data {
namespace {

std::string content(const std::string& name) {
  std::ifstream file(std::string(LEAKSCOPE_TESTDATA "/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string unpacked(const std::string& name) {
  const std::string packed = content(name);
  std::string bytes(std::size_t{1} << 20U, '\0');
  std::uint64_t memory = std::uint64_t{256} << 20U;
  std::size_t from = 0;
  std::size_t to = 0;
  const auto code =
      lzma_stream_buffer_decode(&memory, 0, nullptr, reinterpret_cast<const std::uint8_t*>(packed.data()), &from,
                                packed.size(), reinterpret_cast<std::uint8_t*>(bytes.data()), &to, bytes.size());
  EXPECT_EQ(code, LZMA_OK) << name;
  bytes.resize(to);
  return bytes;
}

struct Seen {
  std::vector<model::KmemEvent> events;
  TraceFacts facts;
  std::vector<model::Loss> losses;
  std::vector<model::Coverage> coverage;
  std::vector<std::string> comms;  // of each event
  std::optional<Error> error;
  std::size_t stacks = 0;

  [[nodiscard]] std::uint64_t count(model::Allocator allocator, bool is_free) const {
    return static_cast<std::uint64_t>(std::ranges::count_if(events, [&](const model::KmemEvent& event) {
      return event.allocator == allocator && event.is_free == is_free;
    }));
  }
  [[nodiscard]] std::uint64_t loss(std::string_view what) const {
    const auto found = std::ranges::find_if(losses, [&](const auto& loss) { return loss.what.contains(what); });
    return found == losses.end() ? 0 : found->count;
  }
  [[nodiscard]] bool covers(std::string_view source, std::string_view why) const {
    return std::ranges::any_of(coverage,
                               [&](const auto& one) { return one.source == source && one.why.contains(why); });
  }
};

Seen read_all(Result<std::unique_ptr<KmemStream>> stream) {
  Seen seen;
  if (!stream) {
    seen.error = stream.error();
    return seen;
  }
  for (;;) {
    const auto events = (*stream)->next();
    if (!events) {
      seen.error = events.error();
      break;
    }
    if (events->empty()) break;
    for (const model::KmemEvent& event : *events) {
      EXPECT_TRUE(seen.events.empty() || event.time >= seen.events.back().time);
      EXPECT_NE(event.address, 0U);
      seen.events.push_back(event);
      seen.comms.emplace_back((*stream)->names().name(event.comm));
    }
  }
  seen.facts = (*stream)->facts();
  seen.losses = (*stream)->losses();
  seen.coverage = (*stream)->coverage();
  seen.stacks = (*stream)->stacks().size();
  EXPECT_EQ(seen.facts.kmem_events, seen.events.size());
  return seen;
}

Seen read_bytes(std::string_view bytes) { return read_all(open_perf_data(opened_bytes(bytes), "made")); }

/// What `perf script -F event,trace` of Debian's perf 6.1 tells of the same file; `without_address` of the samples are
/// frees of NULL, which are no events, and of ZERO_SIZE_PTR (16), which may be or not.
struct Capture {
  const char* file;
  const char* release;
  std::uint64_t samples;
  std::uint64_t without_address;
  std::uint64_t slab_allocations;
  std::uint64_t page_allocations;
  std::uint64_t page_frees;
  std::uint64_t percpu_allocations;
  bool has_stacks;
};

class Captures : public testing::TestWithParam<Capture> {};

TEST_P(Captures, AreReadAsPerfReadsThem) {
  const Capture& capture = GetParam();
  const Seen seen = read_bytes(unpacked(capture.file));
  ASSERT_FALSE(seen.error) << to_string(*seen.error);
  EXPECT_EQ(seen.facts.events_read, capture.samples);
  const auto with_address = [](const model::KmemEvent& event) { return event.address > 16; };
  EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count_if(seen.events, with_address)),
            capture.samples - capture.without_address);
  EXPECT_EQ(seen.count(model::Allocator::kSlab, false), capture.slab_allocations);
  EXPECT_EQ(seen.count(model::Allocator::kPages, false), capture.page_allocations);
  EXPECT_EQ(seen.count(model::Allocator::kPages, true), capture.page_frees);
  EXPECT_EQ(seen.count(model::Allocator::kPercpu, false), capture.percpu_allocations);
  EXPECT_EQ(seen.facts.host.kernel_release, capture.release);
  EXPECT_EQ(seen.facts.host.hostname, "guest");
  EXPECT_EQ(seen.facts.host.machine, "x86_64");
  EXPECT_EQ(seen.facts.host.cpus, 2);
  EXPECT_TRUE(std::ranges::find(seen.facts.events_seen, "kfree") != seen.facts.events_seen.end());
  EXPECT_EQ(seen.stacks > 0, capture.has_stacks);
  EXPECT_EQ(seen.covers("call stacks", "not recorded"), !capture.has_stacks);
  for (const model::KmemEvent& event : seen.events) {
    EXPECT_EQ(event.stack != model::kNoStack, capture.has_stacks);
    EXPECT_TRUE(event.allocator != model::Allocator::kSlab || !with_address(event) ||
                event.address >= 0xff00'0000'0000'0000U);
  }
  EXPECT_EQ(seen.loss("damaged"), 0U);
  EXPECT_EQ(seen.loss("does not describe"), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    All, Captures,
    testing::Values(Capture{"5.10-guest-file.data.xz", "5.10.0-46-amd64", 2500, 101, 945, 120, 124, 0, false},
                    Capture{"6.1-guest-callchains.data.xz", "6.1.0-56-amd64", 1500, 41, 430, 93, 113, 0, true},
                    Capture{"6.1-guest-lost.data.xz", "6.1.0-56-amd64", 2500, 77, 881, 230, 150, 0, false},
                    Capture{"6.12-guest-compressed.data.xz", "6.12.118+deb13-amd64", 5025, 450, 1888, 256, 255, 8,
                            false},
                    Capture{"6.12-guest-pipe.data.xz", "6.12.118+deb13-amd64", 2500, 259, 842, 57, 94, 4, false},
                    Capture{"6.18-host-callchains.data.xz", "6.18.44", 181, 1, 87, 15, 0, 0, true}),
    [](const auto& one) {
      std::string name(one.param.file);
      std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
      return name;
    });

TEST(PerfData, TellsWhatTheBuffersLost) {
  // 9 records of LOST tell 1196 at most; the counters that perf read at the end say so as well.
  EXPECT_EQ(read_bytes(unpacked("6.1-guest-lost.data.xz")).loss("refused"), 1196U);
}

TEST(PerfData, KeepsTheKernelsPartOfStacksOnly) {
  auto stream = open_perf_data(opened_bytes(unpacked("6.18-host-callchains.data.xz")), "made");
  ASSERT_TRUE(stream);
  const auto events = (*stream)->next();
  ASSERT_TRUE(events && !events->empty());
  for (const model::KmemEvent& event : *events) {
    for (const std::uint64_t frame : (*stream)->stacks().frames(event.stack)) {
      EXPECT_GE(frame, 0xffff'ffff'8000'0000U);
      EXPECT_LT(frame, 0xffff'ffff'ffff'f001U);
    }
  }
  // As perf script shows it: __kmalloc_cache_node_noprof, sched_setaffinity, ..., entry_SYSCALL_64_after_hwframe.
  EXPECT_EQ((*stream)->stacks().frames(events->front().stack).front(), 0xffffffff8164efd5U);
  EXPECT_EQ((*stream)->stacks().frames(events->front().stack).size(), 5U);
  EXPECT_EQ((*stream)->names().name(events->front().comm), "perf");
}

TEST(PerfData, KilledRecordingHasNoDescriptions) {
  const Seen seen = read_bytes(unpacked("6.18-host-killed.data.xz"));
  EXPECT_FALSE(seen.error);
  EXPECT_EQ(seen.facts.events_read, 400U);
  EXPECT_TRUE(seen.events.empty());
  EXPECT_TRUE(seen.covers("perf.data", "perf was killed before it wrote them"));
}

TEST(PerfData, KilledRecordingIsDecodedByOtherFormats) {
  const auto format = parse_event_format(content("6.18-host-kfree.format"), "kmem", "kfree");
  ASSERT_TRUE(format);
  const auto file = unpacked("6.18-host-killed.data.xz");
  const Seen seen = read_all(open_perf_data(opened_bytes(file), "killed", {}, {*format}));
  EXPECT_EQ(seen.events.size(), 24U);  // of 38, 14 free nothing
  EXPECT_TRUE(std::ranges::all_of(seen.events, &model::KmemEvent::is_free));
  EXPECT_TRUE(seen.covers("perf.data", "perf was killed"));
}

/// A pipe with these bytes, written while it is read.
class Piped {
 public:
  explicit Piped(std::string bytes) : bytes_(std::move(bytes)) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe(ends), 0);
    read_.reset(ends[0]);
    writer_ = std::thread([this, out = ends[1]] {
      for (std::string_view rest = bytes_; !rest.empty();) {
        const ssize_t count = write(out, rest.data(), rest.size());
        if (count <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(count));
      }
      close(out);
    });
  }
  Piped(const Piped&) = delete;
  Piped& operator=(const Piped&) = delete;
  ~Piped() { writer_.join(); }
  UniqueFd take() { return std::move(read_); }

 private:
  std::string bytes_;
  UniqueFd read_;
  std::thread writer_;
};

TEST(PerfData, ReadsAPipeOfWhichTheBeginningIsTaken) {
  const std::string all = unpacked("6.12-guest-pipe.data.xz");
  for (const std::size_t taken : {std::size_t{0}, std::size_t{8}, std::size_t{16}, std::size_t{50'000}}) {
    Piped piped(all.substr(taken));
    const Seen seen = read_all(open_perf_data(piped.take(), "pipe", all.substr(0, taken)));
    EXPECT_FALSE(seen.error);
    EXPECT_EQ(seen.facts.events_read, 2500U) << taken;
  }
}

TEST(PerfData, FileFormFromAPipeIsRefused) {
  const std::string all = unpacked("6.18-host-callchains.data.xz");
  Piped piped(all.substr(0, 4096));
  const auto stream = open_perf_data(piped.take(), "pipe");
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().kind, Error::Kind::kUnsupported);
}

TEST(PerfData, ACutPipeIsGoodUpToThere) {
  const std::string all = unpacked("6.12-guest-pipe.data.xz");
  std::size_t before = 0;
  for (std::size_t size = 60'000; size <= all.size(); size += 9973) {
    const Seen seen = read_bytes(std::string_view(all).substr(0, size));
    EXPECT_FALSE(seen.error);
    EXPECT_GE(seen.events.size(), before);
    before = seen.events.size();
    EXPECT_LT(seen.loss("cut off"), 65'536U);
  }
  EXPECT_GT(before, 2000U);
}

TEST(PerfData, ACutFileSaysHowMuchIsMissing) {
  const std::string all = unpacked("6.18-host-callchains.data.xz");
  const Seen seen = read_bytes(std::string_view(all).substr(0, 20'000));
  EXPECT_FALSE(seen.error);
  EXPECT_GT(seen.loss("cut off"), 1000U);
  EXPECT_GT(seen.facts.events_read, 0U);
  EXPECT_TRUE(seen.events.empty());  // the formats stood at the end
}

TEST(PerfData, DamagedCompressionIsAnErrorBehindWhatWasGood) {
  std::string all = unpacked("6.12-guest-compressed.data.xz");
  std::fill_n(all.begin() + 30'000, 4000, '\x55');
  const Seen seen = read_bytes(all);
  ASSERT_TRUE(seen.error);
  EXPECT_EQ(seen.error->kind, Error::Kind::kMalformed);
  EXPECT_GT(seen.events.size(), 0U);
}

TEST(PerfData, TellsPerfDataByItsBeginning) {
  const auto is = [](std::string_view text) { return is_perf_data(std::as_bytes(std::span(text))); };
  EXPECT_TRUE(is("PERFILE2"));
  EXPECT_TRUE(is("2ELIFREP and more"));
  EXPECT_FALSE(is("PERFILE"));
  EXPECT_FALSE(is(""));
  EXPECT_FALSE(is("PERFFILE"));
  EXPECT_EQ(read_bytes("").error->kind, Error::Kind::kMalformed);
  EXPECT_EQ(read_bytes("PERFILE2").error->kind, Error::Kind::kTruncated);
}

}  // namespace
}  // namespace leakscope::sources::perf_data
