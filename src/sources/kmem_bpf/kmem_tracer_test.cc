#include "sources/kmem_bpf/kmem_tracer.h"

#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#ifdef LEAKSCOPE_HAVE_BPF
#include <bpf/bpf.h>
#endif
#include <gtest/gtest.h>

#include "base/rooted_dir.h"
#include "sources/kallsyms.h"

namespace leakscope::sources::kmem_bpf {
namespace {

using namespace std::chrono_literals;

const model::KernelSymbols& symbols_here() {
  static const model::KernelSymbols symbols = [] {
    FileBuffer buffer;
    const auto root = RootedDir::open("/").value();
    const auto text = root.read("proc/kallsyms", buffer);
    auto parsed = text ? parse_kallsyms(*text, "/proc/kallsyms") : fail(Error::Kind::kDenied, "/proc/kallsyms", "read");
    return parsed ? *std::move(parsed) : model::KernelSymbols{};
  }();
  return symbols;
}

std::string function_at(std::uint64_t address) {
  const auto found = symbols_here().find(address);
  return found ? std::string(found->name) : std::string();
}

// Runs `body` in another process, since our own allocations do not count, step by step: each go() is one.
class Other {
 public:
  template <class Body>
  explicit Other(Body body) {
    int down[2];
    int up[2];
    if (::pipe(down) != 0 || ::pipe(up) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(down[1]);
      char byte = 0;
      for (int step = 0; ::read(down[0], &byte, 1) == 1; ++step) {
        body(step);
        if (::write(up[1], "1", 1) != 1) break;
      }
      ::_exit(0);
    }
    ::close(down[0]);
    ::close(up[1]);
    down_ = down[1];
    up_ = up[0];
  }
  ~Other() {
    ::close(down_);
    ::waitpid(pid_, nullptr, 0);
    ::close(up_);
  }
  void go() const {
    char byte = 0;
    ASSERT_EQ(::write(down_, "1", 1), 1);
    ASSERT_EQ(::read(up_, &byte, 1), 1);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  int down_ = -1;
  int up_ = -1;
};

// Queues that nobody reads: each message of 100 bytes is one object of kmalloc (ipc/msgutil.c alloc_msg()), with its
// header of 48 bytes one of 192: a size that others seldom send. A queue takes 16 KiB.
constexpr int kMessageBytes = 192;
class Messages {
 public:
  static constexpr int kEach = 150;
  explicit Messages(int count) {
    for (int i = 0; i < count / kEach; ++i) queues_.push_back(::msgget(IPC_PRIVATE, 0600));
  }
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;
  ~Messages() { remove(); }
  void send() const {
    struct {
      long type = 1;
      std::array<char, 100> text{};
    } message;
    for (const int queue : queues_) {
      for (int i = 0; i < kEach; ++i) ::msgsnd(queue, &message, message.text.size(), IPC_NOWAIT);
    }
  }
  void remove() {
    for (const int queue : std::exchange(queues_, {})) ::msgctl(queue, IPC_RMID, nullptr);
  }
  // In the other process: queues are the system's, so they are ours as well.
  void remove_only() const {
    for (const int queue : queues_) ::msgctl(queue, IPC_RMID, nullptr);
  }
  [[nodiscard]] std::uint64_t held() const {
    std::uint64_t held = 0;
    for (const int queue : queues_) {
      msqid_ds settings{};
      if (::msgctl(queue, IPC_STAT, &settings) == 0) held += settings.msg_qnum;
    }
    return held;
  }

