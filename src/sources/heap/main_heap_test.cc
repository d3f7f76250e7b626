#include "sources/heap/main_heap.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/rooted_dir.h"
#include "sources/heap/heap_range.h"
#include "sources/heap/heap_source.h"
#include "sources/heap/process_memory.h"

namespace leakscope::sources::heap {
namespace {

constexpr std::uint64_t kStart = 0x5555'0000'0000;

/// A heap that is put together chunk by chunk.
class MadeHeap final : public MemoryReader {
 public:
  /// Gives the chunk's address.
  std::uint64_t add(std::uint64_t size, bool used = true) {
    const std::uint64_t chunk = kStart + bytes_.size();
    bytes_.resize(bytes_.size() + size);
    set(chunk + 8, size | (previous_used_ ? 1U : 0U));
    previous_used_ = used;
    return chunk;
  }
  void set(std::uint64_t address, std::uint64_t value) {
    std::memcpy(bytes_.data() + (address - kStart), &value, sizeof(value));
  }
  void set_count(std::uint64_t address, std::uint16_t value) {
    std::memcpy(bytes_.data() + (address - kStart), &value, sizeof(value));
  }
  [[nodiscard]] HeapRange range() const { return {kStart, kStart + bytes_.size()}; }
  bool read(std::uint64_t address, std::span<std::byte> out) override {
    if (address < kStart || address - kStart + out.size() > bytes_.size()) return false;
    if (absent_ && address <= *absent_ && *absent_ < address + out.size()) return false;
    std::memcpy(out.data(), bytes_.data() + (address - kStart), out.size());
    return true;
  }
  void swap_out(std::uint64_t address) { absent_ = address; }

