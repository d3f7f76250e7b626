#include "sources/heap/main_heap.h"

#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace leakscope::sources::heap {
namespace {

constexpr std::uint64_t kHeader = 16;
constexpr std::uint64_t kLeastChunk = 32;
constexpr std::uint64_t kAlignment = 16;
constexpr std::uint64_t kPreviousInUse = 1;
constexpr std::uint64_t kMapped = 2;
constexpr std::uint64_t kOtherArena = 4;
constexpr std::uint64_t kFlags = 7;

/// struct tcache_perthread_struct: as many counts as lists, then the heads of the lists.
struct CacheShape {
  std::uint64_t chunk;      ///< the size of the chunk that holds it
  std::size_t count_bytes;  ///< of one count
};
constexpr std::size_t kLists = 64;
constexpr auto kCacheShapes = std::to_array<CacheShape>({{0x290, 2}, {0x250, 1}});  // since 2.30; 2.26 to 2.29
constexpr std::size_t kMostCached = 4096;  // of one size; glibc's own limit is 7 unless it was tuned
constexpr std::size_t kMostCaches = 4096;

std::unexpected<Error> no_heap(std::string what) { return fail(Error::Kind::kMalformed, "[heap]", std::move(what)); }

class Walk {
 public:
  Walk(HeapRange range, MemoryReader& memory) : range_(range), memory_(memory) {}

  [[nodiscard]] Result<HeapInUse> run() {
    if (range_.end < range_.start + kLeastChunk || range_.start % kAlignment != 0) return no_heap("is too small");
    if (auto chain = walk_chain(); !chain) return std::unexpected(std::move(chain.error()));
    for (const std::uint64_t chunk : caches_) take_out_cache(chunk);
    return in_use_;
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> word(std::uint64_t address) {
    std::uint64_t value = 0;
    if (!memory_.read(address, std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
    return value;
  }

  void count(std::uint64_t chunk, std::uint64_t size, bool used) {
    if (!used) {
      in_use_.free_bytes += size;
      return;
    }
    in_use_.bytes += size;
    ++in_use_.blocks;
    for (const CacheShape& shape : kCacheShapes) {
      if (size == shape.chunk && caches_.size() < kMostCaches) caches_.push_back(chunk);
    }
  }

  [[nodiscard]] Result<> walk_chain() {
    std::uint64_t chunk = range_.start;
    std::uint64_t previous = 0;
    std::uint64_t previous_size = 0;
    for (;;) {
      const auto field = word(chunk + 8);
      if (!field) return fail(Error::Kind::kGone, "[heap]", fmt::format("the header at {:#x} is not in RAM", chunk));
      const std::uint64_t size = *field & ~kFlags;
      const bool sound = size >= kLeastChunk && size % kAlignment == 0 && size <= range_.end - chunk &&
                         (*field & (kMapped | kOtherArena)) == 0;
      if (!sound) return no_heap(fmt::format("no chunk of glibc's malloc at {:#x}", chunk));
      if (previous_size > 0) count(previous, previous_size, (*field & kPreviousInUse) != 0);
      if (chunk + size == range_.end) {
        in_use_.free_bytes += size;  // the top chunk: what has not been given out
        return {};
      }
      if (range_.end - chunk - size < kLeastChunk) return no_heap("its last chunk does not end where the heap does");
      previous = chunk;
      previous_size = size;
      chunk += size;
    }
  }

  /// The size of the chunk that serves what stands at `block`; nothing when that is no chunk of this heap.
  [[nodiscard]] std::optional<std::uint64_t> size_of_block(std::uint64_t block) {
    if (block < range_.start + kHeader || block >= range_.end || block % kAlignment != 0) return std::nullopt;
    const auto field = word(block - 8);
    if (!field) return std::nullopt;
    return *field & ~kFlags;
  }

  /// The next block of a list. Since 2.32 links are mangled with their own address (safe-linking).
  [[nodiscard]] std::optional<std::uint64_t> next_of(std::uint64_t block, std::uint64_t size) {
    const auto link = word(block);
    if (!link) return std::nullopt;
    for (const std::uint64_t next : {*link ^ (block >> 12U), *link}) {
      if (next == 0 || size_of_block(next) == size) return next;
    }
    return std::nullopt;
  }

  struct Cached {
    std::uint64_t bytes = 0;
    std::uint64_t blocks = 0;
  };

  /// One list of a cache. Nothing when its head and its count do not fit each other: this is no cache. A head in
  /// another heap is sound, and nothing of ours.
  [[nodiscard]] std::optional<Cached> follow(std::uint64_t head, std::size_t count, std::uint64_t size) {
    if (head == 0 || count == 0) return head == 0 && count == 0 ? std::optional(Cached{}) : std::nullopt;
    if (head % kAlignment != 0 || count > kMostCached) return std::nullopt;
    if (head < range_.start || head >= range_.end) return Cached{};
    if (size_of_block(head) != size) return std::nullopt;
    Cached found;
    std::optional<std::uint64_t> block = head;
    for (std::size_t i = 0; i < count && block && *block != 0; ++i) {
      found.bytes += size;
      ++found.blocks;
      block = next_of(*block, size);
    }
    return found;
  }

  void take_out_cache(std::uint64_t chunk) {
    std::array<std::byte, 0x290 - 8> raw{};
    const auto size = size_of_block(chunk + kHeader);
    for (const CacheShape& shape : kCacheShapes) {
      if (size != shape.chunk) continue;
      const std::size_t length = kLists * (shape.count_bytes + 8);
      if (!memory_.read(chunk + kHeader, std::span(raw).first(length))) return;
      Cached sum;
      for (std::size_t i = 0; i < kLists; ++i) {
        std::size_t count = 0;
        std::memcpy(&count, raw.data() + i * shape.count_bytes, shape.count_bytes);  // little endian
        std::uint64_t head = 0;
        std::memcpy(&head, raw.data() + kLists * shape.count_bytes + i * 8, 8);
        const auto found = follow(head, count, kLeastChunk + i * kAlignment);
        if (!found) return;
        sum.bytes += found->bytes;
        sum.blocks += found->blocks;
      }
      if (sum.bytes > in_use_.bytes || sum.blocks > in_use_.blocks) return;
      in_use_.bytes -= sum.bytes;
      in_use_.blocks -= sum.blocks;
      in_use_.cached_bytes += sum.bytes;
      in_use_.cached_blocks += sum.blocks;
    }
  }

  HeapRange range_;
  MemoryReader& memory_;
  HeapInUse in_use_;
  std::vector<std::uint64_t> caches_;
};

}  // namespace

Result<HeapInUse> walk_main_heap(HeapRange range, MemoryReader& memory) { return Walk(range, memory).run(); }

}  // namespace leakscope::sources::heap