 private:
  std::vector<int> queues_;
};

class KmemTracerTest : public ::testing::Test {
 protected:
  // False: skipped, with the reason.
  void open(const KmemTracerOptions& options) {
    auto opened = KmemTracer::open(options);
    if (!opened) {
      const bool could = opened.error().kind != Error::Kind::kDenied && ::access("/sys/kernel/btf/vmlinux", R_OK) == 0;
      if (could) FAIL() << to_string(opened.error());
      GTEST_SKIP() << "BPF programs cannot be loaded here: " << to_string(opened.error());
    }
    tracer = *std::move(opened);
    const auto started = tracer->start();
    ASSERT_TRUE(started) << to_string(started.error());
  }
  [[nodiscard]] std::vector<model::SiteTally> finish(Nanoseconds older = 0ns) {
    auto finished = tracer->finish(2, older, symbols_here());
    EXPECT_TRUE(finished);
    return finished ? *std::move(finished) : std::vector<model::SiteTally>{};
  }
  // Sites that send our messages. Others on this machine may send some too.
  [[nodiscard]] static std::vector<model::SiteTally> senders(const KmemTracer& from,
                                                             const std::vector<model::SiteTally>& tallies) {
    std::vector<model::SiteTally> found;
    for (const auto& tally : tallies) {
      const bool is_size = from.names().name(tally.cache).ends_with("-192");
      if (is_size && function_at(tally.call_site).find("load_msg") != std::string::npos) found.push_back(tally);
    }
    return found;
  }
  [[nodiscard]] std::vector<model::SiteTally> senders(const std::vector<model::SiteTally>& tallies) const {
    return senders(*tracer, tallies);
  }
  std::unique_ptr<KmemTracer> tracer;
};

#define OPEN_OR_SKIP(...) \
  open(__VA_ARGS__);      \
  if (IsSkipped() || HasFatalFailure()) return

constexpr int kSent = 3000;

TEST_F(KmemTracerTest, CountsMessagesThatNobodyReadsExactly) {
  const Messages messages(kSent);
  const Other other([&](int) { messages.send(); });
  OPEN_OR_SKIP({});
  other.go();
  ASSERT_EQ(messages.held(), kSent);
  const auto sites = senders(finish());
  ASSERT_EQ(sites.size(), 1U);
  const auto& site = sites[0];
  EXPECT_EQ(site.count, kSent);
  EXPECT_EQ(site.allocs, kSent);
  EXPECT_EQ(site.frees + site.unseen_frees, 0U);
  EXPECT_EQ(site.bytes, kSent * kMessageBytes);
  ASSERT_EQ(site.tasks.size(), 1U);
  EXPECT_EQ(site.tasks[0].tid.value, other.pid());
  EXPECT_FALSE(tracer->names().name(site.tasks[0].comm).empty());
  ASSERT_TRUE(site.ages);
  EXPECT_LT(site.ages->max, 60);
  EXPECT_TRUE(tracer->losses().empty() || tracer->losses()[0].count < 1000);
}

TEST_F(KmemTracerTest, CountsThemByTheKernelsOwnMapAsWell) {
  const Messages messages(kSent);
  const Other other([&](int) { messages.send(); });
  OPEN_OR_SKIP({.kernel_map = true});
  other.go();
  const auto sites = senders(finish());
  ASSERT_EQ(sites.size(), 1U);
  EXPECT_EQ(sites[0].count, kSent);
  ASSERT_EQ(sites[0].tasks.size(), 1U);
  EXPECT_EQ(sites[0].tasks[0].count, kSent);
}

TEST_F(KmemTracerTest, WhatIsFreedIsHeldNoLonger) {
  const Messages messages(kSent);
  const Other other([&](int step) { step == 0 ? messages.send() : messages.remove_only(); });
  OPEN_OR_SKIP({});
  other.go();
  ASSERT_TRUE(tracer->look(1));
  const auto before = senders(tracer->tallies());
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0].count, kSent);
  other.go();
  const auto sites = senders(finish());
  ASSERT_EQ(sites.size(), 1U);
  EXPECT_EQ(sites[0].allocs, kSent);
  EXPECT_EQ(sites[0].frees, kSent);
  EXPECT_EQ(sites[0].count, 0);
  EXPECT_EQ(sites[0].bytes, 0);
  ASSERT_EQ(sites[0].history.size(), 2U);
  EXPECT_EQ(sites[0].history[0].count, kSent);
  EXPECT_EQ(sites[0].history[1].count, 0);
}

TEST_F(KmemTracerTest, OurOwnAllocationsDoNotCount) {
  OPEN_OR_SKIP({});
  const Messages messages(kSent);
  messages.send();
  EXPECT_TRUE(senders(finish()).empty());
}

// 3000 objects at 1/16: 187.5 of them, with a standard deviation of 13.3; five of these to each side.
constexpr double kFiveDeviations = 5 * 13.3 * 16;

TEST_F(KmemTracerTest, SampledItIsRightWithinTheInterval) {
  const Messages messages(kSent);
  const Other other([&](int) { messages.send(); });
  OPEN_OR_SKIP({.sample_shift = 4});
  other.go();
  EXPECT_EQ(tracer->sampled_one_in(), 16U);
  const auto sites = senders(finish());
  ASSERT_EQ(sites.size(), 1U);
  EXPECT_NEAR(static_cast<double>(sites[0].count), kSent, kFiveDeviations);
  EXPECT_EQ(sites[0].count % 16, 0);
  EXPECT_EQ(sites[0].bytes, sites[0].count * kMessageBytes);
}

TEST_F(KmemTracerTest, CoarserWhileRunningTheFiguresStayComparable) {
  const Messages messages(kSent);
  const Messages more(kSent);
  const Other other([&](int step) {
    if (step == 0) messages.send();
    if (step == 1) more.send();
    if (step == 2) messages.remove_only();
  });
  OPEN_OR_SKIP({});
  other.go();
  ASSERT_TRUE(tracer->look(1));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(tracer->coarsen());
  other.go();
  ASSERT_TRUE(tracer->look(2));
  other.go();
  const auto sites = senders(finish());
  ASSERT_EQ(sites.size(), 1U);
  ASSERT_EQ(sites[0].history.size(), 3U);
  EXPECT_NEAR(static_cast<double>(sites[0].history[0].count), kSent, kFiveDeviations);
  EXPECT_NEAR(static_cast<double>(sites[0].history[1].count), 2 * kSent, 1.5 * kFiveDeviations);
  EXPECT_NEAR(static_cast<double>(sites[0].count), kSent, kFiveDeviations);
  EXPECT_NEAR(static_cast<double>(sites[0].allocs), 2 * kSent, kFiveDeviations);
}

TEST_F(KmemTracerTest, SamplesCoarserByItselfWhenItsTableFills) {
  constexpr int kMany = 12'000;
  const Messages messages(kMany);
  const Other other([&](int) { messages.send(); });
  OPEN_OR_SKIP({.max_memory = std::size_t{1} << 20U});
  EXPECT_LT(tracer->fill().room, std::uint64_t{2} * kMany);
  if (tracer->fill().room < kMany) GTEST_SKIP() << "the table of these kernels is too small for the test";
  other.go();
  ASSERT_TRUE(tracer->look(1));
  EXPECT_GE(tracer->sampled_one_in(), 2U);
  const auto sites = senders(finish());
  ASSERT_EQ(sites.size(), 1U);
  // Every second of 12000: five standard deviations of twice the count, and what found no room.
  EXPECT_NEAR(static_cast<double>(sites[0].count), kMany, 5 * 2 * 55 + kMany / 20.0);
  for (const auto& loss : tracer->losses()) EXPECT_LT(loss.count, kMany / 20U) << loss.what;
}

TEST_F(KmemTracerTest, TwoOfThemDoNotDisturbEachOther) {
  const Messages messages(kSent);
  const Other other([&](int) { messages.send(); });
  OPEN_OR_SKIP({});
  auto second = KmemTracer::open({.stacks = true}).value();
  ASSERT_TRUE(second->start());
  other.go();
  const auto by_stack = senders(*second, second->finish(1, 0ns, symbols_here()).value());
  const auto by_call_site = senders(finish());
  ASSERT_EQ(by_stack.size(), 1U);
  ASSERT_EQ(by_call_site.size(), 1U);
  EXPECT_EQ(by_stack[0].count, kSent);
  EXPECT_EQ(by_call_site[0].count, kSent);
  EXPECT_NE(by_stack[0].stack, model::kNoStack);
}

TEST_F(KmemTracerTest, FollowedCallSitesAreToldApartByStack) {
  const Messages messages(kSent);
  const Messages more(kSent);
  const Other other([&](int step) { step == 0 ? messages.send() : more.send(); });
  OPEN_OR_SKIP({});
  other.go();
  ASSERT_TRUE(tracer->look(1));
  const auto before = senders(tracer->tallies());
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0].stack, model::kNoStack);
  ASSERT_TRUE(tracer->follow(std::array{before[0].call_site}));
  other.go();
  const auto sites = senders(finish());
  ASSERT_EQ(sites.size(), 2U);
  const auto& of_stack = sites[0].stack != model::kNoStack ? sites[0] : sites[1];
  EXPECT_EQ(sites[0].count, kSent);
  EXPECT_EQ(sites[1].count, kSent);
  const auto frames = tracer->stacks().frames(of_stack.stack);
  ASSERT_GE(frames.size(), 3U);
  EXPECT_EQ(frames[0], of_stack.call_site);
  EXPECT_TRUE(
      std::ranges::any_of(frames, [](auto frame) { return function_at(frame).find("msgsnd") != std::string::npos; }));
}

