#include "sources/trace_text/trace_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace leakscope::sources::trace_text {
namespace {

using model::Allocator;
using model::KmemEvent;

std::string path_of(const std::string& name) { return std::string(LEAKSCOPE_TESTDATA) + "/trace_text/" + name; }

std::string capture(const std::string& name) {
  std::ifstream in(path_of(name), std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A stream that was read to its end.
struct Read {
  std::unique_ptr<KmemStream> stream;
  std::vector<KmemEvent> events;
  std::optional<Error> error;

  [[nodiscard]] std::string name_of(std::uint64_t address) const {
    const auto found = stream->symbols().find(address);
    if (!found) return fmt::format("{:#x}", address);
    return fmt::format("{}+{:#x}{}{}", found->name, found->offset, found->module.empty() ? "" : " ", found->module);
  }
  [[nodiscard]] std::vector<std::string> stack_of(const KmemEvent& event) const {
    std::vector<std::string> names;
    for (const std::uint64_t frame : stream->stacks().frames(event.stack)) names.push_back(name_of(frame));
    return names;
  }
  [[nodiscard]] std::uint64_t loss(std::string_view what) const {
    for (const auto& loss : stream->losses()) {
      if (loss.what.find(what) != std::string::npos) return loss.count;
    }
    return 0;
  }
  [[nodiscard]] std::string covered(std::string_view source) const {
    for (const auto& coverage : stream->coverage()) {
      if (coverage.source == source) return std::string(to_string(coverage.state)) + ": " + coverage.why;
    }
    return {};
  }
};

Read read_all(Result<std::unique_ptr<KmemStream>> opened) {
  Read read;
  EXPECT_TRUE(opened);
  read.stream = std::move(*opened);
  while (true) {
    const auto events = read.stream->next();
    if (!events) read.error = events.error();
    if (!events || events->empty()) break;
    read.events.insert(read.events.end(), events->begin(), events->end());
  }
  return read;
}

Read read_text(std::string_view text) {
  return read_all(open_trace_text(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), "made", std::string(text)));
}

Read read_capture(const std::string& name) {
  return read_all(open_trace_text(UniqueFd(::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC)), name));
}

constexpr std::array kCaptures{
    "5.10-x86_64-guest-trace_pipe.txt",
    "5.10-x86_64-guest-perf-script.txt",
    "6.1-x86_64-guest-trace_pipe-stack.txt",
    "6.1-x86_64-guest-trace-cmd-stack.txt",
    "6.1-x86_64-guest-trace-cmd-instance.txt",
    "6.1-x86_64-guest-trace-cmd-interrupted.txt",
    "6.1-x86_64-guest-trace-cmd-tsc.txt",
    "6.1-x86_64-guest-perf-script-stack.txt",
    "6.1-x86_64-guest-perf-script-lost.txt",
    "6.1-x86_64-guest-perf-script.txt",
    "6.18-x86_64-trace.txt",
    "6.18-x86_64-trace_pipe-lost.txt",
    "6.18-x86_64-trace_pipe-stack-offsets.txt",
    "6.18-x86_64-trace-stack-addresses.txt",
};

TEST(TraceText, KnowsItselfInEveryCapture) {
  for (const char* name : kCaptures) {
    const std::string text = capture(name);
    EXPECT_TRUE(looks_like_trace_text(text)) << name;
    EXPECT_TRUE(looks_like_trace_text(std::string_view(text).substr(0, 1500))) << name;
  }
}

TEST(TraceText, IsNotTakenForOtherTexts) {
  for (const std::string_view text : {"", "\n", "MemTotal: 1 kB\n", "[   12.345678] kernel: BUG: 1.5: no\n",
                                      "Nov 28 18:17:39 host kernel: [ 1234.567890] foo: bar\n",
                                      "12:00:01 PM  CPU %user\n", "<6>[    1.000000] a-1 b: c\n", "cpus=2\n",
                                      "# comment\n", "slabinfo - version: 2.1\n", "{\"time\": 12.5: 3}\n"}) {
    EXPECT_FALSE(looks_like_trace_text(text)) << text;
  }
}

TEST(TraceText, EveryCaptureIsUnderstoodLineByLine) {
  for (const char* name : kCaptures) {
    const Read read = read_capture(name);
    EXPECT_FALSE(read.error) << name;
    EXPECT_GE(read.events.size(), 2U) << name;
    EXPECT_EQ(read.loss("lines that are no events"), 0U) << name;
    EXPECT_EQ(read.loss("could not be read"), 0U) << name;
    EXPECT_EQ(read.loss("cut off"), 0U) << name;
    std::uint64_t last = 0;
    for (const KmemEvent& event : read.events) {
      EXPECT_GE(event.time, last);
      EXPECT_GT(event.address, 16U);
      EXPECT_EQ(event.bytes_allocated == 0, event.is_free);
      last = event.time;
    }
  }
}

TEST(TraceText, ReadsTracefs) {
  const Read read = read_text(
      "# tracer: nop\n#\n# entries-in-buffer/entries-written: 140080/250280   #P:4\n#\n"
      "          <idle>-0       [001] ..s1.  1234.567890: kmalloc: call_site=seq_open+0x2a/0x60 ptr=00000000abcd1234 "
      "bytes_req=30 bytes_alloc=32 gfp_flags=GFP_KERNEL node=-1 accounted=false\n"
      "     my [000] -x-77      [003] .....  1235.000001: kmem_cache_free: call_site=p9_free+0x8/0x10 [9pnet] "
      "ptr=00000000abcd1234 name=a name\n");
  ASSERT_EQ(read.events.size(), 2U);
  const KmemEvent& alloc = read.events[0];
  EXPECT_EQ(alloc.time, 1234'567'890'000U);
  EXPECT_EQ(alloc.address, 0xabcd1234U);
  EXPECT_EQ(alloc.bytes_requested, 30U);
  EXPECT_EQ(alloc.bytes_allocated, 32U);
  EXPECT_EQ(alloc.cpu, 1);
  EXPECT_EQ(alloc.tid.value, 0);
  EXPECT_FALSE(alloc.is_free);
  EXPECT_EQ(alloc.stack, model::kNoStack);
  EXPECT_EQ(read.stream->names().name(alloc.comm), "<idle>");
  EXPECT_EQ(read.name_of(alloc.call_site), "seq_open+0x2a");
  const KmemEvent& free = read.events[1];
  EXPECT_TRUE(free.is_free);
  EXPECT_EQ(free.tid.value, 77);
  EXPECT_EQ(free.cpu, 3);
  EXPECT_EQ(read.stream->names().name(free.comm), "my [000] -x");
  EXPECT_EQ(read.stream->names().name(free.cache), "a name");
  EXPECT_EQ(read.name_of(free.call_site), "p9_free+0x8 9pnet");
  EXPECT_LT(free.call_site, std::uint64_t{1} << 63U);
  EXPECT_EQ(read.stream->facts().host.cpus, 4);
  EXPECT_EQ(read.loss("overwritten"), 110'200U);
  EXPECT_NE(read.covered("pointers"), "");
  EXPECT_NE(read.covered("call stacks"), "");
  EXPECT_NE(read.covered("page events"), "");
}

TEST(TraceText, ReadsPagesAndPerCpuMemory) {
  const Read read = read_text(
      "# entries-in-buffer/entries-written: 3/3   #P:4\n"
      " sh-1 [000] ..... 1.000001: mm_page_alloc: page=00000000964e0a38 pfn=0x2ea136 order=1 migratetype=0 "
      "gfp_flags=GFP_KERNEL_ACCOUNT|__GFP_ZERO\n"
      " sh-1 [000] .... 1.000002: mm_page_alloc: page=ffffd634000e9740 pfn=14941 order=0 migratetype=1 "
      "gfp_flags=GFP_HIGHUSER_MOVABLE|__GFP_ZERO\n"
      " sh-1 [000] .... 1.000003: mm_page_alloc: page=          (null) pfn=0 order=9 migratetype=1 "
      "gfp_flags=GFP_KERNEL\n"
      " sh-1 [000] .... 1.000003: mm_page_alloc: page=0 pfn=0xffffffffffffffff order=9 migratetype=1 gfp_flags=0x8\n"
      " sh-1 [000] .... 1.000004: mm_page_free: page=00000000964e0a38 pfn=0x2ea136 order=1\n"
      " sh-1 [000] .... 1.000004: mm_page_free_batched: page=00000000964e0a38 pfn=0x2ea136\n"
      " sh-1 [000] .... 1.000005: percpu_alloc_percpu: reserved=0 is_atomic=0 size=8 align=8 "
      "base_addr=0xffffc0103fc00000 "
      "off=32848 ptr=0x2fb342208050\n"
      " sh-1 [000] .... 1.000006: percpu_alloc_percpu: call_site=mm_init+0x2e7/0x4f0 reserved=0 is_atomic=0 size=16 "
      "align=8 "
      "base_addr=0000000008fe53af off=112824 ptr=0000000003f31cb4 bytes_alloc=128 gfp_flags=GFP_KERNEL\n"
      " sh-1 [000] .... 1.000007: percpu_free_percpu: base_addr=0000000008fe53af off=112824 ptr=0000000003f31cb4\n");
  ASSERT_EQ(read.events.size(), 6U);
  EXPECT_EQ(read.events[0].allocator, Allocator::kPages);
  EXPECT_EQ(read.events[0].address, 0x2ea136000U);
  EXPECT_EQ(read.events[0].bytes_allocated, 8192U);
  EXPECT_EQ(read.events[0].order, 1);
  EXPECT_FALSE(read.events[0].for_user_pages);
  EXPECT_EQ(read.events[1].address, 14941ULL * 4096);
  EXPECT_TRUE(read.events[1].for_user_pages);
  EXPECT_TRUE(read.events[2].is_free);
  EXPECT_EQ(read.events[3].allocator, Allocator::kPercpu);
  EXPECT_EQ(read.events[3].bytes_allocated, 32U);  // of four processors
  EXPECT_EQ(read.events[3].call_site, 0U);
  EXPECT_EQ(read.events[4].bytes_requested, 64U);
  EXPECT_EQ(read.events[4].bytes_allocated, 128U);
  EXPECT_EQ(read.name_of(read.events[4].call_site), "mm_init+0x2e7");
  EXPECT_EQ(read.events[5].address, 0x3f31cb4U);
  EXPECT_EQ(read.loss("could not be read"), 0U);
}

TEST(TraceText, ReadsStacksOfNamesOnly) {
  const Read read = read_capture("6.1-x86_64-guest-trace_pipe-stack.txt");
  ASSERT_GE(read.events.size(), 4U);
  const std::vector<std::string> wanted{"trace_event_raw_event_kmalloc+0x0", "__kmalloc+0x0",
                                        "tracepoint_add_func+0xf7", "tracepoint_probe_register+0x0"};
  auto stack = read.stack_of(read.events[0]);
  ASSERT_GE(stack.size(), wanted.size());
  stack.resize(wanted.size());
  EXPECT_EQ(stack, wanted);
  // The frame takes the exact place from the call site.
  EXPECT_EQ(read.stream->stacks().frames(read.events[0].stack)[2], read.events[0].call_site);
}

TEST(TraceText, ReadsStacksWithOffsetsAndWithAddresses) {
  const Read offsets = read_capture("6.18-x86_64-trace_pipe-stack-offsets.txt");
  EXPECT_EQ(offsets.stack_of(offsets.events[0])[1], "kmem_cache_free+0x383");
  EXPECT_EQ(offsets.stream->stacks().frames(offsets.events[0].stack)[2], offsets.events[0].call_site);
  const Read addresses = read_capture("6.18-x86_64-trace-stack-addresses.txt");
  const auto frames = addresses.stream->stacks().frames(addresses.events[0].stack);
  ASSERT_EQ(frames.size(), 7U);
  EXPECT_EQ(frames[2], 0xffffffff816d8b21U);
  EXPECT_EQ(addresses.events[0].call_site, 0xffffffff816d8b21U);
  EXPECT_EQ(addresses.name_of(frames[2]), "__fput+0x0");
  EXPECT_EQ(addresses.name_of(frames[2] + 1), "[unknown]+0x0");
}

TEST(TraceText, ReadsStacksOfTraceCmdAndPerf) {
  const Read command = read_capture("6.1-x86_64-guest-trace-cmd-stack.txt");
  EXPECT_EQ(command.stream->facts().host.cpus, 2);
  EXPECT_EQ(command.events[0].address, 0xff3599bd5dc1a000U);
  EXPECT_EQ(command.events[0].call_site, 0xffffffff9b575b8bU);
  EXPECT_EQ(command.stack_of(command.events[0])[2], "getname_flags.part.0+0x0");
  EXPECT_EQ(command.covered("pointers"), "");
  const Read perf = read_capture("6.1-x86_64-guest-perf-script-stack.txt");
  ASSERT_GE(perf.events.size(), 3U);
  EXPECT_EQ(perf.stack_of(perf.events[0]),
            (std::vector<std::string>{"__kmalloc_node+0xa7", "alloc_cpumask_var_node+0x1b",
                                      "__x64_sys_sched_setaffinity+0x43", "do_syscall_64+0x5d",
                                      "entry_SYSCALL_64_after_hwframe+0x6e"}));
  EXPECT_EQ(perf.events[0].call_site, 0xffffffff9bbd63fbU);
}

TEST(TraceText, AStackWaitsBehindTheInterruptsWithinIt) {
  const Read read = read_capture("6.1-x86_64-guest-trace-cmd-interrupted.txt");
  EXPECT_EQ(read.loss("belong to no event"), 0U);
  for (const KmemEvent& event : read.events) {
    if (event.cpu != 1) continue;  // the other's stack is not in this piece
    const auto stack = read.stack_of(event);
    ASSERT_GT(stack.size(), 3U);
    EXPECT_EQ(stack[2], read.name_of(event.call_site));
  }
  const Read made = read_text(
      " sh-1 [000] ..... 1.000001: kfree: call_site=outer+0x2a/0x60 ptr=00000000abcd1234\n"
      " sh-1 [000] ..... 1.000002: kfree: call_site=inner+0x2a/0x60 ptr=00000000abcd5678\n"
      " sh-1 [000] ..... 1.000003: <stack trace>\n => inner\n"
      " sh-1 [000] ..... 1.000004: <stack trace>\n => outer\n");
  EXPECT_EQ(made.stack_of(made.events.at(0)), std::vector<std::string>{"outer+0x2a"});
  EXPECT_EQ(made.stack_of(made.events.at(1)), std::vector<std::string>{"inner+0x2a"});
}

TEST(TraceText, AStackBehindALossIsNobodys) {
  const std::string event = " sh-1 [000] ..... 1.000001: kfree: call_site=foo+0x2a/0x60 ptr=00000000abcd1234\n";
  const std::string stack = " sh-1 [000] ..... 1.000002: <stack trace>\n => foo\n";
  EXPECT_NE(read_text(event + stack).events.at(0).stack, model::kNoStack);
  const Read lossy = read_text(event + "CPU:0 [LOST 7 EVENTS]\n" + stack);
  EXPECT_EQ(lossy.events.at(0).stack, model::kNoStack);
  EXPECT_EQ(lossy.loss("lost while"), 7U);
  EXPECT_EQ(lossy.loss("belong to no event"), 1U);
  EXPECT_NE(read_text(event + "CPU:1 [LOST 7 EVENTS]\n" + stack).events.at(0).stack, model::kNoStack);
}

TEST(TraceText, StacksOfOtherEventsAndOfUserSpaceAreLeftOut) {
  const Read read = read_text(
      " sh-1 [000] ..... 1.000001: kfree: call_site=foo+0x2a/0x60 ptr=00000000abcd1234\n"
      " sh-1 [000] ..... 1.000001: sched_switch: prev_comm=a\n"
      " sh-1 [000] ..... 1.000002: <stack trace>\n => of_the_other\n"
      " sh-1 [000] ..... 1.000003: <user stack trace>\n =>  <00007f53d2c1e0b7>\n");
  EXPECT_EQ(read.events.at(0).stack, model::kNoStack);
  EXPECT_EQ(read.loss("belong to no event"), 0U);
  EXPECT_EQ(read.loss("no events"), 0U);
}

TEST(TraceText, CountsWhatWasLost) {
  EXPECT_EQ(read_capture("6.18-x86_64-trace_pipe-lost.txt").loss("lost while"), 8370U);
  EXPECT_EQ(read_capture("6.1-x86_64-guest-trace-cmd-dropped.txt").loss("lost while"), 52U);
  EXPECT_EQ(read_capture("6.1-x86_64-guest-perf-script-lost.txt").loss("lost while"), 181U);
  EXPECT_EQ(
      read_text(" a-1 [000] 1.000000: kfree: call_site=f ptr=0x99\nCPU:1 [EVENTS DROPPED]\n").loss("nobody counted"),
      1U);
}

TEST(TraceText, BuffersThatShowTheSameAreReadOnce) {
  const Read read = read_capture("6.1-x86_64-guest-trace-cmd-instance.txt");
  EXPECT_NE(read.covered("buffers"), "");
  EXPECT_EQ(read.stream->names().name(read.events[0].comm), "trace-cmd");
}

TEST(TraceText, AnotherClockIsSaid) {
  const Read read = read_capture("6.1-x86_64-guest-trace-cmd-tsc.txt");
  EXPECT_EQ(read.events.at(0).time, 209568749313U);
  EXPECT_NE(read.covered("time"), "");
}

TEST(TraceText, OldKernelsTellRealPointers) {
  const Read read = read_capture("5.10-x86_64-guest-trace_pipe.txt");
  EXPECT_EQ(read.events.at(0).address, 0xffff905cfdaada50U);
  EXPECT_EQ(read.covered("pointers"), "");
}

TEST(TraceText, TimeNeverGoesBack) {
  const Read read = read_text(
      " a-1 [000] 2.000000: kfree: call_site=f ptr=0x990000\n a-1 [000] 1.000000: kfree: call_site=f ptr=0x990000\n");
  ASSERT_EQ(read.events.size(), 2U);
  EXPECT_EQ(read.events[1].time, read.events[0].time);
  EXPECT_EQ(read.loss("went back"), 1U);
}

TEST(TraceText, HiddenPointersAreAnError) {
  const std::string hidden = " a-1 [000] 2.000000: kfree: call_site=f ptr=(____ptrval____)\n";
  const Read none = read_text(hidden);
  ASSERT_TRUE(none.error);
  EXPECT_EQ(none.error->kind, Error::Kind::kUnsupported);
  EXPECT_TRUE(none.events.empty());
  const Read some = read_text(hidden + " a-1 [000] 2.000000: kfree: call_site=f ptr=0x990000\n");
  EXPECT_FALSE(some.error);
  EXPECT_EQ(some.events.size(), 1U);
  EXPECT_EQ(some.loss("hidden"), 1U);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += hidden;
  EXPECT_TRUE(read_text(many).error);
}

TEST(TraceText, NothingIsAllocatedAtNothing) {
  const Read read = read_text(
      " a-1 [000] 2.000000: kfree: call_site=f ptr=(nil)\n"
      " a-1 [000] 2.000000: kfree: call_site=f ptr=0000000000000000\n"
      " a-1 [000] 2.000000: kfree: call_site=f ptr=0000000000000010\n"
      " a-1 [000] 2.000000: kmalloc: call_site=f ptr=(nil) bytes_req=8 bytes_alloc=8 gfp_flags=GFP_KERNEL\n");
  EXPECT_TRUE(read.events.empty());
  EXPECT_EQ(read.stream->facts().kmem_events, 4U);
  EXPECT_EQ(read.covered("pointers"), "");
}

TEST(TraceText, DamagedEventsAreCounted) {
  for (const std::string_view details :
       {"kmalloc: ptr=0x990000 bytes_req=8 bytes_alloc=8", "kmalloc: call_site=f ptr=0x990000 bytes_req=8",
        "kmalloc: call_site=f ptr=zz bytes_req=8 bytes_alloc=8",
        "kmalloc: call_site=f ptr=0x990000 bytes_req=-8 bytes_alloc=8",
        "kmalloc: call_site=f ptr=0x990000 bytes_req=8 bytes_alloc=99999999999999999999",
        "mm_page_alloc: page=1 pfn=0x99 order=64 gfp_flags=0", "mm_page_alloc: page=1 pfn=0xffffffffffffff order=0",
        "mm_page_free: page=1 order=0", "percpu_free_percpu: off=1"}) {
    const Read read = read_text(fmt::format(" a-1 [000] 2.000000: {}\n", details));
    EXPECT_TRUE(read.events.empty()) << details;
    EXPECT_EQ(read.loss("could not be read"), 1U) << details;
  }
  const Read strange = read_text(" a-1 [000] 2.000000: kfree: call_site=f ptr=0x990000\nwhat is this\n");
  EXPECT_EQ(strange.loss("no events"), 1U);
}

TEST(TraceText, AnEndThatIsCutOffIsALoss) {
  const std::string text = capture("6.1-x86_64-guest-trace-cmd-stack.txt").substr(0, 1500);
  const auto whole = read_text(text).events.size();
  for (std::size_t length = 0; length < text.size(); length += 7) {
    const Read read = read_text(std::string_view(text).substr(0, length));
    ASSERT_FALSE(read.error);
    ASSERT_LE(read.events.size(), whole);
    ASSERT_EQ(read.loss("cut off"), length > 0 && text[length - 1] != '\n' ? 1U : 0U) << length;
  }
}

TEST(TraceText, SameNamesInTwoModulesAreTwoFunctions) {
  const Read read = read_text(
      " a-1 [000] 2.000000: kfree: call_site=probe+0x10/0x20 [one] ptr=0x990000\n"
      " a-1 [000] 2.000000: kfree: call_site=probe+0x10/0x20 [two] ptr=0x990000\n"
      " a-1 [000] 2.000000: kfree: call_site=probe+0x10/0x20 ptr=0x990000\n");
  EXPECT_EQ(read.name_of(read.events.at(0).call_site), "probe+0x10 one");
  EXPECT_EQ(read.name_of(read.events.at(1).call_site), "probe+0x10 two");
  EXPECT_EQ(read.name_of(read.events.at(2).call_site), "probe+0x10");
}

TEST(TraceText, OverlongLinesAreLeftOut) {
  const std::string good = " a-1 [000] 2.000000: kfree: call_site=f ptr=0x990000\n";
  const Read read = read_text(good + std::string(300'000, 'x') + "\n" + good);
  EXPECT_EQ(read.events.size(), 2U);
  EXPECT_EQ(read.loss("too long"), 1U);
}

TEST(TraceText, ReadsFromAPipeAndFromWhatWasReadBefore) {
  const std::string line = " a-1 [000] 2.000000: kfree: call_site=some_function+0x12/0x34 ptr=00000000990000aa\n";
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += line;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  constexpr std::size_t kBefore = 777;
  std::thread writer([&] {
    const UniqueFd out(ends[1]);
    for (std::size_t at = kBefore; at < text.size();) {
      const ssize_t put = ::write(out.get(), text.data() + at, std::min<std::size_t>(5000, text.size() - at));
      if (put <= 0) break;
      at += static_cast<std::size_t>(put);
    }
  });
  const Read read = read_all(open_trace_text(UniqueFd(ends[0]), "pipe", text.substr(0, kBefore)));
  writer.join();
  EXPECT_EQ(read.events.size(), 20'000U);
  EXPECT_EQ(read.loss("no events"), 0U);
}

}  // namespace
}  // namespace leakscope::sources::trace_text