 private:
  std::vector<std::byte> bytes_;
  std::optional<std::uint64_t> absent_;
  bool previous_used_ = true;
};

TEST(MainHeap, AddsUpChunksInUse) {
  MadeHeap heap;
  heap.add(80);
  heap.add(32);
  heap.add(1024, false);
  heap.add(48);
  heap.add(4096);  // top
  const auto walked = walk_main_heap(heap.range(), heap);
  ASSERT_TRUE(walked) << to_string(walked.error());
  EXPECT_EQ(*walked, (HeapInUse{.bytes = 160, .blocks = 3, .free_bytes = 1024 + 4096}));
}

/// A cache of a thread with one list of `count` chunks of 80 bytes, mangled as since 2.32 or not.
void add_cache(MadeHeap& heap, bool mangled, bool sound = true) {
  const std::uint64_t cache = heap.add(0x290);
  const std::uint64_t first = heap.add(80) + 16;
  const std::uint64_t second = heap.add(80) + 16;
  const std::size_t list = (80 - 32) / 16;
  heap.set_count(cache + 16 + 2 * list, 2);
  heap.set(cache + 16 + 128 + 8 * list, sound ? first : 0);
  heap.set(first, mangled ? second ^ (first >> 12U) : second);
  heap.set(second, mangled ? second >> 12U : 0);
}

TEST(MainHeap, TakesOutWhatAThreadsCacheKeeps) {
  for (const bool mangled : {true, false}) {
    MadeHeap heap;
    add_cache(heap, mangled);
    heap.add(80);
    heap.add(4096);
    const auto walked = walk_main_heap(heap.range(), heap);
    ASSERT_TRUE(walked);
    EXPECT_EQ(
        *walked,
        (HeapInUse{.bytes = 0x290 + 80, .blocks = 2, .cached_bytes = 160, .cached_blocks = 2, .free_bytes = 4096}));
  }
}

TEST(MainHeap, ABlockOfTheCachesSizeIsNoCache) {
  MadeHeap heap;
  add_cache(heap, true, false);
  heap.add(4096);
  const auto walked = walk_main_heap(heap.range(), heap);
  ASSERT_TRUE(walked);
  EXPECT_EQ(walked->cached_bytes, 0U);
  EXPECT_EQ(walked->blocks, 3U);
}

TEST(MainHeap, RefusesWhatIsNone) {
  const auto kind_of = [](MadeHeap& heap) { return walk_main_heap(heap.range(), heap).error().kind; };
  MadeHeap empty;
  EXPECT_EQ(kind_of(empty), Error::Kind::kMalformed);
  MadeHeap zeros;
  zeros.set(zeros.add(4096) + 8, 0);
  EXPECT_EQ(kind_of(zeros), Error::Kind::kMalformed);
  MadeHeap beyond;
  beyond.set(beyond.add(4096) + 8, 8192);
  EXPECT_EQ(kind_of(beyond), Error::Kind::kMalformed);
  MadeHeap mapped;
  mapped.set(mapped.add(4096) + 8, 4096 | 2);
  EXPECT_EQ(kind_of(mapped), Error::Kind::kMalformed);
  MadeHeap odd;
  odd.set(odd.add(4096) + 8, 4096 - 24);
  EXPECT_EQ(kind_of(odd), Error::Kind::kMalformed);
  MadeHeap huge;
  huge.set(huge.add(4096) + 8, ~std::uint64_t{7});
  EXPECT_EQ(kind_of(huge), Error::Kind::kMalformed);
  MadeHeap swapped;
  swapped.add(64);
  swapped.swap_out(swapped.add(4096) + 8);
  EXPECT_EQ(kind_of(swapped), Error::Kind::kGone);
}

TEST(HeapRange, IsThatOfMaps) {
  const auto found = find_heaps(
      "5624d6ac4000-5624d6ae5000 rw-p 00000000 00:00 0                          [heap]\n"
      "7f1c00000000-7f1c00021000 rw-p 00000000 00:00 0 \n"
      "7f1c00021000-7f1c04000000 ---p 00000000 00:00 0 \n"
      "7f1c0a1d2000-7f1c0a1d4000 rw-p 00000000 00:00 0 \n"
      "7fff7ac1f000-7fff7ac40000 rw-p 00000000 00:00 0                          [stack]\n");
  ASSERT_TRUE(found.main);
  EXPECT_EQ(found.main->start, 0x5624d6ac4000U);
  EXPECT_EQ(found.main->end, 0x5624d6ae5000U);
  EXPECT_EQ(found.arenas, 1U);
}

TEST(HeapRange, PiecesAreOneAndAHoleIsNone) {
  const auto pieces = find_heaps("1000-2000 rw-p 0 00:00 0 [heap]\n2000-3000 rw-p 0 00:00 0 [heap]\n");
  ASSERT_TRUE(pieces.main);
  EXPECT_EQ(pieces.main->end, 0x3000U);
  EXPECT_FALSE(find_heaps("1000-2000 rw-p 0 00:00 0 [heap]\n3000-4000 rw-p 0 00:00 0 [heap]\n").main);
  EXPECT_FALSE(find_heaps("1000-2000 r--p 0 00:00 0 [heap]\n").main);
  EXPECT_FALSE(find_heaps("1000-2000 rw-p 0 00:00 0 [heap]").main) << "a line cut in half";
  EXPECT_FALSE(find_heaps("\0\xff-x y\n\n-\n").main);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kOwnMalloc = false;
#else
constexpr bool kOwnMalloc = true;
#endif

/// A child that takes 200 blocks of 64 bytes each time it is asked, and keeps them.
class Child {
 public:
  Child() {
    if (::pipe(to_) != 0 || ::pipe(from_) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) serve();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    for (const int fd : {to_[0], to_[1], from_[0], from_[1]}) ::close(fd);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void take_200() {
    char byte = 'm';
    ASSERT_EQ(::write(to_[1], &byte, 1), 1);
    ASSERT_EQ(::read(from_[0], &byte, 1), 1);
  }

 private:
  [[noreturn]] void serve() {
    char byte = 0;
    while (::read(to_[0], &byte, 1) == 1) {
      for (int i = 0; i < 200; ++i) {
        void* volatile block = std::malloc(64);
        if (block == nullptr) ::_exit(1);
      }
      if (::write(from_[1], &byte, 1) != 1) break;
    }
    ::_exit(0);
  }
  int to_[2] = {-1, -1};
  int from_[2] = {-1, -1};
  pid_t pid_ = -1;
};

TEST(MainHeap, OfALiveProcessMovesByExactlyWhatItTakes) {
  if (!kOwnMalloc) GTEST_SKIP() << "a sanitizer's allocator has no heap of this kind";
  Child child;
  ASSERT_GT(child.pid(), 0);
  const auto root = RootedDir::open("/");
  ASSERT_TRUE(root);
  const ProcessId process{Pid{child.pid()}, StartTime{1}};
  auto source = open_main_heap(*root, process, page_size_of_this_machine());
  ASSERT_TRUE(source);
  model::Registry registry;
  const auto subject = registry.intern(model::SubjectKey{model::SubjectKind::kProcess, "child", process});
  const auto sampled = [&] {
    model::Sample sample;
    model::SampleSink sink(registry, sample);
    EXPECT_TRUE((*source)->sample(sink));
    std::map<model::Metric, std::int64_t> values;
    for (const model::Reading& reading : sample.readings) {
      if (reading.subject == subject) values[reading.metric] = reading.value;
    }
    return values;
  };
  child.take_200();  // free chunks of a fitting size are used up
  auto before = sampled();
  ASSERT_FALSE(before.empty()) << (*source)->coverage().front().why;
  child.take_200();
  auto after = sampled();
  EXPECT_EQ(after[model::Metric::kProcessHeapBlocks] - before[model::Metric::kProcessHeapBlocks], 200);
  EXPECT_EQ(after[model::Metric::kProcessHeapInUse] - before[model::Metric::kProcessHeapInUse], 200 * 80);
}

}  // namespace
}  // namespace leakscope::sources::heap