TEST_F(KmemTracerTest, OnlyTheCacheAskedFor) {
  const Messages messages(kSent);
  const Other other([&](int) { messages.send(); });
  std::string cache;
  {
    OPEN_OR_SKIP({});
    other.go();
    const auto sites = senders(finish());
    ASSERT_EQ(sites.size(), 1U);
    cache = tracer->names().name(sites[0].cache);
  }
  const Messages more(kSent);
  const Other again([&](int) { more.send(); });
  OPEN_OR_SKIP({.cache = cache.substr(0, cache.size() - 1) + "?"});
  again.go();
  const auto sites = finish();
  EXPECT_EQ(senders(sites).size(), 1U);
  for (const auto& site : sites) EXPECT_EQ(tracer->names().name(site.cache), cache);
}

TEST_F(KmemTracerTest, ACacheThatDoesNotExistIsAnError) {
  const auto opened = KmemTracer::open({.cache = "no-such-cache-*"});
  ASSERT_FALSE(opened);
  if (opened.error().kind == Error::Kind::kUnsupported) GTEST_SKIP() << to_string(opened.error());
  EXPECT_EQ(opened.error().kind, Error::Kind::kNotFound);
}

TEST_F(KmemTracerTest, OnlySizesAskedFor) {
  const Messages messages(kSent);
  const Other other([&](int) { messages.send(); });
  OPEN_OR_SKIP({.least_bytes = kMessageBytes, .most_bytes = kMessageBytes});
  other.go();
  const auto sites = finish();
  EXPECT_EQ(senders(sites).size(), 1U);
  for (const auto& site : sites)
    EXPECT_EQ(site.bytes_allocated, static_cast<std::int64_t>(site.allocs) * kMessageBytes);
}

