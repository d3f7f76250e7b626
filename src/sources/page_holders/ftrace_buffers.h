#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "sources/page_holders/holder.h"

namespace leakscope::sources::page_holders {

/// What buffer_size_kb says (kernel/trace/trace.c: tracing_entries_read; 5.10 to 6.18):
///   "1410"                   each CPU's buffer has 1410 KiB
///   "7 (expanded: 1408)"     only a minimal buffer exists so far; it grows when tracing is first used
///   "X"                      CPUs differ: per_cpu/cpuN/buffer_size_kb tells
struct RingSize {
  std::optional<std::int64_t> kib_per_cpu;  ///< as allocated now; absent: CPUs differ
  friend bool operator==(const RingSize&, const RingSize&) = default;
};
[[nodiscard]] Result<RingSize> parse_buffer_size(std::string_view text);

/// Layout of one page of a ring (events/header_page), which may be of several base pages from 6.8 on:
///   field: char data;	offset:16;	size:4080;	signed:0;
struct RingPage {
  std::int64_t header_bytes = 16;
  std::int64_t bytes = 4096;  ///< header and data
  friend bool operator==(const RingPage&, const RingPage&) = default;
};
[[nodiscard]] Result<RingPage> parse_header_page(std::string_view text);

/// The numbers of a CPU list: "0-3,8\n".
[[nodiscard]] Result<std::vector<int>> parse_cpu_list(std::string_view text);

/// RAM that one CPU's ring takes (kernel/trace/ring_buffer.c: ring_buffer_resize, rb_allocate_cpu_buffer): pages enough
/// for the size without their headers, two at least, and the reader's page. The descriptors of the pages are slab
/// objects and counted there. Nothing when it does not fit into 64 bits.
[[nodiscard]] std::optional<Bytes> ring_bytes(std::int64_t kib, RingPage page);

/// "ftrace-buffers": the rings of the top level and of all instances, over the CPUs that are online.
[[nodiscard]] std::unique_ptr<Holder> make_ftrace_buffers();

}  // namespace leakscope::sources::page_holders
