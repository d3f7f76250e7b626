#include "sources/kernel_log/line_filter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace leakscope::sources::kernel_log {
namespace {

// A piece of every phrase, as rare as one can be had; line_filter_test holds that none is forgotten.
constexpr auto kPieces = std::to_array<std::array<char, 5>>({
    {"emor"},  // Out of memory, Memory cgroup, leaking memory, suspected memory leaks, (memory values in pages)
    {"oom-"},  // invoked oom-killer, oom-kill:
    {"oom_"},  // oom_reaper
    {"Kill"},  // Killed process, Kill process
    {"m-In"},  // Mem-Info
    {"e al"},  // page allocation failure, page allocation stalls
    {"p al"},  // vmap allocation
    {": al"},  // vmalloc: allocation, percpu: allocation, cma_alloc: alloc
    {"oc e"},  // vmalloc error
    {"oc s"},  // out of vmalloc space
    {"otlb"},  // swiotlb
    {"bjec"},  // Objects remaining, still has objects
    {"d po"},  // stalled pool
    {"rss-"},  // Bad rss-counter
    {"pgta"},  // non-zero pgtables_bytes
    {"ad p"},  // Bad page state
    {"netd"},  // unregister_netdevice
    {"e ov"},  // table overflow
    {"e fu"},  // table full
    {"p_me"},  // tcp_mem
    {"rpha"},  // orphaned sockets
    {"e-ma"},  // file-max
    {"rk r"},  // fork rejected
    {"geTL"},  // HugeTLB
    {"getl"},  // hugetlb
    {"x ve"},  // Linux version
    {"s su"},  // callbacks suppressed
    {"s dr"},  // printk messages dropped
    {"a re"},  // killed as a result of limit of
    {"_ano"},  // active_anon:... inactive_anon:..., and the lines of zones
    {"e sl"},  // Unreclaimable slab info
});

constexpr std::size_t kWidth = 16;
constexpr std::size_t kPieceSize = 4;
using Block [[gnu::vector_size(kWidth)]] = unsigned char;

Block load(const char* at) {
  Block block;
  std::memcpy(&block, at, kWidth);
  return block;
}

/// Each byte of each piece, 16 times over: made once, since making them costs more than comparing.
struct Spread {
  alignas(kWidth) std::array<std::array<char, kWidth>, kPieceSize> bytes{};
};
constexpr auto kSpread = [] {
  std::array<Spread, kPieces.size()> spread{};
  for (std::size_t piece = 0; piece < kPieces.size(); ++piece) {
    for (std::size_t i = 0; i < kPieceSize; ++i) spread[piece].bytes[i].fill(kPieces[piece][i]);
  }
  return spread;
}();

/// Whether a piece begins at one of the 16 places from `at` on; reads 19 bytes.
bool any_piece(const char* at) {
  const Block first = load(at);
  const Block second = load(at + 1);
  const Block third = load(at + 2);
  const Block fourth = load(at + 3);
  auto found = Block{} != Block{};
  for (const Spread& piece : kSpread) {
    found |= (first == load(piece.bytes[0].data())) & (second == load(piece.bytes[1].data())) &
             (third == load(piece.bytes[2].data())) & (fourth == load(piece.bytes[3].data()));
  }
  std::array<std::uint64_t, 2> halves{};
  static_assert(sizeof(halves) == sizeof(found));
  std::memcpy(halves.data(), &found, sizeof(found));
  return (halves[0] | halves[1]) != 0;
}

}  // namespace

bool may_speak_of_memory(std::string_view line) {
  constexpr std::size_t kReach = kWidth + kPieceSize - 1;
  const char* at = line.data();
  std::size_t left = line.size();
  for (; left >= kReach; at += kWidth, left -= kWidth) {
    if (any_piece(at)) return true;
  }
  if (left < kPieceSize) return false;
  std::array<char, kReach> rest{};
  std::copy_n(at, left, rest.data());
  return any_piece(rest.data());
}

}  // namespace leakscope::sources::kernel_log