TEST_F(KmemTracerTest, WhatComesAndGoesDoesNotGrow) {
  const Other other([](int) {
    for (int i = 0; i < 20000; ++i) ::close(::open("/proc/self/stat", O_RDONLY));
  });
  OPEN_OR_SKIP({});
  other.go();
  std::this_thread::sleep_for(100ms);  // struct file is freed after RCU
  const auto sites = finish();
  std::uint64_t most = 0;
  for (const auto& site : sites) {
    most = std::max(most, site.allocs);
    if (site.allocs < 20000) continue;
    EXPECT_LT(site.count, 2000) << function_at(site.call_site);
  }
  EXPECT_GE(most, 20000U);
}

TEST_F(KmemTracerTest, PagesInPipesAreKernelMemory) {
  constexpr int kPipes = 10;
  constexpr int kPages = 16;
  std::vector<std::array<int, 2>> pipes(kPipes);
  const Other other([&](int step) {
    std::vector<char> text(std::size_t{kPages} * 4096);
    for (auto& ends : pipes) {
      if (step == 0) {
        if (::pipe(ends.data()) != 0 || ::write(ends[1], text.data(), text.size()) < 0) ::_exit(1);
      } else {
        ::close(ends[0]);
        ::close(ends[1]);
      }
    }
  });
  OPEN_OR_SKIP({.pages = true});
  other.go();
  ASSERT_TRUE(tracer->look(1));
  other.go();
  const auto sites = finish();
  // Others on this machine write into pipes as well, so no more can be said than that ours are among them.
  constexpr std::int64_t kOurs = kPipes * kPages;
  std::int64_t allocs = 0;
  std::int64_t held = 0;
  std::int64_t held_before = 0;
  for (const auto& site : sites) {
    if (site.allocator != model::Allocator::kPages) continue;
    if (function_at(site.call_site).find("pipe_") == std::string::npos) continue;
    allocs += static_cast<std::int64_t>(site.allocs);
    held += site.count;
    held_before += site.history.at(0).count;
    EXPECT_FALSE(tracer->stacks().frames(site.stack).empty());
  }
  EXPECT_GE(allocs, kOurs);
  EXPECT_GE(held_before, kOurs);
  EXPECT_GE(allocs - held, kOurs);
}

#ifdef LEAKSCOPE_HAVE_BPF
// A BPF map of the other process: what it holds is told by its size.
class MapMaker {
 public:
  MapMaker(bpf_map_type type, std::uint32_t value_size, std::uint32_t entries)
      : type_(type), value_size_(value_size), entries_(entries) {}
  void step(int step) {
    if (step == 0) {
      fd_ = ::bpf_map_create(type_, "leakscope_test", sizeof(std::uint32_t), value_size_, entries_, nullptr);
    } else {
      ::close(fd_);
      ::usleep(500'000);  // freed by a worker, after RCU
    }
  }

 private:
  bpf_map_type type_;
  std::uint32_t value_size_;
  std::uint32_t entries_;
  int fd_ = -1;
};

int programs_called(std::string_view name) {
  int count = 0;
  std::uint32_t id = 0;
  while (::bpf_prog_get_next_id(id, &id) == 0) {
    const int fd = ::bpf_prog_get_fd_by_id(id);
    if (fd < 0) continue;
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && name == info.name) ++count;
    ::close(fd);
  }
  return count;
}

TEST_F(KmemTracerTest, KilledItLeavesNothingBehind) {
  OPEN_OR_SKIP({});
  tracer.reset();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    auto traced = KmemTracer::open({});
    const bool good = traced && (*traced)->start() && ::write(ends[1], "1", 1) == 1;
    if (!good) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ::close(ends[1]);
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  ::close(ends[0]);
  EXPECT_EQ(programs_called("on_kmalloc") + programs_called("on_kmalloc_plai"), 1);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  for (int tries = 0; tries < 100 && programs_called("on_kmalloc") + programs_called("on_kmalloc_plai") > 0; ++tries) {
    ::usleep(10'000);
  }
  EXPECT_EQ(programs_called("on_kmalloc") + programs_called("on_kmalloc_plai"), 0);
}

TEST_F(KmemTracerTest, PerCpuMemoryIsCountedForAllCpus) {
  constexpr std::uint32_t kEntries = 300;
  MapMaker maker(BPF_MAP_TYPE_PERCPU_ARRAY, 256, kEntries);
  const Other other([&](int step) { maker.step(step); });
  OPEN_OR_SKIP({.slab = false, .percpu = true});
  other.go();
  ASSERT_TRUE(tracer->look(1));
  other.go();
  std::int64_t held = 0;
  for (const auto& site : finish()) {
    ASSERT_EQ(site.allocator, model::Allocator::kPercpu);
    const std::string function = function_at(site.call_site);
    if (function.find("bpf") == std::string::npos && function.find("array_map") == std::string::npos) continue;
    EXPECT_EQ(site.count, 0) << function;
    held += site.history.at(0).bytes;
  }
  // The kernel rounds up to its unit; the map itself has another counter or two.
  const auto expected = std::int64_t{kEntries} * 256 * ::sysconf(_SC_NPROCESSORS_CONF);
  EXPECT_GE(held, expected);
  EXPECT_LE(held, expected + expected / 10);
}

TEST_F(KmemTracerTest, AreasOfVmallocAreCountedByTheirCaller) {
  constexpr std::uint32_t kEntries = 300;
  MapMaker maker(BPF_MAP_TYPE_ARRAY, 4096, kEntries);
  const Other other([&](int step) { maker.step(step); });
  OPEN_OR_SKIP({.slab = false, .vmalloc = true});
  if (std::ranges::any_of(tracer->coverage(), [](const auto& c) {
        return c.source == "vmalloc" && c.state != model::Coverage::State::kOk;
      })) {
    GTEST_SKIP() << "vmalloc cannot be watched here";
  }
  other.go();
  ASSERT_TRUE(tracer->look(1));
  other.go();
  std::int64_t held = 0;
  for (const auto& site : finish()) {
    ASSERT_EQ(site.allocator, model::Allocator::kVmalloc);
    if (function_at(site.call_site).find("bpf_map_area_alloc") == std::string::npos) continue;
    EXPECT_EQ(site.count, 0);
    held += site.history.at(0).bytes;
  }
  EXPECT_GE(held, std::int64_t{kEntries} * 4096);
  EXPECT_LE(held, std::int64_t{kEntries + 2} * 4096);
}
#endif

TEST_F(KmemTracerTest, PairsAllocationsWithWhereTheyAreFreed) {
  const Messages messages(kSent);
  const Other other([&](int step) { step == 0 ? messages.send() : messages.remove_only(); });
  OPEN_OR_SKIP({.pair_frees = true});
  other.go();
  other.go();
  static_cast<void>(finish());
  const auto pairs = tracer->free_pairs();
  const auto found = std::ranges::find_if(
      pairs, [](const auto& pair) { return function_at(pair.allocated_at).find("load_msg") != std::string::npos; });
  ASSERT_NE(found, pairs.end());
  EXPECT_EQ(found->count, kSent);
  EXPECT_NE(function_at(found->freed_at).find("msg"), std::string::npos) << function_at(found->freed_at);
}

TEST_F(KmemTracerTest, SaysWhatItCosts) {
  const Other other([](int) {
    for (int i = 0; i < 1000; ++i) ::close(::open("/proc/self/stat", O_RDONLY));
  });
  OPEN_OR_SKIP({});
  ASSERT_TRUE(tracer->watch_cost(true));
  other.go();
  ASSERT_TRUE(tracer->watch_cost(false));
  const auto cost = tracer->cost();
  EXPECT_GE(cost.runs, 1000U);
  EXPECT_GT(cost.run_time.count(), 0);
  EXPECT_LT(static_cast<double>(cost.run_time.count()) / static_cast<double>(cost.runs), 100'000);
  EXPECT_LE(tracer->fill().memory, std::size_t{64} << 20U);
}

// maple_node and others are freed in bulk, which no event tells: the address comes again, and proves it. Where programs
// may look at functions the frees are seen instead.
TEST_F(KmemTracerTest, FreesThatNoEventTellsAreProvedOrSeen) {
  const Other other([](int) {
    for (int i = 0; i < 200; ++i) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        ::execl("/bin/true", "true", nullptr);
        ::_exit(1);
      }
      ::waitpid(pid, nullptr, 0);
    }
  });
  OPEN_OR_SKIP({});
  other.go();
  const auto coverage = tracer->coverage();
  const bool repaired = std::ranges::any_of(
      coverage, [](const auto& c) { return c.source == "frees in bulk" && c.state == model::Coverage::State::kOk; });
  std::uint64_t unseen = 0;
  for (const auto& site : finish()) unseen += site.unseen_frees;
  if (repaired) {
    EXPECT_LT(unseen, 200U);
  } else {
    EXPECT_GT(unseen, 200U);
  }
}

}  // namespace
}  // namespace leakscope::sources::kmem_bpf
